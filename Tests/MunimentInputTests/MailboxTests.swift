// Mailboxes: where messages begin and end, what is taken from quoted lines, parts, limits, and hostile shapes.

import MunimentInput
import Testing

struct MailboxTests {
    @Test(arguments: [
        ("From a\nS: 1\n\nbody\n", ["S: 1\n\nbody\n"]),
        ("From a\nS: 1\n\nbody\n\n", ["S: 1\n\nbody\n"]),
        ("From a\nS: 1\n\nbody\n\n\n", ["S: 1\n\nbody\n\n"]),
        ("From a\nx\n\nFrom b\ny\n", ["x\n", "y\n"]),
        ("From a\nx\nFrom b\ny", ["x\n", "y"]),
        ("From a\nx\n\n\nFrom b\ny\n\n", ["x\n\n", "y\n"]),
        ("From a\r\nx\r\n\r\nFrom b\r\ny\r\n\r\n", ["x\r\n", "y\r\n"]),
        ("From a\n\nFrom b\n", ["", ""]),
        ("From a\nFrom b\n", ["", ""]),
        ("From a", [""]),
        ("From a\nx\n\nFrom ", ["x\n", ""]),
        ("", []),
        (
            "From a\n>From x\n>>From y\n>>>>From z\n> From w\n>from v\n>Fro",
            [
                "From x\n>From y\n>>>From z\n> From w\n>from v\n>Fro"
            ]
        ),
        ("From a\nx >From y\nxFrom z\n\n>From b", ["x >From y\nxFrom z\n\nFrom b"]),
        ("From a\nx\n\n>From b\n\nFrom c\n>From d\n", ["x\n\nFrom b\n", "From d\n"]),
    ])
    func cuts(text: String, messages: [String]) throws {
        #expect(try texts(.mbox, text) == messages)
        // The same with parts of 64 bytes and reads of one.
        let small = try reader(.mbox, Array(text.utf8), readByteCountMax: 1) { $0.partByteCountMax = 64 }.collect()
        #expect(small.map { String(decoding: $0.payload, as: UTF8.self) } == messages)
    }

    @Test func positionsAreThoseOfTheFile() throws {
        let text = "From a\n>From 1\n>From 2\n\nFrom b\nx\n\nFrom c\ny\n"
        for size in [1, 3, 1000] {
            let records = try reader(.mbox, Array(text.utf8), readByteCountMax: size).collect()
            #expect(records.map(\.position.line) == [2, 6, 9])
            #expect(records.map(\.position.offset) == [7, 31, 41])
        }
    }

    @Test(arguments: ["x", "from a\n", "\nFrom a\n", ">From a\n", "Fro", "Subject: x\n\nbody\n"])
    func refusesWhatIsNoMailbox(text: String) throws {
        let reader = reader(.mbox, Array(text.utf8)) { $0.skipsBad = true }
        for _ in 0..<2 {
            let error = #expect(throws: InputError.self) { try reader.next() }
            #expect(error?.code == .mboxNoFromLine && error?.position == InputPosition(line: 1, offset: 0))
        }
    }

    /// Random mailboxes, written from known messages: quoted lines, blank lines, lines longer than a part. Whatever the
    /// sizes of reads and parts, the messages come back.
    @Test func writtenMailboxesComeBack() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<60 {
            let messages = (0..<Int.random(in: 1...8, using: &generator)).map { _ in Self.message(&generator) }
            let mailbox = messages.flatMap(Self.written)
            var options = InputOptions()
            options.partByteCountMax = [64, 65, 100, 1000, 1 << 20].randomElement(using: &generator)!
            let source = randomSource(
                mailbox, seed: generator.next(), largest: [1, 10, 5000].randomElement(using: &generator)!)
            let records = try RecordReader(format: .mbox, source: source, options: options).collect()
            #expect(records.map(\.payload) == messages, "seed \(seed), parts of \(options.partByteCountMax)")
            // The same while the parts behind the first are passed over.
            let firstParts = RecordReader(
                format: .mbox, source: randomSource(mailbox, seed: generator.next()), options: options)
            for message in messages {
                let record = try #require(try firstParts.next())
                #expect(message.starts(with: record.payload), "seed \(seed)")
                #expect(!record.isComplete || record.payload.count == message.count, "seed \(seed)")
            }
            #expect(try firstParts.next() == nil)
        }
    }

    private static func message(_ generator: inout SeededGenerator) -> [UInt8] {
        let lines = ["", "", "From x", ">From y", ">>From ", "From", "> From z", "\r", "a: b", "plain", ">>>>"]
        var message: [UInt8] = []
        for _ in 0..<Int.random(in: 0...12, using: &generator) {
            message += lines.randomElement(using: &generator)!.utf8
            if Int.random(in: 0..<6, using: &generator) == 0 {
                message += [UInt8](repeating: 0x7A, count: Int.random(in: 1...300, using: &generator))
            }
            message.append(0x0A)
        }
        return message
    }

    /// The message as a mailbox holds it: a `From ` line, quoted lines, a blank line.
    private static func written(_ message: [UInt8]) -> [UInt8] {
        var written = Array("From someone\n".utf8)
        for line in message.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast() {
            if line.drop(while: { $0 == UInt8(ascii: ">") }).starts(with: "From ".utf8) {
                written.append(UInt8(ascii: ">"))
            }
            written += line + [0x0A]
        }
        return written + [0x0A]
    }

    @Test func aMessageOverTheLimitCanBeLeftOut() throws {
        let long = String(repeating: "0123456789\n", count: 100)
        let input = Array("From a\nx\n\nFrom b\n\(long)\nFrom c\ny\n".utf8)
        for part in [64, 4096] {
            let reader = reader(.mbox, input) {
                $0.partByteCountMax = part
                $0.recordByteCountMax = 500
            }
            #expect(try #require(try reader.next()).isComplete)
            let error = #expect(throws: InputError.self) {
                if let record = try reader.next() { _ = try reader.own(record) }
            }
            #expect(error?.code == .mailTooLong && error?.position.line == 5)
            #expect(try reader.collect().map(\.payload) == [Array("y\n".utf8)])
        }
    }

    @Test func aLongLineNeedsNoMoreThanAPart() throws {
        let byteCount = 40 << 20
        var produced = 0
        let head = Array("From a\n".utf8)
        let source = ClosureSource { buffer in
            if produced == 0 {
                buffer.copyBytes(from: head)
                produced = head.count
                return head.count
            }
            let count = min(buffer.count, head.count + byteCount - produced)
            buffer[..<count].initializeMemory(as: UInt8.self, repeating: 0x3E)
            produced += count
            return count
        }
        let reader = RecordReader(format: .mbox, source: source)
        let record = try #require(try reader.next())
        var total = record.payload.count
        while let part = try reader.readMore() {
            #expect(part.count <= 8 << 20)
            total += part.count
        }
        #expect(total == byteCount)
        #expect(try reader.next() == nil)
    }
}

struct MessageFileTests {
    @Test func theWholeFileIsTheRecord() throws {
        for text in ["", "\n", "x", "From a\n>From b\n\n", "Subject: x\r\n\r\nbody\r\n\r\n"] {
            let records = try reader(.eml, Array(text.utf8)).collect()
            #expect(records.map(\.payload) == [Array(text.utf8)])
            #expect(records[0].position == InputPosition(line: 1, offset: 0))
        }
    }

    @Test func largeFilesComeInParts() throws {
        for count in [63, 64, 65, 128, 1000] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
            let records = try reader(.eml, bytes, readByteCountMax: 7) { $0.partByteCountMax = 64 }.collect()
            #expect(records.map(\.payload) == [bytes])
            #expect(records[0].partCount == (count + 63) / 64)
        }
    }

    @Test func aFileOverTheLimitIsRefused() throws {
        for part in [64, 1000] {
            let reader = reader(.eml, [UInt8](repeating: 0x61, count: 300)) {
                $0.partByteCountMax = part
                $0.recordByteCountMax = 200
            }
            let error = #expect(throws: InputError.self) {
                if let record = try reader.next() { _ = try reader.own(record) }
            }
            #expect(error?.code == .mailTooLong && error?.isRecoverable == true)
            #expect(try reader.next() == nil)
        }
    }
}
