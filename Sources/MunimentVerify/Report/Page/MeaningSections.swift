// What a verdict says and what it doesn't, and how anybody can come to it again.

internal import MunimentFormat

extension VerifyPage {
    var meaningSection: Markup {
        """
        <section id="meaning">
        <h2>What a verdict means</h2>
        <ul>
        <li><strong>Intact</strong>: a key that the checker trusts signed a state of the log, and everything that was looked at follows from that state.</li>
        <li><strong>Tampered</strong>: something contradicts what was signed, the format, or itself, or is lost. That may be intent, a fault of a disk, or a copy that was cut short; the findings tell what and where, not who or why.</li>
        <li><strong>Not established</strong>: no contradiction, but not everything is proved. It is not a milder word for tampered, and not for intact.</li>
        </ul>
        <h3>What it does not mean</h3>
        <ul>
        <li>It says nothing of whether what was recorded was true when it was recorded, or complete: a log proves what it was given.</li>
        <li>The order of entries is proved. Their times are the clock of the machine that wrote them.</li>
        <li>A log and its keys that were rolled back together, as a whole, look like a younger log. Only a checkpoint that somebody else kept (<code>--against</code>) shows it.</li>
        <li>That a key was destroyed is shown; that nobody kept a copy of it, or of what it sealed, can't be.</li>
        <li>Whoever holds the log's signing key can sign another log. The key's owner, and since when it was theirs, must be known from elsewhere.</li>
        <li>This page is not signed, and anybody can write one. It is worth what repeating the check is worth.</li>
        </ul>
        </section>


        """
    }

    var repeatSection: Markup {
        """
        <section id="repeat">
        <h2>How to repeat the check</h2>
        <p>With Muniment, on this machine or with a copy elsewhere:</p>
        <pre>\(command)</pre>
        \(second)<p>Both read only. What every byte means is specified in the folder <code>Format</code> that comes with the program; the codes of findings are in its page <code>findings.md</code>.</p>
        </section>


        """
    }

    /// What was run, without the form of its output.
    var command: String {
        var words = ["muniment verify \(PageText.shell(given.path))"]
        words += (given.trustedKeys.isEmpty ? [] : given.trustedKeys.prefix(16)).map {
            "--key \(PageText.shell($0.description))"
        }
        if given.trustedKeys.isEmpty { words.append("--key VKEY") }
        if let against = given.against { words.append("--against \(PageText.shell(against))") }
        if let keys = given.keysDirectory { words.append("--keys \(PageText.shell(keys))") }
        return words.joined(separator: " ")
    }

    /// The same with the verifier that shares no code with this one.
    private var second: Markup {
        guard ![.segment, .checkpoint].contains(report.subject) else {
            return
                "<p>The second verifier reads whole logs, tile directories, evidence files, certificates and proofs, not this.</p>\n"
        }
        let rest = command.dropFirst("muniment verify ".count)
        return """
            <p>With the second verifier, written in Python from the specification alone, sharing no code with the first:</p>
            <pre>python3 Format/verify.py \(String(rest))</pre>

            """
    }
}
