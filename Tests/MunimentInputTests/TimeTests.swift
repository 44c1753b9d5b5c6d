// Times as text in both directions, and retention periods: parsing, and addition by the calendar.

import Foundation
import MunimentFormat
import MunimentInput
import Testing

struct RFC3339Tests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1970-01-01T00:00:00.000001Z", 1), ("1969-12-31T23:59:59.999999Z", -1),
            ("2025-05-04T09:30:00.25Z", 1_746_351_000_250_000), ("2000-02-29T23:59:59Z", 951_868_799_000_000),
            ("0000-01-01T00:00:00Z", -62_167_219_200_000_000), ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
            ("1900-03-01T00:00:00Z", -2_203_891_200_000_000), ("2100-02-28T00:00:00Z", 4_107_456_000_000_000),
        ] as [(String, Int64)])
    func bothWays(text: String, microseconds: Int64) {
        #expect(RFC3339.string(microseconds) == text)
        #expect(RFC3339.microseconds(Array(text.utf8)) == microseconds)
    }

    @Test(arguments: [
        ("2024-05-02T14:20:00+02:00", "2024-05-02T12:20:00Z"), ("2024-05-02t12:20:00z", "2024-05-02T12:20:00Z"),
        ("2024-05-02 12:20:00Z", "2024-05-02T12:20:00Z"),
        ("2024-05-02T12:20:00.1234567899Z", "2024-05-02T12:20:00.123456Z"),
        ("2024-05-02T12:20:00.500000-23:59", "2024-05-03T12:19:00.5Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
        ("2016-12-31T23:59:60.9Z", "2017-01-01T00:00:00Z"), ("2024-01-01T00:00:00-00:00", "2024-01-01T00:00:00Z"),
    ])
    func reads(text: String, expected: String) {
        #expect(RFC3339.microseconds(Array(text.utf8)).map(RFC3339.string) == expected)
        #expect(RFC3339.microsecondsOrDate(Array(text.utf8)).map(RFC3339.string) == expected)
    }

    @Test(arguments: [
        "", "2024", "2024-05-02T", "2024-05-02T12:20Z", "2024-05-02T12:20:00", "2024-05-02T12:20:00+0200",
        "2024-5-2T12:20:00Z",
        "2024-13-01T00:00:00Z", "2024-00-01T00:00:00Z", "2023-02-29T00:00:00Z", "2024-04-31T00:00:00Z",
        "2024-01-01T24:00:00Z",
        "2024-01-01T00:60:00Z", "2024-01-01T00:00:61Z", "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00,5Z",
        "2024-01-01T00:00:00+24:00",
        "2024-01-01T00:00:00Zx", " 2024-01-01T00:00:00Z", "-2024-01-01T00:00:00Z", "0000-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "9999-12-31T23:59:60Z", "２024-01-01T00:00:00Z", "2024-01-01T00:00:00z+00:00",
    ])
    func refuses(text: String) {
        #expect(RFC3339.microseconds(Array(text.utf8)) == nil)
        #expect(RFC3339.microsecondsOrDate(Array(text.utf8)) == nil)
    }

    @Test func aDateAloneIsItsMidnight() {
        #expect(RFC3339.microsecondsOrDate(Array("2024-02-29".utf8)).map(RFC3339.string) == "2024-02-29T00:00:00Z")
        #expect(RFC3339.microseconds(Array("2024-02-29".utf8)) == nil)
        #expect(RFC3339.microsecondsOrDate(Array("2023-02-29".utf8)) == nil)
    }

    @Test func everyInt64HasText() {
        #expect(RFC3339.string(.min) == "-290308-12-21T19:59:05.224192Z")
        #expect(RFC3339.string(.max) == "+294247-01-10T04:00:54.775807Z")
        #expect(RFC3339.string(253_402_300_800_000_000) == "+010000-01-01T00:00:00Z")
        #expect(RFC3339.string(-62_167_219_200_000_001) == "-000001-12-31T23:59:59.999999Z")
    }

    /// Every day of four centuries, and random times, against Foundation.
    @Test func agreesWithFoundation() throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(identifier: "GMT"))
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        let days = stride(from: Int64(-40_000), to: 106_097, by: 13).map { $0 * 86_400 }
        let random = (0..<2000).map { _ in Int64.random(in: -12_000_000_000...253_402_300_799, using: &generator) }
        for seconds in days + random {
            let date = Date(timeIntervalSince1970: TimeInterval(seconds))
            let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: date)
            let text = String(
                format: "%04d-%02d-%02dT%02d:%02d:%02dZ", parts.year!, parts.month!, parts.day!, parts.hour!,
                parts.minute!,
                parts.second!)
            #expect(RFC3339.string(seconds * 1_000_000) == text, "seed \(seed)")
            #expect(RFC3339.microseconds(Array(text.utf8)) == seconds * 1_000_000, "seed \(seed)")
        }
    }
}

struct RetentionPeriodTests {
    @Test(arguments: [
        ("P7Y", 7, 0, 0, 0), ("P1Y6M", 1, 6, 0, 0), ("P2W", 0, 0, 14, 0), ("P1W1D", 0, 0, 8, 0),
        ("P1DT2H", 0, 0, 1, 7200),
        ("PT1S", 0, 0, 0, 1), ("PT1H1M1S", 0, 0, 0, 3661), ("P18M", 0, 18, 0, 0), ("P0D", 0, 0, 0, 0),
        ("P1Y2M3DT4H5M6S", 1, 2, 3, 14_706),
        ("P1M", 0, 1, 0, 0), ("PT1M", 0, 0, 0, 60),
    ])
    func parses(text: String, years: Int, months: Int, days: Int, seconds: Int) throws {
        let period = try #require(RetentionPeriod(text))
        #expect(period == RetentionPeriod(years: years, months: months, days: days, seconds: seconds))
        #expect(RetentionPeriod(period.description) == period)
    }

    @Test(arguments: [
        "", "P", "PT", "P1", "1Y", "p1y", "P1YT", "P-1Y", "P1.5Y", "P1M1Y", "P1Y1Y", "P1H", "PT1D", "PT1S1M", "P1Y ",
        " P1Y", "P１Y",
        "P1000000000001Y", "P99999999999999999999D", "PT999999999999H", "PY", "P1W1W", "forever", "PT1HT1M",
    ])
    func refuses(text: String) { #expect(RetentionPeriod(text) == nil) }

    @Test func shortestForm() {
        #expect(RetentionPeriod("P2W")?.description == "P14D")
        #expect(RetentionPeriod("PT90M")?.description == "PT1H30M")
        #expect(RetentionPeriod("P0Y")?.description == "PT0S")
        #expect(RetentionPeriod("P0D")?.isZero == true)
    }

    @Test(arguments: [
        ("2023-01-31T10:00:00Z", "P1M", "2023-02-28T10:00:00Z"),
        ("2024-01-31T10:00:00Z", "P1M", "2024-02-29T10:00:00Z"),
        ("2024-02-29T00:00:00.5Z", "P1Y", "2025-02-28T00:00:00.5Z"),
        ("2024-02-29T00:00:00Z", "P4Y", "2028-02-29T00:00:00Z"),
        ("2096-02-29T00:00:00Z", "P4Y", "2100-02-28T00:00:00Z"),
        ("2023-12-31T23:59:59Z", "P2M", "2024-02-29T23:59:59Z"),
        ("2023-11-30T00:00:00Z", "P1Y3M", "2025-02-28T00:00:00Z"),
        ("2023-01-31T00:00:00Z", "P1M1D", "2023-03-01T00:00:00Z"),
        ("2025-05-04T12:00:00Z", "P7Y", "2032-05-04T12:00:00Z"),
        ("1969-12-31T23:59:59.999999Z", "PT1S", "1970-01-01T00:00:00.999999Z"),
        ("1968-02-29T12:00:00Z", "P1Y", "1969-02-28T12:00:00Z"),
        ("2024-12-31T00:00:00Z", "P1DT24H", "2025-01-02T00:00:00Z"),
        ("0000-12-31T00:00:00Z", "P2M", "0001-02-28T00:00:00Z"),
        ("2024-03-31T00:00:00Z", "P11M", "2025-02-28T00:00:00Z"),
        ("2024-01-15T00:00:00Z", "P0D", "2024-01-15T00:00:00Z"),
    ])
    func adds(start: String, period: String, end: String) throws {
        let start = try #require(RFC3339.microseconds(Array(start.utf8)))
        #expect(try #require(RetentionPeriod(period)).added(to: start).map(RFC3339.string) == end)
    }

    @Test func additionNeverOverflows() {
        let max = RetentionPeriod.partMax
        for start in [Int64.min, -1, 0, Int64.max] {
            for period in [
                RetentionPeriod(years: max), RetentionPeriod(months: max), RetentionPeriod(days: max),
                RetentionPeriod(seconds: max),
                RetentionPeriod(years: max, months: max, days: max, seconds: max),
            ] {
                let isInRange = period == RetentionPeriod(seconds: max) && start != .max
                #expect(
                    (period.added(to: start) != nil)
                        == (isInRange || (start == .min && period.days == 0 && period.years == 0 && period.months == 0))
                )
            }
        }
        #expect(RetentionPeriod(seconds: 1).added(to: .max) == nil)
        #expect(RetentionPeriod().added(to: .min) == .min)
        #expect(RetentionPeriod(months: 1).added(to: .max) == nil)
        #expect(RetentionPeriod(years: 1).added(to: .min) != nil)
    }

    /// A later start may end earlier, by less than a day; the bound holds for all, and is reached.
    @Test func laterStartsMayEndEarlier() throws {
        let month = RetentionPeriod(months: 1)
        let noon = try #require(RFC3339.microseconds(Array("2023-01-30T12:00:00Z".utf8)))
        let morning = try #require(RFC3339.microseconds(Array("2023-01-31T06:00:00Z".utf8)))
        #expect(month.added(to: noon)! > month.added(to: morning)!)
        #expect(month.latestEnd(ofStartsUpTo: morning).map(RFC3339.string) == "2023-02-28T23:59:59.999999Z")
        #expect(month.latestEnd(ofStartsUpTo: .min) == month.added(to: .min))
        #expect(month.latestEnd(ofStartsUpTo: .max) == nil)
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<5000 {
            let period = RetentionPeriod(
                years: Int.random(in: 0...30, using: &generator), months: Int.random(in: 0...40, using: &generator),
                days: Int.random(in: 0...400, using: &generator),
                seconds: Int.random(in: 0...200_000, using: &generator))
            let start = Int64.random(in: -4_000_000_000_000_000...4_000_000_000_000_000, using: &generator)
            let later = start + Int64.random(in: 0...400_000_000_000, using: &generator)
            let bound = try #require(period.latestEnd(ofStartsUpTo: later))
            #expect(period.added(to: start)! <= bound, "seed \(seed)")
            #expect(
                period.added(to: later)! <= bound && bound - period.added(to: later)! < 86_400_000_000, "seed \(seed)")
        }
    }
}
