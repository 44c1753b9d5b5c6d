// The files of the keys directory. Every secret in them is wrapped with AES-256-GCM under a key that is used once. Format/keys.md.
//
//   root.key, 256 bytes:  magic "MUNROOT1" · protection u32 (0 file, 1 passphrase) · memoryKiB u32 · passes u32 · zero u32 · salt 16 ·
//                         log ID 32 · secret 48 · key check 32 · zeros · CRC32C u32
//                         protection 0: secret is the root key and 16 zeros; 1: the root key, wrapped under Argon2id(passphrase, salt)
//   groups:  header 256 bytes: magic "MUNGROUP" · version u32 · zero u32 · log ID 32 · epoch u64 · salt 32 · wrapped epoch key 48 · zeros
//            · CRC32C u32; then rows of 128 bytes: slot u64 · segment u64 · class u32 · state u32 (0 destroyed, 1 present) · salt 32 ·
//            wrapped group key 48 · generation u32 · zeros · CRC32C u32
//   signer:  block 0: magic "MUNSIGNR" · version u32 · zero u32 · log ID 32 · salt 32 · wrapped Ed25519 seed 48 · zeros · CRC32C u32
//            blocks 1 and 2, written in turn: magic "MUNSIGNS" · sequence u64 · size u64 · root 32 · zeros · CRC32C u32; the greater
//            sequence counts

/// Sizes that the key files share.
package enum KeyLayout {
    /// Bytes of a wrapped key: ciphertext and tag.
    package static let wrappedByteCount = 48
    /// Bytes of a wrapping's salt.
    package static let saltByteCount = 32
}

/// `root.key`
package struct RootKeyFile: Hashable, Sendable {
    /// Bytes of the encoded form.
    package static let byteCount = 256
    /// Bounds on what a file may ask of a passphrase's derivation.
    package static let memoryKiBRange: ClosedRange<UInt32> = 8_192...1_048_576
    /// Passes over that memory.
    package static let passesRange: ClosedRange<UInt32> = 1...16

    /// What stands between the file and the root key.
    package enum Protection: UInt32, Sendable { case file = 0, passphrase = 1 }

    /// What protects the root key.
    package var protection: Protection
    /// Argon2id's memory; 0 without a passphrase.
    package var memoryKiB: UInt32
    /// Argon2id's passes; 0 without a passphrase.
    package var passes: UInt32
    /// Drawn anew for each wrapping; zero where nothing is wrapped.
    package var salt: [UInt8]
    /// The log's ID: 32 random bytes, bound by every key derivation.
    package var logID: Digest
    /// 48 bytes: the root key and zeros, or the wrapped root key.
    package var secret: [UInt8]
    /// Derived from the root key; tells a wrong key or passphrase from damage.
    package var keyCheck: Digest

    /// The fields as given. Traps where a field of fixed size has another one.
    package init(
        protection: Protection, memoryKiB: UInt32, passes: UInt32, salt: [UInt8], logID: Digest, secret: [UInt8],
        keyCheck: Digest
    ) {
        precondition(salt.count == 16 && secret.count == KeyLayout.wrappedByteCount)
        (self.protection, self.memoryKiB, self.passes, self.salt) = (protection, memoryKiB, passes, salt)
        (self.logID, self.secret, self.keyCheck) = (logID, secret, keyCheck)
    }

    /// The bytes, in their one spelling.
    package func encoded() -> [UInt8] {
        var bytes = Array("MUNROOT1".utf8)
        bytes.append(littleEndian: protection.rawValue)
        bytes.append(littleEndian: memoryKiB)
        bytes.append(littleEndian: passes)
        bytes.append(zeros: 4)
        bytes.append(contentsOf: salt)
        bytes.append(logID)
        bytes.append(contentsOf: secret)
        bytes.append(keyCheck)
        return ChecksummedBlock.encoded(bytes, byteCount: RootKeyFile.byteCount)
    }

    /// Decodes the bytes, all of them; refuses what Format/keys.md lists, in its order.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = try ChecksummedBlock.reader(
            bytes, byteCount: RootKeyFile.byteCount, magic: "MUNROOT1", "root key file")
        guard let protection = Protection(rawValue: try reader.integer()) else {
            throw reader.failure(.unknownValue, "unknown protection")
        }
        self.protection = protection
        memoryKiB = try reader.integer()
        passes = try reader.integer()
        try reader.requireZeros(4)
        salt = Array(try reader.take(16))
        logID = try reader.digest()
        secret = Array(try reader.take(KeyLayout.wrappedByteCount))
        keyCheck = try reader.digest()
        let isBounded = RootKeyFile.memoryKiBRange.contains(memoryKiB) && RootKeyFile.passesRange.contains(passes)
        guard protection == .file ? memoryKiB == 0 && passes == 0 : isBounded else {
            throw reader.failure(.outOfBounds, "the passphrase parameters exceed their bounds")
        }
        guard protection == .passphrase || salt.allSatisfy({ $0 == 0 }) && secret[32...].allSatisfy({ $0 == 0 }) else {
            throw reader.failure(.notCanonical, "a plain root key with more than the key")
        }
        try ChecksummedBlock.finish(&reader)
    }
}

/// The header of `groups`: the epoch that wraps all its rows.
package struct GroupsHeader: Hashable, Sendable {
    /// Bytes of the encoded form.
    package static let byteCount = 256

    /// The log's ID: 32 random bytes, bound by every key derivation.
    package var logID: Digest
    /// The epoch whose key wraps the rows.
    package var epoch: UInt64
    /// Drawn anew for each wrapping; zero where nothing is wrapped.
    package var salt: [UInt8]
    /// 48 bytes: the wrapped key.
    package var wrapped: [UInt8]

    /// The fields as given. Traps where a field of fixed size has another one.
    package init(logID: Digest, epoch: UInt64, salt: [UInt8], wrapped: [UInt8]) {
        precondition(salt.count == KeyLayout.saltByteCount && wrapped.count == KeyLayout.wrappedByteCount)
        (self.logID, self.epoch, self.salt, self.wrapped) = (logID, epoch, salt, wrapped)
    }

    /// The bytes, in their one spelling.
    package func encoded() -> [UInt8] {
        var bytes = Array("MUNGROUP".utf8)
        bytes.append(littleEndian: Limits.formatVersion)
        bytes.append(zeros: 4)
        bytes.append(logID)
        bytes.append(littleEndian: epoch)
        bytes.append(contentsOf: salt)
        bytes.append(contentsOf: wrapped)
        return ChecksummedBlock.encoded(bytes, byteCount: GroupsHeader.byteCount)
    }

    /// Decodes the bytes, all of them; refuses what Format/keys.md lists, in its order.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = try ChecksummedBlock.reader(
            bytes, byteCount: GroupsHeader.byteCount, magic: "MUNGROUP", "group keys header")
        try reader.requireVersion()
        try reader.requireZeros(4)
        logID = try reader.digest()
        epoch = try reader.integer()
        salt = Array(try reader.take(KeyLayout.saltByteCount))
        wrapped = Array(try reader.take(KeyLayout.wrappedByteCount))
        try ChecksummedBlock.finish(&reader)
    }
}

/// A row of `groups`: one wrapped group key.
package struct GroupKeyRow: Hashable, Sendable {
    /// Bytes of the encoded form.
    package static let byteCount = 128

    /// The row of the wrapped key in the keys' `groups` file.
    package var slot: UInt64
    /// The segment's number, below 2^48.
    package var segment: UInt64
    /// The retention class; 0 is that of control records.
    package var classID: UInt32
    /// False once the key was destroyed; salt and key are then zero.
    package var isPresent: Bool
    /// Drawn anew for each wrapping; zero where nothing is wrapped.
    package var salt: [UInt8]
    /// 48 bytes: the wrapped key.
    package var wrapped: [UInt8]
    /// The first generation of the segment that the key serves: 0, or the one whose survivors a purge gave a key of their own.
    package var generation: UInt32

    /// The fields as given. Traps where a field of fixed size has another one.
    package init(
        slot: UInt64, segment: UInt64, classID: UInt32, isPresent: Bool, salt: [UInt8], wrapped: [UInt8],
        generation: UInt32 = 0
    ) {
        precondition(salt.count == KeyLayout.saltByteCount && wrapped.count == KeyLayout.wrappedByteCount)
        (self.slot, self.segment, self.classID, self.isPresent) = (slot, segment, classID, isPresent)
        (self.salt, self.wrapped, self.generation) = (salt, wrapped, generation)
    }

    /// The bytes, in their one spelling.
    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: slot)
        bytes.append(littleEndian: segment)
        bytes.append(littleEndian: classID)
        bytes.append(littleEndian: UInt32(isPresent ? 1 : 0))
        bytes.append(contentsOf: salt)
        bytes.append(contentsOf: wrapped)
        bytes.append(littleEndian: generation)
        return ChecksummedBlock.encoded(bytes, byteCount: GroupKeyRow.byteCount)
    }

    /// Decodes the bytes, all of them; refuses what Format/keys.md lists, in its order.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = try ChecksummedBlock.reader(bytes, byteCount: GroupKeyRow.byteCount, magic: "", "group key row")
        slot = try reader.integer()
        segment = try reader.integer()
        classID = try reader.integer()
        let state = try reader.integer(UInt32.self)
        guard state <= 1 else { throw reader.failure(.unknownValue, "unknown state") }
        isPresent = state == 1
        salt = Array(try reader.take(KeyLayout.saltByteCount))
        wrapped = Array(try reader.take(KeyLayout.wrappedByteCount))
        guard isPresent || salt.allSatisfy({ $0 == 0 }) && wrapped.allSatisfy({ $0 == 0 }) else {
            throw reader.failure(.notCanonical, "a destroyed key is not zero")
        }
        generation = try reader.integer()
        try ChecksummedBlock.finish(&reader)
    }
}

/// Block 0 of `signer`.
package struct SignerKeyBlock: Hashable, Sendable {
    /// Bytes of the encoded form.
    package static let byteCount = Limits.blockByteCount

    /// The log's ID: 32 random bytes, bound by every key derivation.
    package var logID: Digest
    /// Drawn anew for each wrapping; zero where nothing is wrapped.
    package var salt: [UInt8]
    /// 48 bytes: the wrapped key.
    package var wrapped: [UInt8]

    /// The fields as given. Traps where a field of fixed size has another one.
    package init(logID: Digest, salt: [UInt8], wrapped: [UInt8]) {
        precondition(salt.count == KeyLayout.saltByteCount && wrapped.count == KeyLayout.wrappedByteCount)
        (self.logID, self.salt, self.wrapped) = (logID, salt, wrapped)
    }

    /// The bytes, in their one spelling.
    package func encoded() -> [UInt8] {
        var bytes = Array("MUNSIGNR".utf8)
        bytes.append(littleEndian: Limits.formatVersion)
        bytes.append(zeros: 4)
        bytes.append(logID)
        bytes.append(contentsOf: salt)
        bytes.append(contentsOf: wrapped)
        return ChecksummedBlock.encoded(bytes, byteCount: SignerKeyBlock.byteCount)
    }

    /// Decodes the bytes, all of them; refuses what Format/keys.md lists, in its order.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = try ChecksummedBlock.reader(
            bytes, byteCount: SignerKeyBlock.byteCount, magic: "MUNSIGNR", "signer key block")
        try reader.requireVersion()
        try reader.requireZeros(4)
        logID = try reader.digest()
        salt = Array(try reader.take(KeyLayout.saltByteCount))
        wrapped = Array(try reader.take(KeyLayout.wrappedByteCount))
        try ChecksummedBlock.finish(&reader)
    }
}

/// Blocks 1 and 2 of `signer`: what the key signed last.
package struct SignerState: Hashable, Sendable {
    /// Bytes of the encoded form.
    package static let byteCount = Limits.blockByteCount

    /// 1 more than that of the other block.
    package var sequence: UInt64
    /// Of the newest checkpoint that the key signed.
    package var treeSize: UInt64
    /// Of the tree of that size.
    package var root: Digest

    /// The fields as given. Traps where a field of fixed size has another one.
    package init(sequence: UInt64, treeSize: UInt64, root: Digest) {
        (self.sequence, self.treeSize, self.root) = (sequence, treeSize, root)
    }

    /// The bytes, in their one spelling.
    package func encoded() -> [UInt8] {
        var bytes = Array("MUNSIGNS".utf8)
        bytes.append(littleEndian: sequence)
        bytes.append(littleEndian: treeSize)
        bytes.append(root)
        return ChecksummedBlock.encoded(bytes, byteCount: SignerState.byteCount)
    }

    /// Decodes the bytes, all of them; refuses what Format/keys.md lists, in its order.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = try ChecksummedBlock.reader(
            bytes, byteCount: SignerState.byteCount, magic: "MUNSIGNS", "signer state")
        sequence = try reader.integer()
        treeSize = try reader.integer()
        root = try reader.digest()
        guard treeSize < Limits.treeSize else { throw reader.failure(.outOfBounds, "an impossible size") }
        try ChecksummedBlock.finish(&reader)
    }
}
