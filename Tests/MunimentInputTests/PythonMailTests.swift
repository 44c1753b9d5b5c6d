// A second opinion on mail: Python's mailbox and email modules read the same bytes in another process. Message bytes
// must be equal; addresses, dates and subjects may differ only in the cases that are stated below, each for a reason.

import Foundation
import MunimentInput
import Testing

/// What Python says of one message.
private struct SecondOpinion: Decodable {
    struct Address: Decodable {
        var raw: [String]
        var addresses: [String]?
    }

    struct Subject: Decodable {
        var raw: String
        var decoded: String?
    }

    var payload: String
    var from: Address
    var to: Address
    var cc: Address
    var dates: [Date]
    var subjects: [Subject]

    struct Date: Decodable {
        var raw: String
        var seconds: Int64?
        var hasZone: Bool
    }
}

private enum Python {
    /// Prints a line of JSON for each message of a mailbox, or for each file.
    private static let script = #"""
        import base64, email, email.header, email.utils, json, mailbox, re, sys, warnings
        warnings.simplefilter('ignore')

        def addresses(message, name):
            raw = [str(value) for value in message.get_all(name, [])]
            try:
                found = sorted({a.lower() for _, a in email.utils.getaddresses(raw) if a})
            except RecursionError:
                found = None
            return {'raw': raw, 'addresses': found}

        def date(raw):
            try:
                parsed = email.utils.parsedate_tz(raw)
                seconds = None if parsed is None else email.utils.mktime_tz(parsed)
            except Exception:
                parsed = seconds = None
            has_zone = bool(re.search(r'\d\s*([+-]\d{4}|[A-Za-z]{1,5})\b[^:]*$', re.sub(r'\([^)]*\)', '', raw)))
            return {'raw': raw, 'seconds': seconds, 'hasZone': has_zone}

        def subject(raw):
            try:
                decoded = str(email.header.make_header(email.header.decode_header(raw)))
            except Exception:
                decoded = None
            return {'raw': str(raw), 'decoded': decoded}

        def opinion(payload):
            message = email.message_from_bytes(payload)
            json.dump({
                'payload': base64.b64encode(payload).decode(),
                'from': addresses(message, 'from'), 'to': addresses(message, 'to'), 'cc': addresses(message, 'cc'),
                'dates': [date(str(value)) for value in message.get_all('date', [])],
                'subjects': [subject(value) for value in message.get_all('subject', [])],
            }, sys.stdout)
            print()

        if sys.argv[1] == 'mbox':
            box = mailbox.mbox(sys.argv[2], create=False)
            for key in box.keys():
                opinion(re.sub(rb'^>(>*From )', rb'\1', box.get_bytes(key), flags=re.M))
        else:
            for path in sys.argv[2:]:
                with open(path, 'rb') as file:
                    opinion(file.read())
        """#

    /// Nil where there is no Python.
    static func opinions(_ arguments: [String]) throws -> [SecondOpinion]? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus != 127 else {
            print("skipped: python3 is not installed")
            return nil
        }
        try #require(process.terminationStatus == 0, "the Python script failed")
        return try bytes.split(separator: 0x0A).map { try JSONDecoder().decode(SecondOpinion.self, from: $0) }
    }
}

struct PythonMailTests {
    /// How many messages may differ from Python in each respect, and did.
    private struct Tally {
        var addresses = 0
        var dates = 0
        var subjects = 0
    }

    private func compare(_ records: [OwnedRecord], _ opinions: [SecondOpinion]) throws -> Tally {
        var tally = Tally()
        try #require(records.count == opinions.count)
        for (record, opinion) in zip(records, opinions) {
            #expect(Data(record.payload) == Data(base64Encoded: opinion.payload), "\(record.position)")
            compareAddresses(record, opinion, &tally)
            compareDates(record, opinion, &tally)
            compareSubjects(record, opinion, &tally)
        }
        return tally
    }

    private func texts(_ record: OwnedRecord, _ name: String) -> [String] {
        record.attributes.compactMap { attribute in
            guard attribute.name == Array(name.utf8) else { return nil }
            switch attribute.value {
            case .text(let bytes), .bytes(let bytes): return String(decoding: bytes, as: UTF8.self)
            case .integer: return nil
            }
        }
    }

    /// Differences that are fine: a colon within brackets, which Python takes for a group; text without brackets around
    /// an address, which it joins; bytes beyond ASCII, which it replaces; a name that looks like a second address; a
    /// blank before the field's colon, where it ends the section; a list on which it recurses too deep.
    private func compareAddresses(_ record: OwnedRecord, _ opinion: SecondOpinion, _ tally: inout Tally) {
        for (name, theirs) in [("from", opinion.from), ("to", opinion.to), ("cc", opinion.cc)] {
            let ours = Set(texts(record, name)).sorted()
            guard ours != theirs.addresses else { continue }
            tally.addresses += 1
            let raw = theirs.raw.joined(separator: ",")
            let isKnown =
                theirs.addresses == nil || raw.contains(/<[^>]*:/) || !raw.allSatisfy(\.isASCII)
                || raw.contains("\u{FFFD}")
                || raw.contains(/@[^<,]*</) || !raw.contains("<")
                || theirs.raw.isEmpty && String(decoding: record.payload.prefix(64), as: UTF8.self).contains(/^\w+ :/)
            #expect(isKnown, "\(name): ours \(ours), Python's \(theirs.addresses ?? []), of \(raw)")
        }
    }

    /// Differences that are fine: Python reads a date without a zone as UTC, and what is no date by RFC 5322 as best it
    /// can; of several Dates ours is the first that can be read.
    private func compareDates(_ record: OwnedRecord, _ opinion: SecondOpinion, _ tally: inout Tally) {
        let theirs = opinion.dates.map(\.seconds)
        if let ours = record.occurredAt {
            guard !theirs.contains(ours / 1_000_000) else { return }
            tally.dates += 1
            let isKnown = theirs.isEmpty || opinion.dates.contains { $0.raw.contains(/\d\s*\([^)]*\)\s*[+-]\d{4}/) }
            #expect(isKnown, "ours \(RFC3339.string(ours)), of \(opinion.dates)")
        } else if opinion.dates.contains(where: { $0.seconds != nil }) {
            tally.dates += 1
            let isKnown = opinion.dates.allSatisfy { date in
                date.seconds == nil || !date.hasZone || date.raw.contains(/\s[3-9]\d:|\sH\d{4}|GMT[+-]/)
            }
            #expect(isKnown, "ours none, of \(opinion.dates)")
        }
    }

    /// Differences that are fine: a character set that is not decoded here; bytes beyond ASCII, which Python replaces;
    /// blanks around a value.
    private func compareSubjects(_ record: OwnedRecord, _ opinion: SecondOpinion, _ tally: inout Tally) {
        let ours = texts(record, "subject")
        let theirs = opinion.subjects.compactMap(\.decoded).map(Self.normalized).filter { !$0.isEmpty }
        guard ours.map(Self.normalized) != theirs else { return }
        tally.subjects += 1
        let isKnown =
            ours.contains { $0.contains("=?") } || opinion.subjects.contains { !$0.raw.allSatisfy(\.isASCII) }
            || theirs.contains { $0.contains("\u{FFFD}") } || theirs.isEmpty
        #expect(isKnown, "ours \(ours), Python's \(theirs)")
    }

    private static func normalized(_ text: String) -> String {
        String(text.unicodeScalars.filter { $0 != "\r" && $0 != "\n" }).trimmingCharacters(in: .whitespaces)
    }

    private static let sample = """
        From alice@example.org Thu May  2 12:20:00 2024
        From: Alice <Alice@Example.org>
        To: bob@example.org, "Carol, C." <carol@example.org>
        Date: Thu, 2 May 2024 12:20:00 +0200
        Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=

        Hello
        >From here on,
        >>From there,
        all is quoted.

        From bob@example.org Thu May  2 12:21:00 2024
        From: bob@example.org
        Cc: Team: alice@example.org, dave@example.org;
        Date: 2 May 24 10:21 GMT
        Subject: folded
         subject

        From unquoted
        the end

        """

    @Test func theSampleMailbox() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("sample-\(UUID().uuidString).mbox")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(Self.sample.utf8).write(to: file)
        guard let opinions = try Python.opinions(["mbox", file.path]) else { return }
        let records = try reader(.mbox, Array(Self.sample.utf8)).collect()
        #expect(records.count == 3)
        let tally = try compare(records, opinions)
        #expect(tally.addresses == 0 && tally.dates == 0 && tally.subjects == 0)
    }

    @Test func theSpamAssassinMailbox() throws {
        guard let url = SharedData.url("mail-spamassassin/spamassassin.mbox") else { return }
        let records = try RecordReader(format: .mbox, source: FileSource(path: url.path)).collect()
        #expect(records.count == 1511)
        let seed = UInt64.random(in: 0...UInt64.max)
        let chunked = try RecordReader(format: .mbox, source: randomSource(url.readBytes(), seed: seed)).collect()
        #expect(chunked == records, "seed \(seed)")
        guard let opinions = try Python.opinions(["mbox", url.path]) else { return }
        let tally = try compare(records, opinions)
        #expect(tally.addresses <= 3 && tally.dates <= 8 && tally.subjects <= 5)
    }

    @Test func theHostileMessages() throws {
        let files = try SharedData.files("hostile-email")
        guard !files.isEmpty else { return }
        let records = try files.map { file in
            let bytes = try file.readBytes()
            let records = try RecordReader(format: .eml, source: FileSource(path: file.path)).collect()
            #expect(records.map(\.payload) == [bytes])
            return records[0]
        }
        #expect(records.count >= 295)
        guard let opinions = try Python.opinions(["eml"] + files.map(\.path)) else { return }
        let tally = try compare(records, opinions)
        #expect(tally.addresses <= 12 && tally.dates <= 6 && tally.subjects <= 40)
    }
}
