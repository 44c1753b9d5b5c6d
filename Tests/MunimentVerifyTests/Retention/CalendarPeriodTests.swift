// The verifier's own calendar against one that counts days one by one.

import Testing

@testable import MunimentVerify

@Suite struct CalendarPeriodTests {
    private static let day: Int64 = 86_400_000_000

    /// Years, months and days by counting from 1970-01-01 on.
    private struct Counter {
        var (year, month, day, number) = (1970, 1, 1, Int64(0))

        static func dayCount(_ year: Int, _ month: Int) -> Int {
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
        }

        mutating func next() {
            number += 1
            day += 1
            if day > Counter.dayCount(year, month) { (day, month) = (1, month + 1) }
            if month > 12 { (month, year) = (1, year + 1) }
        }
    }

    /// Days since 1970 of the first of each month, for 500 years.
    private static let firsts: [Int64] = {
        var counter = Counter()
        var firsts: [Int64] = []
        while counter.year < 2_470 {
            if counter.day == 1 { firsts.append(counter.number) }
            counter.next()
        }
        return firsts
    }()

    @Test func monthsByTheCalendar() throws {
        for months in [1, 6, 11, 12, 13, 84, 1_200] {
            let period = try #require(CalendarPeriod("P\(months)M"))
            var counter = Counter()
            while counter.year < 2_030 {
                let month = (counter.year - 1_970) * 12 + counter.month - 1 + months
                let day = min(counter.day, Counter.dayCount(1_970 + month / 12, month % 12 + 1))
                let expected = (Self.firsts[month] + Int64(day) - 1) * Self.day + 7
                #expect(period.end(from: counter.number * Self.day + 7) == expected)
                counter.next()
            }
        }
    }

    @Test func spelling() throws {
        #expect(CalendarPeriod("forever") == .forever)
        #expect(CalendarPeriod("P1Y2M3W4DT5H6M7S") == .span(months: 14, days: 25, seconds: 18_367))
        #expect(CalendarPeriod("PT0S") == .span(months: 0, days: 0, seconds: 0))
        for text in [
            "", "P", "PT", "P1", "1Y", "P1YT", "P1D1D", "P1D2M", "PT1S1M", "P-1D", "P1.5D", "p1D", "P1H", "PT1D",
            "P1Y ", "P1000000000001D", "Forever",
        ] {
            #expect(CalendarPeriod(text) == nil, "\(text)")
        }
    }

    @Test func bounds() throws {
        let year = try #require(CalendarPeriod("P1Y"))
        #expect(year.end(from: .max) == nil && CalendarPeriod.forever.end(from: 0) == nil)
        #expect(CalendarPeriod("P1000000000000Y")?.end(from: .min) == nil)
        #expect(year.end(from: -Self.day) == 364 * Self.day)
        #expect(CalendarPeriod("PT0S")?.end(from: .min) == .min)
        #expect(CalendarPeriod.text(0) == "1970-01-01 00:00:00Z")
        #expect(CalendarPeriod.text(-1) == "1969-12-31 23:59:59Z")
        #expect(CalendarPeriod.text(1_709_210_096_000_000) == "2024-02-29 12:34:56Z")
    }

    /// Which period is never shorter, against every start of some years.
    @Test func comparison() throws {
        let texts = [
            "PT0S", "P1D", "P28D", "P29D", "P31D", "P1M", "P1M1D", "P59D", "P62D", "P2M", "P1Y", "P365D", "P366D",
            "P12M", "P4Y", "P1461D",
        ]
        let periods = try texts.map { try #require(CalendarPeriod($0)) }
        for (one, name) in zip(periods, texts) {
            for (other, otherName) in zip(periods, texts) {
                let isNeverShorter = (0..<1_500).allSatisfy { number in
                    let start = (11_000 + Int64(number)) * Self.day
                    return one.end(from: start) ?? 0 >= other.end(from: start) ?? 0
                }
                // Of four years and 1,461 days the leap year that is left out decides, in 2100.
                if [name, otherName].contains("P4Y") || [name, otherName].contains("P1461D") { continue }
                #expect(one.isAtLeast(other) == isNeverShorter, "\(name) and \(otherName)")
            }
            #expect(CalendarPeriod.forever.isAtLeast(one) && !one.isAtLeast(.forever))
        }
        let (years, days) = (try #require(CalendarPeriod("P4Y")), try #require(CalendarPeriod("P1461D")))
        #expect(days.isAtLeast(years) && !years.isAtLeast(days))
    }
}
