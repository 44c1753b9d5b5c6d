// C2SP tlog-proof@v1: an inclusion proof and its checkpoint in one text, to be checked offline by anyone with the log's key.
//
//     c2sp.org/tlog-proof@v1
//     extra <base64>              optional; not authenticated by the format. We put the entry there.
//     index <decimal>
//     <base64 hash>               the audit path, leaf's sibling first
//                                 a blank line
//     <the checkpoint's note>

package import MunimentFormat
import MunimentMerkle

/// A proof file, well-formed and nothing more.
package struct TlogProof: Sendable, Hashable {
    /// Data for the application, covered by nothing; not empty.
    package let extra: [UInt8]?
    /// The entry's index.
    package let index: UInt64
    /// The audit path.
    package let path: [Digest]
    /// The checkpoint's note.
    package let note: SignedNote

    /// The most bytes of `extra`: an entry has at most 65,535.
    package static let extraCountMax = 1 << 16
    /// The largest file: the note, the extra in base64, 63 hashes and the fixed lines.
    package static let byteCountMax = SignedNote.byteCountMax + extraCountMax / 3 * 4 + 8192

    /// Any values within the bounds; `verify` judges them. An empty extra is none. Throws `tooLarge` above the bounds.
    package init(index: UInt64, path: [Digest], note: SignedNote, extra: [UInt8]? = nil) throws(NoteError) {
        guard path.count <= HashLines.countMax, (extra?.count ?? 0) <= TlogProof.extraCountMax else {
            throw NoteError(
                .tooLarge,
                "A proof file takes \(HashLines.countMax) hashes and \(TlogProof.extraCountMax) bytes of extra data.")
        }
        self.extra = extra?.isEmpty == true ? nil : extra
        self.index = index
        self.path = path
        self.note = note
    }

    /// Reads a file. Throws `tooLarge`, `malformedProof`, or `malformedNote` for its last part. O(n).
    package init(_ bytes: some Collection<UInt8>) throws(NoteError) {
        guard bytes.count <= TlogProof.byteCountMax else {
            throw NoteError(.tooLarge, "A proof file of \(bytes.count) bytes is larger than \(TlogProof.byteCountMax).")
        }
        guard let (lines, rest) = HashLines.split(Array(bytes)) else { throw TlogProof.malformed("has no blank line") }
        var remaining = lines[...]
        guard remaining.popFirst()?.elementsEqual(TlogProof.header.utf8) == true else {
            throw TlogProof.malformed("does not start with \(TlogProof.header)")
        }
        var extra: [UInt8]?
        if let digits = remaining.first.flatMap({ HashLines.argument("extra ", $0) }) {
            guard let decoded = Base64.decode(digits), !decoded.isEmpty else {
                throw TlogProof.malformed("has extra data that is not base64")
            }
            extra = decoded
            remaining.removeFirst()
        }
        guard let index = remaining.popFirst().flatMap({ HashLines.argument("index ", $0) }).flatMap(Decimal64.value)
        else {
            throw TlogProof.malformed("has no index")
        }
        guard let path = HashLines.decode(remaining) else {
            throw TlogProof.malformed("has a bad line among its hashes")
        }
        try self.init(index: index, path: path, note: SignedNote(rest), extra: extra)
    }

    /// The file.
    package var bytes: [UInt8] {
        var lines = [TlogProof.header]
        if let extra { lines.append("extra " + Base64.string(extra)) }
        lines.append("index \(index)")
        return Array((lines.joined(separator: "\n") + "\n").utf8) + HashLines.encode(path) + [0x0a] + note.bytes
    }

    /// Checks the checkpoint with trusted keys, then that the entry with `leafHash` is in its tree. Throws what
    /// `VerifiedCheckpoint.verify` and `InclusionProof.verify` throw.
    package func verify(leafHash: Digest, keys: NoteKeys) throws -> VerifiedCheckpoint {
        let verified = try VerifiedCheckpoint.verify(note, keys: keys)
        try InclusionProof(index: index, treeSize: verified.checkpoint.size, path: path)
            .verify(leafHash: leafHash, root: verified.checkpoint.root)
        return verified
    }

    private static let header = "c2sp.org/tlog-proof@v1"

    private static func malformed(_ what: String) -> NoteError {
        NoteError(.malformedProof, "This proof file \(what).")
    }
}

/// What proof files and requests to witnesses share: lines before a blank one, hashes a line each, and a note after it.
enum HashLines {
    /// No tree of at most 2^63 leaves has a longer path.
    static let countMax = 63

    /// The lines before the first blank line, and the bytes after it; nil where there is none.
    static func split(_ bytes: [UInt8]) -> (lines: [ArraySlice<UInt8>], rest: ArraySlice<UInt8>)? {
        var lines: [ArraySlice<UInt8>] = []
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 0x0a), lines.count <= countMax + 3 {
            let line = rest[..<end]
            rest = rest[(end + 1)...]
            if line.isEmpty { return (lines, rest) }
            lines.append(line)
        }
        return nil
    }

    /// What follows `keyword` on a line; nil where the line starts otherwise.
    static func argument(_ keyword: String, _ line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        line.starts(with: keyword.utf8) ? line.dropFirst(keyword.utf8.count) : nil
    }

    /// At most 63 lines of 32 bytes each; nil otherwise.
    static func decode(_ lines: ArraySlice<ArraySlice<UInt8>>) -> [Digest]? {
        guard lines.count <= countMax else { return nil }
        var digests: [Digest] = []
        for line in lines {
            guard let digest = Base64.decode(line).flatMap({ Digest($0) }) else { return nil }
            digests.append(digest)
        }
        return digests
    }

    static func encode(_ digests: [Digest]) -> [UInt8] {
        digests.flatMap { $0.withUnsafeBytes { Base64.encode($0) } + [0x0a] }
    }
}
