// `verify`: re-derives everything from the bytes and says what it found. The verifier is told what to trust; it takes
// nothing on trust from what it verifies.

import ArgumentParser
import Glibc
import Muniment
import MunimentInput
import MunimentVerify

struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check an archive, a segment, an evidence file, tiles, a proof or a checkpoint.",
        discussion: """
            Re-derives every frame, entry, commitment, leaf, stored node, root, seal and signature, and reports all \
            that it finds. Reads only; works on copies, without the program that wrote them, and without any key.

              muniment verify mail --key "$(cat mail.vkey)"
              muniment verify /mnt/evidence/mail --key mail.vkey --against received.checkpoint --json
              muniment verify public --key mail.vkey
              muniment verify case-17.evidence --key mail.vkey
              muniment verify 17.proof --key mail.vkey
              muniment verify newer.request --against older.checkpoint --key mail.vkey
              muniment verify 000000000012-0000.seg --against seal.proof --key mail.vkey
              muniment verify mail --key mail.vkey --html report.html

            --key names a log's public key that you have from elsewhere, as the vkey or as a file that holds one; \
            without it the verdict is at best "not established". With the data keys (STORE.keys, or --keys) contents \
            are opened and compared with their commitments too. --against is a checkpoint that you were given before: \
            the log must extend it. Two checkpoints are compared by a proof of consistency, as prove --from prints it. One \
            segment, apart from its archive, is bound to the log by the proof of its seal record, a control record in \
            the segment after it: prove that, and name it with --against.

            --html writes the report as one page, to be read in any browser and printed; it has no script and asks no \
            network.

            The verdict is intact (exit status 0), tampered (1) or not established (2). Each finding has a stable \
            code, a severity, and the file, offset and index that it concerns. A purge that is incomplete and a torn \
            tail that was never acknowledged are notices: neither alone is tampering.
            """)

    @Argument(help: "An archive, a copy of one, an evidence file, a tile directory, or a proof.", completion: .file())
    var path: String

    @Option(
        name: .customLong("key"),
        help: ArgumentHelp("A public key to trust: a vkey, or a file with one.", valueName: "vkey"))
    var trusted: [String] = []

    @Option(
        help: ArgumentHelp("A file with a signed checkpoint that the log must extend.", valueName: "checkpoint"),
        completion: .file())
    var against: String?

    @Option(help: ArgumentHelp("Threads to use. (default: one for each processor)", valueName: "n"))
    var jobs: Int?

    @Flag(help: "Print a line of JSON for each finding, and one for the verdict.")
    var json = false

    @Option(help: ArgumentHelp("Write the report as a page, to a new file.", valueName: "file"), completion: .file())
    var html: String?

    @OptionGroup var keys: KeyArguments

    func validate() throws {
        if let jobs, !(1...256).contains(jobs) { throw ValidationError("--jobs takes 1 to 256.") }
        if json, html != nil { throw ValidationError("Give --html or --json, not both.") }
    }

    func run() throws {
        let progress = SharedProgress()
        let lines = VerifyLines(isOn: json)
        var options = try options(progress)
        if json {
            options.found = { lines.take($0) }
            // On a terminal the one would be written over the other.
            if isatty(STDOUT_FILENO) == 1 { options.progress = nil }
        }
        let circumstances = circumstances(options)
        let report: VerifyReport
        do throws(VerifyError) {
            if let html { try VerifyPage.check(html, inputs: [path, options.keysDirectory].compactMap { $0 }) }
            report = try Verifier(options).verify(path)
            progress.clear()
            if let html { try VerifyPage(report, circumstances).write(to: html) }
        } catch {
            progress.clear()
            throw Failure(exitCode: error.code.exitCode, sentence: error.description)
        }
        try print(report, lines)
        switch report.verdict {
        case .intact: return
        case .tampered: throw Failure(exitCode: 1, sentence: nil)
        case .notEstablished: throw Failure(exitCode: 2, sentence: nil)
        }
    }

    private func print(_ report: VerifyReport, _ lines: VerifyLines) throws {
        let output = VerifyOutput(report)
        if json {
            try lines.check()
            try Output.standard.write(output.lastLine())
        } else {
            try Output.standard.write(output.text())
            if let html { try Output.standard.line("report      \(TerminalText.escaped(html))") }
        }
        try Output.standard.flush()
    }

    private func circumstances(_ options: VerifyOptions) -> VerifyPage.Circumstances {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var circumstances = VerifyPage.Circumstances(
            path: path, tool: "muniment \(MunimentCommand.version)",
            time: Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1_000)
        circumstances.trustedKeys = options.trustedKeys
        circumstances.against = against
        circumstances.keysDirectory = options.keysDirectory
        circumstances.jobs = options.jobs
        return circumstances
    }

    private func options(_ progress: SharedProgress) throws -> VerifyOptions {
        var options = VerifyOptions()
        options.trustedKeys = try trusted.map { try Verify.key($0) }
        let beside = StorePaths(path).keys
        options.keysDirectory = keys.keysDirectory ?? (Glibc.access(beside, R_OK) == 0 ? beside : nil)
        options.passphrase = try keys.passphraseFile.map { try Passphrase.read($0) }
        options.against = try against.map { try Verify.read($0, byteCountMax: 1 << 20) }
        options.jobs = jobs ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        options.progress = { state in
            progress.update(
                "\(Quantity.bytes(state.byteCount)) of \(Quantity.bytes(state.byteCountTotal)), "
                    + Quantity.things(state.findingCount, "finding"))
        }
        return options
    }

    /// A vkey, or the first line of a file that holds one.
    private static func key(_ text: String) throws -> VerifierKey {
        if let key = try? VerifierKey(text) { return key }
        guard Glibc.access(text, F_OK) == 0 else {
            throw ArchiveError(.usage, "--key takes a vkey, as init prints it, or a file that holds one.")
        }
        let bytes = try read(text, byteCountMax: 65_536)
        let line = String(decoding: bytes.prefix { $0 != 0x0a && $0 != 0x0d }, as: UTF8.self)
        do throws(NoteError) {
            return try VerifierKey(line)
        } catch {
            throw ArchiveError(.badInput, "\(text) holds no vkey: \(error)")
        }
    }

    private static func read(_ path: String, byteCountMax: Int) throws -> [UInt8] {
        var file = try InputFile.open(path)
        return try file.readAll(atMost: byteCountMax, of: path)
    }
}

extension VerifyError.Code {
    var exitCode: Int32 {
        switch self {
        case .usage: ExitStatus.usage
        case .absent: ExitStatus.absent
        case .io: ExitStatus.inputOutput
        }
    }
}
