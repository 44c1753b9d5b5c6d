// Structures with a checksum, and the key files with what their keys open.

import MunimentCrypto
import MunimentFormat

extension FuzzTarget {
    static let blockTargets: [FuzzTarget] = [
        .checked(
            "segment-header", "segment-header.json", isPrefix: true,
            repaired: { bytes in
                repairedBlock(bytes, byteCount: Limits.blockByteCount, checksumAt: SegmentHeader.byteCount)
            }
        ) { try SegmentHeader(decoding: $0).encoded() },
        .checked("footer", "footer.json", repaired: repairedFooter) { bytes in
            _ =
                bytes.count >= 16
                ? Footer.claimedByteCount(trailer: UnsafeRawBufferPointer(rebasing: bytes.suffix(16))) : nil
            return try Footer(decoding: bytes).encoded()
        },
        .block("segment-row", byteCount: SegmentRow.byteCount) { try SegmentRow(decoding: $0).encoded() },
        .block("root-key", byteCount: RootKeyFile.byteCount) { bytes in
            let file = try RootKeyFile(decoding: bytes)
            // With a passphrase, Argon2id would take all of the fuzzer's time.
            if file.protection == .file { _ = try? file.unlocked(passphrase: nil) }
            return file.encoded()
        },
        .block("groups-header", byteCount: GroupsHeader.byteCount) { bytes in
            let header = try GroupsHeader(decoding: bytes)
            _ = try? header.epochKey(root: FixedKeys.secret)
            return header.encoded()
        },
        .block("group-key-row", byteCount: GroupKeyRow.byteCount) { bytes in
            let row = try GroupKeyRow(decoding: bytes)
            _ = try? row.groupKey(logID: .zero, epoch: row.slot, epochKey: FixedKeys.secret)
            return row.encoded()
        },
        .block("signer-key-block", byteCount: SignerKeyBlock.byteCount) { bytes in
            let block = try SignerKeyBlock(decoding: bytes)
            _ = try? block.seed(root: FixedKeys.secret)
            return block.encoded()
        },
        .block("signer-state", byteCount: SignerState.byteCount) { try SignerState(decoding: $0).encoded() },
        .block("body-header", byteCount: BodyFileHeader.byteCount) { bytes in
            let header = try BodyFileHeader(decoding: bytes)
            _ = BodyFileHeader.path(id: header.id)
            return header.encoded()
        },
        journal,
    ]

    private static let journal = FuzzTarget("checkpoint-journal", samples: { try $0.cases("checkpoint-journal.json") })
    { bytes in
        try requireJournal(bytes)
        // The first note's length and checksum made right.
        var repaired = Array(bytes)
        guard repaired.count > 8 else { return }
        let count = min(Int(repaired[0]), repaired.count - 8)
        repaired.put(UInt32(count), at: 0)
        repaired.put(Checksum.crc32c(Array(repaired[8..<8 + count])), at: 4)
        try withExactCopy(of: repaired, requireJournal)
    }

    private static func requireJournal(_ bytes: UnsafeRawBufferPointer) throws {
        let (notes, byteCount) = CheckpointJournal.notes(decoding: bytes)
        let encoded = notes.flatMap { CheckpointJournal.encoded($0) }
        try require(
            encoded.count == byteCount && encoded.elementsEqual(bytes.prefix(byteCount)),
            "the notes do not fill what was read")
    }

    /// The lengths and the checksum of a footer, as its own length wants them.
    @Sendable private static func repairedFooter(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        guard bytes.count >= Footer.fixedByteCount + Footer.trailerByteCount else { return bytes }
        let trailer = bytes.count - Footer.trailerByteCount
        bytes.put(UInt64(bytes.count), at: 16)
        let rows = trailer - Footer.fixedByteCount
        let counts = [(Footer.Frame.byteCount, 128), (Footer.Group.byteCount, 132), (Footer.BodyFile.byteCount, 136)]
        var rest = rows
        for (byteCount, offset) in counts {
            let count = min(Int(bytes.integer(UInt32.self, at: offset)), rest / byteCount)
            bytes.put(UInt32(count), at: offset)
            rest -= count * byteCount
        }
        bytes.put(UInt32(rest), at: 140)
        bytes.put(Checksum.crc32c(Array(bytes[..<trailer])), at: trailer)
        bytes.put(UInt32(bytes.count), at: trailer + 4)
        bytes.replaceSubrange((trailer + 8)..., with: Footer.endMagic)
        return bytes
    }
}
