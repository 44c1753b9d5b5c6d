// What an export of evidence is told, and what it tells.

public import MunimentFormat
internal import MunimentStore

/// How records are taken out of an archive as an evidence file.
public struct EvidenceOptions: Sendable {
    /// Who takes them out, as the file and the log shall name them. At most 1,024 bytes.
    public var exporter: String
    /// The program that does, with its version. At most 256 bytes.
    public var tool: String
    /// The selection in the exporter's own words or syntax, for people: what counts is which records are in the file. At most 65,535 bytes.
    public var selectionText: String
    /// What is disclosed of the contents.
    public var disclosure: EvidenceCustody.Disclosure = .whole
    /// The exporter's clock; nil for the system's.
    public var exportedAt: Microseconds?
    /// Called now and then with the number of records written, on the thread that exports.
    public var progress: (@Sendable (UInt64) -> Void)?

    public init(exporter: String, tool: String, selectionText: String) {
        (self.exporter, self.tool, self.selectionText) = (exporter, tool, selectionText)
    }

    /// The custody chunk. Throws `usage` for text that is too long.
    func custody() throws(ArchiveError) -> EvidenceCustody {
        var custody = EvidenceCustody(
            exported: exportedAt ?? SystemClock().microsecondsSinceEpoch(), exporter: exporter, tool: tool,
            selection: selectionText, disclosure: disclosure)
        if case .pieces(let names) = disclosure { custody.disclosure = .pieces(EvidenceCustody.canonical(names)) }
        do throws(FormatError) {
            return try custody.encoded().decode(EvidenceCustody.init(decoding:))
        } catch {
            throw ArchiveError(.usage, "The evidence file can't state this custody: \(error.reason).")
        }
    }
}

/// An evidence file that was written.
public struct EvidenceReceipt: Sendable, Hashable {
    /// The records in it.
    public let recordCount: UInt64
    /// Of these, the ones whose content had been destroyed.
    public let purgedCount: UInt64
    /// The index of the control record that tells of the export; nil for one that is not logged.
    public let logIndex: UInt64?
    /// The size of the checkpoint that everything in the file is proved against.
    public let treeSize: UInt64
    /// The root of that size.
    public let root: Digest
    /// The file's length.
    public let byteCount: UInt64
}
