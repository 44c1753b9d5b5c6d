import Crypto
import MunimentCrypto
import MunimentFormat
import Testing

struct Ed25519Tests {
    private func publicKey(_ seed: [UInt8]) -> [UInt8] { seed.withUnsafeBytes { Ed25519.publicKey(seed: $0) } }

    private func sign(_ message: [UInt8], _ seed: [UInt8]) -> [UInt8] {
        message.withUnsafeBytes { message in seed.withUnsafeBytes { Ed25519.sign(message, seed: $0) } }
    }

    /// RFC 8032, section 7.1, tests 1 to 3.
    @Test func standardVectors() throws {
        let vectors = [
            (
                "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
                    + "d25bf5f0595bbe24655141438e7a100b"
            ),
            (
                "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
                    + "387b2eaeb4302aeeb00d291612bb0c00"
            ),
            (
                "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
                "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
                "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
                    + "4a7c15e9716ed28dc027beceea1ec40a"
            ),
        ]
        for (seed, key, message, signature) in vectors {
            let seed = try #require(Hexadecimal.bytes(seed))
            let message = try #require(Hexadecimal.bytes(message))
            #expect(Hexadecimal.string(publicKey(seed)) == key)
            #expect(Hexadecimal.string(sign(message, seed)) == signature)
            #expect(Ed25519.verify(sign(message, seed), of: message, publicKey: publicKey(seed)))
        }
    }

    @Test func agreesWithSwiftCrypto() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SeededGenerator(seed: seed)
        for count in [0, 1, 63, 64, 200] {
            let secret = generator.bytes(32)
            let message = generator.bytes(count)
            let key = try Curve25519.Signing.PrivateKey(rawRepresentation: secret)
            #expect(Array(key.publicKey.rawRepresentation) == publicKey(secret), "seed \(seed)")
            #expect(key.publicKey.isValidSignature(sign(message, secret), for: message), "seed \(seed)")
            let theirs = Array(try key.signature(for: message))
            #expect(Ed25519.verify(theirs, of: message, publicKey: publicKey(secret)), "seed \(seed)")
        }
    }

    @Test func everyFlippedBitIsRefused() {
        let secret = [UInt8](0..<32)
        let message = Array("a text".utf8)
        let key = publicKey(secret)
        let signature = sign(message, secret)
        for bit in 0..<512 {
            var spoiled = signature
            spoiled[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!Ed25519.verify(spoiled, of: message, publicKey: key), "bit \(bit) of the signature")
        }
        for bit in 0..<256 {
            var spoiled = key
            spoiled[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!Ed25519.verify(signature, of: message, publicKey: spoiled), "bit \(bit) of the key")
        }
        #expect(!Ed25519.verify(signature, of: message + [0], publicKey: key))
    }

    @Test func wrongLengthsAreRefused() {
        let key = publicKey([UInt8](0..<32))
        let signature = sign([], [UInt8](0..<32))
        #expect(Ed25519.verify(signature, of: [], publicKey: key))
        #expect(!Ed25519.verify(signature + [0], of: [], publicKey: key))
        #expect(!Ed25519.verify(signature.dropLast(), of: [], publicKey: key))
        #expect(!Ed25519.verify([], of: [], publicKey: key))
        #expect(!Ed25519.verify(signature, of: [], publicKey: key + [0]))
        #expect(!Ed25519.verify(signature, of: [], publicKey: []))
    }

    /// S + L is the same scalar in another encoding: accepting it would give one signature two texts.
    @Test func aNonCanonicalScalarIsRefused() throws {
        let order = try #require(Hexadecimal.bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"))
        let secret = [UInt8](repeating: 7, count: 32)
        var signature = sign([1, 2, 3], secret)
        var carry = 0
        for position in 0..<32 {
            carry += Int(signature[32 + position]) + Int(order[position])
            signature[32 + position] = UInt8(carry & 255)
            carry >>= 8
        }
        #expect(carry == 0)
        #expect(!Ed25519.verify(signature, of: [1, 2, 3], publicKey: publicKey(secret)))
    }

    /// Keys and commitments of small order, and the identity written in a non-canonical way: with them one signature would
    /// hold for every message.
    @Test func pointsOfSmallOrderAreRefused() throws {
        let points = [
            "0100000000000000000000000000000000000000000000000000000000000000",
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0000000000000000000000000000000000000000000000000000000000000080",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        ]
        for point in points {
            let bytes = try #require(Hexadecimal.bytes(point))
            let signature = bytes + [UInt8](repeating: 0, count: 32)
            for message in 0..<8 as Range<UInt8> {
                #expect(!Ed25519.verify(signature, of: [message], publicKey: bytes), "\(point)")
            }
        }
    }
}
