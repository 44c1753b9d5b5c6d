// Classes, events, holds, erasures and the clock, as scripts use them.

import Foundation
import Testing

@Suite struct RetentionCommandTests {
    private func fill(_ path: String) throws {
        let lines = ["Alice@example.com", "bob@example.com", "carol@example.com"].map {
            #"{"from":"\#($0)","at":"2001-01-01T00:00:00Z"}"#
        }
        let result = try Command.run(
            ["append", path, "--format", "ndjson", "--class", "mail", "--attr", "from=from", "--time", "at"],
            input: Array(lines.joined(separator: "\n").utf8))
        #expect(result.status == 0, "\(result.errors)")
    }

    @Test func classesAreSetAndListed() throws {
        let space = try Workspace()
        let (path, _) = try space.archive()
        let made = try Command.run([
            "class", "set", path, "mail", "--period", "P7Y", "--since", "occurred", "--indexed", "from,to", "--json",
        ])
        #expect(made.status == 0, "\(made.errors)")
        #expect(
            made.text
                == #"{"name":"mail","period":"P7Y","since":"occurred","mode":"governance","grace":"P1D","compression":"shared","indexed":["from","to"]}"#
                + "\n")
        #expect(try Command.run(["class", "set", path, "mail", "--mode", "compliance"]).status == 0)
        let listed = try Command.run(["class", "list", path, "--json"]).objects
        #expect(listed.map { $0["name"] as? String } == ["default", "mail"])
        #expect(listed.last?["mode"] as? String == "compliance" && listed.last?["period"] as? String == "P7Y")
        let refused = try Command.run(["class", "set", path, "mail", "--period", "P6Y"])
        #expect(refused.status == 77 && refused.output.isEmpty, "\(refused.errors)")
        #expect(refused.errors.split(separator: "\n").count == 1)
        #expect(try Command.run(["class", "set", path, "mail", "--period", "6y"]).status == 65)
        #expect(try Command.run(["class", "set", path, "mail", "--mode", "strict"]).status == 64)
    }

    @Test func holdsKeepWhatIsDue() throws {
        let space = try Workspace()
        let (path, _) = try space.archive()
        try #require(
            try Command.run(["class", "set", path, "mail", "--period", "P7Y", "--since", "occurred"]).status == 0)
        try fill(path)
        let placed = try Command.run([
            "hold", "place", path, "Doe v. Roe", "--where", "from=alice@EXAMPLE.com", "--custodian", "Alice", "--json",
        ])
        #expect(placed.status == 0, "\(placed.errors)")
        #expect(try placed.last["matter"] as? String == "Doe v. Roe")
        #expect(try Command.run(["hold", "place", path, "Audit", "--class", "mail"]).status == 0)
        let holds = try Command.run(["hold", "list", path, "--json"]).objects
        #expect(holds.map { $0["records"] as? Int } == [1, 3])
        let scope = try #require((holds[0]["scopes"] as? [[String: Any]])?.first)
        #expect(scope["restricted"] as? Bool == true && scope["custodian"] as? String == "Alice")
        #expect(scope["selection"] as? String == "--where from=alice@EXAMPLE.com")
        let text = try Command.run(["hold", "list", path]).text
        #expect(text.contains("Doe v. Roe: 1 records, since ") && text.contains("under sealed conditions"))
        let simulated = try Command.run(["hold", "release", path, "Audit", "--dry-run", "--json"])
        #expect(try simulated.last["deletable"] as? Int == 2 && simulated.last["heldByOthers"] as? Int == 1)
        #expect(try Command.run(["hold", "release", path, "Audit"]).status == 64)
        #expect(try Command.run(["hold", "release", path, "Nobody", "--reason", "x"]).status == 66)
        #expect(try Command.run(["compact", path, "--json"]).last["purged"] as? Int == 0)
        #expect(try Command.run(["hold", "release", path, "Audit", "--reason", "over"]).status == 0)
        #expect(try Command.run(["compact", path, "--json"]).last["purged"] as? Int == 2)
        #expect(try Command.run(["stat", path, "--json"]).last["purged"] as? Int == 2)
        #expect(try Command.run(["hold", "place", path, "X", "--class", "nothing"]).status == 65)
    }

    @Test func erasuresTellWhatBlocksThem() throws {
        let space = try Workspace()
        let (path, _) = try space.archive()
        try #require(
            try Command.run(["class", "set", path, "mail", "--period", "P99Y", "--mode", "compliance"]).status == 0)
        try fill(path)
        #expect(try Command.run(["append", path, "--format", "lines"], input: Array("plain\n".utf8)).status == 0)
        #expect(try Command.run(["erase", path, "3"]).status == 64)
        let blocked = try Command.run(["erase", path, "3", "--reason", "article 17", "--json"])
        #expect(blocked.status == 0, "\(blocked.errors)")
        #expect(try blocked.last["state"] as? String == "blocked" && blocked.last["class"] as? String == "mail")
        let due = try Command.run(["erase", path, "6", "--reason", "article 17"])
        #expect(due.status == 0 && due.text.contains("due"), "\(due.text)\(due.errors)")
        #expect(try Command.run(["erase", path, "0", "--reason", "x"]).status == 77)
        #expect(try Command.run(["erase", path, "99", "--reason", "x"]).status == 66)
        #expect(try Command.run(["compact", path]).status == 0)
        let listed = try Command.run(["erase", "list", path, "--json"]).objects
        #expect(listed.map { $0["state"] as? String } == ["blocked", "done"])
        #expect(listed.last?["disposition"] is Int && listed.last?["reason"] as? String == "article 17")
        #expect(try Command.run(["get", path, "6"]).status == 66)
    }

    @Test func eventsStartPeriods() throws {
        let space = try Workspace()
        let (path, _) = try space.archive()
        try #require(
            try Command.run(["class", "set", path, "mail", "--period", "P1D", "--since", "event"]).status == 0)
        try fill(path)
        let event = try Command.run([
            "event", path, "--class", "mail", "--where", "from=bob@example.com", "--at", "2020-01-01", "--json",
        ])
        #expect(event.status == 0, "\(event.errors)")
        #expect(try event.last["matched"] as? Int == 1)
        #expect(try Command.run(["event", path, "--where", "from=nobody"]).status == 66)
        #expect(try Command.run(["event", path, "--at", "soon"]).status == 64)
    }

    @Test func theClockIsNotConfirmedWhereItIsRight() throws {
        let space = try Workspace()
        let (path, _) = try space.archive()
        #expect(try Command.run(["clock", "confirm", path]).status == 64)
        let result = try Command.run(["clock", "confirm", path, "--reason", "checked"])
        // The clocks may differ by the microseconds that an init takes.
        #expect([0, 77].contains(result.status), "\(result.errors)")
    }
}
