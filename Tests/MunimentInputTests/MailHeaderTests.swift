// Header fields: addresses, message ids, subjects and dates, from the examples of RFC 5322 and 2047 to what senders get
// wrong and what an attacker would send.

import MunimentInput
import Testing

/// The attributes of a message whose header section is `headers`.
private func record(_ headers: String) throws -> OwnedRecord { try record(Array(headers.utf8)) }

private func record(_ bytes: [UInt8]) throws -> OwnedRecord {
    let reader = reader(.eml, bytes)
    let record = try #require(try reader.next())
    return try reader.own(record)
}

extension OwnedRecord {
    fileprivate func values(_ name: String) -> [InputAttribute.Value] {
        attributes.filter { $0.name == Array(name.utf8) }.map(\.value)
    }

    fileprivate func texts(_ name: String) -> [String] {
        values(name).map {
            switch $0 {
            case .text(let bytes): String(decoding: bytes, as: UTF8.self)
            case .bytes(let bytes): "bytes \(bytes)"
            case .integer(let value): "integer \(value)"
            }
        }
    }
}

struct HeaderSectionTests {
    @Test func takesTheFieldsInAnyCaseAndFolding() throws {
        let record = try record(
            "From: A <A@Example.ORG>\r\nTO:b@x\r\ncC :\tc@x,\r\n d@x\r\nMessage-ID:\r\n <ID.1@x>\r\nsubject: one\r\n\ttwo  three \r\n"
                + "Date: Thu, 2 May 2024\r\n 12:20:00 +0000\r\nBcc: secret@x\r\n\r\nFrom: body@x\r\n")
        #expect(record.attributes.count == 6)
        #expect(record.texts("from") == ["a@example.org"])
        #expect(record.texts("to") == ["b@x"])
        #expect(record.texts("cc") == ["c@x", "d@x"])
        #expect(record.texts("message-id") == ["ID.1@x"])
        #expect(record.texts("subject") == ["one\ttwo  three"])
        #expect(record.occurredAt == 1_714_652_400_000_000)
    }

    @Test(arguments: [
        ("Subject: a\n\nSubject: b\n", ["a"]), ("Subject: a\nno field\nSubject: b\n", ["a"]),
        ("Subject: a\nSubject: b\nSubject: a\n", ["a", "b"]), ("From x@y Thu\nSubject: a\n", ["a"]),
        (">From x@y Thu\nSubject: a\n", ["a"]), (" folded\nSubject: a\n", ["a"]), (": nameless\nSubject: a\n", ["a"]),
        ("Subject:\n\n", []), ("Subject: \r\n \r\n\r\n", []), ("Subject: a", ["a"]), ("Sub ject: a\n", []), ("", []),
        ("\n", []), ("Subject", []), ("SUBJECT\t : a\n", ["a"]), ("\u{FEFF}Subject: a\n", []),
        ("Subject: \u{0}\n", ["\u{0}"]),
    ])
    func sections(text: String, subjects: [String]) throws {
        #expect(try record(text).texts("subject") == subjects)
    }

    @Test(arguments: [
        ("<a@b>", "a@b"), ("a@b", "a@b"), (" < a@b > (c)", "a@b"), ("<A.B@c> <d@e>", "A.B@c"),
        ("<unclosed", "<unclosed"),
    ])
    func messageIDs(value: String, expected: String) throws {
        #expect(try record("Message-ID: \(value)\n\n").texts("message-id") == [expected])
    }

    @Test func bytesThatAreNotUTF8AreKept() throws {
        let record = try record(
            Array("Subject: caf".utf8) + [0xE9, 0x0A] + Array("From: ".utf8) + [0xFF] + Array("@x\n".utf8))
        #expect(record.values("subject") == [.bytes(Array("caf".utf8) + [0xE9])])
        #expect(record.values("from") == [.bytes([0xFF, 0x40, 0x78])])
    }

    @Test func aHugeSectionIsBounded() throws {
        let filler = "X-Filler: " + String(repeating: "x", count: 90) + "\n"
        let section = String(repeating: filler, count: 12_000)
        #expect(try record(section + "Subject: late\n\n").texts("subject") == [])
        let recipients = (0..<5000).map { "u\($0)@x" }.joined(separator: ", ")
        let reader = reader(.eml, Array("Subject: s\nTo: \(recipients)\n\n".utf8))
        let record = try #require(try reader.next())
        #expect(record.attributes.count == 4096 && record.omittedValueCount == 905)
    }

    /// Shapes on which a careless parser takes quadratic time or recurses; each is a mebibyte.
    @Test(
        .timeLimit(.minutes(1)),
        arguments: ["(", "\"", "\\\"", "<", "[", "=?a?q?", "=?utf-8?q?x", "@", ",", "a@b ", ":", ";", "(\\"])
    func hostileRuns(piece: String) throws {
        let run = String(repeating: piece, count: (1 << 20) / piece.utf8.count)
        for name in ["To", "Subject", "Date", "Message-ID"] {
            let record = try record("\(name): \(run)\n\nx")
            #expect(record.attributes.count <= 4096)
            #expect(record.payload.count > 1 << 20 - 16)
        }
    }
}

struct AddressTests {
    @Test(arguments: [
        // RFC 5322, appendix A.
        ("John Doe <jdoe@machine.example>", ["jdoe@machine.example"]),
        ("\"Joe Q. Public\" <john.q.public@example.com>", ["john.q.public@example.com"]),
        (
            "Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>",
            ["mary@x.test", "jdoe@example.org", "one@y.test"]
        ),
        (
            "<boss@nil.test>, \"Giant; \\\"Big\\\" Box\" <sysservices@example.net>",
            ["boss@nil.test", "sysservices@example.net"]
        ),
        (
            "A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;",
            ["c@a.test", "joe@where.test", "jdoe@one.test"]
        ),
        ("Undisclosed recipients:;", []),
        ("Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", ["pete@silly.test"]),
        (
            "A Group(Some people)\r\n :Chris Jones <c@(Chris's host.)public.example>, joe@example.org",
            [
                "c@public.example", "joe@example.org",
            ]
        ),
        ("(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;", []),
        ("Joe Q. Public <john.q.public@example.com>", ["john.q.public@example.com"]),
        (
            "Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example",
            ["mary@example.net", "jdoe@test.example"]
        ),
        ("<@a.test,@b.test:c@d.test>, e@f", ["c@d.test", "e@f"]),
        ("John Doe <jdoe@machine(comment).  example>", ["jdoe@machine.example"]),
        // Quoted local parts and literals.
        ("\"John Doe\"@Example.com", ["\"john doe\"@example.com"]), ("\"a,b@c\" <d@e>", ["d@e"]),
        ("user@[IPv6:2001:db8::1], <u@[10.0.0.1]>", ["user@[ipv6:2001:db8::1]", "u@[10.0.0.1]"]),
        // What senders get wrong.
        ("a@b c@d", ["a@b", "c@d"]), ("Big Bug bb@bug.com", ["bb@bug.com"]), ("name@home <real@x>", ["real@x"]),
        ("\"Unclosed <a@b>, c@d", ["a@b", "c@d"]), ("(unclosed <a@b>", ["a@b"]), ("<a@b, <c@d>", ["a@b", "c@d"]),
        ("<<a@b>>", ["a@b"]),
        ("a @ b", ["a@b"]), ("root", ["root"]), ("John Smith", []), ("\"Name\"", []), ("=?utf-8?q?Name?=", []),
        ("<>", []),
        ("", []), (",;,", []), ("A@B, a@b", ["a@b"]), ("mö@exämple.net", ["mö@exämple.net"]), ("ÄB@x", ["Äb@x"]),
    ])
    func addresses(value: String, expected: [String]) throws {
        #expect(try record("To: \(value)\n\n").texts("to") == expected)
    }
}

struct SubjectTests {
    @Test(
        arguments: [
            ("plain", "plain"), ("=?UTF-8?Q?caf=C3=A9_au_lait?=", "café au lait"), ("=?utf-8?b?Y2Fmw6k=?=", "café"),
            ("=?iso-8859-1?Q?a=E9?= x =?us-ascii?q?b?=", "aé x b"), ("=?ISO-8859-15?Q?=A4?=", "€"),
            ("=?windows-1252?B?gJM=?=", "€“"),
            ("=?UTF-8*en?Q?x?=", "x"), ("=?utf-8?q?a?=\r\n =?utf-8?q?b?=", "ab"),
            ("=?utf-8?q?=C3?= =?utf-8?q?=A9?=", "é"),
            ("Re: =?utf-8?q?a?=b", "Re: ab"), ("=?big5?Q?=A7A?= x", "=?big5?Q?=A7A?= x"),
            ("=?utf-8?q?a?= =?big5?q?b?=", "a =?big5?q?b?="),
            ("=?utf-8?x?a?=", "=?utf-8?x?a?="), ("=?utf-8?q?a", "=?utf-8?q?a"), ("=?utf-8?q?=ZZ=4?=", "=ZZ=4"),
            ("=?", "=?"),
            ("=?utf-8?q??=", nil), ("=?utf-8?b?!Y2 Fm?=", "caf"), ("a=?b", "a=?b"), ("=?utf-8?q?=FF?=", "bytes [255]"),
            ("=?utf-8?q?line=0Abreak?=", "line\nbreak"), ("é", "é"),
        ] as [(String, String?)])
    func decodes(value: String, expected: String?) throws {
        #expect(try record("Subject: \(value)\n\n").texts("subject") == (expected.map { [$0] } ?? []))
    }
}

struct MailDateTests {
    @Test(arguments: [
        ("Fri, 21 Nov 1997 09:55:06 -0600", "1997-11-21T15:55:06Z"), ("21 Nov 97 09:55:06 GMT", "1997-11-21T09:55:06Z"),
        ("Thu, 13 Feb 1969 23:32 -0330", "1969-02-14T03:02:00Z"),
        ("Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", "1997-11-21T15:55:06Z"),
        (
            "Thu,\r\n      13\r\n        Feb\r\n          1969\r\n      23:32\r\n               -0330 (Newfoundland (nested\\)) Time)",
            "1969-02-14T03:02:00Z"
        ),
        ("1 Jan 00 00:00 EST", "2000-01-01T05:00:00Z"), ("1 Jan 49 00:00 EDT", "2049-01-01T04:00:00Z"),
        ("1 Jan 50 00:00 PST", "1950-01-01T08:00:00Z"),
        ("1 Jan 102 00:00 PDT", "2002-01-01T07:00:00Z"), ("1 Jan 2002 00:00 A", "2002-01-01T00:00:00Z"),
        ("1 Jan 2002 00:00 CET", "2002-01-01T00:00:00Z"),
        ("1 Jan 2002 00:00 -0500 (EST)", "2002-01-01T05:00:00Z"),
        ("1 Jan 2002 00:00 -0500 EST", "2002-01-01T05:00:00Z"),
        ("31 dec 2016 23:59:60 +0000", "2017-01-01T00:00:00Z"), ("29 Feb 2000 1:02:03 z", "2000-02-29T01:02:03Z"),
        ("Mon 5 May 2025 9:30 UT", "2025-05-05T09:30:00Z"),
        ("1 Jan 2002 00:00 +1400", "2001-12-31T10:00:00Z"),
    ])
    func reads(value: String, expected: String) throws {
        #expect(try record("Date: \(value)\n\n").occurredAt.map(RFC3339.string) == expected)
    }

    @Test(arguments: [
        "", "yesterday", "1 Jan 2002", "1 Jan 2002 00:00", "1 Jan 2002 00:00 (GMT)", "1 Jan 2002 24:00 +0000",
        "1 Jan 2002 00:60 +0000",
        "0 Jan 2002 00:00 +0000", "29 Feb 2001 00:00 +0000", "1 Foo 2002 00:00 +0000", "1 Jan 2002 00:00 +060",
        "1 Jan 2002 00:00 +06000",
        "1 Jan 2002 00:00 +0060", "1 Jan 2002 00:00 GMT+1", "1 Jan 2002 00:00 +-0500", "1 Jan 10000 00:00 +0000",
        "1 Jan 2 00:00 +0000",
        "Sat Jan 5 10:00:00 2002", "2002-01-05T10:00:00Z", "(1 Jan 2002 00:00 +0000", "1 Jan 2002 00:00:61 +0000",
        "1 Jan 2002 00.00 +0000",
        "111 Jan 2002 00:00 +0000",
    ])
    func leavesOut(value: String) throws {
        #expect(try record("Date: \(value)\n\n").occurredAt == nil)
    }

    @Test func theFirstReadableDateCounts() throws {
        let record = try record("Date: soon\nDate: 1 Jan 2002 00:00 +0000\nDate: 2 Jan 2002 00:00 +0000\n\n")
        #expect(record.occurredAt.map(RFC3339.string) == "2002-01-01T00:00:00Z")
    }
}
