// Reading as the library reads for its users: the entry is proved to be in a tree whose root is known before its content is opened, and the
// content is held against the entry. A reader of the log alone believes nothing that it hands out for proved, so what it hands out may be rotten;
// what comes out of here may not.

import MunimentCrypto
import MunimentFormat
import MunimentMerkle
import MunimentStore

struct CarefulReader {
    let reader: LogReader
    let head: Head

    /// The record at an index; nil for a control record. Throws `.damaged` for what can't be proved.
    func record(_ index: UInt64) throws -> ModelRecord? {
        try CarefulReader.open(try provenEntry(index), at: index, with: reader)
    }

    /// The entry at an index, proved to be in the head's tree.
    private func provenEntry(_ index: UInt64) throws -> [UInt8] {
        let entry = try reader.entry(index)
        let proof = try translating("tree") {
            try InclusionProof.make(index: index, treeSize: head.size, reader: reader)
        }
        do {
            try proof.verify(leafHash: TreeHash.leaf(entry), root: head.root)
        } catch {
            throw ArchiveError(.damaged, "the entry of \(index) is not in the tree of size \(head.size): \(error)")
        }
        return entry
    }

    /// The record whose entry is `bytes`, opened and held against it; nil for a control record.
    static func open(_ bytes: [UInt8], at index: UInt64, with reader: LogReader) throws -> ModelRecord? {
        let entry = try translating("record \(index)") { try bytes.decode(Entry.init(decoding:)) }
        let content = try reader.content(index)
        let segment = try reader.segment(containing: index).segment
        guard let keys = reader.keys else { throw Violation("no keys") }
        let salts = try keys.group(segment: segment, classID: entry.classID).key.saltStream
        return try translating("record \(index)") {
            var payload = Array(content.payload)
            var bodyDigest: Digest?
            if let reference = try content.body() {
                payload = []
                bodyDigest = try BodyFileReader.read(
                    reader.fileSystem, reader.paths.body(reference.id), logID: reader.logID, reference: reference
                ) { payload.append(contentsOf: $0) }
            }
            guard try content.commitment(index: index, salts: salts, bodyDigest: bodyDigest) == entry.commitment else {
                throw ArchiveError(.damaged, "the content of \(index) is not what its entry commits to")
            }
            if entry.kind == .control { return nil }
            return ModelRecord(
                classID: entry.classID, payload: payload, attributes: try content.attributes().map(\.encoded),
                occurred: entry.occurred, isBodyFile: bodyDigest != nil)
        }
    }
}
