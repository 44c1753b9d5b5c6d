// What a verification finds. Codes are stable: reports, scripts and courts refer to them; Format/ lists what each one
// means.

/// One thing that is wrong, unproved, or worth knowing.
public struct Finding: Sendable, Hashable {
    /// What was found, in a form that programs may compare and store.
    public let code: Code
    /// What it means for the verdict.
    public let severity: Severity
    /// The file, relative to what was verified; of a keys directory `keys/` and the name. Any byte may be in it:
    /// escape it for a terminal.
    public let file: String
    /// The first byte concerned, from the start of the file; nil where no one byte is.
    public let offset: UInt64?
    /// The entry concerned, or the first of them; nil where none is.
    public let index: UInt64?
    /// One sentence for a person. Holds no byte of the file but numbers, digests and names of the log.
    public let message: String

    init(
        _ code: Code, _ severity: Severity, _ file: String, offset: UInt64? = nil, index: UInt64? = nil,
        _ message: String
    ) {
        (self.code, self.severity, self.file, self.offset) = (code, severity, file, offset)
        (self.index, self.message) = (index, message)
    }

    /// How a finding counts.
    public enum Severity: String, Sendable, Hashable, CaseIterable {
        /// Bytes that contradict each other, the checkpoint, or the format; or that are lost. The verdict is
        /// *tampered*.
        case error
        /// Bytes that nothing trusted covers. The verdict is at best *not established*.
        case unattested
        /// Worth knowing; changes no verdict.
        case notice
    }
}

/// The conclusion of a verification.
public enum Verdict: String, Sendable, Hashable, CaseIterable {
    /// A trusted key signed it, and every byte follows from what was signed.
    case intact
    /// Something was changed, or is lost.
    case tampered
    /// Nothing contradicts, but not everything is proved: no trusted key, or bytes that neither a seal nor an opened
    /// content covers.
    case notEstablished
}
