import Foundation
import Testing

/// `export` as a command, and what two verifiers make of its files.
@Suite struct ExportTests {
    private struct Fixture {
        let workspace: Workspace
        let archive: String
        let key: String

        init(_ count: Int = 40) throws {
            workspace = try Workspace()
            (archive, key) = try workspace.archive()
            let mailbox = Samples.mailbox(count, seed: 11).mailbox
            #expect(
                try Command.run(["append", archive, "--format", "mbox", "--stream", "in"], input: mailbox).status == 0)
        }

        func export(_ name: String, _ options: String...) throws -> Command.Result {
            try Command.run(["export", archive, workspace.file(name)] + options)
        }

        func verify(_ name: String) throws -> Command.Result {
            try Command.run(["verify", workspace.file(name), "--key", key, "--json"])
        }
    }

    @Test func whatIsExportedVerifies() throws {
        let fixture = try Fixture()
        let result = try fixture.export("a", "--where", "from=person3@example.com", "--json")
        #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
        let line = try result.last
        #expect(Set(line.keys) == ["file", "records", "purged", "treeSize", "bytes", "root", "logged"])
        #expect(line["records"] as? Int == 6 && line["logged"] as? Int == 42 && line["treeSize"] as? Int == 43)
        // Elsewhere, with the archive gone.
        let elsewhere = try Workspace()
        let moved = try elsewhere.write("b", fixture.workspace.read("a"))
        try FileManager.default.removeItem(atPath: fixture.archive)
        let verified = try Command.run(["verify", moved, "--key", fixture.key, "--json"])
        #expect(verified.status == 0, "\(verified.text)")
        let last = try verified.last
        #expect(last["verdict"] as? String == "intact" && last["records"] as? Int == 6)
        #expect(last["root"] as? String == line["root"] as? String)
        #expect(try Command.run(["verify", moved, "--json"]).status == 2)
        let text = try Command.run(["verify", moved, "--key", fixture.key]).text
        #expect(text.contains("--where from=person3@example.com") && text.contains("attested"), "\(text)")
        var bytes = try fixture.workspace.read("a")
        bytes[bytes.count / 2] ^= 4
        try elsewhere.write("b", bytes)
        #expect(try Command.run(["verify", moved, "--key", fixture.key]).status == 1)
    }

    @Test func anExportIsInTheLogUnlessSaid() throws {
        let fixture = try Fixture()
        #expect(try fixture.export("a", "--unlogged").status == 0)
        #expect(try Command.run(["stat", fixture.archive, "--json"]).last["treeSize"] as? Int == 42)
        let unlogged = try fixture.verify("a")
        #expect(unlogged.status == 0)
        #expect(try unlogged.objects.first?["finding"] as? String == "evidence.unlogged")
        #expect(try fixture.export("b").status == 0)
        #expect(try Command.run(["stat", fixture.archive, "--json"]).last["treeSize"] as? Int == 43)
        let whole = try Command.run(["verify", fixture.archive, "--key", fixture.key])
        #expect(whole.status == 0, "\(whole.text)")
    }

    @Test func onlyTheNamedAttributesAreDisclosed() throws {
        let fixture = try Fixture()
        #expect(try fixture.export("a", "--only", "from,message-id").status == 0)
        #expect(try fixture.verify("a").status == 0)
        let bytes = Data(try fixture.workspace.read("a"))
        #expect(bytes.range(of: Data("person3@example.com".utf8)) != nil)
        for hidden in ["Message 3", "list@example.org", "subject", "Plain words", "Subject:"] {
            #expect(bytes.range(of: Data(hidden.utf8)) == nil, "\(hidden) is disclosed")
        }
    }

    @Test func refusals() throws {
        let fixture = try Fixture(3)
        #expect(try fixture.export("a", "--index", "900-950").status == 66)
        #expect(try fixture.export("a", "--only", "").status == 64)
        #expect(try fixture.export("a", "--class", "nowhere").status == 65)
        #expect(try fixture.export("a").status == 0)
        let again = try fixture.export("a")
        #expect(again.status == 64 && again.errors.contains("exists"), "\(again.errors)")
        // Nothing but the file is left.
        let names = try FileManager.default.contentsOfDirectory(atPath: fixture.workspace.path)
        #expect(Set(names) == ["a", "archive", "archive.keys"], "\(names)")
    }

    @Test func aStoreThatIsOpenElsewhereIsExportedUnlogged() throws {
        let fixture = try Fixture(3)
        let writer = try Command.Running(
            ["append", fixture.archive, "--format", "lines", "--batch", "1", "--acks"], input: nil, keepsInputOpen: true
        )
        try writer.inputHandle?.write(contentsOf: Data("one\n".utf8))
        #expect(writer.wait { !writer.outputSoFar.isEmpty })
        #expect(try fixture.export("a").status == 75)
        #expect(try fixture.export("a", "--unlogged", "--index", "2-4").status == 0)
        #expect(try writer.finish().status == 0)
        #expect(try fixture.verify("a").status == 0)
    }

    @Test func theSecondVerifierAgrees() throws {
        let fixture = try Fixture()
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        let own = root + "/.venv-verify/bin/python"
        let python = FileManager.default.isExecutableFile(atPath: own) ? own : "python3"
        guard try Command.shell("'\(python)' -c 'import cryptography, lz4.block'").status == 0 else {
            print("skipped: python has no cryptography and lz4; make test installs them")
            return
        }
        func second(_ path: String) throws -> Int32 {
            try Command.shell("'\(python)' '\(root)/Format/verify.py' '\(path)' --key '\(fixture.key)'").status
        }
        for (name, options) in [
            ("whole", []), ("part", ["--index", "5-9", "--index", "30-31"]), ("only", ["--only", "from,@payload"]),
            ("unlogged", ["--unlogged"]),
        ] {
            let path = fixture.workspace.file(name)
            #expect(try Command.run(["export", fixture.archive, path] + options).status == 0)
            #expect(try fixture.verify(name).status == 0 && second(path) == 0, "\(name)")
            var bytes = try fixture.workspace.read(name)
            bytes[bytes.count * 2 / 3] ^= 1
            try fixture.workspace.write(name, bytes)
            #expect(try fixture.verify(name).status == 1 && second(path) == 1, "\(name), changed")
        }
        #expect(try second(fixture.archive) == 0)
    }

    /// A real mailbox, all of it, as evidence; each message comes back out of the file as it went in.
    @Test func realMailIsEvidence() throws {
        guard let shared = Samples.shared else { return print("skipped: the shared data are not here") }
        let workspace = try Workspace()
        let (archive, key) = try workspace.archive()
        let mailbox = "\(shared)/mail-spamassassin/spamassassin.mbox"
        #expect(try Command.run(["append", archive, mailbox, "--format", "mbox"]).status == 0)
        let path = workspace.file("e")
        #expect(try Command.run(["export", archive, path]).status == 0)
        try FileManager.default.removeItem(atPath: archive)
        let verified = try Command.run(["verify", path, "--key", key, "--json"])
        #expect(verified.status == 0, "\(verified.text)")
        #expect(try verified.last["records"] as? Int == 1_511)
        let evidence = Data(try workspace.read("e"))
        let messages = try Samples.messages(ofMailbox: Samples.bytes(mailbox))
        #expect(messages.count == 1_511)
        for message in messages { #expect(evidence.range(of: Data(message)) != nil) }
    }

    @Test func hostileStringsDoNotReachATerminal() throws {
        let workspace = try Workspace()
        let (archive, key) = try workspace.archive()
        #expect(try Command.run(["append", archive, "--format", "lines"], input: Array("a\n".utf8)).status == 0)
        let path = workspace.file("e")
        let hostile = "\u{1B}[31mred\u{202E}"
        let exported = try Command.run(["export", archive, path, "--index", "2", "--where", "!k=\(hostile)"])
        #expect(exported.status == 0, "\(exported.errors)")
        let verified = try Command.run(["verify", path, "--key", key])
        #expect(verified.status == 0 && verified.text.contains("\\u{1B}[31mred"), "\(verified.text)")
        #expect(!verified.output.contains(0x1B) && !verified.text.contains("\u{202E}"))
    }
}
