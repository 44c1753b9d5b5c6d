// The ZIP form of an export: the records' exact bytes as files, a tlog-proof beside each, a load file, and the evidence file itself, from which all
// of it is made, so that nothing is in it that the evidence does not disclose. Names come from indexes alone, never from a record.

import CMunimentKernels
import Glibc
import Muniment
import MunimentInput

struct EvidenceZip {
    private let evidence: String
    private let snapshot: Snapshot
    private let key: String

    /// `snapshot` covers the records, for the proofs; `key` is the log's vkey, for the note that explains.
    init(_ evidence: String, _ snapshot: Snapshot, key: String) {
        (self.evidence, self.snapshot, self.key) = (evidence, snapshot, key)
    }

    func write(to path: String, progress: (UInt64) -> Void) throws {
        let zip = try ZipFile(path)
        let contents = try EvidenceContents(evidence)
        let time = contents.custody.exported
        try zip.add("README.txt", Array(explanation.utf8), time: time)
        var table = LoadFile()
        var count: UInt64 = 0
        try contents.forEachRecord { record in
            let name = EvidenceZip.name(record.index)
            let proof = "proofs/\(name).tlog-proof"
            var digest: String?
            var link: String?
            if let byteCount = record.payloadByteCount {
                let file = "records/\(name).\(try EvidenceZip.ending(of: record, in: contents))"
                try zip.begin(file, byteCount: byteCount, time: record.occurredAt ?? record.recordedAt)
                digest = try EvidenceZip.copy(record, from: contents, to: zip)
                link = file
            }
            try zip.add(proof, try snapshot.proofFile(of: record.index), time: time)
            table.append(record, name: name, digest: digest, link: link, proof: proof)
            count += 1
            progress(count)
        }
        try zip.add("load.dat", table.bytes, time: time)
        try zip.add("records.evidence", fileAt: evidence, time: time)
        try zip.finish()
    }

    private static func name(_ index: UInt64) -> String {
        let digits = String(index)
        return String(repeating: "0", count: max(0, 12 - digits.utf8.count)) + digits
    }

    /// Streams a payload; returns its SHA-256 in hexadecimal.
    private static func copy(_ record: DisclosedRecord, from contents: EvidenceContents, to zip: ZipFile) throws
        -> String
    {
        var state = mk_sha256_state()
        mk_sha256_init(&state)
        try contents.readPayload(of: record) { piece in
            mk_sha256_update(&state, piece.baseAddress?.assumingMemoryBound(to: UInt8.self), piece.count)
            try zip.write(piece)
        }
        var digest = [UInt8](repeating: 0, count: Digest.byteCount)
        mk_sha256_final(&state, &digest)
        return Hexadecimal.string(digest)
    }

    // MARK: Kinds of payloads

    /// How much of a payload is looked at to tell its kind, unless it is read whole for that.
    private static let lookByteCount: UInt64 = 8 << 20

    /// eml for a message, json for one JSON text, txt for other text, bin for anything else.
    private static func ending(of record: DisclosedRecord, in contents: EvidenceContents) throws -> String {
        var bytes: [UInt8] = []
        try contents.readPayload(of: record, atMost: lookByteCount) { bytes.append(contentsOf: $0) }
        if isMessage(bytes) { return "eml" }
        guard (record.payloadByteCount ?? 0) <= lookByteCount, !bytes.isEmpty else { return "bin" }
        if let first = bytes.first(where: { !" \t\r\n".utf8.contains($0) }), "{[".utf8.contains(first),
            bytes.withUnsafeBytes({ JSONScanner.fault(in: $0) }) == nil
        {
            return "json"
        }
        let isText =
            bytes.withUnsafeBytes { UTF8Check.isValid($0) }
            && !bytes.contains { $0 < 0x20 && !"\t\r\n".utf8.contains($0) || $0 == 0x7F }
        return isText ? "txt" : "bin"
    }

    /// A header section of RFC 5322 that has one of the fields which mail cannot do without.
    private static func isMessage(_ bytes: [UInt8]) -> Bool {
        var names: Set<String> = []
        for line in bytes.prefix(1 << 20).split(separator: 0x0A, maxSplits: 400, omittingEmptySubsequences: false)
            .prefix(400)
        {
            if line.isEmpty || line.elementsEqual([0x0D]) { break }
            if line.first == 0x20 || line.first == 0x09 {
                if names.isEmpty { return false }
                continue
            }
            guard let colon = line.firstIndex(of: 0x3A), colon > line.startIndex,
                line[..<colon].allSatisfy({ (0x21...0x7E).contains($0) })
            else { return false }
            names.insert(String(decoding: line[..<colon], as: UTF8.self).lowercased())
        }
        return !names.isDisjoint(with: ["from", "received", "message-id", "return-path"])
            && !names.isDisjoint(with: ["date", "received", "subject", "message-id"])
    }

    // MARK: What it says of itself

    private var explanation: String {
        """
        Records of the log \(TerminalText.escaped(snapshot.checkpoint.origin)), exported with muniment.

        records.evidence    the evidence: all that the other files hold, and its proof
        records/            the exact bytes of each record whose payload is disclosed, by its index in the log
        proofs/             a c2sp.org/tlog-proof@v1 for each record
        load.dat            a Concordance load file: UTF-8, fields in \u{FE}, separated by U+0014, lines of a value by \u{AE}

        To verify:  muniment verify records.evidence --key KEY
        KEY is the log's public key. Get it from the log's owner, not from here. The one that the log states is
        \(TerminalText.escaped(key))

        The files in records/ prove nothing by themselves: verify records.evidence, and compare their SHA-256 in load.dat.

        """
    }
}
