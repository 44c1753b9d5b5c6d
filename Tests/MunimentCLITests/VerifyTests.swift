import Foundation
import Testing

/// `verify` as a command: what it prints and how it exits. What it finds is the verifier's own tests' matter.
@Suite struct VerifyTests {
    private struct Fixture {
        let workspace: Workspace
        let archive: String
        let key: String

        init() throws {
            workspace = try Workspace()
            (archive, key) = try workspace.archive()
            let lines = Samples.lines((0..<400).map { Array("line \($0)".utf8) })
            #expect(
                try Command.run(["append", archive, "--format", "lines", "--stream", "s"], input: lines).status == 0)
        }

        func verify(_ path: String, _ options: String...) throws -> Command.Result {
            try Command.run(["verify", path, "--json"] + options)
        }
    }

    @Test func aSoundArchiveIsIntact() throws {
        let fixture = try Fixture()
        let result = try fixture.verify(fixture.archive, "--key", fixture.key)
        #expect(result.status == 0 && result.errors.isEmpty, "\(result.text)\(result.errors)")
        let last = try result.last
        #expect(
            Set(last.keys) == [
                "verdict", "treeSize", "root", "records", "purged", "unexplained", "findings", "seconds",
            ])
        #expect(
            last["verdict"] as? String == "intact" && last["records"] as? Int == 400 && last["treeSize"] as? Int == 402)
        let stat = try Command.run(["stat", fixture.archive, "--json"]).last
        #expect(last["root"] as? String == stat["root"] as? String)
        let text = try Command.run(["verify", fixture.archive, "--key", fixture.key])
        #expect(text.status == 0 && text.text.contains("INTACT"), "\(text.text)")
    }

    @Test func copiesTilesAndProofsAreVerified() throws {
        let fixture = try Fixture()
        let (copy, tiles) = (fixture.workspace.file("copy"), fixture.workspace.file("tiles"))
        #expect(try Command.run(["backup", fixture.archive, copy]).status == 0)
        #expect(try Command.run(["tiles", fixture.archive, tiles]).status == 0)
        let proof = try fixture.workspace.write("proof", Command.run(["prove", fixture.archive, "9"]).output)
        let vkey = try fixture.workspace.write("vkey", (fixture.key + "\n").utf8)
        let note = try fixture.workspace.write("note", Command.run(["checkpoint", fixture.archive]).output)
        for (path, options) in [
            (copy, ["--keys", fixture.archive + ".keys"]), (tiles, []), (proof, []),
            (fixture.archive, ["--against", note]),
            (fixture.archive, ["--jobs", "1"]),
        ] {
            let result = try Command.run(["verify", path, "--json", "--key", vkey] + options)
            #expect(result.status == 0, "\(path): \(result.text)\(result.errors)")
        }
        // Nobody opened the contents of a copy without keys, and where no seal covers them nothing else can be said of
        // them.
        #expect(try fixture.verify(copy, "--key", fixture.key).status == 2)
    }

    @Test func withoutATrustedKeyNothingIsEstablished() throws {
        let fixture = try Fixture()
        let (_, other) = try fixture.workspace.archive("other", origin: "example.com/other")
        for options in [[], ["--key", other]] {
            let result = try Command.run(["verify", fixture.archive, "--json"] + options)
            #expect(result.status == 2, "\(result.text)")
            #expect(try result.last["verdict"] as? String == "notEstablished")
        }
    }

    @Test func aChangeIsFoundAndLocated() throws {
        let fixture = try Fixture()
        let segment = "archive/segments/0000/000000000000-0000.seg"
        let sound = try fixture.workspace.read(segment)
        var bytes = sound
        let place = try #require(bytes.lastIndex { $0 != 0 })
        bytes[place] ^= 0x80
        try fixture.workspace.write(segment, bytes)
        let result = try fixture.verify(fixture.archive, "--key", fixture.key)
        #expect(result.status == 1, "\(result.text)")
        var lines = try result.objects
        #expect(lines.removeLast()["verdict"] as? String == "tampered")
        #expect(!lines.isEmpty)
        for line in lines { #expect(Set(line.keys) == ["finding", "severity", "file", "offset", "index", "message"]) }
        #expect(
            lines.contains {
                ($0["file"] as? String)?.hasSuffix("000000000000-0000.seg") == true && $0["offset"] is Int
            })
        let text = try Command.run(["verify", fixture.archive, "--key", fixture.key])
        #expect(text.status == 1 && text.text.contains("TAMPERED") && text.text.contains("ERROR"), "\(text.text)")
        try fixture.workspace.write(segment, sound)
        #expect(try fixture.verify(fixture.archive, "--key", fixture.key).status == 0)
    }

    @Test func whatIsNothingIsSaid() throws {
        let workspace = try Workspace()
        let absent = try Command.run(["verify", workspace.file("absent")])
        #expect(absent.status == 66 && absent.errors.contains("absent"), "\(absent.errors)")
        let other = try workspace.write("other", Array("Dear Sir,\n".utf8))
        let result = try Command.run(["verify", other])
        #expect(result.status == 64 || result.status == 1, "\(result.errors)")
    }
}
