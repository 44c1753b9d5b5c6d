// Inputs for the tests: made here, and, where it is present, real data from outside the project.

import Foundation

/// SplitMix64: the same numbers for the same seed, everywhere.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}

enum Samples {
    /// The folder of real data; nil where it is not there.
    static let shared: String? = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let path = ProcessInfo.processInfo.environment["MUNIMENT_SHARED"] ?? root.path + "/../shared"
        return FileManager.default.fileExists(atPath: path + "/data") ? path + "/data" : nil
    }()

    static func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

    /// Messages, and the mailbox that holds them.
    static func mailbox(_ count: Int, seed: UInt64) -> (messages: [[UInt8]], mailbox: [UInt8]) {
        var numbers = SeededNumbers(seed: seed)
        var messages: [[UInt8]] = []
        var mailbox: [UInt8] = []
        for number in 0..<count {
            let sender = "person\(number % 7)@example.com"
            var text = "From: Person <\(sender.uppercased())>\nTo: list@example.org\nSubject: Message \(number)\n"
            text +=
                "Message-ID: <\(number)@example.com>\nDate: \(number % 28 + 1) Mar 2024 09:\(number % 50 + 10):00 +0000\n\n"
            for _ in 0..<Int.random(in: 0..<20, using: &numbers) {
                text += ["Plain words.\n", "From here on\n", ">From a quotation\n", "caf\u{E9} \u{1F980}\n", "\n"]
                    .randomElement(using: &numbers)!
            }
            var message = Array(text.utf8)
            if number % 5 == 0 { message += [0xff, 0xfe, 0x00, 0x1b, 0x5b, 0x33, 0x31, 0x6d, 0x0a] }
            messages.append(message)
            mailbox += Array("From \(sender) Fri Mar  1 09:00:00 2024\n".utf8)
            for line in message.split(separator: 0x0a, omittingEmptySubsequences: false).dropLast() {
                let quoted = line.drop { $0 == UInt8(ascii: ">") }.starts(with: "From ".utf8)
                mailbox += (quoted ? [UInt8(ascii: ">")] : []) + line + [0x0a]
            }
            mailbox.append(0x0a)
        }
        return (messages, mailbox)
    }

    static func frames(_ payloads: [[UInt8]]) -> [UInt8] {
        payloads.flatMap { payload in withUnsafeBytes(of: UInt32(payload.count).littleEndian) { Array($0) } + payload }
    }

    static func lines(_ payloads: [[UInt8]]) -> [UInt8] { payloads.flatMap { $0 + [0x0a] } }

    /// Events with a user, a level and a time, as JSON.
    static func events(_ count: Int, seed: UInt64) -> [[UInt8]] {
        var numbers = SeededNumbers(seed: seed)
        return (0..<count).map { number in
            let user = ["alice", "bob", "svc-backup", "svc-sync"].randomElement(using: &numbers)!
            let level = Int.random(in: -2...7, using: &numbers)
            let day = number % 28 + 1
            return Array(
                """
                {"time":"2024-02-\(day < 10 ? "0" : "")\(day)T10:00:00Z","actor":{"name":"\(user)"},"level":\(level),"n":\(number)}
                """.utf8)
        }
    }

    /// The messages of a mailbox by the rule of the contract, found without the engine: after the `From ` line, before
    /// the blank line that precedes the next, less one `>` of lines that are quoted.
    static func messages(ofMailbox bytes: [UInt8]) -> [[UInt8]] {
        var lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
        let endsWithNewline = lines.last?.isEmpty == true
        if endsWithNewline { lines.removeLast() }
        var messages: [[UInt8]] = []
        var open: [ArraySlice<UInt8>] = []
        func close(isLast: Bool) {
            var body = open
            if body.last?.isEmpty == true { body.removeLast() }
            let hasNewline = !isLast || endsWithNewline
            var message = Array(body.joined(separator: [0x0a]))
            if !body.isEmpty && (hasNewline || body.count < open.count) { message.append(0x0a) }
            messages.append(message)
        }
        for (number, line) in lines.enumerated() {
            if line.starts(with: "From ".utf8) {
                if number > 0 { close(isLast: false) }
                open = []
            } else {
                let unquoted = line.drop { $0 == UInt8(ascii: ">") }
                open.append(
                    unquoted.count < line.count && unquoted.starts(with: "From ".utf8) ? line.dropFirst() : line)
            }
        }
        if !lines.isEmpty { close(isLast: true) }
        return messages
    }
}
