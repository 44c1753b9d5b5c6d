// Opening the key files: pure functions from decoded bytes and the key above them to the key inside. Used by the store and, on its own,
// by the verifier. Format/keys.md.

package import MunimentFormat

/// Why a key can't be had.
package enum KeyError: Error, Hashable, Sendable {
    /// The root key file asks for a passphrase and none was given.
    case passphraseNeeded
    /// The passphrase, or the root key, is not the one that belongs here.
    case wrongKey
    /// The wrapped bytes do not open: damage, or a row that was moved.
    case damaged
    /// The key was destroyed.
    case destroyed
    /// The derivation asked for more memory than there is.
    case noMemory
}

extension RootKeyFile {
    /// A key file for `root`, protected by a passphrase if there is one.
    package static func make(
        _ root: SecretKey, logID: Digest, passphrase: [UInt8]?, memoryKiB: UInt32 = 65_536, passes: UInt32 = 3
    ) throws(KeyError) -> RootKeyFile {
        let check = root.publicDigest(.check, context: logID.bytes)
        guard let passphrase else {
            let secret = root.withUnsafeBytes { Array($0) } + [UInt8](repeating: 0, count: 16)
            return RootKeyFile(
                protection: .file, memoryKiB: 0, passes: 0, salt: [UInt8](repeating: 0, count: 16), logID: logID,
                secret: secret,
                keyCheck: check)
        }
        let salt = RandomBytes.array(16)
        guard let key = SecretKey.derived(fromPassphrase: passphrase, salt: salt, memoryKiB: memoryKiB, passes: passes)
        else {
            throw .noMemory
        }
        let wrapped = KeyWrap.wrap(root, under: key, salt: salt, context: WrapContext.root(logID: logID.bytes))
        return RootKeyFile(
            protection: .passphrase, memoryKiB: memoryKiB, passes: passes, salt: salt, logID: logID, secret: wrapped,
            keyCheck: check)
    }

    /// The root key. Takes as long as Argon2id does when a passphrase protects it.
    package func unlocked(passphrase: [UInt8]?) throws(KeyError) -> SecretKey {
        let root: SecretKey
        switch protection {
        case .file:
            root = SecretKey(copying: Array(secret.prefix(SecretKey.byteCount)))
        case .passphrase:
            guard let passphrase else { throw .passphraseNeeded }
            guard
                let key = SecretKey.derived(
                    fromPassphrase: passphrase, salt: salt, memoryKiB: memoryKiB, passes: passes)
            else {
                throw .noMemory
            }
            guard
                let opened = KeyWrap.unwrap(
                    secret, under: key, salt: salt, context: WrapContext.root(logID: logID.bytes))
            else {
                throw .wrongKey
            }
            root = opened
        }
        guard root.publicDigest(.check, context: logID.bytes) == keyCheck else { throw .wrongKey }
        return root
    }
}

extension GroupsHeader {
    /// Wraps an epoch key under the root key.
    package static func make(_ epochKey: SecretKey, epoch: UInt64, logID: Digest, root: SecretKey) -> GroupsHeader {
        let salt = RandomBytes.array(KeyLayout.saltByteCount)
        let wrapped = KeyWrap.wrap(
            epochKey, under: root, salt: salt, context: WrapContext.epoch(logID: logID.bytes, epoch: epoch))
        return GroupsHeader(logID: logID, epoch: epoch, salt: salt, wrapped: wrapped)
    }

    /// The epoch key; `.damaged` if the header was not made with this root key, epoch and log.
    package func epochKey(root: SecretKey) throws(KeyError) -> SecretKey {
        let context = WrapContext.epoch(logID: logID.bytes, epoch: epoch)
        guard let key = KeyWrap.unwrap(wrapped, under: root, salt: salt, context: context) else { throw .damaged }
        return key
    }
}

extension GroupKeyRow {
    /// Wraps a group key for its place and slot.
    package static func make(
        _ key: SecretKey, slot: UInt64, place: GroupPlace, epoch: UInt64, epochKey: SecretKey
    ) -> GroupKeyRow {
        let salt = RandomBytes.array(KeyLayout.saltByteCount)
        let context = WrapContext.group(
            logID: place.logID.bytes, epoch: epoch, slot: slot, segment: place.segment, classID: place.classID)
        return GroupKeyRow(
            slot: slot, segment: place.segment, classID: place.classID, isPresent: true, salt: salt,
            wrapped: KeyWrap.wrap(key, under: epochKey, salt: salt, context: context))
    }

    /// The group key; `.destroyed` or `.damaged`. That it is the one which the segment binds is for its commitment to say.
    package func groupKey(logID: Digest, epoch: UInt64, epochKey: SecretKey) throws(KeyError) -> GroupKey {
        guard isPresent else { throw .destroyed }
        let context = WrapContext.group(
            logID: logID.bytes, epoch: epoch, slot: slot, segment: segment, classID: classID)
        guard let key = KeyWrap.unwrap(wrapped, under: epochKey, salt: salt, context: context) else { throw .damaged }
        return GroupKey(key: key, place: GroupPlace(logID: logID, segment: segment, classID: classID))
    }
}

extension SignerKeyBlock {
    /// Wraps the signing seed under the root key.
    package static func make(_ seed: SecretKey, logID: Digest, root: SecretKey) -> SignerKeyBlock {
        let salt = RandomBytes.array(KeyLayout.saltByteCount)
        return SignerKeyBlock(
            logID: logID, salt: salt,
            wrapped: KeyWrap.wrap(seed, under: root, salt: salt, context: WrapContext.signer(logID: logID.bytes)))
    }

    /// The signing seed; `.damaged` if the block was not made with this root key and log.
    package func seed(root: SecretKey) throws(KeyError) -> SecretKey {
        guard
            let seed = KeyWrap.unwrap(wrapped, under: root, salt: salt, context: WrapContext.signer(logID: logID.bytes))
        else {
            throw .damaged
        }
        return seed
    }
}
