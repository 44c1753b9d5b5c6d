// An operator who edits the keys directory, checkpoints and stored nodes, so that a purge of some records takes others with it.

import Foundation
import MunimentFormat
import MunimentNote
import MunimentStore
import Testing

@Suite struct OperatorKeyEditTests {
    private func editRows(_ store: OperatorFixture, _ change: (inout [GroupKeyRow]) -> Void) throws {
        try store.edit("keys/groups") { bytes in
            let start = GroupsHeader.byteCount
            var rows = try stride(from: start, to: bytes.count, by: GroupKeyRow.byteCount).map {
                try Array(bytes[$0..<$0 + GroupKeyRow.byteCount]).decode(GroupKeyRow.init(decoding:))
            }
            change(&rows)
            bytes = Array(bytes[..<start]) + rows.flatMap { $0.encoded() }
        }
    }

    /// A purge of segment 0 destroys the keys of its rows that no generation uses.
    @Test func rowsThatWereMoved() throws {
        let store = try OperatorFixture.shared.copy()
        let copy = try store.copy()
        try copy.attack("the key of young records of another segment") {
            try editRows(copy) { rows in
                for place in rows.indices where rows[place].segment == 1 && rows[place].classID == 3 {
                    rows[place].segment = 0
                    rows[place].generation = 9
                }
            }
        }
        // Nothing reads that key before it would be destroyed with those of the segment that it is said to be of.
        let sealed = try store.copy()
        try sealed.purgeAndGoOn()
        try sealed.attack("the key of young records of a sealed segment") {
            try editRows(sealed) { rows in
                for place in rows.indices where rows[place].segment == 1 && rows[place].classID == 3 {
                    rows[place].segment = 2
                    rows[place].generation = 9
                }
            }
        }
        let exchanged = try store.copy()
        try exchanged.attack("two classes exchanged") {
            try editRows(exchanged) { rows in
                for place in rows.indices where rows[place].segment == 0 {
                    rows[place].classID = [2: 3, 3: 2][rows[place].classID] ?? rows[place].classID
                }
            }
        }
        let wrapped = try store.copy()
        try wrapped.attack("two wrapped keys exchanged") {
            try editRows(wrapped) { rows in
                guard let a = rows.firstIndex(where: { $0.segment == 0 && $0.classID == 2 }),
                    let b = rows.firstIndex(where: { $0.segment == 0 && $0.classID == 3 })
                else { return }
                let (salt, key) = (rows[a].salt, rows[a].wrapped)
                (rows[a].salt, rows[a].wrapped) = (rows[b].salt, rows[b].wrapped)
                (rows[b].salt, rows[b].wrapped) = (salt, key)
            }
        }
        let doubled = try store.copy()
        try doubled.attack("a second row for a place") {
            try editRows(doubled) { rows in
                guard var row = rows.first(where: { $0.segment == 0 && $0.classID == 3 }) else { return }
                row.slot = UInt64(rows.count)
                row.generation = 1
                rows.append(row)
            }
        }
    }

    @Test func epochAndRoot() throws {
        let store = try OperatorFixture.shared.copy()
        let epoch = try store.copy()
        try epoch.attack("another epoch") {
            try epoch.edit("keys/groups") { bytes in
                var header = try Array(bytes[..<GroupsHeader.byteCount]).decode(GroupsHeader.init(decoding:))
                header.epoch += 1
                bytes.replaceSubrange(..<GroupsHeader.byteCount, with: header.encoded())
            }
        }
        // Of a log that purged once: the keys of before. What was destroyed comes back, nothing else goes.
        let root = try store.copy()
        try root.attack("another root key") { try root.edit("keys/root.key") { $0[$0.count - 100] ^= 1 } }
    }

    /// What was signed last, the checkpoint, and stored nodes: a compaction signs before it destroys, and proves what it destroys.
    @Test func signerCheckpointAndNodes() throws {
        let store = try OperatorFixture.shared.copy()
        let signer = try store.copy()
        try signer.attack("nothing signed yet") {
            try signer.edit("keys/signer") { bytes in
                for block in 1...2 {
                    let state = SignerState(sequence: 1, treeSize: 0, root: .zero)
                    let place = block * SignerState.byteCount..<(block + 1) * SignerState.byteCount
                    bytes.replaceSubrange(place, with: state.encoded())
                }
            }
        }
        let root = try store.copy()
        try root.attack("another root signed") {
            try root.edit("keys/signer") { bytes in
                for block in 1...2 {
                    let place = block * SignerState.byteCount..<(block + 1) * SignerState.byteCount
                    var state = try Array(bytes[place]).decode(SignerState.init(decoding:))
                    state.root = .zero
                    bytes.replaceSubrange(place, with: state.encoded())
                }
            }
        }
        let old = try store.copy()
        try old.attack("an older checkpoint") {
            let journal = try old.files.read("checkpoints")
            let notes = journal.withUnsafeBytes { CheckpointJournal.notes(decoding: $0) }.notes
            try old.files.write("checkpoint", try #require(notes.first))
        }
        let nodes = try store.copy()
        try nodes.attack("stored nodes") {
            for name in try nodes.files.files() where name.hasPrefix("tree/") {
                try nodes.edit(name) { bytes in for place in bytes.indices { bytes[place] ^= 0x55 } }
            }
        }
    }
}
