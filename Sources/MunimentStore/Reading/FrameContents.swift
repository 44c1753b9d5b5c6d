// The contents of one class in one frame, in the order of their entries: parts opened one after another, in bounded memory. For whoever reads
// all of them: repacking, purging, checking what was written, and telling what holds cover.

internal import MunimentCrypto
package import MunimentFormat

package struct FrameContents {
    /// A part, with the parts that continue it.
    package struct Part {
        /// Its row in the frame.
        package var row: Int
        /// The places in the frame of the entries whose contents begin in it, ascending.
        package var ordinals: ArraySlice<Int>
    }

    private let frame: FrameOutline
    private let handle: SegmentHandle
    private let reader: LogReader
    private let classID: UInt32
    private let ordinals: [Int]

    /// `ordinals` are the places of the class's entries in the frame (`FrameOutline.ordinalsByClass`).
    package init(
        _ frame: FrameOutline, _ handle: SegmentHandle, _ reader: LogReader, classID: UInt32, ordinals: [Int]
    ) {
        (self.frame, self.handle, self.reader) = (frame, handle, reader)
        (self.classID, self.ordinals) = (classID, ordinals)
    }

    /// The class's parts, ascending; none where its contents are purged. Throws where they are not those of its entries.
    package func parts() throws(FormatError) -> [Part] {
        guard frame.hasParts(ofClass: classID) else { return [] }
        var parts: [Part] = []
        var rest = ordinals[...]
        for row in frame.rows.indices where frame.rows[row].classID == classID && frame.rows[row].recordCount > 0 {
            let count = Int(frame.rows[row].recordCount)
            guard count <= rest.count else { throw disagreement }
            parts.append(Part(row: row, ordinals: rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        guard rest.isEmpty else { throw disagreement }
        return parts
    }

    /// Opens a part.
    package func open(_ part: Part) throws -> [UInt8] { try reader.contents(part.row, of: frame, in: handle) }

    /// Calls `body` with the place of each of a part's entries and where its content lies in the opened part, nil where that is purged.
    package func forEach(
        of part: Part, in opened: UnsafeRawBufferPointer, _ body: (Int, ContentLayout?, Int) throws(FormatError) -> Void
    ) throws(FormatError) {
        var offset = 0
        for ordinal in part.ordinals {
            let content = UnsafeRawBufferPointer(rebasing: opened[offset...])
            guard content.first != 0 else {
                try body(ordinal, nil, offset)
                offset += ContentLayout.purgedByteCount
                continue
            }
            let layout = try ContentLayout(decoding: content)
            try body(ordinal, layout, offset)
            offset += layout.byteCount
        }
        guard offset == opened.count else { throw disagreement }
    }

    /// Calls `body` with the index of each record of the class, its encoded content and the layout of that, nil and nothing where it is purged.
    func forEach(_ body: (UInt64, ContentLayout?, UnsafeRawBufferPointer) throws(FormatError) -> Void) throws {
        let first = frame.header.firstIndex
        guard frame.hasParts(ofClass: classID) else {
            for ordinal in ordinals {
                try body(first + UInt64(ordinal), nil, UnsafeRawBufferPointer(start: nil, count: 0))
            }
            return
        }
        for part in try parts() {
            try open(part).decode { opened throws(FormatError) in
                try forEach(of: part, in: opened) { ordinal, layout, offset throws(FormatError) in
                    let content = opened[offset..<offset + (layout?.byteCount ?? 0)]
                    try body(first + UInt64(ordinal), layout, UnsafeRawBufferPointer(rebasing: content))
                }
            }
        }
    }

    private var disagreement: FormatError {
        FormatError(.inconsistent, "frame", at: 0, "its parts and its entries of class \(classID) disagree")
    }
}
