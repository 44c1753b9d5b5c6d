// Cutting a class's records into blocks of at most 64 KiB, in order. Pure.

internal import MunimentFormat

/// The extent of one block before it has a key and a nonce.
struct BlockShape {
    var pieces: [Piece]
    var byteCount: Int
    var recordCount: UInt32
    var slice: Range<Int>?

    /// Fills blocks up to `byteCountMax` bytes of whole contents; 0 gives each record a block of its own. A content above the bound of a
    /// part is cut into slices.
    static func split(_ pieces: [Piece], byteCountMax: Int) -> [BlockShape] {
        var shapes: [BlockShape] = []
        var open = BlockShape(pieces: [], byteCount: 0, recordCount: 0)
        func close() {
            if open.recordCount > 0 { shapes.append(open) }
            open = BlockShape(pieces: [], byteCount: 0, recordCount: 0)
        }
        for piece in pieces {
            var next = piece.range.lowerBound
            while next < piece.range.upperBound {
                let room = byteCountMax - open.byteCount
                let end = piece.batch.lastEnd(from: next, below: piece.range.upperBound, byteCount: room)
                if end == next {
                    if open.recordCount > 0 {
                        close()
                        continue
                    }
                    // The first content alone exceeds the room of an empty block.
                    shapes.append(contentsOf: single(piece, next))
                    next += 1
                    continue
                }
                let taken = piece.part(next..<end)
                open.pieces.append(taken)
                open.byteCount += piece.batch.contents(next..<end).count
                open.recordCount += UInt32(end - next)
                next = end
            }
        }
        close()
        return shapes
    }

    /// A record that has a block, or several, to itself.
    private static func single(_ piece: Piece, _ place: Int) -> [BlockShape] {
        let alone = piece.part(place..<place + 1)
        let byteCount = piece.batch.contents(place..<place + 1).count
        if byteCount <= Limits.partContentByteCount {
            return [BlockShape(pieces: [alone], byteCount: byteCount, recordCount: 1)]
        }
        return stride(from: 0, to: byteCount, by: Limits.partContentByteCount).map { start in
            let slice = start..<min(start + Limits.partContentByteCount, byteCount)
            return BlockShape(pieces: [alone], byteCount: slice.count, recordCount: start == 0 ? 1 : 0, slice: slice)
        }
    }
}

extension Piece {
    /// Some of the piece's records.
    fileprivate func part(_ range: Range<Int>) -> Piece {
        let skipped = range.lowerBound - self.range.lowerBound
        return Piece(batch: batch, range: range, ordinal: ordinal + skipped, run: run, runOrdinal: runOrdinal + skipped)
    }
}

extension RecordBatch {
    /// The greatest end such that the contents of `start..<end` fit in `byteCount` bytes. O(log n).
    fileprivate func lastEnd(from start: Int, below limit: Int, byteCount: Int) -> Int {
        let base = start == 0 ? 0 : ends[start - 1]
        var low = start
        var high = limit
        while low < high {
            let middle = (low + high + 1) / 2
            if ends[middle - 1] - base <= byteCount { low = middle } else { high = middle - 1 }
        }
        return low
    }
}
