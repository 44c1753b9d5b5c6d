import MunimentNote
import Testing

struct SignedNoteTests {
    static let neumann = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    static let neumannSecret = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
    static let text =
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    static let neumannLine =
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    static let enochLine =
        "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"

    private func parse(_ text: String) throws -> SignedNote { try SignedNote(Array(text.utf8)) }

    @Test func theSpecificationsExample() throws {
        let note = try parse(
            "This is an example message.\n\n— example.com/foo "
                + "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n")
        let keys = try Fixture.keys("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
        #expect(try keys.open(note).map(\.key) == keys.keys)
        #expect(String(decoding: note.text, as: UTF8.self) == "This is an example message.\n")
    }

    @Test func goNotesWithTwoSigners() throws {
        let neumann = try Fixture.signer(Self.neumannSecret)
        let enoch = try Fixture.signer("EnochRoot", seed: [UInt8](repeating: 0, count: 32))
        let alone = try neumann.note(text: Array(Self.text.utf8))
        #expect(String(decoding: alone.bytes, as: UTF8.self) == Self.text + "\n" + Self.neumannLine)
        let both = try alone.adding(enoch.sign(text: alone.text))
        #expect(String(decoding: both.bytes, as: UTF8.self) == Self.text + "\n" + Self.neumannLine + Self.enochLine)
        #expect(try parse(Self.text + "\n" + Self.neumannLine + Self.enochLine) == both)
        #expect(try NoteKeys([neumann.key, enoch.key]).open(both).map(\.key) == [neumann.key, enoch.key])
        #expect(try NoteKeys([enoch.key]).open(both).map(\.key) == [enoch.key])
    }

    /// The corrected Sigsum vector: a name that is derived from the key.
    @Test func sigsumCheckpoint() throws {
        let origin = "sigsum.org/v1/tree/e796172b92befd62d9dc67e41c2f5bc9d3100a3023b20b1ca40288dd1c679e69"
        let signer = try Fixture.signer(origin, seed: [0x11] + [UInt8](repeating: 0, count: 31))
        #expect(signer.key.id == 0x809d_a1a3)
        let line =
            "— \(origin) "
            + "gJ2ho0n8F8olcerUF1FFdv235A/5as/coWrpLrtE7ovMeP5whgwouYExowG/lTznxu6OUGjjt5yJQ6bXtTcf718MqAQ=\n"
        let note = try parse("\(origin)\n10\nHA5HAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n\(line)")
        let verified = try VerifiedCheckpoint.verify(note, keys: NoteKeys([signer.key]))
        #expect(verified.checkpoint.size == 10)
        #expect(try signer.note(verified.checkpoint) == note)
    }

    @Test func theTextMayHaveBlankLines() throws {
        let signer = try Fixture.signer(Self.neumannSecret)
        for text in ["\n", "\n\n", "a\n\nb\n", "a\n\n", "— not a signature\n", "a\n\n— PeterNeumann AAAAAAA=\n"] {
            let note = try signer.note(text: Array(text.utf8))
            let again = try SignedNote(note.bytes)
            #expect(again == note)
            #expect(again.text == Array(text.utf8))
            #expect(try NoteKeys([signer.key]).open(again).count == 1)
        }
    }

    @Test func malformedNotes() {
        let line = Self.neumannLine
        let bad = [
            "", "\n", "\n\n", "text", "text\n", "text\n\n", "text\n\n\n", line, "text\n" + line,
            "text\n\n" + line.dropLast(),
            "text\n\n" + line + "\n", "text\n\n" + line + "junk\n", "text\n\n" + line + "\n" + "— x",
            "text\n\n- a AAAAAAA=\n",
            "text\n\n—a AAAAAAA=\n", "text\n\n—  AAAAAAA=\n", "text\n\n— a\n", "text\n\n— a \n",
            "text\n\n— a  AAAAAAA=\n",
            "text\n\n— a AAAAAAA= \n", "text\n\n— a AAAAAAA=\r\n", "text\n\n— a+b AAAAAAA=\n",
            "text\n\n— a\u{a0}b AAAAAAA=\n",
            "text\n\n— a AAAAAA==\n", "text\n\n— a AAAAAAB=\n", "text\n\n— a AAAAAAA\n", "te\u{0}xt\n\n" + line,
            "te\txt\n\n" + line, "te\rxt\n\n" + line, "te\u{1f}xt\n\n" + line,
        ]
        for note in bad { #expect(refusal { _ = try parse(note) } == .malformedNote, "\(note.debugDescription)") }
        #expect(refusal { _ = try SignedNote(Array("t\n\n".utf8) + [0xff] + Array(line.utf8)) } == .malformedNote)
        #expect(
            refusal { _ = try SignedNote(Array("t\u{fffd}\n\n— a".utf8) + [0xc0, 0x80] + Array(line.utf8)) }
                == .malformedNote)
    }

    @Test func boundsOfANote() throws {
        let line = "— a AAAAAAA=\n"
        let hundred = "text\n\n" + String(repeating: line, count: 100)
        #expect(try parse(hundred).signatures.count == 100)
        #expect(refusal { _ = try parse(hundred + line) } == .tooLarge)
        let room = SignedNote.byteCountMax - 2 - line.utf8.count
        #expect(refusal { _ = try parse(String(repeating: "a", count: room) + "\n\n" + line) } == nil)
        #expect(refusal { _ = try parse(String(repeating: "a", count: room + 1) + "\n\n" + line) } == .tooLarge)
        let text = [UInt8](repeating: 0x61, count: SignedNote.byteCountMax) + [0x0a]
        #expect(refusal { _ = try Fixture.signer(Self.neumannSecret).note(text: text) } == .tooLarge)
        #expect(refusal { _ = try SignedNote(text: [0x0a], signatures: []) } == .malformedNote)
        #expect(
            refusal { _ = try Fixture.signer(Self.neumannSecret).note(text: Array("no newline".utf8)) }
                == .malformedNote)
    }

    @Test func linesOfUnknownKeysAreIgnoredAndKept() throws {
        let junk = "— PeterNeumann AAAAAAAA\n— someone/else " + Base64.string([UInt8](repeating: 9, count: 2432)) + "\n"
        let note = try parse(Self.text + "\n" + junk + Self.neumannLine)
        #expect(try Fixture.keys(Self.neumann).open(note).count == 1)
        #expect(note.bytes == Array((Self.text + "\n" + junk + Self.neumannLine).utf8))
        let unknown = try parse(Self.text + "\n" + Self.enochLine)
        #expect(refusal { _ = try Fixture.keys(Self.neumann).open(unknown) } == .untrusted)
    }

    @Test func aFailingLineOfAKnownKeySpoilsTheNote() throws {
        let keys = try Fixture.keys(Self.neumann)
        let forged = Self.neumannLine.replacing("JnAM=", with: "JnAQ=")
        let other = try parse("Another text.\n\n" + Self.neumannLine)
        #expect(refusal { _ = try keys.open(other) } == .invalidSignature)
        for lines in [forged, forged + Self.neumannLine, Self.neumannLine + forged] {
            let note = try parse(Self.text + "\n" + lines)
            #expect(refusal { _ = try keys.open(note) } == .invalidSignature, "\(lines)")
        }
        let short = try parse(Self.text + "\n— PeterNeumann x08gowA=\n" + Self.neumannLine)
        #expect(refusal { _ = try keys.open(short) } == .invalidSignature)
        let twice = try parse(Self.text + "\n" + Self.neumannLine + Self.neumannLine)
        #expect(try keys.open(twice).count == 1)
    }

    @Test func repeatedAndAmbiguousKeys() throws {
        let key = try VerifierKey(Self.neumann)
        #expect(try NoteKeys([key, key]).keys == [key])
        #expect(try NoteKeys([]).keys.isEmpty)
        let note = try parse(Self.text + "\n" + Self.neumannLine)
        #expect(refusal { _ = try NoteKeys([]).open(note) } == .untrusted)
        // Two public keys, found by search, whose ids under this name are the same.
        let pair = try [65_227, 67_083].map { (number: UInt32) in
            let bytes = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
            return try VerifierKey(name: "a", type: .ed25519, publicKey: [UInt8](repeating: 0, count: 28) + bytes)
        }
        #expect(pair.map(\.id) == [0xa06f_c73f, 0xa06f_c73f])
        #expect(refusal { _ = try NoteKeys(pair) } == .ambiguousKey)
    }

    @Test func addingReplacesTheLineOfTheSameKey() throws {
        let signer = try Fixture.signer(Self.neumannSecret)
        let note = try signer.note(text: Array(Self.text.utf8))
        #expect(try note.adding(signer.sign(text: note.text)) == note)
        var many = note
        for position in 0..<99 {
            many = try many.adding(NoteSignature(name: "n\(position)", keyID: 1, bytes: [1]))
        }
        #expect(
            refusal { _ = try many.adding(NoteSignature(name: "one more", keyID: 1, bytes: [1])) } == .malformedName)
        #expect(refusal { _ = try many.adding(NoteSignature(name: "one-more", keyID: 1, bytes: [1])) } == .tooLarge)
        #expect(refusal { _ = try NoteSignature(name: "n", keyID: 1, bytes: []) } == .malformedNote)
    }
}
