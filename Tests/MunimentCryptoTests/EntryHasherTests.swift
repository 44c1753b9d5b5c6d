// Leaf hashes of runs against SHA-256(0x00 ‖ entry) of each entry, spelt one by one.

import MunimentCrypto
import MunimentFormat
import Testing

@Suite struct EntryHasherTests {
    /// Runs of every combination of flags, across the stride of 256.
    @Test(arguments: [1, 2, 255, 256, 257, 600]) func runs(count: Int) {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        let hasher = EntryHasher()
        var runs: [EntryRun] = []
        for flags: UInt8 in 0...7 {
            let runCount = flags & Entry.hasExtensions == 0 ? count : min(count, 20)
            runs.append(run(flags, runCount, &generator))
        }
        let total = runs.reduce(0) { $0 + $1.count }
        let commitments = (0..<32 * total).map { _ in UInt8.random(in: 0...255, using: &generator) }
        var output = [UInt8](repeating: 0, count: 32 * total)
        commitments.withUnsafeBytes { source in
            output.withUnsafeMutableBytes { hasher.hash(runs, commitments: source.baseAddress!, to: $0.baseAddress!) }
        }
        var ordinal = 0
        for run in runs {
            for place in 0..<run.count {
                let entry = Entry(
                    kind: run.kind, classID: run.classID, recorded: run.recorded,
                    occurred: run.occurred.isEmpty ? nil : run.occurred[place],
                    compliance: run.flags & Entry.hasCompliance == 0 ? nil : run.compliance,
                    commitment: Digest(commitments[32 * ordinal..<32 * ordinal + 32])!,
                    extensions: run.extensions.isEmpty ? [] : run.extensions[place])
                let leaf = Array(output[32 * ordinal..<32 * ordinal + 32])
                if leaf != Naive.leaf(entry.encoded()) {
                    Issue.record("seed \(seed), flags \(run.flags), place \(place)")
                }
                ordinal += 1
            }
        }
    }

    private func run(_ flags: UInt8, _ count: Int, _ generator: inout SeededGenerator) -> EntryRun {
        let record = ControlRecord(kind: .clock, previous: 3, body: [UInt8](repeating: flags, count: 40))
        return EntryRun(
            count: count, kind: flags & Entry.hasExtensions == 0 ? .record : .control, flags: flags,
            classID: UInt32.random(in: 0...UInt32.max, using: &generator),
            recorded: Int64.random(in: Int64.min...Int64.max, using: &generator),
            compliance: flags & Entry.hasCompliance == 0
                ? 0 : Int64.random(in: Int64.min...Int64.max, using: &generator),
            occurred: flags & Entry.hasOccurred == 0
                ? [] : (0..<count).map { _ in Int64.random(in: Int64.min...Int64.max, using: &generator) },
            extensions: flags & Entry.hasExtensions == 0 ? [] : Array(repeating: record.extensions(), count: count))
    }
}
