// Lines and frames: what is a record, where it begins, how a large one comes in parts, and what is refused.

import Foundation
import Glibc
import MunimentInput
import Testing

struct LineTests {
    @Test(arguments: [
        ("", []), ("a", ["a"]), ("a\n", ["a"]), ("a\nb", ["a", "b"]), ("\n", [""]), ("\n\n", ["", ""]),
        ("a\r\nb\r\n", ["a\r", "b\r"]), ("a\n\nb\n", ["a", "", "b"]), ("\r", ["\r"]),
    ])
    func cuts(text: String, records: [String]) throws {
        #expect(try texts(.lines, text) == records)
    }

    @Test func positionsCountLinesAndBytes() throws {
        let records = try reader(.lines, Array("one\n\nthree\nfour".utf8)).collect()
        #expect(records.map(\.position.line) == [1, 2, 3, 4])
        #expect(records.map(\.position.offset) == [0, 4, 5, 11])
    }

    @Test func bytesOfEveryValueAreKept() throws {
        let line = (0...255).map(UInt8.init).filter { $0 != 0x0A }
        #expect(try reader(.lines, line + [0x0A] + line).collect().map(\.payload) == [line, line])
    }

    /// Line lengths around the size of a part, where the newline is the next byte, or the input ends, or neither.
    @Test func longLinesComeInParts() throws {
        for length in [63, 64, 65, 127, 128, 129, 1000] {
            let line = (0..<length).map { UInt8(ascii: "a") + UInt8($0 % 26) }
            for ending in [[], [0x0A], [0x0A, 0x0A], [0x0A] + line] {
                let reader = reader(.lines, line + ending) { $0.partByteCountMax = 64 }
                let records = try reader.collect()
                #expect(records[0].payload == line)
                #expect(records[0].partCount == max(1, (length + 63) / 64))
                #expect(records.count == (ending.count <= 1 ? 1 : 2))
            }
        }
    }

    @Test func unreadPartsArePassedOver() throws {
        let long = [UInt8](repeating: 0x61, count: 1000)
        let reader = reader(.lines, long + [0x0A, 0x62, 0x0A] + long) { $0.partByteCountMax = 64 }
        #expect(try #require(try reader.next()).isComplete == false)
        let second = try #require(try reader.next())
        #expect(Array(second.payload) == [0x62] && second.position == InputPosition(line: 2, offset: 1001))
        #expect(try #require(try reader.next()).position == InputPosition(line: 3, offset: 1003))
        #expect(try reader.next() == nil)
        #expect(try reader.readMore() == nil)
    }

    @Test func aLineOverTheLimitIsRefusedAndLeftOut() throws {
        let input = [UInt8](repeating: 0x61, count: 300) + [0x0A, 0x62]
        let configure: (inout InputOptions) -> Void = {
            $0.partByteCountMax = 64
            $0.recordByteCountMax = 200
        }
        let strict = reader(.lines, input, configure)
        let first = try #require(try strict.next())
        let error = #expect(throws: InputError.self) { _ = try strict.own(first) }
        #expect(error?.code == .lineTooLong && error?.position == InputPosition(line: 1, offset: 0))
        #expect(try #require(try strict.next()).payload.first == 0x62)
    }

    @Test func bufferedRecordsNeedNoRead() throws {
        let reader = reader(.lines, Array("a\nb\nc".utf8), readByteCountMax: 4)
        #expect(!reader.hasBufferedRecord)
        _ = try reader.next()
        #expect(reader.hasBufferedRecord)
        _ = try reader.next()
        #expect(!reader.hasBufferedRecord)
        _ = try reader.next()
        #expect(try reader.next() == nil)
        #expect(!reader.hasBufferedRecord)
    }

    @Test func aFailingSourceIsAnInputError() throws {
        var reads = 0
        let source = ClosureSource { buffer in
            reads += 1
            guard reads != 2 else { throw SystemCallError(code: 5) }
            buffer.copyBytes(from: [0x61, 0x0A, 0x62])
            return 3
        }
        let reader = RecordReader(format: .lines, source: source)
        #expect(try #require(try reader.next()).payload.count == 1)
        let error = #expect(throws: InputError.self) { try reader.next() }
        #expect(error?.code == .read && error?.position.offset == 3 && error?.isRecoverable == false)
        #expect(error?.message.contains("Input/output error") == true)
        #expect(throws: try #require(error)) { try reader.next() }
    }
}

struct FileSourceTests {
    /// A pipe that does not block, written to by another process in pieces.
    @Test func waitsForAPipeThatDoesNotBlock() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", "printf a; sleep 0.1; printf 'b\\nc\\n'; sleep 0.1; printf d"]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let descriptor = pipe.fileHandleForReading.fileDescriptor
        #expect(fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0)
        let records = try RecordReader(format: .lines, source: FileSource(borrowing: descriptor)).collect()
        #expect(records.map(\.payload) == ["ab", "c", "d"].map { Array($0.utf8) })
        process.waitUntilExit()
    }

    @Test func whatCannotBeReadIsNamed() throws {
        let error = #expect(throws: SystemCallError.self) { try FileSource(path: "/nonexistent/file") }
        #expect(error?.description == "No such file or directory")
        let folder = try RecordReader(format: .eml, source: FileSource(path: "/"))
        let refusal = #expect(throws: InputError.self) { try folder.next() }
        #expect(refusal?.code == .read && refusal?.message.contains("Is a directory") == true)
    }
}

struct FrameTests {
    static func frame(_ bytes: [UInt8]) -> [UInt8] {
        withUnsafeBytes(of: UInt32(bytes.count).littleEndian) { Array($0) } + bytes
    }

    @Test func readsFrames() throws {
        let bodies: [[UInt8]] = [[], [1], [10, 10], Array(repeating: 7, count: 300), []]
        let input = bodies.flatMap(Self.frame)
        #expect(Array(input[4..<9]) == [1, 0, 0, 0, 1])
        let records = try reader(.framed, input) { $0.partByteCountMax = 64 }.collect()
        #expect(records.map(\.payload) == bodies)
        #expect(records.map(\.partCount) == [1, 1, 1, 5, 1])
        #expect(records.map(\.position.offset) == [0, 4, 9, 15, 319])
        #expect(records.allSatisfy { $0.position.line == nil })
    }

    /// Every proper prefix of two frames: what is whole comes out, then the cut is named by its frame's offset.
    @Test func everyTruncationIsFound() throws {
        let input = Self.frame([1, 2, 3]) + Self.frame([4, 5])
        for count in 0..<input.count {
            let reader = reader(.framed, Array(input.prefix(count)))
            if count == 0 || count == 7 {
                #expect(try reader.collect().count == (count == 0 ? 0 : 1))
                continue
            }
            var whole = 0
            let error = #expect(throws: InputError.self) {
                while try reader.next() != nil { whole += 1 }
            }
            #expect(whole == (count < 7 ? 0 : 1))
            #expect(error?.code == .framedTruncated && error?.position.offset == (count < 7 ? 0 : 7))
            #expect(error?.isRecoverable == false)
            #expect(throws: InputError.self) { try reader.next() }
        }
    }

    @Test func aFrameOverTheLimitCanBeLeftOut() throws {
        let input = Self.frame([1]) + Self.frame(Array(repeating: 2, count: 500)) + Self.frame([3])
        let strict = reader(.framed, input) { $0.recordByteCountMax = 499 }
        _ = try strict.next()
        #expect(throws: InputError.self) { try strict.next() }
        let lenient = reader(.framed, input) {
            $0.recordByteCountMax = 499
            $0.partByteCountMax = 64
            $0.skipsBad = true
        }
        #expect(try lenient.collect().map(\.payload) == [[1], [3]])
        #expect(lenient.skippedCount == 1)
    }

    @Test func aHugeLengthAllocatesNothing() throws {
        let reader = reader(.framed, [0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3]) { $0.recordByteCountMax = .max }
        let error = #expect(throws: InputError.self) { try reader.next() }
        #expect(error?.message.contains("3 of the 4294967295 bytes") == true)
    }

    /// 100 MB in one frame, from a source that makes the bytes up: every part arrives, none larger than a part.
    @Test func aHundredMegabytesStream() throws {
        let byteCount = 100_000_000
        var produced = -4
        let source = ClosureSource { buffer in
            if produced < 0 {
                buffer.storeBytes(of: UInt32(byteCount).littleEndian, as: UInt32.self)
                produced = 0
                return 4
            }
            let count = min(buffer.count, byteCount - produced)
            buffer[..<count].initializeMemory(as: UInt8.self, repeating: UInt8(truncatingIfNeeded: produced >> 16))
            produced += count
            return count
        }
        let reader = RecordReader(format: .framed, source: source)
        let record = try #require(try reader.next())
        #expect(record.byteCount == byteCount && record.payload.count == 8 << 20)
        var total = record.payload.count
        while let part = try reader.readMore() {
            #expect(part.count <= 8 << 20)
            total += part.count
        }
        #expect(total == byteCount)
        #expect(try reader.next() == nil)
    }
}

struct ChunkTests {
    /// Bytes put together from what each format gives a meaning: no run traps, what comes out is in the input, and the
    /// sizes of reads do not matter.
    @Test(arguments: InputFormat.allCases)
    func arbitraryBytesAreHarmless(format: InputFormat) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        let pieces: [[UInt8]] =
            [
                "From ", ">From ", "\n", "\r\n", "\n\n", "To: ", "Subject: =?utf-8?", "q?", "?=", "Date: 1 Jan 2002 ",
                "\"", "\\", "<", ">",
                "(", ")", "@", ",", ":", ";", "[", "]", "{", "}", "{\"a\":", "1e", "-", "0", "null", "\\u12", " ", "\t",
                "é", "a.b",
            ].map { Array($0.utf8) } + [[0], [0xFF], [0xC3], [5, 0, 0, 0], [200, 0, 0, 0]]
        for _ in 0..<1500 {
            let input = (0..<Int.random(in: 0...60, using: &generator)).flatMap { _ in
                pieces.randomElement(using: &generator)!
            }
            var options = InputOptions()
            options.partByteCountMax = 64
            options.recordByteCountMax = 300
            options.fieldAttributes = [FieldAttribute(name: "a", field: "a.b")]
            options.timeField = "a"
            let whole = Self.outcome(format, MemorySource(input), options)
            let bytewise = Self.outcome(format, MemorySource(input, readByteCountMax: 1), options)
            #expect(whole == bytewise, "seed \(seed)")
            #expect(whole.records.reduce(0) { $0 + $1.payload.count } <= input.count, "seed \(seed)")
        }
    }

    private struct Outcome: Equatable {
        var records: [OwnedRecord] = []
        var errors: [InputError] = []
    }

    private static func outcome(_ format: InputFormat, _ source: MemorySource, _ options: InputOptions) -> Outcome {
        let reader = RecordReader(format: format, source: source, options: options)
        var outcome = Outcome()
        while true {
            do {
                guard let record = try reader.next() else { return outcome }
                outcome.records.append(try reader.own(record))
            } catch {
                outcome.errors.append(error)
                if !error.isRecoverable { return outcome }
            }
        }
    }

    /// Whatever the sizes of the source's reads, the records are the same.
    @Test(arguments: [InputFormat.lines, .ndjson, .framed])
    func readSizesDoNotMatter(format: InputFormat) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        var input: [UInt8] = []
        for _ in 0..<400 {
            let size = Int.random(in: 0...2000, using: &generator)
            let body = (0..<size).map { _ in UInt8.random(in: 0x61...0x7A, using: &generator) }
            switch format {
            case .ndjson: input += Array("{\"n\":\"".utf8) + body + Array("\"}\n".utf8)
            case .framed: input += FrameTests.frame(body)
            default: input += body + [0x0A]
            }
        }
        let expected = try reader(format, input) { $0.partByteCountMax = 4096 }.collect()
        #expect(expected.count == 400, "seed \(seed)")
        var options = InputOptions()
        options.partByteCountMax = 4096
        for largest in [1, 7, 4096, 65_536] {
            let source = randomSource(input, seed: seed, largest: largest)
            let records = try RecordReader(format: format, source: source, options: options).collect()
            #expect(records == expected, "seed \(seed), reads of up to \(largest)")
        }
    }
}
