// C2SP signed notes: a text, a blank line, and signature lines "— name base64(key id ‖ signature)".
//
// A SignedNote is well-formed and nothing more: whoever wrote it may be anybody. `NoteKeys.open` is the only way from here
// to a text that can be trusted. Parsing accepts exactly what serialising writes, so re-encoding is the identity.

/// One signature line, of any type.
package struct NoteSignature: Sendable, Hashable {
    /// The key's name.
    package let name: String
    /// The key's id.
    package let keyID: UInt32
    /// What follows the id: for type 1 the signature, for type 4 the time (8 bytes, big-endian) and the signature.
    package let bytes: [UInt8]

    /// Throws `malformedName`, and `malformedNote` for an empty signature.
    package init(name: String, keyID: UInt32, bytes: [UInt8]) throws(NoteError) {
        guard KeyName.isValid(name) else { throw KeyName.refusal }
        guard !bytes.isEmpty else { throw NoteError(.malformedNote, "A signature line has no signature.") }
        self.name = name
        self.keyID = keyID
        self.bytes = bytes
    }

    /// An em dash and a space, in UTF-8.
    private static let start: [UInt8] = [0xe2, 0x80, 0x94, 0x20]

    /// Reads a line without its newline; nil unless it is canonical.
    fileprivate init?(line: ArraySlice<UInt8>) {
        guard line.starts(with: NoteSignature.start) else { return nil }
        let parts = line.dropFirst(4).split(separator: 0x20, maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let blob = Base64.decode(parts[1]), blob.count >= 5 else { return nil }
        let id = blob[..<4].reduce(0) { $0 << 8 | UInt32($1) }
        guard let name = String(validating: parts[0], as: UTF8.self) else { return nil }
        guard let signature = try? NoteSignature(name: name, keyID: id, bytes: Array(blob[4...])) else { return nil }
        self = signature
    }

    /// The line with its newline.
    package var line: [UInt8] {
        let id = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: keyID >> $0) }
        return NoteSignature.start + Array(name.utf8) + [0x20] + Base64.encode(id + bytes) + [0x0a]
    }

    package static func == (a: NoteSignature, b: NoteSignature) -> Bool {
        a.keyID == b.keyID && a.bytes == b.bytes && a.name.utf8.elementsEqual(b.name.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(keyID)
        hasher.combine(bytes)
    }
}

/// A note that is well-formed; nothing is said about who signed it.
package struct SignedNote: Sendable, Hashable {
    /// The signed bytes, with their last newline.
    package let text: [UInt8]
    /// All lines, known and unknown, in the order of the note.
    package private(set) var signatures: [NoteSignature]

    /// The largest note in bytes.
    package static let byteCountMax = 1 << 20
    /// The most signature lines.
    package static let signatureCountMax = 100

    /// Throws `malformedNote` unless the text may stand in a note (valid UTF-8, no control characters but newlines, the
    /// last byte a newline) and there is a signature, and `tooLarge` beyond the bounds.
    package init(text: [UInt8], signatures: [NoteSignature]) throws(NoteError) {
        guard text.last == 0x0a, SignedNote.isPlain(text) else {
            throw NoteError(
                .malformedNote, "A note's text must be UTF-8 without control characters and end in a newline.")
        }
        guard !signatures.isEmpty else { throw NoteError(.malformedNote, "A note needs a signature.") }
        self.text = text
        self.signatures = signatures
        try checkBounds()
    }

    /// Reads a note. Throws `tooLarge` or `malformedNote`. O(n).
    package init(_ bytes: some Collection<UInt8>) throws(NoteError) {
        guard bytes.count <= SignedNote.byteCountMax else {
            throw NoteError(.tooLarge, "A note of \(bytes.count) bytes is larger than \(SignedNote.byteCountMax).")
        }
        let bytes = Array(bytes)
        guard SignedNote.isPlain(bytes), bytes.last == 0x0a, let blank = SignedNote.lastBlankLine(bytes) else {
            throw NoteError(.malformedNote, "This is not a signed note: a text, a blank line, and signature lines.")
        }
        text = Array(bytes[..<blank])
        let lines = bytes[(blank + 1)...].dropLast().split(separator: 0x0a, omittingEmptySubsequences: false)
        guard lines.count <= SignedNote.signatureCountMax else {
            throw NoteError(
                .tooLarge, "A note has \(lines.count) signatures, more than \(SignedNote.signatureCountMax).")
        }
        signatures = []
        for (number, line) in lines.enumerated() {
            guard let signature = NoteSignature(line: line) else {
                throw NoteError(.malformedNote, "Signature line \(number + 1) of the note is malformed.")
            }
            signatures.append(signature)
        }
    }

    /// The note as it is stored and sent.
    package var bytes: [UInt8] { text + [0x0a] + signatures.flatMap(\.line) }

    /// The note with one more line; it takes the place of an earlier one of the same key. Throws `tooLarge`.
    package func adding(_ signature: NoteSignature) throws(NoteError) -> SignedNote {
        var note = self
        note.signatures.removeAll {
            $0.keyID == signature.keyID && $0.name.utf8.elementsEqual(signature.name.utf8)
        }
        note.signatures.append(signature)
        try note.checkBounds()
        return note
    }

    private func checkBounds() throws(NoteError) {
        guard signatures.count <= SignedNote.signatureCountMax, bytes.count <= SignedNote.byteCountMax else {
            throw NoteError(
                .tooLarge,
                "A note may have \(SignedNote.signatureCountMax) signatures and \(SignedNote.byteCountMax) bytes.")
        }
    }

    private static func isPlain(_ bytes: [UInt8]) -> Bool {
        bytes.allSatisfy { $0 >= 0x20 || $0 == 0x0a } && String(validating: bytes, as: UTF8.self) != nil
    }

    /// The position of the second newline of the last pair. The text may have blank lines, the signatures cannot.
    private static func lastBlankLine(_ bytes: [UInt8]) -> Int? {
        var at = bytes.count - 1
        while at > 0 {
            if bytes[at] == 0x0a, bytes[at - 1] == 0x0a { return at }
            at -= 1
        }
        return nil
    }
}
