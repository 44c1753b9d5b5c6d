import Foundation
import Testing

/// Bad input, bad surroundings: one clear sentence, the exit code of the contract, and nothing lost.
@Suite struct FailureTests {
    /// One sentence on standard error that begins with the command's name and holds all of `words`.
    private func expect(
        _ result: Command.Result, _ status: Int32, _ words: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(result.status == status, "\(result.errors)", sourceLocation: sourceLocation)
        let lines = result.errors.split(separator: "\n")
        #expect(
            lines.count == 1 && result.errors.hasPrefix("muniment: "), "\(result.errors)",
            sourceLocation: sourceLocation)
        for word in words { #expect(result.errors.contains(word), "\(result.errors)", sourceLocation: sourceLocation) }
        #expect(
            result.errors.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 }, sourceLocation: sourceLocation)
    }

    private func append(_ archive: String, _ format: String, _ input: [UInt8], _ options: String...) throws
        -> Command.Result
    {
        try Command.run(["append", archive, "--format", format] + options, input: input)
    }

    // MARK: Input

    @Test func malformedMailbox() throws {
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        expect(
            try append(archive, "mbox", Array("Subject: no envelope\n\nHello\n".utf8)), 65, "standard input", "line 1")
    }

    @Test func truncatedFrames() throws {
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        let whole = Samples.frames([Array("one".utf8), Array("two".utf8)])
        for missing in 1...6 {
            let result = try append(archive, "framed", Array(whole.dropLast(missing)), "--json")
            expect(result, 65, "offset 7", "1 record")
            #expect(try result.last["records"] as? Int == 1)
        }
    }

    @Test(.enabled(if: Samples.shared != nil, "the shared data is not there")) func hostileJSON() throws {
        let folder = Samples.shared! + "/hostile-json/test_parsing"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".json") }
            .sorted()
        #expect(names.count > 300)
        // One run for all of them: each is a line, and those that must not parse are reported and left out.
        var input: [UInt8] = []
        var lineOf: [String: Int] = [:]
        for name in names {
            let bytes = try Samples.bytes(folder + "/" + name)
            // A text with a newline inside is several lines, and one that is empty no line's fault.
            guard !bytes.contains(0x0a), !bytes.isEmpty else { continue }
            lineOf[name] = lineOf.count + 1
            input += bytes + [0x0a]
        }
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        let result = try append(archive, "ndjson", input, "--skip-bad", "--json")
        #expect(result.status == 0)
        for (name, line) in lineOf where name.hasPrefix("n_") || name.hasPrefix("y_") {
            let isReported = result.errors.contains("line \(line) ")
            #expect(isReported == name.hasPrefix("n_"), "\(name)")
        }
        #expect(result.errors.utf8.allSatisfy { $0 == 0x0a || ($0 >= 0x20 && $0 < 0x7f) })
    }

    @Test(.enabled(if: Samples.shared != nil, "the shared data is not there")) func hostileMessages() throws {
        let folder = Samples.shared! + "/hostile-email"
        var paths: [String] = []
        for case let path as String in FileManager.default.enumerator(atPath: folder) ?? .init() {
            var isDirectory: ObjCBool = false
            let whole = folder + "/" + path
            if FileManager.default.fileExists(atPath: whole, isDirectory: &isDirectory), !isDirectory.boolValue {
                paths.append(whole)
            }
        }
        paths.sort()
        #expect(paths.count > 250)
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        let appended = try Command.run(["append", archive, "--format", "eml", "--json"] + paths)
        #expect(appended.status == 0, "\(appended.errors)")
        let lines = try Command.run(["query", archive, "--json"]).objects
        let sizes = try paths.map { try Samples.bytes($0).count }.filter { $0 > 0 }
        #expect(lines.count == (try appended.last["records"] as? Int))
        #expect(try lines.map { try RoundTripTests.payload($0).count }.filter { $0 > 0 } == sizes)
        // What a person sees holds nothing that acts on a terminal.
        let text = try Command.run(["query", archive]).output
        #expect(text.allSatisfy { $0 == 0x0a || $0 >= 0x20 && $0 != 0x7f })
    }

    @Test func unknownClass() throws {
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        expect(try append(archive, "lines", Array("a\n".utf8), "--class", "nowhere"), 65, "nowhere", "class list")
        expect(try Command.run(["query", archive, "--class", "nowhere"]), 65, "nowhere")
    }

    @Test func inputThatIsNotThere() throws {
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        expect(try Command.run(["append", archive, workspace.file("absent"), "--format", "lines"]), 66, "absent")
        expect(try Command.run(["append", archive, workspace.path, "--format", "lines"]), 65, "directory")
        // What came before it is not lost.
        let present = try workspace.write("present", Array("a\nb\n".utf8))
        let result = try Command.run([
            "append", archive, present, workspace.file("absent"), "--format", "lines", "--json",
        ])
        expect(result, 66, "absent")
        #expect(try result.last["records"] as? Int == 2)
    }

    // MARK: Store and keys

    @Test func noStore() throws {
        let workspace = try Workspace()
        let path = workspace.file("none")
        for arguments in [
            ["stat", path], ["get", path, "1"], ["query", path], ["checkpoint", path], ["prove", path, "1"],
            ["repair", path],
            ["tiles", path, workspace.file("t")], ["backup", path, workspace.file("b")], ["class", "list", path],
            ["append", path, "--format", "lines"], ["passphrase", path, "--remove"],
        ] { expect(try Command.run(arguments), 66, "none", "init") }
    }

    @Test func missingKeys() throws {
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        #expect(try append(archive, "lines", Array("a\n".utf8)).status == 0)
        try FileManager.default.moveItem(atPath: archive + ".keys", toPath: workspace.file("elsewhere"))
        expect(try append(archive, "lines", Array("a\n".utf8)), 77, "--keys")
        expect(try Command.run(["get", archive, "2"]), 77, "--keys")
        expect(try Command.run(["query", archive]), 77, "--keys")
        #expect(try Command.run(["get", archive, "2", "--raw", "--keys", workspace.file("elsewhere")]).text == "a")
        // What needs no content needs no key.
        #expect(try Command.run(["stat", archive]).status == 0)
        #expect(try Command.run(["prove", archive, "2"]).status == 0)
        #expect(try Command.run(["tiles", archive, workspace.file("tiles")]).status == 0)
        #expect(try Command.run(["backup", archive, workspace.file("copy")]).status == 0)
    }

    @Test func keysOfAnotherStore() throws {
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        let (other, _) = try workspace.archive("other")
        expect(try append(archive, "lines", Array("a\n".utf8), "--keys", other + ".keys"), 77, "belongs")
    }

    @Test func passphrases() throws {
        let workspace = try Workspace()
        let right = try workspace.write("right", Array("open sesame\n".utf8))
        let wrong = try workspace.write("wrong", Array("open barley\n".utf8))
        let none = try workspace.write("none", Array("\n".utf8))
        let archive = workspace.file("archive")
        #expect(try Command.run(["init", archive, "--origin", "a.b/c", "--passphrase-file", right]).status == 0)
        expect(try append(archive, "lines", Array("a\n".utf8)), 77, "--passphrase-file")
        expect(try append(archive, "lines", Array("a\n".utf8), "--passphrase-file", wrong), 77, "passphrase")
        expect(try append(archive, "lines", Array("a\n".utf8), "--passphrase-file", none), 64, "no passphrase")
        expect(
            try append(archive, "lines", Array("a\n".utf8), "--passphrase-file", workspace.file("absent")), 66, "absent"
        )
        #expect(try append(archive, "lines", Array("a\n".utf8), "--passphrase-file", right).status == 0)
        expect(try Command.run(["passphrase", archive, "--passphrase-file", wrong, "--remove"]), 77)
        #expect(
            try Command.run(["passphrase", archive, "--passphrase-file", right, "--new-passphrase-file", wrong]).status
                == 0)
        #expect(try Command.run(["get", archive, "2", "--raw", "--passphrase-file", wrong]).text == "a")
        expect(try Command.run(["get", archive, "2", "--passphrase-file", right]), 77)
        expect(try Command.run(["passphrase", archive, "--passphrase-file", wrong]), 64, "terminal")
        #expect(try Command.run(["passphrase", archive, "--passphrase-file", wrong, "--remove"]).status == 0)
        #expect(try Command.run(["get", archive, "2", "--raw"]).text == "a")
    }

    @Test func aSecondWriterWaitsOutside() throws {
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        let first = try Command.Running(
            ["append", archive, "--format", "lines", "--acks"], input: nil, keepsInputOpen: true)
        try first.inputHandle?.write(contentsOf: Data("a\nb\n".utf8))
        #expect(first.wait { first.outputSoFar.contains("\"committed\":2") })
        expect(try append(archive, "lines", Array("c\n".utf8)), 75, "open for writing")
        expect(try Command.run(["checkpoint", archive]), 75, "open for writing")
        expect(try Command.run(["repair", archive]), 75, "open for writing")
        // Readers are welcome; the cadence publishes within seconds.
        #expect(try Command.run(["stat", archive, "--json"]).last["records"] as? Int == 2)
        #expect(first.wait { ((try? Command.run(["query", archive, "--count"]).text) ?? "") == "2\n" })
        #expect(try Command.run(["backup", archive, workspace.file("copy")]).status == 0)
        #expect(try first.finish().status == 0)
        #expect(try append(archive, "lines", Array("c\n".utf8)).status == 0)
    }

    @Test func aNewerFormat() throws {
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        let manifest = String(decoding: try workspace.read("archive/muniment.json"), as: UTF8.self)
        try workspace.write(
            "archive/muniment.json", manifest.replacing("\"muniment\": 1", with: "\"muniment\": 2").utf8)
        expect(try append(archive, "lines", Array("a\n".utf8)), 74, "version 2", "newer")
        expect(try Command.run(["stat", archive]), 74, "newer")
    }

    @Test func aDirectoryThatCannotBeWritten() throws {
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        #expect(try append(archive, "lines", Array("a\n".utf8)).status == 0)
        guard getuid() != 0 else {
            // Permissions do not bind root; a mount that is read-only does.
            try onReadOnlyMount(workspace, archive)
            return
        }
        try Command.shell("chmod -R a-w '\(archive)'")
        expect(try append(archive, "lines", Array("b\n".utf8)), 74)
        #expect(try Command.run(["get", archive, "2", "--raw"]).text == "a")
    }

    private func onReadOnlyMount(_ workspace: Workspace, _ archive: String) throws {
        guard try Command.shell("unshare -m true").status == 0 else { return }
        func run(_ verb: String, _ rest: String) throws -> Command.Result {
            let line =
                "mount --bind '\(archive)' '\(archive)' && mount -o remount,bind,ro '\(archive)' && "
                + "echo b | '\(Command.binary)' \(verb) '\(archive)' \(rest)"
            return try Command.shell("unshare -m sh -c \"\(line.replacing("\"", with: "\\\""))\"")
        }
        expect(try run("append", "--format lines"), 74)
        #expect(try run("get", "2 --raw").text == "a")
        #expect(try run("stat", "").status == 0)
    }

    @Test(.enabled(if: getuid() == 0, "only root may mount a small file system")) func aFullDisk() throws {
        let workspace = try Workspace()
        let mount = workspace.file("small")
        let script = """
            mkdir '\(mount)' && mount -t tmpfs -o size=24m none '\(mount)' || exit 99
            '\(Command.binary)' init '\(mount)/archive' --origin a.b/c > /dev/null 2>&1 || exit 98
            head -c 12000000 /dev/urandom | base64 -w 255 > '\(workspace.file("input"))'
            '\(Command.binary)' append '\(mount)/archive' '\(workspace.file("input"))' --format lines --json; echo "status $?"
            '\(Command.binary)' get '\(mount)/archive' 2 --raw | head -c 20; echo
            '\(Command.binary)' checkpoint '\(mount)/archive' | head -2
            """
        try workspace.write("script", script.utf8)
        let result = try Command.shell("unshare -m sh '\(workspace.file("script"))'")
        if result.status == 99 || result.errors.contains("unshare") { return }
        #expect(result.lines.contains("status 75"), "\(result.text) \(result.errors)")
        #expect(
            result.errors.contains("free some space") && result.errors.contains("go on with --skip"), "\(result.errors)"
        )
        // What was acknowledged is there, and signed.
        let first = try #require(try JSONSerialization.jsonObject(with: Data(result.lines[0].utf8)) as? [String: Any])
        let size = try #require(first["treeSize"] as? Int)
        #expect(size > 100 && result.lines.contains("\(size)"), "\(result.text)")
    }

    @Test func damageIsFoundWhereItIsRead() throws {
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        #expect(try append(archive, "lines", Samples.lines((0..<50).map { Array("line \($0)".utf8) })).status == 0)
        let segment = "archive/segments/0000/000000000000-0000.seg"
        let sound = try workspace.read(segment)
        // The last frame's last ciphertext byte stands before its padding.
        var bytes = sound
        let place = try #require(bytes.lastIndex { $0 != 0 })
        bytes[place] ^= 1
        try workspace.write(segment, bytes)
        let result = try Command.run(["query", archive])
        #expect(result.status == 74 && result.output.isEmpty, "\(result.text)")
        #expect(result.errors.contains("verify") || result.errors.contains("restore"), "\(result.errors)")
        try workspace.write(segment, sound)
        #expect(try Command.run(["query", archive, "--count"]).text == "50\n")
    }

    // MARK: Usage and output

    @Test(arguments: [
        ["unknown"], ["append"], ["get"], ["init", "x"], ["append", "x", "--format", "csv"], ["get", "x", "-1"],
        ["get", "x", "y"],
        ["query", "x", "--where", "k"], ["query", "x", "--where", "k>=v"], ["query", "x", "--where", "@stream=v"],
        ["query", "x", "--index", "5-3"], ["query", "x", "--from", "noon"], ["query", "x", "--count", "--json"],
        ["append", "x", "--format", "lines", "--attr", "a=b"], ["append", "x", "--format", "ndjson", "--attr", "a"],
        ["append", "x", "--format", "lines", "--batch", "0"], ["append", "x", "--format", "lines", "--in-flight", "0"],
        ["prove", "x"], ["prove", "x", "1", "--from", "2"], ["verify", "x", "--key", "nonsense"],
        ["get", "x", "1", "--json", "--raw"],
    ]) func wrongUsage(arguments: [String]) throws {
        let result = try Command.run(arguments)
        #expect(result.status == 64, "\(result.errors)")
        #expect(result.output.isEmpty && result.errors.hasPrefix("muniment: "), "\(result.errors)")
    }

    @Test func originsAndPlacesThatCannotBe() throws {
        let workspace = try Workspace()
        expect(try Command.run(["init", workspace.file("a"), "--origin", "two words"]), 64, "origin")
        let (archive, _) = try workspace.archive()
        expect(try Command.run(["init", archive, "--origin", "a.b"]), 64, "exists already")
        expect(try Command.run(["init", workspace.file("x/y/z"), "--origin", "a.b"]), 66)
        #expect(try !FileManager.default.contentsOfDirectory(atPath: workspace.path).contains("a"))
    }

    @Test func aReaderThatGoesAwayIsNoError() throws {
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        #expect(try append(archive, "lines", Samples.lines((0..<3_000).map { Array("line \($0)".utf8) })).status == 0)
        let result = try Command.shell(
            "( '\(Command.binary)' query '\(archive)' --json; echo status $? >&2 ) | head -1")
        #expect(result.lines.count == 1 && result.errors == "status 0\n", "\(result.errors)")
    }

    @Test func outputThatCannotBeWrittenIsOne() throws {
        guard FileManager.default.fileExists(atPath: "/dev/full") else { return }
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        let result = try Command.shell("'\(Command.binary)' stat '\(archive)' > /dev/full")
        expect(result, 74, "standard output")
    }

    @Test func namesAreEscaped() throws {
        let workspace = try Workspace()
        expect(try Command.run(["stat", workspace.file("\u{1B}[31mred\n")]), 66, "\\u{1B}[31mred\\n")
        expect(try Command.run(["query", workspace.file("x"), "--class", "\u{202E}"]), 66)
    }
}
