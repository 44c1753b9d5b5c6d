// The contents of one class in one frame, in the order of their entries: parts opened one after another, in bounded memory. For whoever reads
// all of them: repacking, purging, checking what was written.

internal import MunimentCrypto
internal import MunimentFormat

struct FrameContents {
    private let frame: FrameView
    private let handle: SegmentHandle
    private let reader: LogReader
    private let classID: UInt32
    private let ordinals: [Int]

    /// `ordinals` are the places of the class's entries in the frame (`FrameView.ordinalsByClass`).
    init(_ frame: FrameView, _ handle: SegmentHandle, _ reader: LogReader, classID: UInt32, ordinals: [Int])
        throws
    {
        (self.frame, self.handle, self.reader) = (frame, handle, reader)
        (self.classID, self.ordinals) = (classID, ordinals)
    }

    /// Calls `body` with the index of each record of the class and its encoded content, nil where that is purged.
    func forEach(_ body: (UInt64, UnsafeRawBufferPointer?) throws(FormatError) -> Void) throws {
        guard frame.hasParts(ofClass: classID) else {
            for ordinal in ordinals { try body(frame.header.firstIndex + UInt64(ordinal), nil) }
            return
        }
        var rest = ordinals[...]
        for row in frame.rows.indices where frame.rows[row].classID == classID && frame.rows[row].recordCount > 0 {
            let count = Int(frame.rows[row].recordCount)
            guard count <= rest.count else { throw disagreement }
            try reader.contents(row, of: frame, in: handle).decode { raw throws(FormatError) in
                var offset = 0
                for ordinal in rest.prefix(count) {
                    let index = frame.header.firstIndex + UInt64(ordinal)
                    let content = UnsafeRawBufferPointer(rebasing: raw[offset...])
                    guard content.first != 0 else {
                        offset += ContentLayout.purgedByteCount
                        try body(index, nil)
                        continue
                    }
                    let layout = try ContentLayout(decoding: content)
                    try body(index, UnsafeRawBufferPointer(rebasing: content[..<layout.byteCount]))
                    offset += layout.byteCount
                }
                guard offset == raw.count else { throw disagreement }
            }
            rest = rest.dropFirst(count)
        }
        guard rest.isEmpty else { throw disagreement }
    }

    private var disagreement: FormatError {
        FormatError(.inconsistent, "frame", at: 0, "its parts and its entries of class \(classID) disagree")
    }
}
