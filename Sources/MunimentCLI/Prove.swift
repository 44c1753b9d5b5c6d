// `prove`: proofs as texts for other programs.

import ArgumentParser
import Muniment

struct Prove: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a proof that others can check.",
        discussion: """
            With an index: a c2sp.org/tlog-proof@v1 that the record is in the log, its entry as the proof's extra \
            data. It is checked offline, with the log's public key alone, by verify or by any program that knows the \
            format. Needs no key.

              muniment prove mail 17 > 17.proof
              muniment verify 17.proof --key "$(cat mail.vkey)"

            With --segment: the same for the control record that binds a segment's file to the log, its seal or the \
            disposition that wrote it last. Whoever has the file, the proof and the key can verify the file apart from its archive.

              muniment prove mail --segment 12 > seal.proof
              muniment verify 000000000012-0000.seg --against seal.proof --key "$(cat mail.vkey)"

            With --from: the body of a C2SP tlog-witness add-checkpoint request, which shows that the log has only \
            grown since that size.

              muniment prove mail --from 0 | curl --data-binary @- https://witness.example/add-checkpoint

            --at proves against a kept checkpoint of that size rather than the newest.
            """)

    @OptionGroup var store: StoreArguments

    @Argument(help: "The record's index.")
    var index: UInt64?

    @Option(help: ArgumentHelp("Prove what binds the file of this segment to the log.", valueName: "number"))
    var segment: UInt64?

    @Option(help: ArgumentHelp("Prove that the log extends its state of this size.", valueName: "size"))
    var from: UInt64?

    @Option(help: ArgumentHelp("Prove against the checkpoint of this size. (default: the newest)", valueName: "size"))
    var at: UInt64?

    func validate() throws {
        guard [index != nil, segment != nil, from != nil].count(where: { $0 }) == 1 else {
            throw ValidationError("Give the index of a record, --segment with a number or --from with a size.")
        }
    }

    func run() throws {
        let newest = try store.reader(needsKeys: false).snapshot
        let snapshot = try at.map { try newest.earlier(size: $0) } ?? newest
        if let index = try index ?? segment.map({ try snapshot.statement(ofSegment: $0) }) {
            guard index < snapshot.size else {
                throw ArchiveError(
                    .absent,
                    "record \(index) is not under the checkpoint of size \(snapshot.size): if it has been appended, run checkpoint first."
                )
            }
            try Output.standard.write(try snapshot.proofFile(of: index))
        } else if let from {
            try Output.standard.write(try snapshot.addCheckpointRequest(from: from))
        }
    }
}
