// A second opinion on queries of mail: Python's mailbox and email modules count senders and days in the same mailbox.

import Foundation
import Testing

@Suite struct MailboxQueryTests {
    private struct Opinion: Decodable {
        struct Count: Decodable {
            var key: String
            var count: Int
        }
        var messages: Int
        var senders: [Count]
        var days: [Count]
    }

    /// The most common senders, and the most common days (UTC) of dates whose zone is a number or a name at the end: a date without
    /// one is none for us.
    private static let script = #"""
        import collections, datetime, email, email.utils, json, mailbox, re, sys
        box, senders, days, count = mailbox.mbox(sys.argv[1], create=False), collections.Counter(), collections.Counter(), 0
        for key in box.keys():
            message, count = email.message_from_bytes(box.get_bytes(key)), count + 1
            values = [str(value) for value in message.get_all('from', [])]
            senders.update({a.lower() for _, a in email.utils.getaddresses(values) if a})
            date = str(message.get('date', ''))
            if re.search(r'\s([+-]\d{4}(\s*\([^)]*\))?|[A-Z]{2,3})\s*$', date):
                seconds = email.utils.mktime_tz(email.utils.parsedate_tz(date))
                days[str(datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).date())] += 1
        common = lambda counter, n: [{'key': key, 'count': count} for key, count in counter.most_common(n)]
        json.dump({'messages': count, 'senders': common(senders, 12), 'days': common(days, 12)}, sys.stdout)
        """#

    @Test(.enabled(if: Samples.shared != nil, "the shared data is not there")) func countsAreThoseOfPython() throws {
        let mailbox = try #require(Samples.shared) + "/mail-spamassassin/spamassassin.mbox"
        let python = Process()
        python.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        python.arguments = ["python3", "-c", Self.script, mailbox]
        let output = Pipe()
        python.standardOutput = output
        try python.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        python.waitUntilExit()
        if python.terminationStatus == 127 { return print("skipped: python3 is not installed") }
        let opinion = try JSONDecoder().decode(Opinion.self, from: bytes)
        let archive = try Workspace()
        let path = try archive.archive().path
        #expect(try Command.run(["append", path, mailbox, "--format", "mbox"]).status == 0)
        func count(_ selection: [String]) throws -> Int? {
            Int(try Command.run(["query", path, "--count"] + selection).text.trimmingCharacters(in: .newlines))
        }
        #expect(opinion.messages == 1_511 && opinion.senders.count == 12 && opinion.days.count == 12)
        #expect(try count([]) == opinion.messages)
        for sender in opinion.senders {
            #expect(try count(["--where", "from=\(sender.key)"]) == sender.count, "\(sender.key)")
        }
        for day in opinion.days {
            let end = try Date(day.key, strategy: .iso8601.year().month().day()).addingTimeInterval(86_400)
            let next = end.formatted(.iso8601.year().month().day())
            #expect(try count(["--from", day.key, "--to", next]) == day.count, "\(day.key)")
        }
    }
}
