// Body files: their length and digest against the frame's row, and with the key from the record's content, every chunk
// opened and the payload hashed. One pass over the file, in bounded memory. Format/body.md.

internal import MunimentCrypto
internal import MunimentFormat

/// One thread at a time uses an instance.
final class BodyFileInspector {
    private let files: StoreFiles
    private let codec = PartCodec()
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4_096)

    init(_ files: StoreFiles) { self.files = files }

    deinit { buffer.deallocate() }

    /// A file that is being read from the first byte to the last.
    private struct Pass {
        let file: ReadOnlyFile
        let name: String
        let index: UInt64
        /// SHA-256 of the file so far.
        var whole = SHA256.Hasher()
        /// Where the next chunk, or the rest of one, starts in the buffer, and where its bytes end.
        var pending = 0..<0
        /// How much of the file has been read.
        var offset: UInt64 = 0
    }

    /// Opens the file of `row`, with a finding where that fails or its length is not the row's.
    private func begin(_ row: BodyFileRow, logID: Digest?, _ outcome: inout FrameOutcome) -> Pass? {
        let name = BodyFileHeader.path(id: row.id)
        let index = outcome.header.firstIndex + UInt64(row.ordinal)
        do throws(FileFailure) {
            let file = try ReadOnlyFile(files.path(name))
            guard file.byteCount == row.fileByteCount else {
                outcome.findings.append(
                    Finding(
                        .bodyDigest, .error, name, offset: min(file.byteCount, row.fileByteCount), index: index,
                        "The body file has \(file.byteCount) bytes, not the \(row.fileByteCount) that its frame states."
                    ))
                return nil
            }
            let block = try file.bytes(BodyFileHeader.byteCount)
            switch block.withUnsafeBytes({ decoding($0, BodyFileHeader.init(decoding:)) }) {
            case .success(let header):
                if header.id != row.id || logID != nil && header.logID != logID {
                    outcome.findings.append(
                        Finding(
                            .bodyMalformed, .error, name, offset: 16, index: index,
                            "The header is that of another body file."))
                }
            case .failure(let error): outcome.findings.append(Finding(error, .bodyMalformed, name, index: index))
            }
            return Pass(file: file, name: name, index: index)
        } catch {
            outcome.findings.append(
                error == .missing
                    ? missing(name, index) : Finding(unreadable: name, error, index: index))
            return nil
        }
    }

    /// Moves what is pending to the buffer's start and reads on behind it, hashing what arrives. False at the end of
    /// the file.
    private func refill(_ pass: inout Pass) throws(FileFailure) -> Bool {
        let base = buffer.baseAddress!
        if !pass.pending.isEmpty {
            base.copyMemory(from: base + pass.pending.lowerBound, byteCount: pass.pending.count)
        }
        let kept = pass.pending.count
        let room = UnsafeMutableRawBufferPointer(rebasing: buffer[kept...])
        let count = try pass.file.read(into: room, at: pass.offset)
        pass.whole.update(UnsafeRawBufferPointer(rebasing: room[..<count]))
        pass.offset += UInt64(count)
        pass.pending = 0..<kept + count
        return count > 0
    }

    private func finish(_ pass: inout Pass, _ row: BodyFileRow, _ outcome: inout FrameOutcome) throws(FileFailure)
        -> Bool
    {
        repeat { pass.pending = 0..<0 } while try refill(&pass)
        guard pass.whole.finalize() == row.digest else {
            outcome.findings.append(
                Finding(
                    .bodyDigest, .error, pass.name, index: pass.index,
                    "The body file of record \(pass.index) has another digest than its frame states."))
            return false
        }
        return true
    }

    private func missing(_ name: String, _ index: UInt64) -> Finding {
        files.isAlone
            ? Finding(
                .bodyMissing, .unattested, name, index: index,
                "The body file of record \(index) is not beside the segment: its payload was not checked.")
            : Finding(.bodyMissing, .error, name, index: index, "The body file of record \(index) is missing.")
    }

    /// Checks the file of `row` by its digest. `logID` is nil where no header could tell.
    func check(_ row: BodyFileRow, logID: Digest?, _ outcome: inout FrameOutcome) {
        guard var pass = begin(row, logID: logID, &outcome) else { return }
        do throws(FileFailure) {
            _ = try finish(&pass, row, &outcome)
        } catch {
            outcome.findings.append(Finding(unreadable: pass.name, error, offset: pass.offset, index: pass.index))
        }
    }

    /// Opens the file that `reference` names, and checks its digest too. P of its payload; nil with a finding where
    /// anything is wrong.
    func open(_ row: BodyFileRow, _ reference: BodyReference, logID: Digest, _ outcome: inout FrameOutcome) -> Digest? {
        guard var pass = begin(row, logID: logID, &outcome) else { return nil }
        do throws(FileFailure) {
            var failure: FormatError?
            var salted: Digest?
            do throws(BodyFailure) {
                salted = try payload(&pass, BodyFileHeader(logID: logID, id: row.id), reference)
            } catch {
                switch error {
                case .format(let error): failure = error
                case .file(let error): throw error
                }
            }
            let isRight = try finish(&pass, row, &outcome)
            if let failure { outcome.findings.append(Finding(failure, .bodyMalformed, pass.name, index: pass.index)) }
            return isRight ? salted : nil
        } catch {
            outcome.findings.append(Finding(unreadable: pass.name, error, offset: pass.offset, index: pass.index))
            return nil
        }
    }

    private enum BodyFailure: Error {
        case format(FormatError)
        case file(FileFailure)
    }

    /// Opens the chunks one after another; P of what they hold.
    private func payload(
        _ pass: inout Pass, _ header: BodyFileHeader, _ reference: BodyReference
    ) throws(BodyFailure) -> Digest {
        let key = SecretKey(copying: reference.key).sealingKey(.body, context: [])
        var salted = SHA256.Hasher()
        salted.update([CommitmentTag.payload])
        salted.update(reference.salt)
        var rest = reference.payloadByteCount
        var chunk: UInt64 = 0
        try skipHeader(&pass)
        while rest > 0 {
            let ciphertext = try nextChunk(&pass)
            let isLast = rest <= UInt64(BodyFileHeader.chunkContentByteCount)
            do throws(FormatError) {
                let opened = try codec.open(
                    ciphertext, key: key, nonce: chunk,
                    associatedData: header.associatedData(chunk: chunk, isLast: isLast))
                guard UInt64(opened.count) == min(rest, UInt64(BodyFileHeader.chunkContentByteCount)) else {
                    throw FormatError(.inconsistent, "body file", at: 0, "chunk \(chunk) has the wrong length")
                }
                salted.update(opened)
                rest -= UInt64(opened.count)
            } catch {
                throw .format(error)
            }
            chunk += 1
        }
        guard pass.pending.isEmpty, pass.offset == pass.file.byteCount else {
            throw .format(FormatError(.notCanonical, "body file", at: 0, "bytes follow the last chunk"))
        }
        return salted.finalize()
    }

    private func skipHeader(_ pass: inout Pass) throws(BodyFailure) {
        do throws(FileFailure) { _ = try refill(&pass) } catch { throw .file(error) }
        pass.pending = min(BodyFileHeader.byteCount, pass.pending.upperBound)..<pass.pending.upperBound
    }

    /// The ciphertext of the next chunk, in the buffer until the next call.
    private func nextChunk(_ pass: inout Pass) throws(BodyFailure) -> UnsafeRawBufferPointer {
        let cut = FormatError(.truncated, "body file", at: 0, "the file ends before its payload does")
        func need(_ count: Int) throws(BodyFailure) {
            while pass.pending.count < count {
                let hasMore: Bool
                do throws(FileFailure) { hasMore = try refill(&pass) } catch { throw .file(error) }
                guard hasMore else { throw .format(cut) }
            }
        }
        try need(4)
        let count = Int(
            UInt32(littleEndian: buffer.loadUnaligned(fromByteOffset: pass.pending.lowerBound, as: UInt32.self)))
        guard (Limits.partPaddingByteCount...PartRow.ciphertextByteCountMax).contains(count) else {
            throw .format(FormatError(.outOfBounds, "body file", at: 0, "a chunk's length is impossible"))
        }
        try need(4 + count)
        let start = pass.pending.lowerBound + 4
        pass.pending = start + count..<pass.pending.upperBound
        return UnsafeRawBufferPointer(rebasing: buffer[start..<start + count])
    }
}
