import Foundation
import Testing

/// How records are committed, acknowledged, resumed and refused.
@Suite struct AppendTests {
    private let payloads = (0..<100).map { Array("record \($0)".utf8) }

    @Test(arguments: ["1", "3"]) func acknowledgementsFollowOneAnother(inFlight: String) throws {
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        let result = try Command.run(
            ["append", archive, "--format", "framed", "--batch", "7", "--in-flight", inFlight, "--acks", "--json"],
            input: Samples.frames(payloads))
        #expect(result.status == 0, "\(result.errors)")
        var lines = try result.objects
        let last = lines.removeLast()
        #expect(last["records"] as? Int == 100)
        #expect(lines.count == 15)
        for (number, line) in lines.enumerated() {
            #expect(Set(line.keys) == ["committed", "firstIndex", "treeSize"])
            #expect(line["committed"] as? Int == min(100, (number + 1) * 7))
            #expect(line["firstIndex"] as? Int == 2 + number * 7)
            #expect(line["treeSize"] as? Int == 2 + min(100, (number + 1) * 7))
        }
        // Each batch is a frame of its own.
        #expect(last["treeSize"] as? Int == 102)
    }

    @Test func theLastLineHasItsKeys() throws {
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        let some = try Command.run(["append", archive, "--format", "lines", "--json"], input: Array("a\n".utf8)).last
        #expect(Set(some.keys) == ["records", "bytes", "firstIndex", "treeSize", "root", "seconds"])
        #expect(some["seconds"] is Double)
        let none = try Command.run(["append", archive, "--format", "lines", "--json"], input: []).last
        #expect(none["records"] as? Int == 0 && none["firstIndex"] is NSNull)
        #expect(none["root"] as? String == some["root"] as? String)
    }

    @Test func severalFilesAreReadInOrder() throws {
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        let first = try workspace.write("first", Array("1\n2".utf8))
        let last = try workspace.write("last", Array("4\n".utf8))
        let result = try Command.run(
            ["append", archive, first, "-", last, "--format", "lines"], input: Array("3\n".utf8))
        #expect(result.status == 0 && result.text.hasPrefix("Appended 4 records"), "\(result.errors)")
        #expect(try Command.run(["get", archive, "2", "3", "4", "5", "--raw"]).text == "1234")
    }

    @Test func aBadRecordEndsTheRunAfterWhatPrecedesIt() throws {
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        let input = Array("{\"n\":1}\n{\"n\":2}\nnot json\n{\"n\":4}\n".utf8)
        let path = try workspace.write("events", input)
        let first = try Command.run(["append", archive, path, "--format", "ndjson", "--json", "--acks"])
        #expect(first.status == 65)
        #expect(first.errors.contains("line 3") && first.errors.contains(path) && first.errors.hasPrefix("muniment: "))
        #expect(first.errors.split(separator: "\n").count == 1)
        #expect(try first.last["records"] as? Int == 2)
        // Nothing of the line itself is told to the terminal.
        #expect(!first.errors.contains("not json\n"))
        // The line is mended, and the run goes on where it stopped.
        let mended = try workspace.write("events", Array("{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n{\"n\":4}\n".utf8))
        let second = try Command.run(["append", archive, mended, "--format", "ndjson", "--skip", "2"])
        #expect(second.status == 0, "\(second.errors)")
        let expected = "{\"n\":1}{\"n\":2}{\"n\":3}{\"n\":4}"
        #expect(try Command.run(["get", archive, "2", "3", "4", "5", "--raw"]).text == expected)
    }

    @Test func badRecordsAreLeftOutOnDemand() throws {
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        let input = Array("{\"n\":1}\nnot json\n\n{\"n\":2}\n{\"t\":\"yesterday\"}\n".utf8)
        let result = try Command.run(
            ["append", archive, "--format", "ndjson", "--time", "t", "--skip-bad", "--json"], input: input)
        #expect(result.status == 0)
        #expect(try result.last["records"] as? Int == 2)
        #expect(try result.last["bad"] as? Int == 3)
        for line in ["line 2", "line 3", "line 5"] {
            #expect(result.errors.contains("standard input: \(line)"), "\(result.errors)")
        }
    }

    @Test func skippingMoreThanThereIsIsSaid() throws {
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        let result = try Command.run(
            ["append", archive, "--format", "lines", "--skip", "5"], input: Array("1\n2\n".utf8))
        #expect(result.status == 65 && result.errors.contains("--skip 5"), "\(result.errors)")
    }

    @Test func aTokenMakesARetrySafe() throws {
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        func append(_ text: String) throws -> Command.Result {
            try Command.run(
                ["append", archive, "--format", "lines", "--token", "t1", "--json"], input: Array(text.utf8))
        }
        let first = try append("a\nb\n").last
        let second = try append("a\nb\n").last
        #expect(first["firstIndex"] as? Int == 2 && second["firstIndex"] as? Int == 2)
        #expect(second["treeSize"] as? Int == 4)
        let other = try append("a\nc\n")
        #expect(other.status == 65 && other.errors.contains("token"), "\(other.errors)")
        #expect(try Command.run(["query", archive, "--count"]).text == "2\n")
        // All at once or not at all.
        let bad = try Command.run(
            ["append", archive, "--format", "ndjson", "--token", "t2"], input: Array("1\n2\nx\n".utf8))
        #expect(bad.status == 65 && bad.errors.contains("nothing was appended"), "\(bad.errors)")
        let long = try Command.run(
            ["append", archive, "--format", "lines", "--token", "t3"], input: [UInt8](repeating: 0x0a, count: 40_000))
        #expect(long.status == 65 && long.errors.contains("nothing was appended"), "\(long.errors)")
        #expect(try Command.run(["query", archive, "--count"]).text == "2\n")
    }

    @Test func aPipeIsCommittedAsItArrives() throws {
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        let running = try Command.Running(
            ["append", archive, "--format", "lines", "--acks"], input: nil, keepsInputOpen: true)
        try running.inputHandle?.write(contentsOf: Data("first\n".utf8))
        #expect(running.wait { running.outputSoFar.contains("\"committed\":1") }, "the first line was kept waiting")
        try running.inputHandle?.write(contentsOf: Data("second\nthird\n".utf8))
        #expect(running.wait { running.outputSoFar.contains("\"committed\":3") })
        let result = try running.finish()
        #expect(result.status == 0, "\(result.errors)")
    }

    @Test(arguments: [(SIGINT, 130), (SIGTERM, 143)] as [(Int32, Int32)])
    func aSignalEndsTheRunWithWhatWasRead(signal: Int32, status: Int32) throws {
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        let running = try Command.Running(
            ["append", archive, "--format", "lines", "--batch", "10", "--acks", "--json"], input: nil,
            keepsInputOpen: true)
        try running.inputHandle?.write(contentsOf: Data(String(repeating: "line\n", count: 25).utf8))
        #expect(running.wait { running.outputSoFar.contains("\"committed\":20") })
        running.send(signal)
        let result = try running.finish()
        #expect(result.status == status)
        #expect(result.errors.contains("--skip 25"), "\(result.errors)")
        #expect(try result.last["records"] as? Int == 25)
        // It was closed as it should be: nothing is unattested.
        let stat = try Command.run(["stat", archive, "--json"]).last
        #expect(stat["treeSize"] as? Int == 27 && stat["checkpointSize"] as? Int == 27)
    }

    @Test func whatWasAcknowledgedSurvivesAKill() throws {
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        let running = try Command.Running(
            ["append", archive, "--format", "lines", "--batch", "5", "--acks"], input: nil, keepsInputOpen: true)
        try running.inputHandle?.write(contentsOf: Data((0..<50).map { "line \($0)\n" }.joined().utf8))
        #expect(running.wait { running.outputSoFar.contains("\"committed\":50") })
        running.send(SIGKILL)
        #expect(try running.finish().status == 137)
        let stat = try Command.run(["stat", archive, "--json"]).last
        #expect(stat["records"] as? Int == 50)
        #expect(try Command.run(["checkpoint", archive]).status == 0)
        #expect(try Command.run(["get", archive, "51", "--raw"]).text == "line 49")
    }

    @Test func attributesAndTimesAreTaken() throws {
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        let event = #"{"t":"2024-02-29T12:00:00.25+02:00","user":{"name":"ann"},"tags":["a","b"],"n":-5}"#
        let result = try Command.run(
            [
                "append", archive, "--format", "ndjson", "--time", "t", "--attr", "user=user.name", "--attr",
                "tag=tags",
                "--attr", "n=n", "--stream", "s1",
            ], input: Array((event + "\n").utf8))
        #expect(result.status == 0, "\(result.errors)")
        let line = try Command.run(["get", archive, "2", "--json"]).last
        #expect(
            Set(line.keys) == [
                "index", "class", "stream", "recordedAt", "occurredAt", "attributes", "payload", "proof", "purged",
            ])
        #expect(line["occurredAt"] as? String == "2024-02-29T10:00:00.25Z")
        #expect(line["stream"] as? String == "s1" && line["class"] as? String == "default")
        #expect(line["proof"] as? String == "verified" && line["purged"] as? Bool == false)
        let attributes = try #require(line["attributes"] as? [String: [Any]])
        #expect(attributes["user"] as? [String] == ["ann"] && attributes["tag"] as? [String] == ["a", "b"])
        #expect(attributes["n"] as? [Int] == [-5])
    }

    @Test func mailHeadersBecomeAttributes() throws {
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        let message =
            "From: \"Ann\" <Ann@Example.COM>\r\nTo: b@x.org, C <c@x.org>\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\n"
            + "Message-ID: <1@x>\r\nDate: Fri, 1 Mar 2024 10:00:00 +0100\r\n\r\nHello\r\n"
        #expect(try Command.run(["append", archive, "--format", "eml"], input: Array(message.utf8)).status == 0)
        let line = try Command.run(["get", archive, "2", "--json"]).last
        let attributes = try #require(line["attributes"] as? [String: [String]])
        #expect(attributes["from"] == ["ann@example.com"] && attributes["to"] == ["b@x.org", "c@x.org"])
        #expect(line["occurredAt"] as? String == "2024-03-01T09:00:00Z")
        #expect(line["payload"] as? String == message)
    }

    @Test func aHeaderThatCanBeNoAttributeKeepsNoMessageOut() throws {
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        let message = "Subject: \(String(repeating: "x", count: 70_000))\nFrom: a@b.c\n\nHello\n"
        let result = try Command.run(["append", archive, "--format", "eml"], input: Array(message.utf8))
        #expect(result.status == 0 && result.errors.contains("stored whole"), "\(result.errors)")
        #expect(try Command.run(["get", archive, "2", "--raw"]).text == message)
        #expect(try Command.run(["query", archive, "--where", "from=a@b.c", "--count"]).text == "1\n")
    }
}
