import Foundation
import MunimentCrypto
import MunimentFormat
import MunimentMerkle
import MunimentNote
import Testing

struct CheckpointTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func everySizeOfTheFixture() throws {
        var frontier = TreeFrontier()
        for size in 0...15 {
            let root = try Fixture.root(size)
            #expect(frontier.root() == root, "size \(size)")
            let checkpoint = try Checkpoint(origin: Fixture.origin, size: UInt64(size), root: root)
            #expect(checkpoint.description == "\(Fixture.origin)\n\(size)\n\(Fixture.roots[size])\n")
            #expect(try Checkpoint(text: checkpoint.text) == checkpoint)
            if size < 15 { frontier.append(leaf: Fixture.tree.leaves[size]) }
        }
    }

    /// Ed25519 is deterministic: the upstream signatures come out bit for bit.
    @Test func signaturesOfTheFixture() throws {
        let signer = try Fixture.signer(Fixture.logSecret)
        let upstream = [
            0: "M9e0lhxJACzE1KoUdqKuPa+9p6R7dSW8BlEvrg/noo8FkGg6PbJoRNOcdjqjOq89wVvTA60eubCc4oufo5BvIVEgtQc=",
            1: "M9e0lhr9kuLxGdAtaUrhm84TQffVsLdcy808sN0a3WyniNlfcr9+bywoiIke1YYciCNjJGkCgIlQ8b16jhsmg/SChAM=",
            15: "M9e0luh4jTG+UMBqOUo9/q+yAEvx1ilBEniMvjf1zfcBOhg+CKubMt53MvIt/uEWP6zdkdIQzd/fmwlM/dlPWF74ewI=",
        ]
        for (size, blob) in upstream {
            let checkpoint = try Checkpoint(origin: Fixture.origin, size: UInt64(size), root: Fixture.root(size))
            let note = try signer.note(checkpoint)
            #expect(note.bytes == bytes("\(checkpoint)\n— \(Fixture.origin) \(blob)\n"), "size \(size)")
            let verified = try VerifiedCheckpoint.verify(note, keys: Fixture.keys(Fixture.logKey))
            #expect(verified.checkpoint == checkpoint)
            #expect(verified.logSignatures.map(\.key.description) == [Fixture.logKey])
            #expect(verified.cosignatures.isEmpty)
            #expect(verified.noteBytes == note.bytes)
        }
    }

    @Test func cosignedCheckpoint() throws {
        let witness = try Fixture.signer("witness.example/w1", type: .cosignature, seed: [UInt8](0..<32))
        let note = try SignedNote(bytes(Fixture.note15))
        let cosigned = try note.adding(witness.cosign(text: note.text, time: Fixture.witnessTime))
        #expect(cosigned.bytes == bytes(Fixture.note15 + Fixture.witnessLine))
        #expect(sha256(cosigned.bytes) == "486c1264d977954a29d7473afa21c851f4036af1a3db9daacdab2c219f0878fe")
        let keys = try Fixture.keys(Fixture.logKey, Fixture.witnessKey)
        let verified = try VerifiedCheckpoint.verify(cosigned, keys: keys)
        #expect(verified.cosignatures.map(\.key.description) == [Fixture.witnessKey])
        #expect(verified.cosignatures.first?.time == Fixture.witnessTime)
        #expect(verified.logSignatures.first?.time == nil)
        let logOnly = try VerifiedCheckpoint.verify(cosigned, keys: Fixture.keys(Fixture.logKey))
        #expect(logOnly.cosignatures.isEmpty)
    }

    @Test func aCosignatureAloneIsNotTheLogs() throws {
        let cosigned = try SignedNote(bytes(Fixture.note15 + Fixture.witnessLine))
        #expect(
            refusal { _ = try VerifiedCheckpoint.verify(cosigned, keys: Fixture.keys(Fixture.witnessKey)) }
                == .untrusted)
    }

    /// A trusted key of another log signs this log's text: its signature holds, but the log did not speak.
    @Test func anotherLogsKeyDoesNotCount() throws {
        let other = try Fixture.signer("example.com/other", seed: [UInt8](repeating: 5, count: 32))
        let note = try other.note(text: bytes(Fixture.checkpoint15))
        #expect(refusal { _ = try VerifiedCheckpoint.verify(note, keys: NoteKeys([other.key])) } == .untrusted)
        let both = try note.adding(Fixture.signer(Fixture.logSecret).sign(text: note.text))
        let keys = try NoteKeys([other.key, VerifierKey(Fixture.logKey)])
        let verified = try VerifiedCheckpoint.verify(both, keys: keys)
        #expect(verified.logSignatures.map(\.key.description) == [Fixture.logKey])
    }

    @Test func spoiledCosignatures() throws {
        let keys = try Fixture.keys(Fixture.logKey, Fixture.witnessKey)
        let good = try SignedNote(bytes(Fixture.note15 + Fixture.witnessLine))
        let blob = good.signatures[1].bytes
        for position in blob.indices {
            for bit in 0..<8 as Range<UInt8> {
                var spoiled = blob
                spoiled[position] ^= 1 << bit
                let line = try NoteSignature(name: "witness.example/w1", keyID: 0xe75f_6532, bytes: spoiled)
                let note = try good.adding(line)
                #expect(refusal { _ = try VerifiedCheckpoint.verify(note, keys: keys) } == .invalidSignature)
            }
        }
        for bytes in [[], Array(blob.dropLast()), blob + [0], Array(blob.dropFirst(8))] where !bytes.isEmpty {
            let note = try good.adding(NoteSignature(name: "witness.example/w1", keyID: 0xe75f_6532, bytes: bytes))
            #expect(refusal { _ = try VerifiedCheckpoint.verify(note, keys: keys) } == .invalidSignature)
        }
    }

    /// A signature over a time that the format does not have.
    @Test func aTimeAbove2To63IsRefused() throws {
        let seed = [UInt8](0..<32)
        let time: UInt64 = 1 << 63
        let message = bytes("cosignature/v1\ntime \(time)\n" + Fixture.checkpoint15)
        let signature = message.withUnsafeBytes { message in seed.withUnsafeBytes { Ed25519.sign(message, seed: $0) } }
        let blob = [0x80] + [UInt8](repeating: 0, count: 7) + signature
        let line = try NoteSignature(name: "witness.example/w1", keyID: 0xe75f_6532, bytes: blob)
        let note = try SignedNote(bytes(Fixture.note15)).adding(line)
        let keys = try Fixture.keys(Fixture.logKey, Fixture.witnessKey)
        #expect(refusal { _ = try VerifiedCheckpoint.verify(note, keys: keys) } == .invalidSignature)
    }

    /// No single changed bit of the note leaves a checkpoint that the log's key vouches for.
    @Test func everyFlippedBitOfTheNoteIsRefused() throws {
        let note = bytes(Fixture.note15)
        let keys = try Fixture.keys(Fixture.logKey)
        for bit in 0..<note.count * 8 {
            var spoiled = note
            spoiled[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(refusal { _ = try VerifiedCheckpoint.verify(SignedNote(spoiled), keys: keys) } != nil, "bit \(bit)")
        }
    }

    @Test func extensionLinesAreReadAndKept() throws {
        let text = bytes(Fixture.checkpoint15 + "opaque line\n\u{e9} 2\n")
        let checkpoint = try Checkpoint(text: text)
        #expect(checkpoint.extensionLines == ["opaque line", "\u{e9} 2"])
        #expect(checkpoint.text == text)
        #expect(checkpoint != (try Checkpoint(text: bytes(Fixture.checkpoint15))))
        let note = try Fixture.signer(Fixture.logSecret).note(text: text)
        let verified = try VerifiedCheckpoint.verify(note, keys: Fixture.keys(Fixture.logKey))
        #expect(verified.checkpoint == checkpoint)
    }

    @Test func malformedCheckpoints() {
        let root = "rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs="
        let bad = [
            "", "\n", "a\n", "a\n1\n", "a\n1\n\(root)", "\n1\n\(root)\n", "a\n\n\(root)\n", "a\n1\n\n",
            "a\n1\n\(root)\n\n",
            "a\n1\n\(root)\n\nx\n", "a\n01\n\(root)\n", "a\n+1\n\(root)\n", "a\n-1\n\(root)\n", "a\n1 \n\(root)\n",
            "a\n0x1\n\(root)\n", "a\n18446744073709551616\n\(root)\n", "a\n18446744073709551615\n\(root)\n",
            "a\n9223372036854775809\n\(root)\n", "a\n99999999999999999999999\n\(root)\n", "a\n1\n\(root.dropLast())\n",
            "a\n1\n\(root)=\n", "a\n1\nAAAA\n", "a\n1\nrKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383ct=\n",
            "a\n1\n \(root)\n", "a\n0\n\(root)\n", "a\n00\n\(root)\n", "a\n\u{0661}\n\(root)\n",
        ]
        for text in bad {
            #expect(
                refusal { _ = try Checkpoint(text: bytes(text)) } == .malformedCheckpoint, "\(text.debugDescription)")
        }
        #expect(refusal { _ = try Checkpoint(text: bytes("a\n9223372036854775808\n\(root)\n")) } == nil)
        #expect(refusal { _ = try Checkpoint(origin: "a\nb", size: 1, root: .zero) } == .malformedCheckpoint)
        #expect(refusal { _ = try Checkpoint(origin: "", size: 1, root: .zero) } == .malformedCheckpoint)
        #expect(refusal { _ = try Checkpoint(origin: "a", size: 0, root: .zero) } == .malformedCheckpoint)
    }

    /// Note text with an ML-DSA cosignature of 3.2 kB: kept to the byte, and no obstacle to the keys that we do check.
    @Test(.enabled(if: Fixture.vectors != nil, "the reference data is not here"))
    func postQuantumLinesAreKeptAndIgnored() throws {
        let vectors = try #require(Fixture.vectors)
        let all = Array(try Data(contentsOf: vectors.appending(path: "all.note")))
        let note = try SignedNote(all)
        #expect(note.bytes == all)
        #expect(note.signatures.count == 3)
        #expect(sha256(note.signatures[2].line) == "3db6571c8e55c2b65b1ec85d0be9890d81ced4d99c0daac6373bd9d220a10900")
        let keys = try Fixture.keys(Fixture.logKey, Fixture.witnessKey)
        let verified = try VerifiedCheckpoint.verify(note, keys: keys)
        #expect(verified.cosignatures.count == 1)
        let key = try #require(
            Hexadecimal.bytes(String(contentsOf: vectors.appending(path: "mldsa44_pub.hex"), encoding: .utf8)))
        let vkey = "witness.example/w1+dcccf9ec+" + Base64.string([0x06] + key)
        #expect(refusal { _ = try VerifierKey(vkey) } == .unsupportedKey)
    }

    /// A log that another implementation wrote: every checkpoint, the bundle and the level-0 tile.
    @Test(.enabled(if: Fixture.vectors != nil, "the reference data is not here"))
    func aForeignLogOnDisk() throws {
        let log = try #require(Fixture.vectors).appending(path: "tessera-15")
        let keys = try Fixture.keys(Fixture.logKey)
        for name in (0...15).map({ "checkpoint.\($0)" }) + ["checkpoint"] {
            let note = try SignedNote(Array(Data(contentsOf: log.appending(path: name))))
            let checkpoint = try VerifiedCheckpoint.verify(note, keys: keys).checkpoint
            #expect(try Fixture.tree.root(size: checkpoint.size) == checkpoint.root, "\(name)")
        }
        for run in try TileRun.added(to: 15) {
            for tile in run.tiles {
                let stored = Array(try Data(contentsOf: log.appending(path: tile.path)))
                #expect(try Fixture.tree.nodes(tile.nodes).flatMap(\.bytes) == stored, "\(tile.path)")
                #expect(sha256(stored) == "93593af14d2cce39867d2e73fe4ca400a38581605c5c4501a03e752d9b51a130")
            }
        }
        let bundle = try #require(Tile(.entries, index: 0, width: 15))
        let expected = Fixture.entries.flatMap { [0 as UInt8, UInt8($0.utf8.count)] + Array($0.utf8) }
        #expect(Array(try Data(contentsOf: log.appending(path: bundle.path))) == expected)
        #expect(sha256(expected) == "9ac6a9fc9012f2b4d67ac26041933c119e1505defc5c808ed614c5778c9f1716")
    }
}
