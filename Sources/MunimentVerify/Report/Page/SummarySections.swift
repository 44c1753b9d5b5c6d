// The plain facts: what was given, what it turned out to be, how much was checked.

internal import MunimentFormat
internal import MunimentNote

extension VerifyPage {
    /// What was verified, and with what.
    var subjectSection: Markup {
        var rows: [(Markup, Markup)] = [
            ("Given", "<bdi><code>\(given.path)</code></bdi>"),
            ("Kind", "\(VerdictWords.subject(report.subject))"),
            ("Compared with", "\(given.against.map { "the checkpoint in \($0)" } ?? "no checkpoint from outside")"),
        ]
        if [.store, .segment].contains(report.subject) {
            rows.append(("Data keys", "\(given.keysDirectory ?? "none")"))
        }
        rows += [
            (
                "Keys to trust",
                given.trustedKeys.isEmpty
                    ? "none" : .joined(given.trustedKeys.prefix(16).map { "<code>\($0.description)</code>" }, "<br>")
            ),
            ("Begun", "\(PageText.time(given.time)), by the clock of the machine that checked"),
            ("Took", "\(seconds) s, with \(PageText.things(given.jobs, "job"))"),
            ("Program", "\(given.tool)"),
        ]
        return VerifyPage.section("given", "What was given", VerifyPage.list(rows))
    }

    private var seconds: String {
        let hundredths = Int(max(0, min(report.seconds, 1e9)) * 100)
        let rest = hundredths % 100
        return "\(PageText.count(hundredths / 100)).\(rest < 10 ? "0" : "")\(rest)"
    }

    /// What it is, as far as that was computed.
    var summarySection: Markup {
        var rows: [(Markup, Markup)] = [
            ("Origin", "<bdi>\(report.origin ?? "could not be read")</bdi>"),
            ("Tree size", "\(PageText.things(report.treeSize, "entry", plural: "entries"))"),
        ]
        if let root = report.root {
            rows.append(("Root, base64", "<code>\(Base64.string(root.bytes))</code>"))
            rows.append(("Root, hex", "<code>\(PageText.hex(root))</code>"))
        } else {
            rows.append(("Root", "could not be computed"))
        }
        rows.append(
            (
                "Signed",
                "\(report.checkpointSize.map { "by a trusted key, at size \(PageText.count($0))" } ?? "by no trusted key")"
            ))
        switch report.subject {
        case .store, .segment:
            rows.append(
                (
                    "Records",
                    "\(PageText.count(report.records)) of users, \(PageText.count(report.controlRecords)) of the engine's own"
                ))
            if report.subject == .store {
                rows.append(
                    ("Purged", "\(PageText.things(report.purged, "record")), by dispositions that the log tells of"))
                rows.append(("Lost", "\(PageText.things(report.unexplained, "record")) without explanation"))
            }
        case .certificate:
            rows.append(("Destroyed", "\(PageText.things(report.purged, "content")), as the log's records say"))
        case .evidence:
            rows.append(("Records", "\(PageText.count(report.records))"))
            if report.purged > 0 {
                rows.append(("Purged", "\(PageText.count(report.purged)) of them, as the file says"))
            }
            if let evidence = report.evidence { rows += custody(evidence) }
        default:
            rows.append(("Records", "\(PageText.count(report.records))"))
        }
        return VerifyPage.section("log", "What it is", VerifyPage.list(rows))
    }

    private func custody(_ evidence: EvidenceStatus) -> [(Markup, Markup)] {
        let custody = evidence.custody
        let disclosed: String =
            switch custody.disclosure {
            case .whole: "whole records"
            case .pieces(let names): "only \(names.joined(separator: ", "))"
            case .entries: "entries alone"
            }
        return [
            ("Disclosed", "\(disclosed)"),
            (
                "Custody",
                "\(evidence.logIndex.map { "attested by the log in its entry \(PageText.count($0)), which binds the file" } ?? "the file's own word, bound by nothing signed")"
            ),
            (
                "Exported",
                "\(PageText.time(custody.exported)) by <bdi>\(custody.exporter)</bdi>, with <bdi>\(custody.tool)</bdi>"
            ),
            ("Selection", "<bdi>\(custody.selection)</bdi>"),
        ]
    }

    /// How much was checked.
    var countSection: Markup {
        let counts = report.facts.counts
        let rows: [(Markup, UInt64, Markup)] = [
            ("Segments", counts.segments, "headers, and what follows the last frame"),
            ("Frames", counts.frames, "checksum, place, padding, session, stated root"),
            ("Entries", counts.entries, "decoded, held to the rules, hashed to leaves of the tree"),
            ("Contents", counts.contents, "decrypted, and hashed to the commitment of their entry"),
            ("Proofs", counts.proofs, "of inclusion or consistency, led to a root"),
            ("Seals", counts.seals, "seal records, compared with the footer and the frames of their segment"),
            ("Signatures", counts.signatures, "on checkpoints"),
            ("Stored nodes", counts.nodes, "hashes of the stored tree, compared with those that the entries give"),
            ("Index pages", counts.indexPages, "held to the digest in the footer, and with keys to the contents"),
            ("Bytes", counts.byteCount, "of segments, read from the first to the last"),
        ]
        let lines = rows.filter { $0.1 > 0 }.map { name, count, what -> Markup in
            "<tr><th scope=\"row\">\(name)</th><td class=\"n\">\(PageText.count(count))</td><td>\(what)</td></tr>\n"
        }
        let body: Markup =
            lines.isEmpty
            ? "<p>Nothing could be checked.</p>\n"
            : "<table>\n<thead><tr><th>What</th><th class=\"n\">How many</th><th>How</th></tr></thead>\n<tbody>\n"
                + .joined(lines)
                + "</tbody>\n</table>\n"
        return VerifyPage.section("counts", "What was checked", body)
    }
}
