import MunimentNote
import Testing

struct VerifierKeyTests {
    static let neumann = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"

    @Test func goodKeysComeBack() throws {
        let good = [
            "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", Self.neumann, Fixture.logKey,
            Fixture.witnessKey,
        ]
        for text in good { #expect(try VerifierKey(text).description == text) }
        #expect(try VerifierKey(Fixture.witnessKey).type == .cosignature)
        #expect(try VerifierKey(Self.neumann).id == 0xc74f_20a3)
    }

    @Test func publicKeysOfSecretOnes() throws {
        let secret = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
        #expect(try Fixture.signer(secret).key.description == Self.neumann)
        #expect(try Fixture.signer(Fixture.logSecret).key.description == Fixture.logKey)
        let seed = [UInt8](0..<32)
        #expect(try Fixture.signer("witness.example/w1", seed: seed).key.id == 0x3218_362d)
        let witness = try Fixture.signer("witness.example/w1", type: .cosignature, seed: seed)
        #expect(witness.key.description == Fixture.witnessKey)
    }

    @Test func wrongLengthOrType() {
        let long = "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY=="
        #expect(refusal { _ = try VerifierKey(long) } == .malformedKey)
        let unknown = "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
        #expect(refusal { _ = try VerifierKey(unknown) } == .unsupportedKey)
        #expect(refusal { _ = try VerifierKey(String(repeating: "a", count: 70_000)) } == .tooLarge)
        #expect(
            refusal { _ = try VerifierKey("+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k") } == .malformedName)
    }

    @Test func everyProperSubstringIsRefused() {
        let text = Self.neumann
        for start in 0..<text.utf8.count {
            for end in start...text.utf8.count where end - start < text.utf8.count {
                let part = text.utf8.dropFirst(start).prefix(end - start)
                #expect(refusal { _ = try VerifierKey(String(part)!) } != nil, "\(start)..<\(end)")
            }
        }
    }

    @Test func everyChangedByteIsRefused() {
        let text = Array(Self.neumann.utf8)
        for position in text.indices {
            for delta in [1, 0x20, 0x7f] as [UInt8] {
                var changed = text
                changed[position] = (changed[position] &+ delta) & 0x7f
                let string = String(decoding: changed, as: UTF8.self)
                #expect(refusal { _ = try VerifierKey(string) } != nil, "byte \(position) plus \(delta)")
            }
        }
    }

    @Test func names() throws {
        let key = try VerifierKey(Self.neumann).publicKey
        for name in ["", "a b", "a+b", "a\tb", "a\u{a0}b", "a\u{2003}b", "a\u{2028}b", "a\nb", "a\u{1}b", "a\u{85}b"] {
            let code = refusal { _ = try VerifierKey(name: name, type: .ed25519, publicKey: key) }
            #expect(code == .malformedName, "\(name.debugDescription)")
        }
        for name in ["x", "example.com/log42", "Müller/π", "a–b"] {
            let made = try VerifierKey(name: name, type: .ed25519, publicKey: key)
            #expect(try VerifierKey(made.description) == made)
        }
    }

    /// Two spellings of one text are two names: bytes decide.
    @Test func canonicallyEquivalentNamesDiffer() throws {
        let key = try VerifierKey(Self.neumann).publicKey
        let composed = try VerifierKey(name: "caf\u{e9}", type: .ed25519, publicKey: key)
        let decomposed = try VerifierKey(name: "cafe\u{301}", type: .ed25519, publicKey: key)
        #expect(composed.name == decomposed.name)
        #expect(composed != decomposed)
        #expect(composed.id != decomposed.id)
    }
}
