// Derivations, wrapping and passphrases against values of another implementation, and against tampering.

import MunimentCrypto
import MunimentFormat
import Testing

@Suite struct KeyVectorTests {
    private struct File: Decodable {
        struct Derivation: Decodable {
            var purpose: String
            var context: Spelt
            var derived: Spelt
        }
        struct Wrap: Decodable {
            var name: String
            var key: Spelt
            var salt: Spelt
            var context: Spelt
            var wrappingKey: Spelt
            var secret: Spelt
            var wrapped: Spelt
        }
        struct Passphrase: Decodable {
            var passphrase: Spelt
            var salt: Spelt
            var memoryKiB: UInt32
            var passes: UInt32
            var key: Spelt
        }
        var logID: Spelt
        var epoch: UInt64
        var slot: UInt64
        var segment: UInt64
        var `class`: UInt32
        var generation: UInt32
        var session: Spelt
        var key: Spelt
        var derivations: [Derivation]
        var wraps: [Wrap]
        var passphrases: [Passphrase]
    }

    private func bytes(_ key: SecretKey) -> [UInt8] { key.withUnsafeBytes { Array($0) } }

    @Test func derivations() throws {
        let file: File = try Vectors.load("keys.json")
        let key = SecretKey(copying: file.key.bytes)
        #expect(
            Set(file.derivations.map(\.purpose)) == ["part", "salt", "token", "index", "commitment", "check", "body"])
        for vector in file.derivations {
            let purpose = try #require(KeyPurpose(rawValue: vector.purpose))
            #expect(bytes(key.derived(purpose, context: vector.context.bytes)) == vector.derived.bytes)
            #expect(key.publicDigest(purpose, context: vector.context.bytes) == vector.derived.digest)
        }
    }

    /// The same values by way of a group key in its place.
    @Test func groupKeys() throws {
        let file: File = try Vectors.load("keys.json")
        let place = GroupPlace(logID: file.logID.digest, segment: file.segment, classID: file.class)
        let group = GroupKey(key: SecretKey(copying: file.key.bytes), place: place)
        let derived = Dictionary(
            file.derivations.map { ($0.purpose, $0.derived.bytes) }, uniquingKeysWith: { first, _ in first })
        #expect(group.commitment.bytes == derived["commitment"] && bytes(group.tokenKey) == derived["token"])
        let stream = SaltStream(key: SecretKey(copying: try #require(derived["salt"])))
        #expect(group.saltStream.salt(index: 9, slot: 2) == stream.salt(index: 9, slot: 2))
        // Part keys can't be taken out: what one seals, the other opens.
        let part = SealingKey(SecretKey(copying: try #require(derived["part"])))
        let sealed = part.sealed([1, 2, 3], count: 5, associatedData: [7])
        let other = group.partKey(generation: file.generation, session: file.session.bytes)
        #expect(other.opened(sealed, count: 5, associatedData: [7]) == [1, 2, 3])
    }

    @Test func wrapping() throws {
        let file: File = try Vectors.load("keys.json")
        let logID = file.logID.bytes
        let contexts = [
            "epoch": WrapContext.epoch(logID: logID, epoch: file.epoch),
            "group": WrapContext.group(
                logID: logID, epoch: file.epoch, slot: file.slot, segment: file.segment, classID: file.class),
            "signer": WrapContext.signer(logID: logID), "root": WrapContext.root(logID: logID),
        ]
        #expect(file.wraps.count == contexts.count)
        for vector in file.wraps {
            #expect(contexts[vector.name] == vector.context.bytes, "\(vector.name)")
            let key = SecretKey(copying: vector.key.bytes)
            let context = vector.context.bytes
            #expect(bytes(key.derived(.wrap, context: context, salt: vector.salt.bytes)) == vector.wrappingKey.bytes)
            let secret = SecretKey(copying: vector.secret.bytes)
            #expect(KeyWrap.wrap(secret, under: key, salt: vector.salt.bytes, context: context) == vector.wrapped.bytes)
            let opened = try #require(
                KeyWrap.unwrap(vector.wrapped.bytes, under: key, salt: vector.salt.bytes, context: context))
            #expect(opened == secret)
        }
    }

    @Test func tamperedWrapping() throws {
        let vector = try #require(try Vectors.load("keys.json", as: File.self).wraps.first)
        let key = SecretKey(copying: vector.key.bytes)
        func opens(_ wrapped: [UInt8], _ key: SecretKey, _ salt: [UInt8], _ context: [UInt8]) -> Bool {
            KeyWrap.unwrap(wrapped, under: key, salt: salt, context: context) != nil
        }
        let (wrapped, salt, context) = (vector.wrapped.bytes, vector.salt.bytes, vector.context.bytes)
        #expect(opens(wrapped, key, salt, context))
        for bit in 0..<wrapped.count * 8 { #expect(!opens(wrapped.flipped(bit), key, salt, context)) }
        for bit in 0..<salt.count * 8 { #expect(!opens(wrapped, key, salt.flipped(bit), context)) }
        for bit in 0..<context.count * 8 { #expect(!opens(wrapped, key, salt, context.flipped(bit))) }
        #expect(!opens(wrapped, SecretKey.random(), salt, context))
        for count in [0, 15, 16, 32, 47] { #expect(!opens(Array(wrapped[..<count]), key, salt, context)) }
        #expect(!opens(wrapped + [0], key, salt, context))
    }

    @Test func passphrases() throws {
        for vector in try Vectors.load("keys.json", as: File.self).passphrases {
            let key = SecretKey.derived(
                fromPassphrase: vector.passphrase.bytes, salt: vector.salt.bytes, memoryKiB: vector.memoryKiB,
                passes: vector.passes)
            #expect(bytes(try #require(key)) == vector.key.bytes)
        }
    }

    /// The key file of a new root key opens with its passphrase alone, and says what is wrong otherwise.
    @Test func rootKeyFiles() throws {
        let root = SecretKey.random()
        let logID = Digest(RandomBytes.array(32))!
        let plain = try RootKeyFile.make(root, logID: logID, passphrase: nil)
        #expect(try plain.encoded().decode(RootKeyFile.init(decoding:)).unlocked(passphrase: nil) == root)
        let file = try RootKeyFile.make(
            root, logID: logID, passphrase: Array("secret".utf8), memoryKiB: 8_192, passes: 1)
        #expect(try file.encoded().decode(RootKeyFile.init(decoding:)) == file)
        #expect(try file.unlocked(passphrase: Array("secret".utf8)) == root)
        #expect(throws: KeyError.wrongKey) { try file.unlocked(passphrase: Array("Secret".utf8)) }
        #expect(throws: KeyError.passphraseNeeded) { try file.unlocked(passphrase: nil) }
        var moved = file
        moved.logID = .zero
        #expect(throws: KeyError.wrongKey) { try moved.unlocked(passphrase: Array("secret".utf8)) }
    }

    @Test func secretKeys() {
        let (a, b) = (SecretKey.random(), SecretKey.random())
        #expect(!(a == b))
        #expect(a == SecretKey(copying: bytes(a)))
        #expect(RandomBytes.array(0).isEmpty && RandomBytes.array(32) != RandomBytes.array(32))
        var secret = bytes(a)
        zeroize(&secret)
        #expect(secret == [UInt8](repeating: 0, count: 32))
        var none: [UInt8] = []
        zeroize(&none)
    }
}

extension [UInt8] {
    /// A copy with one bit changed.
    func flipped(_ bit: Int) -> [UInt8] {
        var bytes = self
        bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        return bytes
    }
}

extension SealingKey {
    func sealed(_ plaintext: [UInt8], count: UInt64, associatedData: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: plaintext.count + SealingKey.tagByteCount) { buffer, filled in
            plaintext.withUnsafeBytes {
                seal($0, count: count, associatedData: associatedData, to: UnsafeMutableRawPointer(buffer.baseAddress!))
            }
            filled = plaintext.count + SealingKey.tagByteCount
        }
    }

    func opened(_ ciphertext: [UInt8], count: UInt64, associatedData: [UInt8]) -> [UInt8]? {
        var plaintext = [UInt8](repeating: 0xaa, count: Swift.max(ciphertext.count, 16) - 16 + 1)
        let isOpened = ciphertext.withUnsafeBytes { source in
            plaintext.withUnsafeMutableBytes {
                open(source, count: count, associatedData: associatedData, to: $0.baseAddress!)
            }
        }
        // Nothing may be written past the plaintext, or at all where nothing was opened.
        precondition(plaintext.last == 0xaa && (isOpened || plaintext.allSatisfy { $0 == 0xaa }))
        return isOpened ? Array(plaintext.dropLast()) : nil
    }
}
