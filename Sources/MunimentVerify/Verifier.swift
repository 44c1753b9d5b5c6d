// The way in: finds out what a path is, and verifies it.

internal import MunimentFormat
internal import MunimentNote

/// A forensic verifier. It re-derives everything from the bytes, shares no code with what writes them above the
/// format, the hashes and the notes, and writes nothing.
public struct Verifier: Sendable {
    private let options: VerifyOptions

    /// A verifier that works as `options` say.
    public init(_ options: VerifyOptions) { self.options = options }

    /// Verifies a store, a copy of one, one of its segment files, a C2SP tile directory, an evidence file, a certificate, a tlog-proof
    /// file, a checkpoint, or the body of an add-checkpoint request. Blocks; takes `options.jobs` threads.
    ///
    /// Whatever the bytes are, it returns a report. Throws only where there is nothing to verify: `absent`, `usage`,
    /// `io`. Memory stays bounded whatever the size.
    public func verify(_ path: String) throws(VerifyError) -> VerifyReport {
        guard let item = DirectoryListing.followed(path) else {
            throw VerifyError(.absent, "There is nothing at \(path).")
        }
        switch item.kind {
        case .directory: return try verifyDirectory(path)
        case .file: return try verifyFile(path)
        case .other: throw Verifier.unknown(path)
        }
    }

    private func verifyDirectory(_ path: String) throws(VerifyError) -> VerifyReport {
        func has(_ name: String) -> Bool { DirectoryListing.item(path + "/" + name) != nil }
        if has("muniment.json") || has("segments") { return try StoreVerifier(path, options).run() }
        if has("tile") { return try TileVerifier(path, options).run() }
        throw Verifier.unknown(path)
    }

    private func verifyFile(_ path: String) throws(VerifyError) -> VerifyReport {
        let file: ReadOnlyFile
        let start: [UInt8]
        var proof: [UInt8]?
        var certificate: [UInt8]?
        var note: CheckpointVerifier.Content?
        do throws(FileFailure) {
            file = try ReadOnlyFile(path, followsLinks: true)
            start = try file.bytes(ProofVerifier.magic.count)
            if start == ProofVerifier.magic, file.byteCount <= UInt64(TlogProof.byteCountMax) {
                proof = try file.bytes(Int(file.byteCount))
            } else if CertificateDocument.form(try file.bytes(Verifier.certificateStart)) != nil {
                // One byte more than any has, so that a longer one is seen to be none.
                certificate = try file.bytes(CertificateDocument.byteCountMax + 1)
            } else if file.byteCount <= UInt64(CheckpointVerifier.byteCountMax), !SegmentVerifier.claims(start, path) {
                note = CheckpointVerifier.content(try file.bytes(Int(file.byteCount)))
            }
        } catch {
            if error == .notRegular { throw Verifier.unknown(path) }
            throw VerifyError(.io, "\(path) can't be read: \(error.description).")
        }
        if let proof { return try ProofVerifier(path, options).run(proof) }
        if let certificate {
            var verifier = CertificateVerifier(path, options)
            return try verifier.run(certificate)
        }
        if let note { return try CheckpointVerifier(path, options).run(note) }
        if SegmentVerifier.claims(start, path) { return try SegmentVerifier(path, options).run() }
        guard start.starts(with: EvidenceHeader.magic) else { throw Verifier.unknown(path) }
        var verifier = EvidenceVerifier(path, file, options)
        return try verifier.run()
    }

    /// Enough to see in which spelling a file is a certificate.
    private static let certificateStart = 256

    private static func unknown(_ path: String) -> VerifyError {
        VerifyError(
            .usage,
            "\(path) is neither a store or a segment of one, nor a tile directory, an evidence file, a certificate, a proof or a checkpoint."
        )
    }
}
