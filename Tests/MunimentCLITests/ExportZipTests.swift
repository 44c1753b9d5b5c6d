import Foundation
import Testing

/// The ZIP form, opened by another program: Python's zipfile and hashlib.
@Suite struct ExportZipTests {
    /// Unpacks a ZIP file and reads its load file: prints a line of JSON for each row.
    private static let script = """
        import sys, zipfile, json
        with zipfile.ZipFile(sys.argv[1]) as z:
            assert z.testzip() is None
            z.extractall(sys.argv[2])
            table = z.read('load.dat').decode('utf-8-sig')
        lines = table.split('\\r\\n')
        assert lines.pop() == ''
        rows = [[f[1:-1] for f in line.split('\\x14')] for line in lines]
        assert all(f[0] == f[-1] == '\\xfe' for line in lines for f in line.split('\\x14'))
        for row in rows[1:]:
            assert len(row) == len(rows[0]), row
            print(json.dumps(dict(zip(rows[0], row))))
        """

    private func unpacked(_ workspace: Workspace, _ zip: String) throws -> [[String: Any]] {
        let script = try workspace.write("unpack.py", Array(Self.script.utf8))
        let result = try Command.shell("python3 '\(script)' '\(zip)' '\(workspace.file("out"))'")
        #expect(result.status == 0, "\(result.errors)")
        return try result.objects
    }

    @Test func recordsComeOutAsFiles() throws {
        let workspace = try Workspace()
        let (archive, key) = try workspace.archive()
        let (messages, mailbox) = Samples.mailbox(6, seed: 5)
        #expect(try Command.run(["append", archive, "--format", "mbox"], input: mailbox).status == 0)
        let json = Samples.events(3, seed: 2)
        #expect(
            try Command.run(["append", archive, "--format", "ndjson", "--attr", "n=n"], input: Samples.lines(json))
                .status == 0)
        let others = [Array("plain words".utf8), [0, 1, 2, 0xFF], []]
        #expect(try Command.run(["append", archive, "--format", "framed"], input: Samples.frames(others)).status == 0)
        let zip = workspace.file("case.zip")
        let exported = try Command.run(["export", archive, zip, "--zip", "--json"])
        #expect(exported.status == 0, "\(exported.errors)")
        #expect(try exported.last["records"] as? Int == 12)

        let rows = try unpacked(workspace, zip)
        let payloads = messages + json + others
        #expect(rows.count == payloads.count)
        for (row, payload) in zip_(rows, payloads) {
            let link = try #require(row["NATIVELINK"] as? String)
            #expect(try workspace.read("out/\(link)") == payload, "\(link)")
            let sum = try Command.shell("sha256sum '\(workspace.file("out/\(link)"))'").text.prefix(64)
            #expect(row["SHA256"] as? String == String(sum) && row["FILESIZE"] as? String == "\(payload.count)")
            let proof = try #require(row["PROOFLINK"] as? String)
            let verified = try Command.run(["verify", workspace.file("out/\(proof)"), "--key", key])
            #expect(verified.status == 0, "\(verified.text)")
        }
        let endings = rows.compactMap { ($0["NATIVELINK"] as? String)?.suffix(3) }
        #expect(endings == ["eml", "eml", "eml", "eml", "eml", "eml", "son", "son", "son", "txt", "bin", "bin"])
        #expect(rows[3]["FROM"] as? String == "person3@example.com" && rows[3]["SUBJECT"] as? String == "Message 3")
        #expect(rows[7]["ATTRIBUTES"] as? String == "n=1")
        let evidence = try Command.run(["verify", workspace.file("out/records.evidence"), "--key", key])
        #expect(evidence.status == 0, "\(evidence.text)")
        let names = try FileManager.default.contentsOfDirectory(atPath: workspace.path)
        #expect(!names.contains { $0.hasPrefix("case.zip.") }, "\(names)")
    }

    /// Values that look like the load file's own marks, or like paths.
    @Test func hostileValuesStayInTheirColumns() throws {
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        let lines = [
            "{\"v\":\"a\u{FE}\\u0014\u{FE}b\\r\\nc\\nd\\\\\",\"from\":\"../../etc/passwd\"}",
            "{\"v\":\"\\u202e\\u001b[2J\",\"from\":\"=1+1\"}",
        ]
        let appended = try Command.run(
            ["append", archive, "--format", "ndjson", "--attr", "v=v", "--attr", "from=from"],
            input: Samples.lines(lines.map { Array($0.utf8) }))
        #expect(appended.status == 0, "\(appended.errors)")
        let zip = workspace.file("case.zip")
        #expect(try Command.run(["export", archive, zip, "--zip"]).status == 0)
        let rows = try unpacked(workspace, zip)
        #expect(rows.count == 2)
        #expect(rows[0]["ATTRIBUTES"] as? String == "v=a\\u{FE}\\u{14}\\u{FE}b\u{AE}c\u{AE}d\\")
        #expect(
            rows[0]["FROM"] as? String == "../../etc/passwd"
                && rows[1]["ATTRIBUTES"] as? String == "v=\\u{202E}\\u{1B}[2J")
        let listed = try Command.shell("cd '\(workspace.file("out"))' && find . -type f | sort").lines
        #expect(listed.count == 7 && listed.allSatisfy { $0.hasPrefix("./") && !$0.contains("passwd") }, "\(listed)")
    }

    @Test func whatIsNotDisclosedIsNotInIt() throws {
        let workspace = try Workspace()
        let (archive, key) = try workspace.archive()
        let mailbox = Samples.mailbox(4, seed: 5).mailbox
        #expect(try Command.run(["append", archive, "--format", "mbox"], input: mailbox).status == 0)
        let zip = workspace.file("case.zip")
        #expect(try Command.run(["export", archive, zip, "--zip", "--only", "from", "--unlogged"]).status == 0)
        let rows = try unpacked(workspace, zip)
        #expect(rows.allSatisfy { $0["NATIVELINK"] as? String == "" && $0["SUBJECT"] as? String == "" })
        #expect(rows.allSatisfy { ($0["FROM"] as? String)?.isEmpty == false && $0["WITHHELD"] as? String != "" })
        let found = try Command.shell("grep -rl 'Message 2' '\(workspace.file("out"))'").text
        #expect(found.isEmpty, "\(found)")
        let evidence = try Command.run(["verify", workspace.file("out/records.evidence"), "--key", key])
        #expect(evidence.status == 0, "\(evidence.text)")
        #expect(try Command.run(["export", archive, workspace.file("x"), "--zip", "--html"]).status == 64)
    }
}

/// The standard library's `zip`, in tests where the word is a file.
private func zip_<A: Sequence, B: Sequence>(_ a: A, _ b: B) -> Zip2Sequence<A, B> { zip(a, b) }
