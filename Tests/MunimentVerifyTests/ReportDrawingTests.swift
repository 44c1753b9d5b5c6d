// What a report draws: that it is bounded, and that what it shows is so.

import Foundation
import MunimentCrypto
import MunimentFormat
import MunimentMerkle
import Testing

@testable import MunimentVerify

@Suite struct ReportDrawingTests {
    // MARK: Markup

    @Test func nothingButLiteralsIsMarkup() {
        let hostile = "<script>alert('1')</script>&\"x\" \u{202E}gnp.exe\u{200B}\n\u{0}\u{1B}[31m\u{FEFF}\u{E0041}"
        let markup: Markup = "<td title=\"\(hostile)\">\(hostile)</td>"
        let inner = markup.text.dropFirst("<td title=\"".count).dropLast("</td>".count)
        #expect(inner.filter { $0 == "<" }.isEmpty && inner.filter { $0 == ">" }.count == 1)
        #expect(inner.filter { $0 == "\"" }.count == 1 && !inner.contains("'"))
        for hidden in ["\u{202E}", "\u{200B}", "\n", "\u{0}", "\u{1B}", "\u{FEFF}", "\u{E0041}"] {
            #expect(!markup.text.unicodeScalars.contains(hidden.unicodeScalars.first!), "\(hidden.unicodeScalars)")
        }
        #expect(markup.text.contains("\\u{202e}gnp.exe\\u{200b}\\u{a}\\u{0}\\u{1b}[31m\\u{feff}"))
        // A piece in a piece stays markup.
        let outer: Markup = "<tr>\(markup)</tr>"
        #expect(outer.text == "<tr>" + markup.text + "</tr>")
        let plain: Markup = "\("é中🦀")"
        #expect(plain.text == "é中🦀")
    }

    @Test func wordsForAShellAreQuoted() {
        #expect(PageText.shell("/mnt/a-b_c.d") == "/mnt/a-b_c.d")
        #expect(PageText.shell("a b") == "'a b'" && PageText.shell("") == "''")
        #expect(PageText.shell("it's $(x)") == "'it'\\''s $(x)'")
    }

    // MARK: The tree

    private func sketch(_ size: Int) -> (TreeSketch, TreeFrontier) {
        var sketch = TreeSketch()
        var frontier = TreeFrontier()
        let leaves = (0..<size).flatMap { TreeHash.leaf(Array("\($0)".utf8)).bytes }
        leaves.withUnsafeBytes { raw in
            frontier.append(leaves: raw, reporting: 0) { level, first, nodes in
                for node in TreeSketch.kept(level: level, first: first, nodes) { sketch.append(node) }
            }
        }
        sketch.finish(frontier)
        return (sketch, frontier)
    }

    @Test func everyHashOfADrawingFollowsFromThoseBelow() throws {
        for size in Array(1...130) + [255, 256, 257, 1_000, 4_095, 4_096, 4_097, 10_007] {
            let (sketch, frontier) = sketch(size)
            let whole = try #require(sketch.whole)
            #expect(sketch.hash(whole) == frontier.root(), "size \(size)")
            let bottom = sketch.bottom(countMax: 12)
            #expect(bottom.count <= max(12, 1) && bottom.first?.start == 0 && bottom.last?.end == UInt64(size))
            #expect(zip(bottom, bottom.dropFirst()).allSatisfy { $0.end == $1.start }, "size \(size)")
            // From the root down to the bottom, as it is drawn.
            func check(_ part: TreeSketch.Part) {
                if bottom.contains(part) { return #expect(sketch.hash(part) != nil, "\(part) of \(size)") }
                let (left, right) = (sketch.hash(part.left), sketch.hash(part.right))
                #expect(
                    left.flatMap { left in right.map { TreeHash.node(left, $0) } } == sketch.hash(part),
                    "\(part) of \(size)")
                check(part.left)
                check(part.right)
            }
            check(whole)
            if size <= 12 { #expect(bottom.count == size) }
        }
        // More perfect subtrees than there is room for.
        let (many, frontier) = sketch((1 << 14) - 1)
        let bottom = many.bottom(countMax: 12)
        #expect(many.frontier.count == 14 && bottom.count == 12 && bottom.last?.end == many.size)
        #expect(many.hash(bottom[11]) == TreeHash.fold(frontier.peaks.suffix(3)))
    }

    @Test func theStepsOfAProofLeadToTheRoot() throws {
        for size in 1...40 {
            let leaves = (0..<size).map { TreeHash.leaf(Array("\($0)".utf8)) }
            func root(_ range: Range<Int>) -> Digest {
                if range.count == 1 { return leaves[range.lowerBound] }
                var split = 1
                while split * 2 < range.count { split *= 2 }
                let middle = range.lowerBound + split
                return TreeHash.node(root(range.lowerBound..<middle), root(middle..<range.upperBound))
            }
            func path(_ index: Int, _ range: Range<Int>) -> [Digest] {
                if range.count == 1 { return [] }
                var split = 1
                while split * 2 < range.count { split *= 2 }
                let middle = range.lowerBound + split
                return index < middle
                    ? path(index, range.lowerBound..<middle) + [root(middle..<range.upperBound)]
                    : path(index, middle..<range.upperBound) + [root(range.lowerBound..<middle)]
            }
            for index in 0..<size {
                let steps = ProofSteps(
                    ProofSketch(
                        index: UInt64(index), size: UInt64(size), leaf: leaves[index], path: path(index, 0..<size)))
                #expect((steps.rows.last?.result ?? leaves[index]) == root(0..<size), "\(index) of \(size)")
            }
        }
    }

    // MARK: Bounds

    @Test func marksStayFewAndLoseNothing() {
        var marks = SegmentMarks()
        let segments: [UInt64] = Array(0..<3_000) + [70_000]
        for segment in segments {
            let name = SegmentHeader.path(segment: segment, generation: UInt32(segment % 3))
            for severity in Finding.Severity.allCases {
                marks.add(Finding(.frameRoot, severity, name, "x"))
            }
        }
        marks.add(Finding(.checkpointRoot, .error, "checkpoint", "of no segment"))
        #expect(marks.count <= SegmentMarks.cellCountMax && marks.width == 512)
        let all = (0..<marks.count).map { marks[$0] }
        #expect(all.reduce(0) { $0 + $1.errors } == UInt64(segments.count))
        #expect(all.reduce(0) { $0 + $1.unattested } == UInt64(segments.count))
        #expect(marks[0].notices == 512 && marks[5].errors == 3_000 - 5 * 512 && marks[70_000 / 512].errors == 1)
    }

    @Test func aHostileNumberOfASegmentCostsNothing() {
        var marks = SegmentMarks()
        marks.add(
            Finding(.segmentGap, .error, SegmentHeader.path(segment: Limits.segmentCount - 1, generation: 0), "x"))
        #expect(marks.count <= SegmentMarks.cellCountMax)
    }

    @Test func allFindingsAreHeardAndAFewAreKept() throws {
        let heard = MunimentVerify.Monitor<[Finding]>([])
        var options = VerifyOptions()
        options.findingCountMax = 10
        options.found = { finding in heard.withLock { $0.append(finding) } }
        var findings = Findings(options, marksSegments: true)
        for number in 0..<100 {
            var more = Findings()
            for code in [Finding.Code.frameRoot, .entryMalformed] {
                let name = SegmentHeader.path(segment: UInt64(number), generation: 0)
                more.append(Finding(code, .error, name, index: UInt64(number), "x"))
            }
            findings += more
        }
        #expect(findings.kept.count == 20 && findings.count == 200)
        #expect(heard.withLock { $0 }.map(\.index) == (0..<200).map { UInt64($0 / 2) })
        // Those that were not kept have left their marks.
        #expect((0..<100).allSatisfy { findings.marks?[$0].errors == 2 })
    }

    private func report(_ findings: [Finding]) -> VerifyReport {
        VerifyReport(
            subject: .store, findings: findings, omittedCounts: [.frameRoot: 7], verdict: .tampered, origin: "o",
            treeSize: 1, root: nil, checkpointSize: nil, records: 0, controlRecords: 0, purged: 0, unexplained: 0,
            opened: 0, seconds: 0)
    }

    @Test func aPageListsTenThousandFindings() throws {
        let findings = (0..<12_345).map { number in
            Finding(
                .frameRoot, number % 3 == 0 ? .notice : .error, "segments/0000/x", index: UInt64(number),
                "No. \(number).")
        }
        var bytes: [UInt8] = []
        let page = VerifyPage(report(findings), VerifyPage.Circumstances(path: "it's here", tool: "t", time: 0))
        try page.write { piece throws(VerifyError) in bytes += piece }
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.matches(of: /<tr class="(error|unattested|notice)">/).count == VerifyPage.findingCountMax)
        // The gravest first: all errors are there, and the rest is of notices.
        #expect(text.matches(of: /<tr class="error">/).count == 8_230)
        #expect(text.contains("And 2,345 more of this severity") && text.contains("7 of <code>frame.rootHash") == false)
        #expect(text.contains("<li>7 of <code>frame.root</code></li>"))
        #expect(text.contains("<pre>muniment verify &#39;it&#39;\\&#39;&#39;s here&#39; --key VKEY --json</pre>"))
    }

    // MARK: The file

    @Test func aPageIsWrittenOnceAndWhole() throws {
        let directory = try TemporaryDirectory()
        let page = VerifyPage(report([]), VerifyPage.Circumstances(path: "p", tool: "t", time: 0))
        let path = directory.path + "/report.html"
        let old = umask(0)
        defer { umask(old) }
        // Left by a run that was cut off: through a link it would be somebody else's file.
        try "keep".write(toFile: directory.path + "/other", atomically: true, encoding: .utf8)
        symlink(directory.path + "/other", path + ".part")
        try page.write(to: path)
        var status = stat()
        #expect(lstat(path, &status) == 0 && status.st_mode & 0o7777 == 0o600 && status.st_nlink == 1)
        #expect(try String(contentsOfFile: directory.path + "/other", encoding: .utf8) == "keep")
        let names = { try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() }
        #expect(try names() == ["other", "report.html"])
        let first = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(throws: VerifyError.self) { try page.write(to: path) }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == first)
        // A link that leads nowhere is something too.
        symlink("/nowhere", directory.path + "/link")
        #expect(throws: VerifyError.self) { try page.write(to: directory.path + "/link") }
        #expect(throws: VerifyError.self) { try page.write(to: directory.path + "/absent/report.html") }
        #expect(try names() == ["link", "other", "report.html"])
    }

    @Test func aPageIsNotWrittenIntoWhatIsVerified() throws {
        let directory = try TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: directory.path + "/log/tree", withIntermediateDirectories: true)
        symlink(directory.path + "/log/tree", directory.path + "/way")
        let log = directory.path + "/log"
        for file in [log + "/r", log + "/tree/r", directory.path + "/way/r", log + "/../log/r"] {
            #expect(throws: VerifyError.self, "\(file)") { try VerifyPage.check(file, inputs: [log]) }
        }
        for file in [directory.path + "/r", log + "-report"] { try VerifyPage.check(file, inputs: [log, "/absent"]) }
    }
}
