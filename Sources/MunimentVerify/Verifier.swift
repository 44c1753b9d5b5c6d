// The way in: finds out what a path is, and verifies it.

/// A forensic verifier. It re-derives everything from the bytes, shares no code with what writes them above the format, the hashes and the
/// notes, and writes nothing.
public struct Verifier: Sendable {
    private let options: VerifyOptions

    public init(_ options: VerifyOptions) { self.options = options }

    /// Verifies a store, a copy of one, a C2SP tile directory, or a tlog-proof file. Blocks; takes `options.jobs` threads.
    ///
    /// Whatever the bytes are, it returns a report. Throws only where there is nothing to verify: `absent`, `usage`, `io`.
    /// Memory stays bounded whatever the size.
    public func verify(_ path: String) throws(VerifyError) -> VerifyReport {
        guard let item = DirectoryListing.followed(path) else { throw VerifyError(.absent, "There is nothing at \(path).") }
        if item.kind == .directory, DirectoryListing.item(path + "/muniment.json") != nil || DirectoryListing.item(path + "/segments") != nil {
            return try StoreVerifier(path, options).run()
        }
        throw VerifyError(.usage, "\(path) is neither a store, nor a tile directory, nor a proof file.")
    }
}
