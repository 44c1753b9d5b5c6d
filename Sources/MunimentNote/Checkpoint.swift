// C2SP tlog-checkpoint: a note whose text is the log's origin, the tree's size and its root, a line each. Extension lines
// are read and kept, because a foreign log may have them; our own checkpoints never do.

public import MunimentFormat
import MunimentMerkle

/// What a log says about itself at one size. A value that anybody can make; `VerifiedCheckpoint` is one that a log signed.
public struct Checkpoint: Sendable, Hashable, CustomStringConvertible {
    /// The log's name, one non-empty line.
    public let origin: String
    /// The number of entries, at most 2^63.
    public let size: UInt64
    /// The root of the tree.
    public let root: Digest
    /// Lines after the root, opaque and without their newlines. Usually none.
    public let extensionLines: [String]

    /// A checkpoint without extension lines. Throws `malformedCheckpoint` for an origin that is empty or has control
    /// characters, a size above 2^63, or size 0 with another root than the empty tree's.
    public init(origin: String, size: UInt64, root: Digest) throws(NoteError) {
        try self.init(origin: origin, size: size, root: root, extensionLines: [])
    }

    private init(origin: String, size: UInt64, root: Digest, extensionLines: [String]) throws(NoteError) {
        guard !origin.isEmpty, origin.utf8.allSatisfy({ $0 >= 0x20 }) else {
            throw NoteError(.malformedCheckpoint, "A checkpoint's origin must be one non-empty line.")
        }
        guard size <= TreeHash.sizeMax else {
            throw NoteError(.malformedCheckpoint, "A checkpoint of size \(size) is above 2^63.")
        }
        guard size > 0 || root == TreeHash.emptyRoot else {
            throw NoteError(.malformedCheckpoint, "A checkpoint of size 0 has another root than the empty tree.")
        }
        self.origin = origin
        self.size = size
        self.root = root
        self.extensionLines = extensionLines
    }

    /// Reads the text of a note. Throws `malformedCheckpoint` unless re-encoding gives the same bytes.
    package init(text: [UInt8]) throws(NoteError) {
        let lines = text.dropLast().split(separator: 0x0a, omittingEmptySubsequences: false)
        guard text.last == 0x0a, lines.count >= 3, !lines.contains(where: \.isEmpty) else {
            throw NoteError(.malformedCheckpoint, "A checkpoint has at least three lines, none of them empty.")
        }
        guard let origin = String(validating: lines[0], as: UTF8.self) else {
            throw NoteError(.malformedCheckpoint, "A checkpoint's origin is not UTF-8.")
        }
        guard let size = Decimal64.value(lines[1]) else {
            throw NoteError(.malformedCheckpoint, "A checkpoint's size is not a decimal number.")
        }
        guard let root = Base64.decode(lines[2]).flatMap({ Digest($0) }) else {
            throw NoteError(.malformedCheckpoint, "A checkpoint's root is not 32 bytes in base64.")
        }
        var extensionLines: [String] = []
        for line in lines.dropFirst(3) {
            guard let text = String(validating: line, as: UTF8.self), text.utf8.allSatisfy({ $0 >= 0x20 }) else {
                throw NoteError(.malformedCheckpoint, "An extension line of a checkpoint is not plain text.")
            }
            extensionLines.append(text)
        }
        try self.init(origin: origin, size: size, root: root, extensionLines: extensionLines)
    }

    /// The text to sign.
    package var text: [UInt8] { Array(description.utf8) }

    /// The lines of the checkpoint, unsigned.
    public var description: String {
        ([origin, String(size), root.withUnsafeBytes { Base64.string($0) }] + extensionLines)
            .map { $0 + "\n" }.joined()
    }

    // The bytes of the text decide, not String's canonical equivalence.
    public static func == (a: Checkpoint, b: Checkpoint) -> Bool {
        a.size == b.size && a.root == b.root && a.description.utf8.elementsEqual(b.description.utf8)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(size)
        hasher.combine(root)
    }
}

/// Decimal numbers of the C2SP formats: ASCII digits, no sign, no leading zero.
enum Decimal64 {
    static func value(_ digits: some Collection<UInt8>) -> UInt64? {
        guard let first = digits.first, digits.count <= 20 else { return nil }
        if first == UInt8(ascii: "0") { return digits.count == 1 ? 0 : nil }
        var value: UInt64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit - UInt8(ascii: "0")))
            if overflow || carry { return nil }
            value = sum
        }
        return value
    }
}
