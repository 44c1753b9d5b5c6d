// What a verification is told: whom to trust, which keys to open contents with, how much of the machine to use.

public import MunimentNote

/// How to verify.
public struct VerifyOptions: Sendable {
    /// The keys to trust. None comes from what is verified; without one of the log's the verdict is at best *not
    /// established*.
    public var trustedKeys: [VerifierKey]
    /// The keys directory of a store; nil to check the structure alone.
    public var keysDirectory: String?
    /// The passphrase of the root key, where one protects it.
    public var passphrase: [UInt8]?
    /// A signed checkpoint from outside, which the log must extend.
    public var against: [UInt8]?
    /// Threads that work at a time, at least 1.
    public var jobs: Int
    /// The most findings that are kept of each code; the rest are counted.
    public var findingCountMax: Int
    /// Called with each finding when it is made, in the order of the report, those that are not kept included; never by two
    /// threads at a time, on a thread of the verifier's. Of more than 10,000 of one code in one commit the rest is counted alone.
    public var found: (@Sendable (Finding) -> Void)?
    /// Called now and then, never by two threads at a time, on a thread of the verifier's.
    public var progress: (@Sendable (VerifyProgress) -> Void)?
    /// How often that is, of a store, in seconds; 0 for after each step.
    var progressInterval = 0.1

    /// Trusts nobody and opens nothing, on two threads.
    public init() {
        trustedKeys = []
        jobs = 2
        findingCountMax = 1_000
    }
}

extension VerifyOptions {
    /// The keys to trust that bear a log's name.
    func trustedKeys(of origin: String?) -> [VerifierKey] {
        trustedKeys.filter { key in origin.map { key.name.utf8.elementsEqual($0.utf8) } ?? false }
    }
}

/// How far a verification is.
public struct VerifyProgress: Sendable, Hashable {
    /// Bytes of segments, or of tiles, that have been checked.
    public let byteCount: UInt64
    /// How many there are.
    public let byteCountTotal: UInt64
    /// Entries that have been checked.
    public let entryCount: UInt64
    /// Findings so far, those that are not kept included.
    public let findingCount: Int
}

/// Why nothing could be verified at all. Whatever is in the files is a finding instead.
public struct VerifyError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds of refusal.
    public enum Code: String, Sendable, Hashable {
        /// The call makes no sense: options that contradict each other, a path that is nothing this program verifies.
        case usage
        /// There is nothing at the path.
        case absent
        /// The system refused to read.
        case io
    }

    public let code: Code
    /// One sentence: what, where, what to do.
    public let description: String

    init(_ code: Code, _ description: String) { (self.code, self.description) = (code, description) }
}
