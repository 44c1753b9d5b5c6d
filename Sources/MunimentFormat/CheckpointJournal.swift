// `checkpoints`: the kept checkpoints, appended. Format/checkpoint.md, "The journal of checkpoints".
//
//   each: byteCount u32 · CRC32C u32 of the note · the signed note. A torn end is cut off; nothing after damage is trusted.

/// The kept checkpoints as one appended file.
package enum CheckpointJournal {
    /// A signed note has 1 to this many bytes.
    package static let noteByteCountMax = 1 << 20

    /// One note with its length and checksum before it. Traps for a note that no reader would take.
    package static func encoded(_ note: [UInt8]) -> [UInt8] {
        precondition((1...noteByteCountMax).contains(note.count))
        var bytes: [UInt8] = []
        bytes.append(littleEndian: UInt32(note.count))
        bytes.append(littleEndian: Checksum.crc32c(note))
        return bytes + note
    }

    /// The notes up to the first damage, and how many bytes they fill. A note of no bytes is damage, so that zeros end the journal.
    package static func notes(decoding bytes: UnsafeRawBufferPointer) -> (notes: [[UInt8]], byteCount: Int) {
        var reader = ByteReader(bytes, "checkpoints")
        var notes: [[UInt8]] = []
        var end = 0
        while let count: UInt32 = try? reader.integer(), let crc: UInt32 = try? reader.integer(),
            (1...UInt32(noteByteCountMax)).contains(count),
            let note = try? reader.take(Int(count)), Checksum.crc32c(note) == crc
        {
            notes.append(Array(note))
            end = reader.position
        }
        return (notes, end)
    }
}
