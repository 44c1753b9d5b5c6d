// The report of a verification: lines of JSON for programs, a page of text for people. File names are escaped: whoever
// made the copy chose them.

import Muniment
import MunimentInput
import MunimentVerify

struct VerifyOutput {
    private let report: VerifyReport

    init(_ report: VerifyReport) { self.report = report }

    // MARK: JSON

    /// The line for the verdict, which follows those of the findings.
    func lastLine() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("verdict")
        json.string(report.verdict.rawValue)
        json.key("treeSize")
        json.integer(report.treeSize)
        json.key("root")
        if let root = report.root { json.base64(root.bytes) } else { json.null() }
        let numbers: [(String, UInt64)] = [
            ("records", report.records), ("purged", report.purged), ("unexplained", report.unexplained),
            ("findings", UInt64(report.findingCount)),
        ]
        for (key, number) in numbers {
            json.key(key)
            json.integer(number)
        }
        json.key("seconds")
        json.double((report.seconds * 1e6).rounded() / 1e6)
        json.endObject()
        json.endLine()
        return json.bytes
    }

    /// The line for one finding.
    static func line(_ finding: Finding) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("finding")
        json.string(finding.code.rawValue)
        json.key("severity")
        json.string(finding.severity.rawValue)
        json.key("file")
        json.string(finding.file)
        json.key("offset")
        if let offset = finding.offset { json.integer(offset) } else { json.null() }
        json.key("index")
        if let index = finding.index { json.integer(index) } else { json.null() }
        json.key("message")
        json.string(finding.message)
        json.endObject()
        json.endLine()
        return json.bytes
    }

    // MARK: Text

    func text() -> String {
        let findings = report.findings.map { VerifyOutput.text($0) }
        let omitted = report.omittedCounts.sorted { $0.key.rawValue < $1.key.rawValue }.map {
            "… and \(Quantity.count($0.value)) more of \($0.key.rawValue)\n"
        }
        return (findings + omitted).joined() + (findings.isEmpty ? "" : "\n") + summary()
    }

    private static func text(_ finding: Finding) -> String {
        var place = finding.file.isEmpty ? [] : [TerminalText.escaped(finding.file)]
        if let offset = finding.offset { place.append("byte \(offset)") }
        if let index = finding.index { place.append("entry \(index)") }
        let label =
            switch finding.severity {
            case .error: "ERROR"
            case .unattested: "UNATTESTED"
            case .notice: "notice"
            }
        return "\(label)  \(place.joined(separator: ", "))\n"
            + "    \(TerminalText.escaped(finding.message)) [\(finding.code.rawValue)]\n"
    }

    private func summary() -> String {
        let verdict =
            switch report.verdict {
            case .intact where report.subject == .evidence:
                "INTACT: a trusted key signed it, and every record in it follows from what was signed."
            case .intact where report.subject == .segment:
                "INTACT: the log's own seal, under a trusted key's signature, binds every byte of it."
            case .intact where report.subject == .checkpoint:
                "INTACT: a trusted key signed it"
                    + (report.facts.outside == nil ? "." : ", and the log only grew between it and the given one.")
            case .intact: "INTACT: a trusted key signed it, and every byte follows from what was signed."
            case .tampered: "TAMPERED: something was changed, or is lost."
            case .notEstablished: "NOT ESTABLISHED: nothing contradicts, but not everything is proved."
            }
        var lines = [("verdict", verdict)]
        if let origin = report.origin { lines.append(("origin", TerminalText.escaped(origin))) }
        lines.append(("tree size", Quantity.count(report.treeSize)))
        if let root = report.root { lines.append(("root", root.base64)) }
        lines.append(
            (
                "checkpoint",
                report.checkpointSize.map { "size \(Quantity.count($0)), signed by a trusted key" }
                    ?? "none that is trusted"
            ))
        if [.store, .segment].contains(report.subject) {
            lines.append(
                (
                    "records",
                    "\(Quantity.count(report.records)), and \(Quantity.count(report.controlRecords)) of the engine's own; "
                        + "\(Quantity.count(report.opened)) contents opened"
                ))
        }
        if report.subject == .store {
            lines.append(
                (
                    "purged",
                    "\(Quantity.count(report.purged)); \(Quantity.count(report.unexplained)) lost without explanation"
                ))
        }
        if report.subject == .certificate {
            lines.append(
                (
                    "destroyed",
                    "\(Quantity.count(report.purged)) contents, as \(Quantity.count(report.controlRecords)) records of the log say"
                ))
        }
        if let evidence = report.evidence { lines += VerifyOutput.custody(evidence, of: report) }
        let seconds = "\(Quantity.things(report.findingCount, "finding")) in \(Quantity.oneDecimal(report.seconds)) s"
        lines.append(("findings", seconds))
        return lines.map { "\($0)\(String(repeating: " ", count: 12 - $0.count))\($1)\n" }.joined()
    }

    /// What an evidence file says of itself, with who vouches for it.
    private static func custody(_ evidence: EvidenceStatus, of report: VerifyReport) -> [(String, String)] {
        let custody = evidence.custody
        let disclosed =
            switch custody.disclosure {
            case .whole: "whole"
            case .pieces(let names): "only \(names.map { TerminalText.escaped($0) }.joined(separator: ", "))"
            case .entries: "entries alone"
            }
        let purged = report.purged == 0 ? "" : ", \(Quantity.count(report.purged)) of them said to be purged"
        let word =
            evidence.logIndex.map { "attested by the log in its entry \($0), which binds the file" }
            ?? "the file's own word, bound by nothing signed"
        return [
            ("records", "\(Quantity.count(report.records))\(purged), disclosed: \(disclosed)"),
            ("custody", word),
            ("exported", "\(RFC3339.string(custody.exported)), by \(TerminalText.escaped(custody.exporter))"),
            ("with", TerminalText.escaped(custody.tool)),
            ("selection", TerminalText.escaped(custody.selection)),
        ]
    }
}

/// Lines of JSON for findings, as they are made: all of them, however many there are, in little memory.
final class VerifyLines: Sendable {
    private let isOn: Bool
    private let failure = Guarded<(any Error)?>(nil)

    init(isOn: Bool) { self.isOn = isOn }

    /// Prints a finding. The verifier calls for one at a time.
    func take(_ finding: Finding) {
        failure.withLock { failure in
            guard failure == nil, isOn else { return }
            do { try Output.standard.write(VerifyOutput.line(finding)) } catch { failure = error }
        }
    }

    /// Throws what printing threw.
    func check() throws {
        if let error = failure.withLock({ $0 }) { throw error }
    }
}
