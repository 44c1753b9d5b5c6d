// Exports of evidence: from an archive that is open for writing, with a record of the export in the log; from any snapshot, without.

internal import MunimentCrypto
internal import MunimentFormat
internal import MunimentStore

extension Archive {
    /// Writes an evidence file with the records that `selection` selects, and logs that. Works beside appends. Throws `absent` where nothing is
    /// selected, `usage` where `path` exists, and what reading throws; after an error there is no file, but the log may tell of one.
    ///
    /// The story: (1) what is disclosed is written under a temporary name; (2) a control record with a salted digest of it is appended, and a
    /// checkpoint over it signed; (3) record, checkpoint and one proof for all entries end the file, which is synced and gets its name. Whoever dies
    /// after 2 leaves a log that tells of an export without a file, never a file without a log.
    public func exportEvidence(
        matching selection: Selection, to path: String, options: EvidenceOptions
    ) async throws -> EvidenceReceipt {
        try await offCooperativeThreads {
            try self.exportEvidenceBlocking(matching: selection, to: path, options: options)
        }
    }

    /// As `exportEvidence`. Blocks.
    @available(*, noasync)
    public func exportEvidenceBlocking(
        matching selection: Selection, to path: String, options: EvidenceOptions
    ) throws -> EvidenceReceipt {
        let export = try EvidenceExport(try snapshotBlocking(), to: path, options)
        return try export.run(selection) { custody, recordCount, prefix in
            let salt = RandomBytes.array(Limits.saltByteCount)
            let body = ExportRecord(
                recordCount: recordCount, statement: DisclosedContent.statement(salt: salt, prefix: prefix))
            let receipt = try store.appendControl(
                .export, privatePart: salt + custody.encoded(), body: body.encoded())
            let snapshot = try snapshotBlocking()
            let entry = try snapshot.provenEntry(receipt.firstIndex)
            return (.logged(EvidenceControl(index: receipt.firstIndex, entry: entry), salt: salt), snapshot)
        }
    }
}

extension Snapshot {
    /// Writes an evidence file as `Archive.exportEvidence` does, but logs nothing: the file says so, and what it says of its own custody is bound
    /// by nothing signed. For copies, and for stores that somebody else has open for writing. Blocks.
    public func exportUnloggedEvidence(
        matching selection: Selection, to path: String, options: EvidenceOptions
    ) throws -> EvidenceReceipt {
        try EvidenceExport(self, to: path, options).run(selection) { _, _, _ in (.unlogged, self) }
    }
}
