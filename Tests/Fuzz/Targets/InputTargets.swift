// The readers of `append`'s formats. How the bytes arrive must not matter, and what they say of themselves must add up.

import MunimentFormat
import MunimentInput

extension FuzzTarget {
    static let inputTargets: [FuzzTarget] = InputFormat.allCases.map(input)

    /// Everything that a reader said of one input.
    private struct Transcript: Equatable {
        var payloads: [[UInt8]] = []
        var attributes: [[InputAttribute]] = []
        var times: [Int64?] = []
        var positions: [InputPosition] = []
        var errors: [InputError] = []
    }

    /// One byte of options and one of the greatest read, then the input.
    private static func input(_ format: InputFormat) -> FuzzTarget {
        FuzzTarget("input-\(format.rawValue)") { _ in
            inputs(format).flatMap { text in [[0, 0] + text, [1, 3] + text, [0b1110, 0] + text] }
        } run: { bytes in
            var input = FuzzInput(bytes)
            let options = options(input.byte())
            let readByteCountMax = 1 + Int(input.byte() % 97)
            let text = input.remainder
            let whole = try transcript(format, text, options, readByteCountMax: .max)
            try require(
                whole == transcript(format, text, options, readByteCountMax: readByteCountMax),
                "how the bytes arrive matters")
            try requireShape(format, text, whole, options)
        }
    }

    private static func options(_ bits: UInt8) -> InputOptions {
        var options = InputOptions()
        options.partByteCountMax = bits & 1 == 0 ? 1 << 16 : 64
        options.skipsBad = bits & 2 != 0
        if bits & 4 != 0 {
            options.fieldAttributes = [
                FieldAttribute(name: "a", field: "a"), FieldAttribute(name: "deep", field: "b.c"),
            ]
        }
        options.timeField = bits & 8 == 0 ? nil : "time"
        options.valueCountMax = bits & 16 == 0 ? 4_096 : 2
        options.recordByteCountMax = bits & 32 == 0 ? 1 << 30 : 200
        return options
    }

    private static func transcript(
        _ format: InputFormat, _ text: [UInt8], _ options: InputOptions, readByteCountMax: Int
    ) throws -> Transcript {
        let source = MemorySource(text, readByteCountMax: readByteCountMax)
        let reader = RecordReader(format: format, source: source, options: options)
        var transcript = Transcript()
        // Each round takes a byte at least, but for the one that finds the end.
        for _ in 0...text.count + 1 {
            do {
                guard let record = try reader.next() else { return transcript }
                var payload = Array(record.payload)
                while !record.isComplete, let part = try reader.readMore() {
                    try require(
                        !part.isEmpty && part.count <= options.partByteCountMax, "a part of \(part.count) bytes")
                    payload += part
                }
                try require(
                    record.byteCount.map { $0 == payload.count } ?? true, "a record of another length than announced")
                transcript.payloads.append(payload)
                transcript.attributes.append(record.attributes)
                transcript.times.append(record.occurredAt)
                transcript.positions.append(record.position)
            } catch let error as InputError {
                transcript.errors.append(error)
                guard error.isRecoverable else { return transcript }
            }
        }
        throw FuzzFinding("the reader does not come to an end")
    }

    private static func requireShape(
        _ format: InputFormat, _ text: [UInt8], _ transcript: Transcript, _ options: InputOptions
    ) throws {
        for attribute in transcript.attributes.joined() {
            guard case .text(let value) = attribute.value else { continue }
            try require(value.withUnsafeBytes(UTF8Check.isValid), "text that is not UTF-8")
        }
        for attributes in transcript.attributes {
            try require(
                attributes.count <= options.valueCountMax && Set(attributes).count == attributes.count,
                "attributes twice or too many")
        }
        let total = transcript.payloads.reduce(0) { $0 + $1.count }
        try require(total <= text.count, "more bytes came out than went in")
        guard transcript.errors.isEmpty, !options.skipsBad else { return }
        switch format {
        case .lines, .ndjson:
            var lines: [UInt8] = []
            for payload in transcript.payloads { lines += payload + [0x0a] }
            // JSON lines may end with an empty one.
            let rest = Array(text.dropFirst(lines.count))
            let isAll = rest.isEmpty && lines.starts(with: text) && lines.count <= text.count + 1
            let isAllButBlank =
                format == .ndjson && text.starts(with: lines) && [[0x0a], [0x0d], [0x0d, 0x0a]].contains(rest)
            try require(isAll || isAllButBlank, "lines that are not the input's")
        case .framed:
            var frames: [UInt8] = []
            for payload in transcript.payloads {
                frames.append(littleEndian: UInt32(payload.count))
                frames += payload
            }
            try require(frames == text, "frames that are not the input's")
        case .eml: try require(transcript.payloads == [text], "a message that is not the input")
        case .mbox: break
        }
    }

    /// Small inputs of each format, good and bad.
    private static func inputs(_ format: InputFormat) -> [[UInt8]] {
        switch format {
        case .lines: ["", "\n", "one\ntwo\r\n\nfour", "\u{e9}\u{0}\n"].map { Array($0.utf8) }
        case .ndjson:
            [
                #"{"a": 1, "b": {"c": [1, "x", null, {"d": 2}]}, "time": "2026-01-02T03:04:05.678Z"}"# + "\n"
                    + #"{"a":"\u00e9\ud83d\ude00"}"#,
                #"[1, 2.5e-3, true, false, null, "\\\"\/\b\f\n\r\t"]"# + "\n{}\n"
                    + #"{"time": 1767323045678, "b.c": -9223372036854775808}"# + "\n",
                "{\"a\": 1\nnot json\n\n[[[[\n", #"{"b":{"c":"#,
            ].map { Array($0.utf8) }
        case .framed:
            [[], [0, 0, 0, 0], [3, 0, 0, 0, 1, 2, 3, 1, 0, 0, 0, 9], [9, 0, 0, 0, 1], [255, 255, 255, 255, 0]]
        case .eml: [Array(mail.utf8), [], Array("\n".utf8)]
        case .mbox:
            [
                Array(
                    ("From a@b.example Thu Jan  1 00:00:00 2026\n" + mail
                        + "\nFrom b@c.example Thu Jan  1 00:00:01 2026\n\n>From here\n>>From there\n").utf8),
                Array("no From line\n".utf8), Array("From x\n\nFrom y\nFrom z".utf8),
            ]
        }
    }

    private static let mail = """
        From: "Last, First" <First.Last@Example.ORG> (comment (nested))
        To: group: a@b.example, =?utf-8?q?J=C3=B6rg?= <j@c.example>;, \t
         folded@d.example
        Cc: <@route.example:e@f.example>
        Subject: =?iso-8859-1?B?4Ok=?= =?utf-8?q?_x?=
        Date: Fri, 02 Jan 2026 03:04:05 +0100 (CET)
        Message-ID: <1@example.org>

        Body with \u{e9}
        """
}
