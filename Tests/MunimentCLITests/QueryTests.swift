import Foundation
import Testing

/// What get and query print, and what a selection means.
@Suite struct QueryTests {
    /// An archive with 200 events in one stream and 50 lines in another, and what the events are.
    private struct Fixture {
        struct Event: Decodable {
            struct Actor: Decodable { var name: String }
            var time: String
            var actor: Actor
            var level: Int
            var n: Int
        }

        let workspace: Workspace
        let archive: String
        let events: [Event]

        init() throws {
            workspace = try Workspace()
            archive = try workspace.archive().path
            let payloads = Samples.events(200, seed: 17)
            events = try payloads.map { try JSONDecoder().decode(Event.self, from: Data($0)) }
            let options = [
                "--format", "ndjson", "--stream", "audit", "--attr", "user=actor.name", "--attr", "level=level",
                "--time", "time",
                "--batch", "33",
            ]
            let appended = try Command.run(["append", archive] + options, input: Samples.lines(payloads))
            #expect(appended.status == 0, "\(appended.errors)")
            let lines = Samples.lines((0..<50).map { Array("line \($0)".utf8) })
            #expect(
                try Command.run(["append", archive, "--format", "lines", "--stream", "log"], input: lines).status == 0)
        }

        /// The indexes that a query gives.
        func indexes(_ options: [String]) throws -> [Int] {
            let result = try Command.run(["query", archive, "--json"] + options)
            #expect(result.status == 0, "\(result.errors)")
            return try result.objects.map { try #require($0["index"] as? Int) }
        }

        /// The indexes of the events for which `condition` holds.
        func expected(_ condition: (Event) -> Bool) -> [Int] {
            events.indices.filter { condition(events[$0]) }.map { $0 + 2 }
        }
    }

    @Test func selectionsMeanWhatTheySay() throws {
        let fixture = try Fixture()
        let log = Array(202..<252)
        let cases: [([String], [Int])] = [
            ([], Array(2..<252)),
            (["--stream", "audit"], Array(2..<202)),
            (["--stream", "audit", "--stream", "log"], Array(2..<252)),
            (["--stream", "other"], []),
            (["--class", "default", "--stream", "log"], log),
            (["--index", "5-9", "--index", "200-203", "--index", "250"], Array(5...9) + Array(200...203) + [250]),
            (["--index", "0-3"], [2, 3]),
            (["--index", "251-9999"], [251]),
            (["--where", "user=alice"], fixture.expected { $0.actor.name == "alice" }),
            (["--where", "!user=alice"], fixture.expected { $0.actor.name != "alice" } + log),
            (["--where", "user^=svc-"], fixture.expected { $0.actor.name.hasPrefix("svc-") }),
            (
                ["--where", "user^=svc-", "--where", "!user=svc-sync"],
                fixture.expected { $0.actor.name == "svc-backup" }
            ),
            (["--where", "level>=3"], fixture.expected { $0.level >= 3 }),
            (["--where", "level<=-1"], fixture.expected { $0.level <= -1 }),
            (["--where", "level>=0", "--where", "level<=2"], fixture.expected { (0...2).contains($0.level) }),
            (["--where", "!level>=0", "--stream", "audit"], fixture.expected { $0.level < 0 }),
            (["--where", "level=2"], fixture.expected { $0.level == 2 }),
            (["--where", "level=02"], []),
            (["--where", "user=ALICE"], []),
            (
                ["--from", "2024-02-10", "--to", "2024-02-12"],
                fixture.expected { ("2024-02-10"..<"2024-02-12").contains($0.time) }
            ),
            (["--to", "2024-02-05T10:00:00Z"], fixture.expected { $0.time < "2024-02-05T10:00:00Z" }),
            // Lines have no occurred time: the recorded one counts, and that is now.
            (["--from", "2024-03-01"], log),
            (
                ["--stream", "audit", "--index", "2-50", "--where", "user=bob"],
                fixture.expected { $0.actor.name == "bob" && $0.n <= 48 }
            ),
        ]
        for (options, expected) in cases {
            #expect(try fixture.indexes(options) == expected, "\(options)")
            #expect(
                try Command.run(["query", fixture.archive, "--count"] + options).text == "\(expected.count)\n",
                "\(options)")
        }
    }

    @Test func answersComeInPages() throws {
        let fixture = try Fixture()
        let all = try fixture.indexes(["--where", "level>=3"])
        #expect(all.count > 40)
        var forward: [Int] = []
        while true {
            let page = try fixture.indexes(
                ["--where", "level>=3", "--limit", "9"] + (forward.last.map { ["--after", "\($0)"] } ?? []))
            forward += page
            if page.count < 9 { break }
        }
        #expect(forward == all)
        #expect(try fixture.indexes(["--where", "level>=3", "--reverse"]) == all.reversed())
        let middle = all[20]
        #expect(
            try fixture.indexes(["--where", "level>=3", "--reverse", "--after", "\(middle)", "--limit", "5"])
                == all[15..<20].reversed())
        #expect(try fixture.indexes(["--limit", "0"]).isEmpty)
        #expect(try fixture.indexes(["--after", "\(UInt64.max)"]).isEmpty)
        #expect(try fixture.indexes(["--after", "0", "--reverse"]).isEmpty)
    }

    @Test func getAndQueryPrintTheSame() throws {
        let fixture = try Fixture()
        let queried = try Command.run(["query", fixture.archive, "--index", "190-210"])
        let got = try Command.run(["get", fixture.archive] + (190...210).map(String.init))
        #expect(queried.text == got.text && !got.text.isEmpty)
        let lines = try Command.run(["query", fixture.archive, "--index", "190-210", "--json"])
        #expect(
            lines.text == (try Command.run(["get", fixture.archive, "--json"] + (190...210).map(String.init)).text))
    }

    @Test func absentRecordsAreSaidAndOthersPrinted() throws {
        let fixture = try Fixture()
        let result = try Command.run(["get", fixture.archive, "2", "999", "3", "--json"])
        #expect(result.status == 66 && result.errors.contains("999"))
        #expect(try result.objects.map { $0["index"] as? Int } == [2, 3])
        #expect(try Command.run(["query", fixture.archive, "--index", "999"]).status == 0)
    }

    @Test func theEnginesOwnRecordsCanBeReadButAreNoHits() throws {
        let fixture = try Fixture()
        let own = try Command.run(["get", fixture.archive, "0", "--json"]).last
        #expect(own["class"] as? String == "control" && own["proof"] as? String == "verified")
        #expect(own["control"] as? String == "identity")
        #expect(try Command.run(["get", fixture.archive, "1"]).text.hasPrefix("record 1 (the engine's own: class)\n"))
        #expect(try fixture.indexes(["--index", "0-1"]).isEmpty)
    }

    @Test func recordsLargerThanAPartAreFound() throws {
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        var numbers = SeededNumbers(seed: 4)
        // Parts hold 65,536 bytes: just below, at and above; several small ones between.
        let sizes = [10, 65_520, 65_531, 65_532, 65_533, 65_536, 7, 8, 200_000, 9, 131_072, 0, (8 << 20) + 1, 3]
        let payloads = sizes.map { size in (0..<size).map { _ in UInt8.random(in: 0...255, using: &numbers) } }
        let path = try workspace.write("input", Samples.frames(payloads))
        #expect(try Command.run(["append", archive, path, "--format", "framed", "--stream", "s"]).status == 0)
        let lines = try Command.run(["query", archive, "--stream", "s", "--json"]).objects
        #expect(lines.count == sizes.count)
        for (line, payload) in zip(lines, payloads) { #expect(try RoundTripTests.payload(line) == payload) }
        #expect(try Command.run(["query", archive, "--stream", "s", "--count"]).text == "\(sizes.count)\n")
    }

    // MARK: Escaping

    @Test func nothingFromARecordActsOnTheTerminal() throws {
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        let payload =
            "\u{1B}[2J\u{1B}]0;title\u{7}\r\u{8}\u{9B}31m\u{202E}gnp.exe\u{200B}\u{FEFF}\u{E0041} \\ ok\nrecord 99\n  proof  verified\n"
        let event = #"{"k":"\u001b[31mred\u0000\u202e","k2":"a\nb"}"#
        let input = try workspace.write("input", Samples.frames([Array(payload.utf8), [0x80, 0xff, 0x1b, 0x41]]))
        #expect(try Command.run(["append", archive, input, "--format", "framed"]).status == 0)
        let options = ["--format", "ndjson", "--attr", "k=k", "--attr", "k2=k2", "--stream", "s\u{1B}[1m\n"]
        #expect(try Command.run(["append", archive] + options, input: Array((event + "\n").utf8)).status == 0)
        for arguments in [["query", archive], ["query", archive, "--json"]] {
            let result = try Command.run(arguments)
            #expect(result.status == 0)
            for scalar in String(decoding: result.output, as: UTF8.self).unicodeScalars {
                #expect(
                    scalar == "\n"
                        || (scalar.value >= 0x20 && !scalar.properties.isBidiControl
                            && scalar.properties.generalCategory != .control
                            && scalar.properties.generalCategory != .format),
                    "U+\(String(scalar.value, radix: 16))")
            }
        }
        // No record can pass for another: its lines are marked.
        let text = try Command.run(["get", archive, "2"]).lines
        #expect(text.count { $0.hasPrefix("record ") } == 1 && text.contains("  | record 99"))
        // JSON means the same bytes all the same.
        let lines = try Command.run(["query", archive, "--json"]).objects
        #expect(try RoundTripTests.payload(lines[0]) == Array(payload.utf8))
        #expect(try RoundTripTests.payload(lines[1]) == [0x80, 0xff, 0x1b, 0x41])
        #expect(lines[2]["stream"] as? String == "s\u{1B}[1m\n")
        #expect((lines[2]["attributes"] as? [String: [String]])?["k2"] == ["a\nb"])
    }

    @Test(.enabled(if: Samples.shared != nil, "the shared data is not there")) func naughtyStringsComeOutUnharmed()
        throws
    {
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        let folder = Samples.shared! + "/hostile-strings/"
        let input = try Samples.bytes(folder + "blns.txt") + Samples.bytes(folder + "utf8tests.txt")
        #expect(try Command.run(["append", archive, "--format", "lines"], input: input).status == 0)
        let lines = try Command.run(["query", archive, "--json"]).objects
        let payloads = try lines.map { try RoundTripTests.payload($0) }
        #expect(Samples.lines(payloads).starts(with: input.dropLast(input.last == 0x0a ? 0 : 1)))
        let text = try Command.run(["query", archive])
        #expect(text.output.allSatisfy { $0 == 0x0a || $0 >= 0x20 && $0 != 0x7f })
        #expect(String(validating: text.output, as: UTF8.self) != nil)
    }
}
