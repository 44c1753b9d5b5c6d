// Values out of text, and text out of values: JSON, times, periods, what reaches a terminal.

import MunimentFormat
import MunimentInput

extension FuzzTarget {
    static let textTargets: [FuzzTarget] = [json, times, output]

    private static func texts(_ texts: String...) -> @Sendable (VectorSamples) -> [[UInt8]] {
        { _ in texts.map { Array($0.utf8) } }
    }

    private static let json = FuzzTarget(
        "json",
        samples: texts(
            "{}", "[1,2,{\"a\":null}]", "\"\\ud83d\\ude00\"", "-1.5e+300", "1767323045.5", "\u{feff}1", "[[[", "nul")
    ) { bytes in
        guard let fault = JSONScanner.fault(in: bytes) else {
            try require(UTF8Check.isValid(bytes), "a JSON text that is not UTF-8")
            // Any white space around a text, and any array around it, is a text.
            let wrapped = Array(" [\t".utf8) + Array(bytes) + Array("\n]\r".utf8)
            let isDeep = withExactCopy(of: wrapped) { JSONScanner.fault(in: $0)?.reason }
            try require(isDeep == nil || isDeep == .tooDeep, "an array of a valid text is not valid")
            let value = bytes.drop { [0x20, 0x09, 0x0a, 0x0d].contains($0) }
            if let time = JSONTime.microseconds(UnsafeRawBufferPointer(rebasing: value)) {
                try require(
                    RFC3339.microseconds(Array(RFC3339.string(time).utf8)) == time, "a time can't be written and read")
            }
            return
        }
        try require((0...bytes.count).contains(fault.offset), "a fault outside of the text")
        try require(!fault.description.isEmpty, "a fault without a word")
    }

    private static let times = FuzzTarget(
        "times",
        samples: texts(
            "2026-01-02T03:04:05Z", "0000-01-01t00:00:00.123456789+23:59", "9999-12-31T23:59:60-00:01",
            "P1Y2M3W4DT5H6M7S", "PT0S", "2026-02-29")
    ) { bytes in
        for time in [RFC3339.microseconds(bytes), RFC3339.microsecondsOrDate(bytes)] {
            guard let time else { continue }
            let text = RFC3339.string(time)
            try require(RFC3339.microseconds(Array(text.utf8)) == time, "\(text) is read as another time")
        }
        var input = FuzzInput(bytes)
        let start = Int64(bitPattern: input.number())
        _ = RFC3339.string(start)
        guard let text = String(validating: bytes, as: UTF8.self), let period = RetentionPeriod(text) else { return }
        try require(RetentionPeriod(period.description) == period, "\(period) is read as another period")
        for start in [start, 0, .min, .max] {
            guard let end = period.added(to: start) else { continue }
            try require(end >= start, "a period that ends before it begins")
            let latest = period.latestEnd(ofStartsUpTo: start)
            try require(latest == nil || latest ?? end >= end, "an end after the latest one")
        }
    }

    /// Any bytes become valid JSON, and text that can't act on a terminal.
    private static let output = FuzzTarget(
        "output", samples: texts("plain", "\u{1b}[31m\u{202e}\\", "\u{0}\u{7f}\u{85}\u{2028}")
    ) { bytes in
        var writer = JSONWriter()
        writer.beginObject()
        writer.key(Array(bytes))
        writer.value(bytes)
        writer.key("text")
        writer.string(String(decoding: bytes, as: UTF8.self))
        writer.key("base64")
        writer.base64(bytes)
        writer.endObject()
        let fault = withExactCopy(of: writer.bytes) { JSONScanner.fault(in: $0) }
        try require(fault == nil, "written JSON is not JSON: \(fault.map(\.description) ?? "")")
        for text in [TerminalText.escaped(bytes), String(decoding: writer.bytes, as: UTF8.self)] {
            let isTame = text.unicodeScalars.allSatisfy { scalar in
                scalar.value >= 0x20 && !(0x7f...0x9f).contains(scalar.value)
                    && !(0x202a...0x202e).contains(scalar.value)
                    && !(0x2066...0x2069).contains(scalar.value) && scalar.value != 0x2028 && scalar.value != 0x200f
            }
            try require(isTame, "text that acts on a terminal")
        }
        try require(
            UTF8Check.isValid(bytes) == (String(validating: bytes, as: UTF8.self) != nil), "UTF-8 was misjudged")
    }
}
