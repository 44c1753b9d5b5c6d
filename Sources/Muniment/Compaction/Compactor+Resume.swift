// Carrying on a disposition that died. It comes before the first append of an open archive, so no hold can have been placed since its prepared
// records. Format/retention.md, "The protocol", says for each step what is found.

internal import MunimentFormat
internal import MunimentStore

extension Compactor {
    /// Ends an open disposition: carried on where one of its generations has its name, aborted otherwise.
    func resume(_ open: Disposition) throws(ArchiveError) {
        var named: [(index: UInt64, seal: SealRecord)] = []
        for prepared in open.prepared where try store.isNamed(prepared.seal) {
            named.append((prepared.index, prepared.seal))
        }
        if named.isEmpty {
            try store.removeUnnamedGenerations()
            try end(open.id)
            gate.unbar()
            return
        }
        _ = try destroy(named.map(\.seal), open.id, epoch: open.intent.epoch, prepared: named.map(\.index))
        try store.removeUnnamedGenerations()
    }

    static func unfinished(_ open: Disposition) -> ArchiveError {
        ArchiveError(
            .previousFailure,
            "Disposition \(open.id) is not finished: compact without --dry-run, or reopen the archive.")
    }
}
