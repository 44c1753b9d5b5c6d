import Foundation
import Testing

/// Looking after an archive: stat, repair, backup, and the help that teaches it.
@Suite struct CareTests {
    private func filled(_ workspace: Workspace, _ count: Int = 300) throws -> (path: String, key: String) {
        let archive = try workspace.archive()
        let lines = Samples.lines((0..<count).map { Array("line \($0)".utf8) })
        #expect(
            try Command.run(["append", archive.path, "--format", "lines", "--batch", "50"], input: lines).status == 0)
        return archive
    }

    @Test func statHasItsKeys() throws {
        let workspace = try Workspace()
        let (archive, key) = try filled(workspace)
        let stat = try Command.run(["stat", archive, "--json"]).last
        #expect(
            Set(stat.keys) == [
                "origin", "treeSize", "root", "checkpointSize", "segments", "records", "controlRecords", "purged",
                "bytesOnDisk",
            ])
        #expect(
            stat["records"] as? Int == 300 && stat["controlRecords"] as? Int == 2 && stat["treeSize"] as? Int == 302)
        #expect(stat["segments"] as? Int == 1 && stat["purged"] as? Int == 0)
        let disk = try #require(stat["bytesOnDisk"] as? Int)
        #expect(disk > 4_096 && disk < 1 << 20)
        #expect(try Command.run(["stat", archive]).text.contains(key))
    }

    @Test func filesAreTheirOwnersAlone() throws {
        let workspace = try Workspace()
        let (archive, _) = try filled(workspace)
        let (directory, copy) = (workspace.file("tiles"), workspace.file("copy"))
        #expect(try Command.run(["tiles", archive, directory]).status == 0)
        #expect(try Command.run(["backup", archive, copy]).status == 0)
        for root in [archive, archive + ".keys", directory, copy] {
            let open = try Command.shell("find '\(root)' \\( -type d ! -perm 0700 \\) -o \\( -type f ! -perm 0600 \\)")
            #expect(open.text.isEmpty, "\(open.text)")
        }
    }

    @Test func nothingIsPlainOnDisk() throws {
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        let secret = "correct-horse-battery-staple"
        let event = "{\"user\":\"\(secret)\",\"text\":\"\(secret)\"}\n"
        let options = ["--format", "ndjson", "--attr", "user=user", "--stream", secret]
        #expect(try Command.run(["append", archive] + options, input: Array(event.utf8)).status == 0)
        #expect(try Command.shell("grep -r -a -l '\(secret)' '\(archive)' '\(archive).keys'").text.isEmpty)
    }

    // MARK: Repair

    @Test func repairRemakesWhatIsDerived() throws {
        let workspace = try Workspace()
        let (archive, _) = try filled(workspace)
        #expect(try Command.run(["repair", archive]).text == "Nothing needed repair.\n")
        let level = try workspace.read("archive/tree/04")
        try workspace.write("archive/tree/04", [UInt8](repeating: 7, count: level.count))
        try workspace.write("archive/checkpoint.new", [1])
        try FileManager.default.createDirectory(atPath: archive + "/bodies/ab", withIntermediateDirectories: true)
        try workspace.write("archive/bodies/ab/00.body", [1])
        try workspace.write("archive/bodies/ab/00.part", [1])
        let result = try Command.run(["repair", archive])
        #expect(result.status == 0, "\(result.errors)")
        for word in ["tree/04", "checkpoint.new", "00.body", "00.part"] {
            #expect(result.text.contains(word), "\(result.text)")
        }
        #expect(try workspace.read("archive/tree/04") == level)
        #expect(try Command.run(["repair", archive]).text == "Nothing needed repair.\n")
        #expect(try Command.run(["query", archive, "--count"]).text == "300\n")
    }

    @Test func repairKeepsPayloadsThatRecordsReferTo() throws {
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        let payload = [UInt8](repeating: 65, count: (8 << 20) + 1)
        let path = try workspace.write("input", Samples.frames([payload]))
        #expect(try Command.run(["append", archive, path, "--format", "framed"]).status == 0)
        #expect(try Command.run(["repair", archive]).text == "Nothing needed repair.\n")
        #expect(try Command.run(["get", archive, "2", "--raw"]).output == payload)
    }

    @Test func repairLeavesADamagedLogAlone() throws {
        let workspace = try Workspace()
        let (archive, _) = try filled(workspace)
        let segment = "archive/segments/0000/000000000000-0000.seg"
        let bytes = try workspace.read(segment)
        try workspace.write(segment, bytes.prefix(8_192))
        let result = try Command.run(["repair", archive])
        #expect(result.status == 74 && result.errors.contains("damaged"), "\(result.errors)")
        #expect(try workspace.read(segment).count == 8_192)
        // Reading what is left says what is wrong.
        let stat = try Command.run(["stat", archive, "--json"]).last
        #expect((stat["readOnly"] as? String)?.contains("302") == true, "\(stat)")
        #expect(try Command.run(["append", archive, "--format", "lines"], input: Array("a\n".utf8)).status == 74)
    }

    // MARK: Backup

    @Test func aBackupIsAnArchive() throws {
        let workspace = try Workspace()
        let (archive, _) = try filled(workspace)
        let large = [UInt8](repeating: 9, count: (8 << 20) + 5)
        let path = try workspace.write("input", Samples.frames([large]))
        #expect(try Command.run(["append", archive, path, "--format", "framed"]).status == 0)
        let copy = workspace.file("copy")
        let first = try Command.run(["backup", archive, copy])
        #expect(first.status == 0 && first.text.contains("keys"), "\(first.errors)")
        #expect(!FileManager.default.fileExists(atPath: copy + ".keys"))
        #expect(try Command.shell("find '\(copy)' -name 'root.key' -o -name groups -o -name signer").text.isEmpty)
        #expect(try Command.run(["get", copy, "302", "--raw", "--keys", archive + ".keys"]).output == large)
        let original = try Command.run(["query", archive, "--index", "0-301", "--json"])
        #expect(
            original.output
                == (try Command.run(["query", copy, "--index", "0-301", "--json", "--keys", archive + ".keys"]).output))
        // Brought up to date: the large payload is not copied again.
        #expect(try Command.run(["append", archive, "--format", "lines"], input: Array("more\n".utf8)).status == 0)
        let second = try Command.run(["backup", archive, copy])
        #expect(second.status == 0 && second.text.contains("size 304"), "\(second.text)\(second.errors)")
        #expect(second.text.contains("already there: 1 file"), "\(second.text)")
        #expect(try Command.run(["get", copy, "303", "--raw", "--keys", archive + ".keys"]).text == "more")
        // With a copy of the keys it goes on as the archive would.
        try FileManager.default.copyItem(atPath: archive + ".keys", toPath: copy + ".keys")
        #expect(try Command.run(["append", copy, "--format", "lines"], input: Array("b\n".utf8)).status == 0)
        // A copy that has gone its own way is not overwritten.
        let third = try Command.run(["backup", archive, copy])
        #expect(third.status == 64, "\(third.errors)")
        #expect(try Command.run(["backup", archive, workspace.path]).status == 64)
    }

    @Test func backupsOfManySegments() throws {
        let workspace = try Workspace()
        let (archive, _) = try workspace.archive()
        // One segment holds 262,144 entries.
        let count = 300_000
        let path = try workspace.write("input", [UInt8](repeating: 0x0a, count: count))
        let copy = workspace.file("copy")
        let running = try Command.Running(
            ["append", archive, path, "--format", "lines", "--batch", "500", "--acks"], input: nil)
        // Copies are taken while it runs: each is consistent, whatever is sealed meanwhile.
        var sizes: [Int] = []
        #expect(running.wait { running.outputSoFar.contains("\"committed\":5000,") })
        for _ in 0..<4 {
            let result = try Command.run(["backup", archive, copy])
            #expect(result.status == 0, "\(result.errors)")
            let stat = try Command.run(["stat", copy, "--json"]).last
            #expect(stat["readOnly"] == nil, "\(stat)")
            sizes.append(try #require(stat["checkpointSize"] as? Int))
        }
        #expect(try running.finish().status == 0)
        #expect(sizes == sizes.sorted())
        #expect(try Command.run(["backup", archive, copy]).status == 0)
        let stat = try Command.run(["stat", copy, "--json"]).last
        #expect(try #require(stat["segments"] as? Int) >= 2, "\(stat)")
        #expect(stat["records"] as? Int == count)
        let last = ["--index", "262100-262200", "--where", "!a=b", "--count", "--keys", archive + ".keys"]
        // Of these 101, the seal may be one.
        #expect(try ["100\n", "101\n"].contains(Command.run(["query", copy] + last).text))
        #expect(try Command.run(["repair", copy]).text == "Nothing needed repair.\n")
    }

    // MARK: Help

    @Test func helpTeaches() throws {
        let verbs = [
            "init", "append", "get", "query", "checkpoint", "prove", "verify", "tiles", "stat", "repair", "backup",
            "passphrase", "class list",
        ]
        let overview = try Command.run(["--help"]).text
        for verb in verbs {
            #expect(overview.contains("\n  \(verb.split(separator: " ")[0]) "), "\(verb)")
            let help = try Command.run(["help"] + verb.split(separator: " ").map(String.init))
            #expect(help.status == 0)
            #expect(help.text.contains("\n  muniment \(verb) "), "no example in the help of \(verb)")
        }
        #expect(try Command.run(["--version"]).text.contains("format version 1"))
        for shell in ["bash", "zsh", "fish"] {
            let script = try Command.run(["--generate-completion-script", shell])
            #expect(script.status == 0 && script.text.contains("checkpoint"))
        }
    }
}
