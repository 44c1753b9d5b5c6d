// The runs of purging, one row each: what the log says, and how this program judged it.

internal import MunimentFormat

extension VerifyPage {
    var dispositionSection: Markup {
        let dispositions = report.facts.dispositions
        guard report.subject == .store else { return "" }
        guard !dispositions.isEmpty else {
            return VerifyPage.section(
                "dispositions", "Dispositions", "<p>The log tells of none: no content was purged.</p>\n")
        }
        let omitted: Markup =
            report.facts.omittedDispositionCount == 0
            ? ""
            : "<p>\(PageText.things(report.facts.omittedDispositionCount, "earlier disposition")) not listed here; each is among the notices.</p>\n"
        let intro: Markup = """
            <p>A disposition is one run of purging. <em>Proved</em>: anyone can see it in the log's public records, and this \
            program did. <em>Attested</em>: it is the word of whoever wrote the log, bound by their signature, since what it \
            goes by is sealed or lies outside of the log.</p>

            """
        return VerifyPage.section(
            "dispositions", "Dispositions", intro + omitted + .joined(dispositions.map { article($0) }))
    }

    private func article(_ disposition: DispositionFacts) -> Markup {
        let state: Markup =
            switch disposition.state {
            case .completed: "completed"
            case .aborted: "given up before anything was destroyed"
            case .incomplete: "not completed"
            }
        let times = [
            disposition.begun.map { "begun \(PageText.time($0))" },
            disposition.ended.map { "ended \(PageText.time($0))" },
        ].compactMap { $0 }.joined(separator: ", ")
        let rows: [(Markup, Markup, Markup)] = [
            ("Records", records(disposition), contents(disposition)),
            ("Rules", rules(disposition), judged(disposition)),
            (
                "Clock",
                "\(PageText.time(disposition.compliance)), by record \(PageText.count(disposition.clockRecord))",
                disposition.isClockAttested
                    ? "<strong>attested</strong>: somebody set the clock from outside the log"
                    : "<strong>proved</strong>: it ran within the log, never ahead of its own rules"
            ),
            ("Holds in force", holds(disposition), heldWords(disposition)),
            (
                "Keys",
                disposition.strength.isEmpty ? "nothing is stated" : "\(disposition.strength.joined(separator: "; "))",
                disposition.state == .completed
                    ? "<strong>attested</strong>: no log can prove that nobody kept a copy" : ""
            ),
        ]
        let lines = rows.map { name, what, judged -> Markup in
            "<tr><th scope=\"row\">\(name)</th><td>\(what)</td><td>\(judged)</td></tr>\n"
        }
        return """
            <table class="disposition">
            <caption>Disposition \(PageText.count(disposition.id)), \(state)\(times.isEmpty ? "" : " (\(times))")</caption>
            <thead><tr><th></th><th>What the log says</th><th>How it was judged</th></tr></thead>
            <tbody>

            """ + .joined(lines) + "</tbody>\n</table>\n"
    }

    private func records(_ disposition: DispositionFacts) -> Markup {
        let erasures: Markup =
            disposition.erasureCount == 0
            ? "" : ", \(PageText.things(disposition.erasureCount, "erasure")) on request among them"
        return
            "\(PageText.count(disposition.purgedCount)) purged in \(PageText.things(disposition.segmentCount, "segment")), \(PageText.count(disposition.keptCount)) due and kept under holds\(erasures)"
    }

    private func contents(_ disposition: DispositionFacts) -> Markup {
        switch disposition.state {
        case .completed: "every missing content of its segments was looked up in its lists"
        case .aborted: "nothing may be missing on its account"
        case .incomplete: "<strong>incomplete</strong>: the next open for writing carries it on, or gives it up"
        }
    }

    private func rules(_ disposition: DispositionFacts) -> Markup {
        if disposition.rules.isEmpty { return "none" }
        let lines = disposition.rules.map { rule -> Markup in
            let period: Markup =
                rule.period.map { "<code>\($0)</code> \(rule.terms)" } ?? "a record that is not there"
            return
                "class <bdi>\(rule.className.isEmpty ? "\(rule.classID)" : rule.className)</bdi>: \(period), by record \(PageText.count(rule.record))"
        }
        return .joined(lines, "<br>") + VerifyPage.more(disposition.omittedRuleCount)
    }

    private func judged(_ disposition: DispositionFacts) -> Markup {
        guard disposition.segmentCount > 0 else { return "" }
        if disposition.earlyCount > 0 {
            return
                "<strong class=\"bad\">broken</strong>: \(PageText.things(disposition.earlyCount, "record")) not due by the log's own rules and clock"
        }
        if disposition.unstatedCount > 0 {
            return
                "<strong class=\"bad\">broken</strong>: \(PageText.things(disposition.unstatedCount, "record")) of a class whose rule is not stated"
        }
        return "<strong>proved</strong>: each purged record was due, by its entry's times and these rules"
    }

    private func holds(_ disposition: DispositionFacts) -> Markup {
        if disposition.holds.isEmpty { return "none" }
        let lines = disposition.holds.map { hold -> Markup in
            let within: Markup =
                hold.withinCount == 0
                ? "" : "; \(PageText.things(hold.withinCount, "purged record")) within its public part"
            return
                "matter \(PageText.count(hold.matter)), \(hold.isAttested ? "decided by sealed conditions" : "public scope")\(within)"
        }
        return .joined(lines, "<br>") + VerifyPage.more(disposition.omittedHoldCount)
    }

    private func heldWords(_ disposition: DispositionFacts) -> Markup {
        guard disposition.segmentCount > 0 else { return "" }
        if disposition.heldCount > 0 {
            return
                "<strong class=\"bad\">broken</strong>: \(PageText.things(disposition.heldCount, "purged record")) under a hold that anyone can see"
        }
        let within = disposition.holds.filter { $0.isAttested && $0.withinCount > 0 }
        if !within.isEmpty {
            return
                "<strong>proved</strong> of public scopes; <strong>attested</strong> that no purged record met the sealed conditions of \(PageText.things(within.count, "matter"))"
        }
        return "<strong>proved</strong>: no purged record lay within the scope of a hold"
    }

    private static func more(_ count: Int) -> Markup { count > 0 ? "<br>and \(PageText.count(count)) more" : "" }
}
