// `checkpoints`: the kept checkpoints, appended. Format/checkpoint.md, "The journal of checkpoints".
//
//   each: byteCount u32 · CRC32C u32 of the note · the signed note. A torn end is cut off; nothing after damage is trusted.

package enum CheckpointJournal {
    package static let noteByteCountMax = 1 << 20

    package static func encoded(_ note: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: UInt32(note.count))
        bytes.append(littleEndian: Checksum.crc32c(note))
        return bytes + note
    }

    /// The notes up to the first damage, and how many bytes they fill.
    package static func notes(decoding bytes: UnsafeRawBufferPointer) -> (notes: [[UInt8]], byteCount: Int) {
        var reader = ByteReader(bytes, "checkpoints")
        var notes: [[UInt8]] = []
        var end = 0
        while let count: UInt32 = try? reader.integer(), let crc: UInt32 = try? reader.integer(),
            count <= UInt32(noteByteCountMax),
            let note = try? reader.take(Int(count)), Checksum.crc32c(note) == crc
        {
            notes.append(Array(note))
            end = reader.position
        }
        return (notes, end)
    }
}
