// The keys directory itself: every file decoded and opened with the key above it, every byte accounted for.

internal import MunimentCrypto
internal import MunimentFormat
internal import MunimentNote

struct KeysAudit {
    private let directory: String
    private let logID: Digest
    private(set) var findings = Findings()
    private(set) var claims: [RootClaim] = []
    /// The opened keys; nil where contents can't be opened.
    private(set) var book: KeyBook?

    init(_ directory: String, logID: Digest) { (self.directory, self.logID) = (directory, logID) }

    /// Lists the directory, unlocks the root key, opens the epoch and the signer. `ownKey` is the manifest's vkey,
    /// `trusted` the caller's.
    mutating func run(passphrase: [UInt8]?, ownKey: String?, trusted: [VerifierKey]) throws(VerifyError) {
        list()
        guard let root = unlock(passphrase) else { return }
        openGroups(root)
        openSigner(root, ownKey: ownKey, trusted: trusted)
    }

    private mutating func list() {
        do throws(FileFailure) {
            if let item = DirectoryListing.item(directory), let finding = Finding(mode: item, "keys") {
                findings.append(finding)
            }
            for item in try DirectoryListing.items(directory) {
                guard ["root.key", "groups", "signer"].contains(item.name), item.kind == .file else {
                    findings.append(
                        Finding(
                            .fileForeign, .unattested, "keys/" + item.name,
                            "This is no part of a keys directory; nothing covers its bytes."))
                    continue
                }
                if let finding = Finding(mode: item, "keys/" + item.name) { findings.append(finding) }
            }
        } catch {
            findings.append(
                Finding(.keyLocked, .unattested, "keys", "The keys directory can't be read: \(error.description)."))
        }
    }

    private mutating func open(_ name: String) -> ReadOnlyFile? {
        do throws(FileFailure) {
            return try ReadOnlyFile(directory + "/" + name)
        } catch {
            let severity: Finding.Severity = error == .notRegular ? .error : .unattested
            findings.append(
                Finding(.keyLocked, severity, "keys/" + name, "The file can't be read: \(error.description)."))
            return nil
        }
    }

    private mutating func bytes(_ file: ReadOnlyFile, _ name: String, _ count: Int, at offset: UInt64 = 0) -> [UInt8]? {
        do throws(FileFailure) {
            return try file.bytes(count, at: offset)
        } catch {
            findings.append(Finding(unreadable: "keys/" + name, error, offset: offset))
            return nil
        }
    }

    private mutating func malformed(_ name: String, _ offset: UInt64 = 0, _ what: String) {
        findings.append(Finding(.keyMalformed, .error, "keys/" + name, offset: offset, what))
    }

    private mutating func trailing(_ file: ReadOnlyFile, _ name: String, after end: UInt64) {
        guard file.byteCount > end else { return }
        findings.append(
            Finding(
                .keyMalformed, .unattested, "keys/" + name, offset: end,
                "Bytes follow the file's last structure; nothing covers them."))
    }

    // MARK: root.key

    private mutating func unlock(_ passphrase: [UInt8]?) -> SecretKey? {
        let name = "root.key"
        guard let file = open(name), let raw = bytes(file, name, RootKeyFile.byteCount) else { return nil }
        trailing(file, name, after: UInt64(RootKeyFile.byteCount))
        let decoded: RootKeyFile
        switch raw.withUnsafeBytes({ decoding($0, RootKeyFile.init(decoding:)) }) {
        case .success(let key): decoded = key
        case .failure(let error):
            findings.append(Finding(error, .keyMalformed, "keys/" + name))
            return nil
        }
        guard decoded.logID == logID else {
            malformed(name, 40, "The root key is another log's.")
            return nil
        }
        do throws(KeyError) {
            return try decoded.unlocked(passphrase: passphrase)
        } catch {
            // A plain root key that fails its check was changed; under a passphrase the passphrase may be wrong.
            let isChanged = decoded.protection == .file
            findings.append(
                Finding(
                    isChanged ? .keyMalformed : .keyLocked, isChanged ? .error : .unattested, "keys/" + name,
                    "The root key can't be had (\(error)): contents are not opened."))
            return nil
        }
    }

    // MARK: groups

    private mutating func openGroups(_ root: SecretKey) {
        let name = "groups"
        guard let file = open(name), let raw = bytes(file, name, GroupsHeader.byteCount) else { return }
        switch raw.withUnsafeBytes({ decoding($0, GroupsHeader.init(decoding:)) }) {
        case .failure(let error): findings.append(Finding(error, .keyMalformed, "keys/" + name))
        case .success(let header):
            guard header.logID == logID else { return malformed(name, 16, "The group keys are another log's.") }
            guard let epochKey = try? header.epochKey(root: root) else {
                return malformed(name, 56, "The epoch's key was not wrapped in this place under the root key.")
            }
            let opened = KeyBook.Opened(header: header, epochKey: epochKey, file: file)
            let book = KeyBook(logID: logID, root: root, opened, path: directory + "/" + name)
            self.book = book
            let before = findings
            var known = opened
            readRows(known)
            // A purge may have written over the file meanwhile.
            while findings.count > before.count, book.isReplaced(since: known) {
                (findings, known) = (before, book.opened)
                readRows(known)
            }
        }
    }

    /// Decodes every row; they are opened where a segment names them, and the others at the end.
    private mutating func readRows(_ book: KeyBook.Opened) {
        let file = book.file
        var slot: UInt64 = 0
        let step = 512
        while slot < book.rowCount {
            let offset = KeyBook.offset(ofSlot: slot)
            guard let raw = bytes(file, "groups", step * GroupKeyRow.byteCount, at: offset) else { return }
            let count = raw.count / GroupKeyRow.byteCount
            if count == 0 { break }
            raw.withUnsafeBytes { raw in
                for place in 0..<count {
                    let row = raw.slice(place * GroupKeyRow.byteCount..<(place + 1) * GroupKeyRow.byteCount)
                    check(row, slot: slot + UInt64(place), isLast: slot + UInt64(place) + 1 == book.rowCount)
                }
            }
            slot += UInt64(count)
        }
        trailing(file, "groups", after: KeyBook.offset(ofSlot: book.rowCount))
    }

    private mutating func check(_ raw: UnsafeRawBufferPointer, slot: UInt64, isLast: Bool) {
        let offset = KeyBook.offset(ofSlot: slot)
        switch decoding(raw, GroupKeyRow.init(decoding:)) {
        case .success(let row):
            if row.slot != slot { malformed("groups", offset, "Row \(slot) says that it is row \(row.slot).") }
        case .failure(let error):
            if isLast {
                // The last row may have been cut off by a crash before any frame could use it.
                findings.append(
                    Finding(
                        .keyMalformed, .unattested, "keys/groups", offset: offset,
                        "The last row does not decode: \(error)."))
            } else {
                findings.append(Finding(error, .keyMalformed, "keys/groups", offset: offset))
            }
        }
    }

    /// After the segments: the epoch of the keys against `epoch`, that of the newest disposition. The file is read again
    /// before it is accused, for a disposition may have been carried out meanwhile.
    static func epoch(_ book: KeyBook, _ directory: String, atLeast epoch: UInt64?) -> Findings {
        guard let epoch, book.header.epoch < epoch else { return [] }
        let raw = try? ReadOnlyFile(directory + "/groups").bytes(GroupsHeader.byteCount)
        if let now = try? raw?.decode(GroupsHeader.init(decoding:)), now.epoch >= epoch { return [] }
        return [
            Finding(
                .keyEpoch, .error, KeyBook.name, offset: 48,
                "The keys are of epoch \(book.header.epoch), and the newest disposition left them in epoch \(epoch): what it destroyed may be here."
            )
        ]
    }

    /// After the segments: rows that none of them named. `purged` are the generations, by segment, below which a
    /// disposition destroyed the keys that no segment uses.
    static func unused(_ book: KeyBook, purged: [UInt64: UInt32]) -> Findings {
        // As they are now: a disposition may have been carried out since they were first looked at.
        _ = book.isReplaced(since: book.opened)
        while true {
            let opened = book.opened
            let findings = unused(book, opened, purged: purged)
            guard findings.count > 0, book.isReplaced(since: opened) else { return findings }
        }
    }

    private static func unused(_ book: KeyBook, _ opened: KeyBook.Opened, purged: [UInt64: UInt32]) -> Findings {
        var findings = Findings()
        for slot in 0..<opened.rowCount where !book.isUsed(slot) {
            let offset = KeyBook.offset(ofSlot: slot)
            // Of a key that was destroyed nothing is left to say.
            guard let row = try? opened.row(slot), row.isPresent else { continue }
            if let generation = purged[row.segment], row.generation <= generation {
                findings.append(
                    Finding(
                        .keySurvives, .error, KeyBook.name, offset: offset,
                        "The key in slot \(slot), of class \(row.classID) in segment \(row.segment), was to be destroyed by a disposition and is "
                            + "still there."))
                continue
            }
            findings.append(
                book.unwraps(row, opened)
                    ? Finding(
                        .keyUnused, .notice, KeyBook.name, offset: offset, "No segment uses the key in slot \(slot).")
                    : Finding(
                        .keyMalformed, .error, KeyBook.name, offset: offset,
                        "The key in slot \(slot) was not wrapped in this place under the epoch's key."))
        }
        return findings
    }

    // MARK: signer

    private mutating func openSigner(_ root: SecretKey, ownKey: String?, trusted: [VerifierKey]) {
        let name = "signer"
        guard let file = open(name), let raw = bytes(file, name, SignerKeyBlock.byteCount) else { return }
        trailing(file, name, after: UInt64(SignerKeyBlock.byteCount + 2 * SignerState.byteCount))
        switch raw.withUnsafeBytes({ decoding($0, SignerKeyBlock.init(decoding:)) }) {
        case .failure(let error): findings.append(Finding(error, .keyMalformed, "keys/" + name))
        case .success(let block):
            guard block.logID == logID else { return malformed(name, 16, "The signing key is another log's.") }
            guard let seed = try? block.seed(root: root) else {
                return malformed(name, 48, "The signing key was not wrapped in this place under the root key.")
            }
            checkSigner(seed, ownKey: ownKey, trusted: trusted)
            readStates(file)
        }
    }

    private mutating func checkSigner(_ seed: SecretKey, ownKey: String?, trusted: [VerifierKey]) {
        let publicKey = seed.withUnsafeBytes { Ed25519.publicKey(seed: $0) }
        let own = ownKey.flatMap { try? VerifierKey($0) }
        if let own, own.publicKey != publicKey {
            findings.append(
                Finding(
                    .keySigner, .error, "keys/signer", offset: 80,
                    "The signing key is not the one that the manifest names."))
        }
        let named = trusted.filter { key in own.map { $0.name.utf8.elementsEqual(key.name.utf8) } ?? true }
        if !named.isEmpty, !named.contains(where: { $0.publicKey == publicKey }) {
            findings.append(
                Finding(.keySigner, .error, "keys/signer", offset: 80, "The signing key is not the trusted one."))
        }
    }

    /// What the key signed last, twice: the log must bear both out.
    private mutating func readStates(_ file: ReadOnlyFile) {
        var states: [SignerState] = []
        for block in 1...2 {
            let offset = UInt64(block * SignerState.byteCount)
            guard let raw = bytes(file, "signer", SignerState.byteCount, at: offset) else { return }
            switch raw.withUnsafeBytes({ decoding($0, SignerState.init(decoding:)) }) {
            case .success(let state):
                states.append(state)
                // A new key's two blocks are the same; from then on the sequence says which block it is.
                if state.treeSize > 0, UInt64(block) != 1 + state.sequence % 2 {
                    malformed("signer", offset, "The state of sequence \(state.sequence) stands in block \(block).")
                }
                if state.treeSize > 0 {
                    claims.append(RootClaim(size: state.treeSize, root: state.root, claimant: .signer, offset: offset))
                } else if state.root != .zero {
                    malformed("signer", offset, "A state of size 0 has a root.")
                }
            case .failure(let error):
                // One may have been cut off by a crash while it was written.
                findings.append(
                    Finding(
                        .keySigner, .unattested, "keys/signer", offset: offset,
                        "What was signed last can't be read: \(error)."))
            }
        }
        if states.isEmpty {
            malformed("signer", UInt64(SignerState.byteCount), "Neither state of the signer can be read.")
        }
        let sequences = states.map(\.sequence)
        if let low = sequences.min(), let high = sequences.max(), high - low > 1 {
            malformed("signer", UInt64(SignerState.byteCount), "The signer's states do not follow one another.")
        }
    }
}
