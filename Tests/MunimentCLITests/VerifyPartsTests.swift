// `verify` of parts of a log, as scripts use it: a segment, two checkpoints; and how it shows that it is busy.

import Foundation
import Testing

@Suite struct VerifyPartsTests {
    private let workspace: Workspace

    init() throws { workspace = try Workspace() }

    private func verdict(_ arguments: [String]) throws -> (status: Int32, verdict: String?, codes: [String]) {
        let result = try Command.run(["verify", "--json"] + arguments)
        let objects = result.lines.isEmpty ? [] : try result.objects
        return (
            result.status, objects.last?["verdict"] as? String,
            objects.dropLast().compactMap { $0["finding"] as? String }
        )
    }

    @Test func checkpointsAreComparedByAProof() throws {
        let (archive, key) = try workspace.archive()
        func append(_ text: String) throws -> String {
            #expect(try Command.run(["append", archive, "--format", "lines"], input: Array(text.utf8)).status == 0)
            return try workspace.write(text, Command.run(["checkpoint", archive]).output)
        }
        let older = try append("one")
        let newer = try append("two\nthree")
        let size = try String(contentsOfFile: older, encoding: .utf8).split(separator: "\n")[1]
        let request = try workspace.write("request", Command.run(["prove", archive, "--from", String(size)]).output)
        let trust = ["--key", key]
        #expect(try verdict([newer] + trust) == (0, "intact", []))
        #expect(try verdict([request, "--against", older] + trust) == (0, "intact", []))
        #expect(try verdict([newer, "--against", newer] + trust) == (0, "intact", []))
        #expect(try verdict([newer, "--against", older] + trust) == (2, "notEstablished", ["checkpoint.unproved"]))
        #expect(try verdict([request] + trust) == (2, "notEstablished", ["checkpoint.unproved"]))
        #expect(try verdict([request, "--against", older]) == (2, "notEstablished", ["verifier.notTrusted"]))
        #expect(try verdict([archive, "--against", older] + trust) == (0, "intact", []))
        // One changed digit of the proof.
        var lines = try String(contentsOfFile: request, encoding: .utf8).components(separatedBy: "\n")
        lines[1] = (lines[1].hasPrefix("A") ? "B" : "A") + lines[1].dropFirst()
        try workspace.write("request", lines.joined(separator: "\n").utf8)
        #expect(try verdict([request, "--against", older] + trust) == (1, "tampered", ["checkpoint.inconsistent"]))
        // A tlog-proof against a checkpoint of its size, and of another.
        let proof = try workspace.write("proof", Command.run(["prove", archive, "1"]).output)
        #expect(try verdict([proof, "--against", newer] + trust) == (0, "intact", []))
        #expect(try verdict([proof, "--against", older] + trust) == (2, "notEstablished", ["checkpoint.unproved"]))
    }

    @Test func aSegmentAloneIsNotEstablished() throws {
        let (archive, key) = try workspace.archive()
        #expect(try Command.run(["append", archive, "--format", "lines"], input: Array("a\nb\nc".utf8)).status == 0)
        let name = "000000000000-0000.seg"
        let bytes = try workspace.read("archive/segments/0000/\(name)")
        let alone = try workspace.write("copy.bin", bytes)
        for options in [["--key", key], ["--key", key, "--keys", archive + ".keys"]] {
            #expect(try verdict([alone] + options) == (2, "notEstablished", ["segment.alone"]))
        }
        #expect(try verdict([archive + "/segments/0000/" + name, "--key", key]).codes == ["segment.alone"])
        var changed = bytes
        changed[4_096 + 300] ^= 1
        try workspace.write("copy.bin", changed)
        let found = try verdict([alone, "--key", key])
        #expect(found.status == 2 || found.status == 1, "\(found)")
        #expect(found.codes.count > 1, "\(found)")
        let text = try Command.run(["verify", alone, "--key", key])
        #expect(text.text.contains("copy.bin") && !text.text.contains("INTACT"))
    }

    /// What a disposition left of a segment is bound by the record that prepared it; the page of the archive says which.
    @Test func aPurgedSegmentIsBoundByItsPreparedRecord() throws {
        let (archive, key) = try workspace.archive()
        #expect(
            try Command.run(["class", "set", archive, "mail", "--period", "P1D", "--since", "occurred"]).status == 0)
        let lines = (0..<10).map { #"{"n":\#($0),"at":"2001-01-01T00:00:00Z"}"# }.joined(separator: "\n")
        let appended = try Command.run(
            ["append", archive, "--format", "ndjson", "--class", "mail", "--time", "at"], input: Array(lines.utf8))
        #expect(appended.status == 0, "\(appended.errors)")
        #expect(try Command.run(["compact", archive]).status == 0)
        let page = workspace.file("page.html")
        #expect(try Command.run(["verify", archive, "--key", key, "--html", page]).status == 0)
        let text = try String(contentsOfFile: page, encoding: .utf8)
        let row = try #require(
            text.firstMatch(
                of: /<tr><td class="n">0<\/td><td class="n">0<\/td><td class="n">\d+<\/td><td class="n">(\d+)</))
        let proof = try workspace.write("proof", Command.run(["prove", archive, "--segment", "0"]).output)
        #expect(try workspace.read("proof") == Command.run(["prove", archive, String(row.output.1)]).output)
        // The one that is open has none yet.
        let open = try Command.run(["prove", archive, "--segment", "9"])
        #expect(open.status == 66 && open.errors.contains("is not sealed"), "\(open.status) \(open.errors)")
        #expect(try Command.run(["prove", archive, "3", "--segment", "0"]).status == 64)
        let folder = archive + "/segments/0000"
        let name = try #require(
            try FileManager.default.contentsOfDirectory(atPath: folder).first { $0.hasPrefix("000000000000-") })
        #expect(name != "000000000000-0000.seg")
        let copy = try workspace.write("purged.seg", Samples.bytes(folder + "/" + name))
        let bound = try Command.run(["verify", copy, "--key", key, "--against", proof, "--json"])
        #expect(bound.status == 0, "\(bound.text)\(bound.errors)")
        #expect(try bound.last["purged"] as? Int == 10 && bound.last["unexplained"] as? Int == 0)
        #expect(try bound.objects.dropLast().compactMap { $0["finding"] as? String } == ["content.purged"])
        let alone = try verdict([copy, "--key", key])
        #expect(alone.status == 2 && alone.codes == ["content.missing", "segment.alone"], "\(alone)")
        var bytes = try workspace.read("purged.seg")
        bytes[bytes.count / 2] ^= 1
        try workspace.write("purged.seg", bytes)
        #expect(try verdict([copy, "--key", key, "--against", proof]).status == 1)
    }

    // MARK: Progress, memory

    /// Progress is for a person who waits: on a terminal, and there alone. What is printed besides is the same.
    @Test func progressIsShownOnATerminalAlone() throws {
        let (archive, key) = try workspace.archive()
        let lines = Samples.lines((0..<60_000).map { Array("line \($0)".utf8) })
        #expect(try Command.run(["append", archive, "--format", "lines"], input: lines).status == 0)
        let plain = try Command.run(["verify", archive, "--key", key, "--jobs", "1"])
        #expect(plain.status == 0 && plain.errors.isEmpty, "\(plain.errors)")
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/script") else {
            print("skipped: there is no script command to make a terminal")
            return
        }
        // Many times over, so that it takes long enough for a line to be drawn.
        let arguments = "verify '\(archive)' --key '\(key)' --jobs 1"
        let shown = workspace.file("terminal")
        let report = workspace.file("report")
        let once = "'\(Command.binary)' \(arguments)"
        let terminal = try Command.shell("script -qec \"\(once) >'\(report)'\" '\(shown)' </dev/null >/dev/null")
        #expect(terminal.status == 0, "\(terminal.errors)")
        let seen = try String(contentsOfFile: shown, encoding: .utf8)
        // How long that very run took: another may have been slower.
        let told = try String(contentsOfFile: report, encoding: .utf8)
        #expect(told.contains(/in \d+\.\d s/), "\(told)")
        if told.firstMatch(of: /in 0\.[0-4] s/) == nil {
            #expect(seen.contains(" of ") && seen.contains("0 findings"), "\(seen)")
        }
        #expect(seen.components(separatedBy: "\r\u{1B}[K").last?.contains(" of ") != true, "the line stays: \(seen)")
    }

    @Test func memoryDoesNotGrowWithTheArchive() throws {
        let (archive, key) = try workspace.archive()
        let payload = (0..<9_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 3) }
        var peaks: [Int] = []
        for round in 0..<3 {
            let frames = Samples.frames((0..<(round == 0 ? 1_500 : 4_500)).map { payload + Array("\($0)".utf8) })
            #expect(try Command.run(["append", archive, "--format", "framed"], input: frames).status == 0)
            let result = try Command.run(["verify", archive, "--key", key, "--jobs", "2", "--json"])
            #expect(result.status == 0, "\(result.text)\(result.errors)")
            peaks.append(result.peakByteCount)
        }
        // From 13 MB to 94 MB of records.
        #expect(peaks.allSatisfy { $0 < 200 << 20 }, "\(peaks)")
        #expect(peaks[2] < peaks[0] + (48 << 20), "\(peaks)")
    }

    /// A store of nothing but faults: each is a line, and none costs memory.
    @Test func everyFindingIsALineOfJSON() throws {
        let (archive, key) = try workspace.archive()
        for number in 0..<1_200 {
            _ = FileManager.default.createFile(atPath: archive + "/foreign \(number)", contents: Data())
        }
        let result = try Command.run(["verify", archive, "--key", key, "--json"])
        #expect(result.status == 2)
        let objects = try result.objects
        #expect(objects.count == 1_201 && objects.last?["findings"] as? Int == 1_200)
        #expect(Set(objects.dropLast().compactMap { $0["file"] as? String }).count == 1_200)
        let text = try Command.run(["verify", archive, "--key", key])
        #expect(text.text.contains("… and 200 more of file.foreign"))
    }
}
