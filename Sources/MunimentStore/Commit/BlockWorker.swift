// The work on one block, all of it while the block is in cache: commitments, leaf hashes, compression, sealing, digest.

internal import MunimentCrypto
internal import MunimentFormat

/// Owns a thread's scratch memory.
final class BlockWorker {
    private let contentHasher = ContentHasher()
    private let entryHasher = EntryHasher()
    private let codec = PartCodec()

    func process(_ block: Int, of frame: FramePlan) {
        let description = frame.blocks[block]
        let content = content(description)
        // The first slice of a large content hashes all of it; the others only seal.
        if description.recordCount > 0 {
            if let merged = description.merged {
                hash(merged, content, description.group, frame)
            } else {
                for piece in description.pieces {
                    hash(piece, piece.batch.contents(piece.range), description.group, frame)
                }
            }
        }
        let buffer = CiphertextBuffer.pool.take()
        let byteCount = codec.seal(
            content, isCompressed: description.isCompressed, key: description.group.partKey, place: description.place,
            to: buffer.memory)
        let digest = SHA256.hash(UnsafeRawBufferPointer(start: buffer.memory, count: byteCount))
        frame.finish(block, FramePlan.BlockOutput(buffer: buffer, byteCount: byteCount, digest: digest))
    }

    private func hash(_ piece: Piece, _ contents: UnsafeRawBufferPointer, _ group: OpenGroup, _ frame: FramePlan) {
        let offset = piece.ordinal * Digest.byteCount
        do throws(FormatError) {
            _ = try contentHasher.commit(
                contents: contents, count: piece.range.count,
                firstIndex: frame.firstIndex + UInt64(piece.ordinal),
                salts: group.salts,
                bodyDigest: { place, _ in
                    guard let body = piece.batch.bodies[piece.range.lowerBound + place] else {
                        preconditionFailure("a body reference without its body")
                    }
                    return body.payloadDigest
                }, to: frame.commitments + offset)
        } catch {
            preconditionFailure("contents that this process encoded do not decode: \(error)")
        }
        entryHasher.hash(
            frame.runs[piece.run].slice(piece.runOrdinal, count: piece.range.count),
            commitments: frame.commitments + offset,
            to: frame.leaves + offset)
    }

    private func content(_ block: Block) -> UnsafeRawBufferPointer {
        if let slice = block.slice {
            return UnsafeRawBufferPointer(rebasing: block.pieces[0].batch.contents(block.pieces[0].range)[slice])
        }
        if block.pieces.count == 1 { return block.pieces[0].batch.contents(block.pieces[0].range) }
        var count = 0
        for piece in block.pieces {
            let contents = piece.batch.contents(piece.range)
            (codec.gatherBuffer.baseAddress! + count).copyMemory(from: contents.baseAddress!, byteCount: contents.count)
            count += contents.count
        }
        return UnsafeRawBufferPointer(rebasing: codec.gatherBuffer[..<count])
    }
}

extension Block {
    /// All pieces as one, where they are whole contents of one run, next to each other, without bodies: many small appends are hashed as quickly as
    /// one large one.
    fileprivate var merged: Piece? {
        guard slice == nil, pieces.count > 1, let first = pieces.first else { return nil }
        var end = first.ordinal
        for piece in pieces {
            guard piece.run == first.run, piece.ordinal == end, piece.batch.bodies.isEmpty else { return nil }
            end += piece.range.count
        }
        var merged = first
        merged.range = first.range.lowerBound..<first.range.lowerBound + (end - first.ordinal)
        return merged
    }
}

extension EntryRun {
    /// The run's entries from `ordinal` on, as a run of their own.
    func slice(_ ordinal: Int, count: Int) -> EntryRun {
        if ordinal == 0 && count == self.count { return self }
        var run = self
        run.count = count
        if !occurred.isEmpty { run.occurred = Array(occurred[ordinal..<ordinal + count]) }
        if !extensions.isEmpty { run.extensions = Array(extensions[ordinal..<ordinal + count]) }
        return run
    }
}
