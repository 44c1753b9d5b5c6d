// Frames: header, entry columns, part rows, the whole skeleton as a reader sees it; and parts, from the outside and from the inside.

import MunimentCrypto
import MunimentFormat
import MunimentMerkle
import MunimentStore

extension FuzzTarget {
    static let frameTargets: [FuzzTarget] = [
        .checked("frame-header", "frame-header.json", isPrefix: true, repaired: { repairedFrame($0, isWhole: true) }) {
            try FrameHeader(decoding: $0).encoded()
        },
        .recoding("part-row", "part-row.json", isPrefix: true) { bytes in
            var reader = ByteReader(bytes, "part row")
            var encoded: [UInt8] = []
            try PartRow(decoding: &reader).append(to: &encoded)
            return encoded
        },
        columns, frame, part, ciphertext,
    ]

    /// Two bytes say how many entries the frame is said to hold; its entries block follows.
    private static let columns = FuzzTarget("entry-columns") { vectors in
        try vectors.cases("entry-columns.json").flatMap { block in [1, 2, 3, 5].map { [UInt8($0), 0] + block } }
    } run: { bytes in
        guard bytes.count >= 2 else { return }
        let count = 1 + (Int(bytes[0]) | Int(bytes[1]) << 8) % Limits.entriesPerFrame
        try withExactCopy(of: bytes.dropFirst(2)) { block in
            try requireIdentity(block) { block in
                let columns = try EntryColumns(decoding: block, count: count)
                return EntryColumns.encodedRuns(columns.runs) + Array(block[columns.commitmentsOffset...])
            }
            guard let columns = try? EntryColumns(decoding: block, count: count) else { return }
            try requireEntries(columns, block)
        }
    }

    /// Each entry of the columns is an entry, and hashes to the leaf that the run's kernel gives.
    private static func requireEntries(_ columns: EntryColumns, _ block: UnsafeRawBufferPointer) throws {
        var leaves = [UInt8](repeating: 0, count: columns.count * Digest.byteCount)
        leaves.withUnsafeMutableBytes {
            EntryHasher().hash(
                columns.runs, commitments: block.baseAddress! + columns.commitmentsOffset, to: $0.baseAddress!)
        }
        for ordinal in 0..<min(columns.count, 40) {
            let bytes = columns.entry(ordinal, in: block)
            let entry = try bytes.decode(Entry.init(decoding:))
            try require(entry.encoded() == bytes, "entry \(ordinal) has another spelling")
            let leaf = leaves[ordinal * Digest.byteCount..<(ordinal + 1) * Digest.byteCount]
            try require(TreeHash.leaf(bytes).bytes.elementsEqual(leaf), "entry \(ordinal) has two leaf hashes")
        }
    }

    /// A skeleton as the store reads it.
    private static let frame = FuzzTarget("frame") { vectors in
        let segments = try vectors.store().files.filter { $0.key.hasSuffix(".seg") }.values
        return try vectors.cases("frame-parts.json")
            + segments.map { Array($0.dropFirst(Limits.blockByteCount).prefix(3_000)) }
    } run: { bytes in
        for skeleton in [Array(bytes), repairedFrame(Array(bytes), isWhole: false)] {
            guard let view = try? FrameView(skeleton) else { continue }
            try require(view.outline.partOffsets.count == view.rows.count, "parts without a place")
            try require(view.indexes.count == view.header.entryCount, "indexes without an entry")
            let end = view.header.offset + UInt64(view.header.headerByteCount + view.header.bodyByteCount)
            for (offset, row) in zip(view.outline.partOffsets, view.rows) {
                try require(offset + UInt64(row.ciphertextByteCount) <= end, "a part reaches past its frame")
            }
            for ordinal in 0..<min(view.header.entryCount, 40) {
                _ = try? view.outline.part(ofEntry: ordinal)
                _ = view.entry(view.header.firstIndex + UInt64(ordinal))
            }
            try view.withEntries { try requireEntries(view.columns, $0) }
        }
    }

    /// A part's plaintext, sealed under a fixed key: what stands inside is as hostile as what stands outside.
    private static let part = FuzzTarget("part", samples: { try $0.cases("part.json") }) { bytes in
        _ = try? PartPrefix(decoding: bytes)
        var fitted = Array(bytes)
        if fitted.count >= PartRow.prefixByteCount {
            let flag = fitted.integer(UInt32.self, at: 0) & PartRow.storedAsIs
            let stored = fitted.count - PartRow.prefixByteCount
            fitted.put(UInt32(stored) | flag, at: 0)
            if flag != 0 { fitted.put(UInt32(stored), at: 4) }
            fitted.append(zeros: PartRow.ciphertextByteCount(stored: stored) - PartRow.tagByteCount - fitted.count)
        }
        let codec = PartCodec()
        for plaintext in [Array(bytes), fitted]
        where plaintext.count + PartRow.tagByteCount <= PartRow.ciphertextByteCountMax {
            let count = withSealed(plaintext) {
                try? codec.open($0, key: FixedKeys.sealing, nonce: 0, associatedData: []).count
            }
            guard let count else { continue }
            try require(
                count == Int(plaintext.integer(UInt32.self, at: 4))
                    && (1...Limits.partContentByteCount).contains(count),
                "a part's content has another length than it says")
        }
    }

    /// Ciphertext that opens only where it was sealed.
    private static let ciphertext = FuzzTarget("ciphertext") { vectors in
        try vectors.cases("part.json").filter { $0.count <= 4_096 }.map { withSealed($0) { Array($0) } }
    } run: { bytes in
        let codec = PartCodec()
        guard let content = try? codec.open(bytes, key: FixedKeys.sealing, nonce: 0, associatedData: []) else { return }
        let isSame = (try? codec.open(bytes, key: FixedKeys.sealing, nonce: 1, associatedData: [])) == nil
        try require(isSame && content.count > 0, "a part opened in another place")
    }
}

/// Calls `body` with the plaintext sealed under the fixed key, in memory that it fills exactly.
private func withSealed<R>(_ plaintext: [UInt8], _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: plaintext.count + PartRow.tagByteCount, alignment: 1)
    defer { memory.deallocate() }
    plaintext.withUnsafeBytes { FixedKeys.sealing.seal($0, count: 0, associatedData: [], to: memory.baseAddress!) }
    return try body(UnsafeRawBufferPointer(memory))
}

/// A frame's lengths, counts and checksum as its other fields want them. With `isWhole` false the bytes end with the part rows.
@Sendable private func repairedFrame(_ bytes: [UInt8], isWhole: Bool) -> [UInt8] {
    var bytes = bytes
    guard bytes.count >= FrameHeader.fixedByteCount + 4 else { return bytes }
    bytes.replaceSubrange(0..<8, with: FrameHeader.magic)
    let rows = [(GroupRow.byteCount, 128), (TokenRow.byteCount, 130), (BodyFileRow.byteCount, 132)]
    var header = FrameHeader.fixedByteCount + 4
    for (byteCount, offset) in rows {
        let count = min(Int(bytes.integer(UInt16.self, at: offset)), (bytes.count - header) / byteCount)
        bytes.put(UInt16(count), at: offset)
        header += count * byteCount
    }
    bytes.put(UInt32(header), at: 8)
    bytes.put(UInt32(bytes.integer(UInt32.self, at: 60) % 1_024 + 1), at: 60)
    bytes.put(bytes.integer(UInt64.self, at: 64) % Limits.treeSize, at: 64)
    bytes.put(bytes.integer(UInt64.self, at: 64) + UInt64(bytes.integer(UInt32.self, at: 60)), at: 72)
    var body = Int(bytes.integer(UInt64.self, at: 136) % 1_000_000)
    if !isWhole {
        let partCount = min(Int(bytes.integer(UInt32.self, at: 124)), (bytes.count - header) / PartRow.byteCount)
        let partRows = bytes.count - partCount * PartRow.byteCount
        bytes.put(UInt32(partCount), at: 124)
        bytes.put(UInt32(partRows - header), at: 120)
        body = bytes.count - header
        for part in 0..<partCount {
            body += Int(bytes.integer(UInt32.self, at: partRows + part * PartRow.byteCount + 8))
        }
        body = min(body, Limits.frameByteCount)
    }
    bytes.put(UInt64(body), at: 136)
    bytes.put(UInt64((header + body).rounded(upToMultipleOf: Limits.blockByteCount)), at: 40)
    bytes.put(Checksum.crc32c(Array(bytes[..<(header - 4)])), at: header - 4)
    return bytes
}
