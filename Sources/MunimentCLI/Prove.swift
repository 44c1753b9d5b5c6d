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

            With --from: the body of a C2SP tlog-witness add-checkpoint request, which shows that the log has only \
            grown since that size.

              muniment prove mail --from 0 | curl --data-binary @- https://witness.example/add-checkpoint

            --at proves against a kept checkpoint of that size rather than the newest.
            """)

    @OptionGroup var store: StoreArguments

    @Argument(help: "The record's index.")
    var index: UInt64?

    @Option(help: ArgumentHelp("Prove that the log extends its state of this size.", valueName: "size"))
    var from: UInt64?

    @Option(help: ArgumentHelp("Prove against the checkpoint of this size. (default: the newest)", valueName: "size"))
    var at: UInt64?

    func validate() throws {
        guard (index == nil) != (from == nil) else {
            throw ValidationError("Give either the index of a record or --from with a size.")
        }
    }

    func run() throws {
        let newest = try store.reader(needsKeys: false).snapshot
        let snapshot = try at.map { try newest.earlier(size: $0) } ?? newest
        if let index {
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
