// The verdict, and what it rests on, in words.

internal import MunimentFormat

enum VerdictWords {
    static func title(_ verdict: Verdict) -> String {
        switch verdict {
        case .intact: "Intact"
        case .tampered: "Tampered"
        case .notEstablished: "Not established"
        }
    }

    /// A sign that tells verdicts apart without colour.
    static func sign(_ verdict: Verdict) -> String {
        switch verdict {
        case .intact: "\u{2713}"
        case .tampered: "\u{2715}"
        case .notEstablished: "?"
        }
    }

    static func subject(_ subject: VerifyReport.Subject) -> String {
        switch subject {
        case .store: "A log with its contents"
        case .tiles: "A directory of tiles"
        case .proof: "The proof of one entry"
        case .certificate: "A certificate of destruction"
        case .evidence: "An evidence file"
        case .segment: "One segment of a log"
        case .checkpoint: "A checkpoint"
        }
    }

    static func sentence(_ report: VerifyReport) -> String {
        switch report.verdict {
        case .tampered:
            "Bytes contradict each other, what was signed, or the format; or something that must be there is lost. "
                + "What, and where, is listed under Findings."
        case .notEstablished:
            "Nothing that was looked at contradicts anything else, but not all of it follows from something that a trusted "
                + "key signed. What is missing is listed below."
        case .intact:
            switch report.subject {
            case .store, .tiles:
                "A trusted key signed the log's state, and every byte that was looked at follows from it."
            case .proof:
                "A trusted key signed the log's state, and the entry has the place in it that the proof states."
            case .certificate:
                "A trusted key signed the log's state, and every line of the certificate follows from records in it."
            case .evidence: "A trusted key signed the log's state, and every record in the file follows from it."
            case .segment: "The log's own seal, under a trusted signature, binds every byte of this segment."
            case .checkpoint:
                "A trusted key signed it, and where it is compared with another, the log only grew between them."
            }
        }
    }
}

extension VerifyPage {
    var verdictSection: Markup {
        """
        <section class="verdict \(report.verdict.rawValue)" id="verdict">
        <p class="sign" aria-hidden="true">\(VerdictWords.sign(report.verdict))</p>
        <div>
        <p class="word">\(VerdictWords.title(report.verdict))</p>
        <p>\(VerdictWords.sentence(report))</p>
        <p class="tally">\(tallies)</p>
        </div>
        </section>

        <section id="grounds">
        <h2>What the verdict rests on</h2>
        <ul>
        \(Markup.joined(grounds.map { "<li>\($0)</li>\n" }))</ul>
        \(notEstablished)</section>


        """
    }

    private var tallies: String {
        let kept = Finding.Severity.allCases.map { severity in
            (severity, report.findings.count { $0.severity == severity })
        }
        let words = kept.filter { $0.1 > 0 }.map { severity, count in
            switch severity {
            case .error: PageText.things(count, "error")
            case .unattested: "\(PageText.count(count)) unattested"
            case .notice: PageText.things(count, "notice")
            }
        }
        let omitted = report.findingCount - report.findings.count
        let more = omitted > 0 ? " and \(PageText.count(omitted)) more that were counted, not kept" : ""
        return words.isEmpty ? "No finding." : "Findings: \(words.joined(separator: ", "))\(more)."
    }

    private var grounds: [Markup] {
        var grounds: [Markup] = []
        let facts = report.facts
        if facts.trustedKeys.isEmpty {
            grounds.append(
                given.trustedKeys.isEmpty
                    ? "<strong>No key was trusted.</strong> None was given, and none is ever taken from what is verified."
                    : "<strong>No key was trusted.</strong> \(PageText.things(given.trustedKeys.count, "key")) \(given.trustedKeys.count == 1 ? "was" : "were") given; none bears this log's name."
            )
        } else {
            for key in facts.trustedKeys {
                grounds.append(
                    "The key <code>\(key.description)</code>, which whoever ran this check named as one to trust. Whether it is the log's is theirs to know."
                )
            }
        }
        if let size = report.checkpointSize {
            grounds.append(
                "That key's signature on the checkpoint of size \(PageText.count(size)) was checked, and holds.")
        } else if !facts.trustedKeys.isEmpty {
            grounds.append("No checkpoint was found that a trusted key signed.")
        }
        if let outside = facts.outside {
            grounds.append(
                "A checkpoint from outside, of size \(PageText.count(outside.size)) and root <code>\(PageText.hex(outside.root))</code>, was compared."
            )
        }
        switch report.subject {
        case .store, .segment:
            grounds.append(
                given.keysDirectory == nil
                    ? "No data keys: contents were not opened. What is known of them is what the seals bind: their ciphertext."
                    : "With the data keys \(PageText.things(facts.counts.contents, "content")) \(facts.counts.contents == 1 ? "was" : "were") opened and compared with the commitments in the entries."
            )
        default: break
        }
        return grounds
    }

    /// What nothing trusted covers, one line for each code.
    private var notEstablished: Markup {
        var codes: [Finding.Code] = []
        var counts: [Finding.Code: (count: Int, first: Finding)] = [:]
        for finding in report.findings where finding.severity == .unattested {
            if counts[finding.code] == nil { codes.append(finding.code) }
            counts[finding.code] = ((counts[finding.code]?.count ?? 0) + 1, counts[finding.code]?.first ?? finding)
        }
        guard !codes.isEmpty else {
            return report.verdict == .tampered ? "" : "<p>Nothing was left unestablished.</p>\n"
        }
        let lines = codes.compactMap { code -> Markup? in
            guard let (count, first) = counts[code] else { return nil }
            let more = count > 1 ? " And \(PageText.count(count - 1)) more of this kind." : ""
            return "<li><code>\(code.rawValue)</code> \(first.message)\(more)</li>\n"
        }
        return "<h3>What was not established, and why</h3>\n<ul>\n" + .joined(lines) + "</ul>\n"
    }
}
