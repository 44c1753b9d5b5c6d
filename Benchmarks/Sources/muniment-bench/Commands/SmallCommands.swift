// The smaller subcommands: records, calibration, one contender alone, plots of an earlier run, agreement of two.

import ArgumentParser
import Foundation
import Muniment

struct RecordsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "records",
        abstract: "Checks the generated records: lengths, and how well LZ4 compresses them; or prints some.")

    @Option(name: .customLong("print"), help: "Prints so many records of 256 B instead.")
    var printCount: Int?

    /// What real messages of such lengths do; a generator outside of this measures something else.
    private static let ratios = [256: 2.75...3.05, 1_024: 2.75...3.05]

    func run() throws {
        if let printCount {
            let corpus = Corpus(.messages(256), byteCount: 256 * max(1, printCount))
            for number in 0..<printCount { print(String(decoding: corpus[number], as: UTF8.self)) }
            return
        }
        for (length, expected) in RecordsCommand.ratios.sorted(by: { $0.key < $1.key }) {
            let corpus = Corpus(.messages(length), byteCount: 16 << 20)
            let compression = CompressionRatio(corpus)
            print(
                "\(length) B: \(grouped(Double(corpus.count))) records, LZ4 in 64 KiB blocks \(decimal(compression.ratio, 2))x"
            )
            try require(
                expected.contains(compression.ratio), "Records of \(length) B must compress \(expected) times.")
            try require(
                (0..<corpus.count).allSatisfy { corpus[$0].count == length && corpus[$0].last == UInt8(ascii: "}") },
                "A record of \(length) B is not whole.")
        }
        let mail = Corpus(.mail, byteCount: 64 << 20)
        let lengths = (0..<mail.count).map { Double(mail[$0].count) }
        print(
            "mail: \(grouped(Double(mail.count))) messages, \(grouped(lengths.min() ?? 0)) to \(grouped(lengths.max() ?? 0)) B, "
                + "median \(grouped(lengths.median)), mean \(grouped(Double(mail.byteCount) / Double(mail.count))), "
                + "LZ4 \(decimal(CompressionRatio(mail, limit: mail.byteCount).ratio, 2))x")
        try require(
            lengths.allSatisfy { MailGenerator.byteCountRange.contains(Int($0)) },
            "A mail is shorter or longer than any may be.")
    }
}

struct CalibrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrate", abstract: "Measures the disk and the physical limits alone.")

    @OptionGroup var place: PlaceOptions

    func run() throws {
        try place.withDirectory { directory in
            print(MachineDescription(directory: directory).summary)
            for write in try DiskCalibration.measure(in: directory).writes {
                let where_ = write.isPreWritten ? "pre-written" : "growing"
                print("\(write.byteCount / 1_024) KiB write + fdatasync, \(where_): \(compact(write.microseconds)) µs")
            }
            for limit in try PhysicalLimits.measure(in: directory) {
                print("\(limit.name): \(grouped(limit.megabytesPerSecond)) MB/s")
            }
        }
    }
}

struct ContenderCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "contender",
        abstract: "Runs one contender once, alone in its process: for profilers and for memory.")

    @Argument(help: "\(Contender.all.map(\.id).joined(separator: ", ")).")
    var id: String

    @OptionGroup var place: PlaceOptions

    @Option(help: "Bytes of a record.")
    var size = 256

    @Option(help: "Records to append.")
    var count = 1_000_000

    @Option(help: "Records a commit.")
    var batch = 1_000

    @Flag(help: "With four attributes, two of them indexed.")
    var attributes = false

    @Option(help: ArgumentHelp("Megabytes of generated records to take from.", valueName: "mb"))
    var corpus = 48

    @Flag(help: "Prints a JSON object.")
    var json = false

    func validate() throws {
        guard size >= MessageGenerator.byteCountMin, count >= 1, batch >= 1, corpus >= 1 else {
            throw ValidationError("Sizes and counts are positive, and a record has at least 200 bytes.")
        }
    }

    func run() throws {
        let contender = try Contender.named(id)
        try place.withDirectory { directory in
            let workload = Workload(
                corpus: Corpus(.messages(size), byteCount: corpus << 20), count: count, batch: batch,
                hasAttributes: attributes)
            let outcome = try contender.run(workload, directory)
            let result = ProbeResult(
                id: id, count: outcome.count, seconds: outcome.seconds, peakMegabytes: ProcessUsage.peakMegabytes)
            if json {
                print(String(decoding: try JSONFile.encoded(result), as: UTF8.self))
            } else {
                let size = outcome.byteCountOnDisk.map {
                    ", \(decimal(Double($0) / Double(outcome.count), 1)) bytes a record"
                }
                print(
                    "\(contender.name): \(grouped(Double(outcome.count))) records in \(duration(outcome.seconds)), "
                        + "\(quantity(outcome.rate, "records/s"))\(size ?? ""), peak \(decimal(result.peakMegabytes, 1)) MB"
                )
            }
        }
    }
}

struct AbandonCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "abandon", abstract: "Fills an archive and kills its own process.", shouldDisplay: false)

    @Argument var directory: String
    @Option var count = 100_000

    func run() throws {
        let workload = Workload(corpus: Corpus(.messages(256), byteCount: 16 << 20), count: count)
        let archive = try BenchArchive.create(in: directory)
        try BenchArchive.append(workload, 0..<count, to: archive, inFlight: 8)
        kill(getpid(), SIGKILL)
    }
}

struct PlotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plot", abstract: "Makes table and plots of an earlier run anew.")

    @Argument(help: "The run's report.json.")
    var report: String

    @Option(help: "The folder for what is written.")
    var out: String

    func run() throws { try ReportWriter.write(Report(contentsOf: report), to: out) }
}

struct AgreeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agree", abstract: "Compares the ratios of two runs; fails where one differs by more than a tenth."
    )

    @Argument(help: "A run's report.json.")
    var first: String

    @Argument(help: "Another's.")
    var second: String

    @Option(help: "How far two ratios may be apart, in percent.")
    var percent = 10.0

    func run() throws {
        let agreement = try Agreement(Report(contentsOf: first), Report(contentsOf: second))
        try require(!agreement.lines.isEmpty, "The two runs have no ratio in common.")
        let outliers = agreement.outliers(percent / 100)
        for line in agreement.lines {
            print(
                "\(line.name): \(compactRatio(line.first)) and \(compactRatio(line.second)), \(decimal(line.difference * 100, 1)) % apart"
            )
        }
        if !outliers.isEmpty { throw ExitCode(1) }
    }
}
