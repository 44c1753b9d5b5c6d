import Foundation
import Testing

/// What goes in comes out, byte for byte.
@Suite struct RoundTripTests {
    /// Appends `input` and requires that the payloads, in order, are `expected`.
    private func check(_ input: [UInt8], format: String, _ expected: [[UInt8]], _ options: [String] = []) throws {
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        let path = try workspace.write("input", input)
        let appended = try Command.run(["append", archive, path, "--format", format, "--json"] + options)
        #expect(appended.status == 0 && appended.errors.isEmpty, "\(appended.errors)")
        let last = try appended.last
        #expect(last["records"] as? Int == expected.count)
        #expect(last["bytes"] as? Int == expected.reduce(0) { $0 + $1.count })
        #expect(last["firstIndex"] as? Int == 2)
        #expect(last["treeSize"] as? Int == 2 + expected.count)
        #expect((last["root"] as? String).flatMap { Data(base64Encoded: $0) }?.count == 32)
        let shown = expected.prefix(200)
        let raw = try Command.run(["get", archive, "--raw"] + shown.indices.map { String($0 + 2) })
        #expect(raw.status == 0, "\(raw.errors)")
        #expect(raw.output == Array(shown.joined()))
        // The boundaries too: JSON has each payload on its own.
        let lines = try Command.run(["query", archive, "--json"]).objects
        #expect(lines.count == expected.count)
        for (line, payload) in zip(lines, expected) { #expect(try RoundTripTests.payload(line) == payload) }
    }

    /// The payload of a line of JSON.
    static func payload(_ line: [String: Any]) throws -> [UInt8] {
        if let text = line["payload"] as? String { return Array(text.utf8) }
        let base64 = (line["payload"] as? [String: String])?["base64"]
        return [UInt8](try #require(base64.flatMap { Data(base64Encoded: $0) }))
    }

    @Test func mailbox() throws {
        let seed: UInt64 = 11
        let (messages, mailbox) = Samples.mailbox(120, seed: seed)
        #expect(Samples.messages(ofMailbox: mailbox) == messages, "seed \(seed)")
        try check(mailbox, format: "mbox", messages)
    }

    @Test(arguments: [
        ["--batch", "1"], ["--batch", "7", "--in-flight", "1"], ["--in-flight", "1"], ["--batch", "1000"],
    ])
    func frames(options: [String]) throws {
        var numbers = SeededNumbers(seed: 5)
        let payloads = (0..<150).map { number in
            (0..<[0, 1, 13, 256, 1_000, 70_000][number % 6]).map { _ in UInt8.random(in: 0...255, using: &numbers) }
        }
        try check(Samples.frames(payloads), format: "framed", payloads, options)
    }

    @Test func linesKeepTheirCarriageReturnsAndEmptyOnes() throws {
        let payloads =
            ["one", "", "two\r", "\u{0}\u{1B}[2J", "caf\u{E9}", "e\u{301}"].map { Array($0.utf8) } + [
                [0xff, 0xc3], [],
            ]
        try check(Samples.lines(payloads), format: "lines", payloads)
        // A last line without its newline is a record too.
        try check(Samples.lines(payloads) + Array("end".utf8), format: "lines", payloads + [Array("end".utf8)])
    }

    @Test func message() throws {
        let message = Samples.mailbox(1, seed: 3).messages[0]
        try check(message, format: "eml", [message])
    }

    @Test func events() throws {
        let events = Samples.events(200, seed: 8)
        try check(Samples.lines(events), format: "ndjson", events, ["--attr", "user=actor.name", "--time", "time"])
    }

    // MARK: Real data

    @Test(.enabled(if: Samples.shared != nil, "the shared data is not there")) func realMailbox() throws {
        let mailbox = try Samples.bytes(Samples.shared! + "/mail-spamassassin/spamassassin.mbox")
        let messages = Samples.messages(ofMailbox: mailbox)
        #expect(messages.count == 1_511)
        try check(mailbox, format: "mbox", messages)
    }

    @Test(.enabled(if: Samples.shared != nil, "the shared data is not there")) func realConversations() throws {
        let folder = Samples.shared! + "/chat-irc-ubuntu/test"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".raw.txt") }
            .sorted()
        #expect(!names.isEmpty)
        var all: [UInt8] = []
        for name in names { all += try Samples.bytes(folder + "/" + name) }
        var lines = all.split(separator: 0x0a, omittingEmptySubsequences: false).map { Array($0) }
        if lines.last?.isEmpty == true { lines.removeLast() }
        try check(all, format: "lines", lines, ["--stream", "irc"])
    }

    @Test(.enabled(if: Samples.shared != nil, "the shared data is not there")) func realEvents() throws {
        let folder = Samples.shared! + "/audit-windows-otrf"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".json") }
            .sorted()
        var all: [UInt8] = []
        for name in names {
            let bytes = try Samples.bytes(folder + "/" + name)
            all += bytes.last == 0x0a ? bytes : bytes + [0x0a]
        }
        let lines = all.split(separator: 0x0a).map { Array($0) }
        #expect(lines.count == 1_968)
        try check(all, format: "ndjson", lines)
    }

    // MARK: Large

    @Test func aHundredMegabytesInBoundedMemory() throws {
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        var numbers = SeededNumbers(seed: 21)
        let block = (0..<(1 << 17)).flatMap { _ in withUnsafeBytes(of: numbers.next()) { Array($0) } }
        let path = workspace.file("large")
        try workspace.write("large", [])
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        let count = 100
        try file.write(contentsOf: withUnsafeBytes(of: UInt32(count * block.count).littleEndian) { Data($0) })
        for _ in 0..<count { try file.write(contentsOf: block) }
        try file.close()
        let budget = 96 << 20
        let appended = try Command.run(["append", archive, path, "--format", "framed", "--json"])
        #expect(appended.status == 0, "\(appended.errors)")
        #expect(appended.peakByteCount > 0 && appended.peakByteCount <= budget, "\(appended.peakByteCount) bytes")
        #expect(try appended.last["bytes"] as? Int == count * block.count)
        let printed = try Command.run(["get", archive, "2", "--raw"])
        #expect(printed.peakByteCount <= budget, "\(printed.peakByteCount) bytes")
        #expect(printed.output.count == count * block.count)
        #expect(isRepeated(block, printed.output))
    }

    /// Whether `bytes` is `block` again and again.
    private func isRepeated(_ block: [UInt8], _ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { bytes in
            block.withUnsafeBytes { block in
                stride(from: 0, to: bytes.count, by: block.count).allSatisfy { start in
                    guard let a = bytes.baseAddress, let b = block.baseAddress else { return false }
                    return memcmp(a + start, b, min(block.count, bytes.count - start)) == 0
                }
            }
        }
    }

    @Test func aLargeTextComesOutAsJSON() throws {
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        // Characters of two to four bytes, so that the pieces in which it is read cut through some.
        let text = String(repeating: "é\u{1F980}\"\\\n\u{7}€ plain words", count: 400_000)
        let payload = Array(text.utf8)
        #expect(payload.count > 8 << 20)
        let binary = [UInt8](repeating: 0xff, count: (8 << 20) + 4)
        let path = try workspace.write("input", Samples.frames([payload, binary]))
        #expect(try Command.run(["append", archive, path, "--format", "framed"]).status == 0)
        let lines = try Command.run(["get", archive, "2", "3", "--json"]).objects
        #expect(try RoundTripTests.payload(lines[0]) == payload)
        #expect(try RoundTripTests.payload(lines[1]) == binary)
    }
}
