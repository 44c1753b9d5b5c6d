// Attacks on what is signed and on the manifest.

import Foundation
import MunimentCrypto
import MunimentFormat
import MunimentNote
import MunimentStore
import Testing

@testable import MunimentVerify

extension Attack {
    static let onCheckpoints: [Attack] = [
        Attack("an old checkpoint is published again", on: .frames, [.checkpointReplayed]) { fixture in
            try fixture.write("checkpoint", fixture.keptNotes()[1])
        },
        Attack(
            "an old checkpoint is published again, and the kept ones are cut back to it", on: .frames,
            without: [.tailUnattested], with: [.checkpointReplayed], verdict: .notEstablished,
            verdictWithKeys: .notEstablished
        ) { fixture in
            let notes = try fixture.keptNotes()
            try fixture.write("checkpoint", notes[1])
            try fixture.write("checkpoints", notes[..<2].flatMap { CheckpointJournal.encoded($0) })
        },
        Attack(
            "the whole store is rolled back, its keys are not", on: .frames, without: [.tailUnattested],
            with: [.keySigner, .segmentGap],
            verdict: .notEstablished
        ) { fixture in
            let old = try fixture.copy()
            try fixture.reopen { _ = try $0.append([batch([[1]])]) }
            try FileManager.default.removeItem(atPath: fixture.path)
            try FileManager.default.copyItem(atPath: old.path, toPath: fixture.path)
        },
        Attack("store and keys are rolled back", on: .frames, witnessed: [.checkpointAhead]) { fixture in
            let old = try fixture.copy()
            try fixture.reopen { _ = try $0.append([batch([[1]])]) }
            let witness = try fixture.read("checkpoint")
            for suffix in ["", ".keys"] {
                try FileManager.default.removeItem(atPath: fixture.path + suffix)
                try FileManager.default.copyItem(atPath: old.path + suffix, toPath: fixture.path + suffix)
            }
            return witness
        },
        Attack("a fork of the same size is shown to somebody else", on: .frames, witnessed: [.checkpointInconsistent]) {
            fixture in
            let other = try fixture.copy()
            try fixture.reopen { _ = try $0.append([batch([[1]])]) }
            try other.reopen { _ = try $0.append([batch([[2]])]) }
            return try other.read("checkpoint")
        },
        Attack(
            "history is rewritten and signed with the log's own key", on: .frames, witnessed: [.checkpointInconsistent],
            keys: [.keySigner]
        ) { fixture in
            let witness = try fixture.read("checkpoint")
            var store = try ForgedStore(fixture)
            try store.change(20) { $0.recorded += 1 }
            try store.save()
            let seed = try fixture.keyRing().signerSeed()
            try store.publish(NoteSigner(name: StoreFixture.origin) { body in seed.withUnsafeBytes { body($0) } })
            return witness
        },
        Attack("another key signs the checkpoint", on: .segments, [.checkpointSignature]) { fixture in
            let text = try SignedNote(fixture.read("checkpoint")).text
            try fixture.write("checkpoint", StoreFixture.forger().note(text: text).bytes)
        },
        Attack(
            "history is rewritten and signed with another key", on: .frames, [.checkpointSignature], keys: [.keySigner]
        ) {
            fixture in
            var store = try ForgedStore(fixture)
            try store.change(20) { $0.recorded += 1 }
            try store.save()
            try store.publish(StoreFixture.forger())
        },
        Attack("the signature is stripped", on: .segments, [.checkpointMalformed]) { fixture in
            let text = try SignedNote(fixture.read("checkpoint")).text
            try fixture.write("checkpoint", text + [0x0a])
        },
        Attack("a bit of the signature is changed", on: .segments, [.checkpointSignature]) { fixture in
            let note = try SignedNote(fixture.read("checkpoint"))
            let signature = try #require(note.signatures.first)
            let other = try NoteSignature(
                name: signature.name, keyID: signature.keyID,
                bytes: [signature.bytes[0] ^ 1] + signature.bytes.dropFirst())
            try fixture.write("checkpoint", SignedNote(text: note.text, signatures: [other]).bytes)
        },
        Attack("a greater size is written above the signature", on: .segments, [.checkpointSignature]) { fixture in
            let note = try SignedNote(fixture.read("checkpoint"))
            let old = try Checkpoint(text: note.text)
            let text = try Checkpoint(origin: old.origin, size: old.size + 1, root: old.root).text
            try fixture.write("checkpoint", SignedNote(text: text, signatures: note.signatures).bytes)
        },
        Attack("a checkpoint of another log under the same name", on: .segments, [.checkpointSignature]) { fixture in
            let other = try StoreFixture { _ = try $0.append([batch([[1]])]) }
            try fixture.write("checkpoint", other.read("checkpoint"))
        },
        Attack("a checkpoint of a log with another name", on: .segments, [.checkpointOrigin]) { fixture in
            let old = try Checkpoint(text: SignedNote(fixture.read("checkpoint")).text)
            let signer = try StoreFixture.forger(name: "example.com/other")
            let text = try Checkpoint(origin: signer.key.name, size: old.size, root: old.root).text
            try fixture.write("checkpoint", signer.note(text: text).bytes)
        },
        Attack("the checkpoint is removed", on: .segments, [.fileMissing]) { try $0.remove("checkpoint") },
        Attack("the kept checkpoints are removed", on: .segments, [.fileMissing]) { try $0.remove("checkpoints") },
        Attack(
            "the kept checkpoints are cut within a note", on: .frames, without: [.journalDamaged],
            with: [.journalDamaged], verdict: .notEstablished, verdictWithKeys: .notEstablished
        ) { fixture in
            try fixture.change("checkpoints") { $0.removeLast(40) }
        },
        Attack("the kept checkpoints change places", on: .frames, [.journalOrder]) { fixture in
            let notes = try fixture.keptNotes()
            try fixture.write("checkpoints", notes.reversed().flatMap { CheckpointJournal.encoded($0) })
        },
        Attack("a kept checkpoint is edited, its checksum mended", on: .frames, [.checkpointSignature]) { fixture in
            var notes = try fixture.keptNotes()
            let note = try SignedNote(notes[1])
            let old = try Checkpoint(text: note.text)
            let text = try Checkpoint(origin: old.origin, size: old.size, root: .zero).text
            notes[1] = try SignedNote(text: text, signatures: note.signatures).bytes
            try fixture.write("checkpoints", notes.flatMap { CheckpointJournal.encoded($0) })
        },
        Attack("a checkpoint that somebody else signed is put among the kept ones", on: .frames, [.checkpointSignature])
        {
            fixture in
            var notes = try fixture.keptNotes()
            let old = try Checkpoint(text: SignedNote(notes[1]).text)
            notes.insert(
                try StoreFixture.forger().note(
                    text: Checkpoint(origin: old.origin, size: old.size + 1, root: old.root).text
                ).bytes, at: 2)
            try fixture.write("checkpoints", notes.flatMap { CheckpointJournal.encoded($0) })
        },
    ]

    static let onManifest: [Attack] = [
        Attack("the manifest names another key", on: .segments, [.manifestDigest], keys: [.keySigner]) { fixture in
            var manifest = try fixture.read("muniment.json").decode(Manifest.init(decoding:))
            manifest.verifierKey = try StoreFixture.forger().key.description
            try fixture.write("muniment.json", manifest.encoded())
        },
        Attack(
            "the manifest names another origin", on: .segments,
            [.manifestDigest, .checkpointOrigin, .verifierNotTrusted]
        ) { fixture in
            var manifest = try fixture.read("muniment.json").decode(Manifest.init(decoding:))
            manifest.origin = "example.com/other"
            try fixture.write("muniment.json", manifest.encoded())
        },
        Attack(
            "the manifest is another store's", on: .segments, [.manifestDigest, .segmentHeader], keys: [.keyMalformed]
        ) { fixture in
            try fixture.write("muniment.json", StoreFixture { _ in }.read("muniment.json"))
        },
        Attack("the manifest is removed", on: .segments, [.fileMissing], keys: [.keyLocked]) {
            try $0.remove("muniment.json")
        },
        Attack(
            "the whole store is a counterfeit of the same name", on: .segments, [.checkpointSignature],
            keys: [.keySigner]
        ) { fixture in
            let other = try StoreFixture { store in
                for number in 0..<60 { _ = try store.append([batch([[UInt8(number)]])]) }
            }
            for suffix in ["", ".keys"] {
                try FileManager.default.removeItem(atPath: fixture.path + suffix)
                try FileManager.default.copyItem(atPath: other.path + suffix, toPath: fixture.path + suffix)
            }
        },
        Attack(
            "entry 0 is rewritten to a manifest with another key", on: .frames, [.checkpointRoot], keys: [.keySigner]
        ) {
            fixture in
            var manifest = try fixture.read("muniment.json").decode(Manifest.init(decoding:))
            manifest.verifierKey = try StoreFixture.forger().key.description
            try fixture.write("muniment.json", manifest.encoded())
            try fixture.forge { store in
                try store.changeControl(0) { record in
                    var identity = try record.body.decode(IdentityRecord.init(decoding:))
                    identity.manifestDigest = SHA256.hash(manifest.encoded())
                    identity.verifierKey = manifest.verifierKey
                    record.body = identity.encoded()
                }
            }
        },
    ]
}
