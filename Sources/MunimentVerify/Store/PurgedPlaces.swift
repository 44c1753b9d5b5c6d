// Places of purged contents among those that stay: a content of length 0. Format/content.md, Format/retention.md.

internal import MunimentFormat

/// Neighbours of a part that are all there, or all purged.
struct PurgedPlaces {
    let ordinals: Range<Int>
    let bytes: Range<Int>
    let isPurged: Bool

    /// The contents of the entries `ordinals`, which stand in `opened` from `start` on. Throws where one has an
    /// impossible length, or reaches past the end.
    static func runs(
        _ opened: UnsafeRawBufferPointer, from start: Int, _ ordinals: Range<Int>
    ) throws(FormatError) -> [PurgedPlaces] {
        var reader = ByteReader(opened, "content")
        _ = try reader.take(start)
        var runs: [PurgedPlaces] = []
        var first = (ordinal: ordinals.lowerBound, byte: start, isPurged: false)
        func run(to ordinal: Int, _ byte: Int) -> PurgedPlaces {
            PurgedPlaces(
                ordinals: first.ordinal..<ordinal, bytes: first.byte..<byte, isPurged: first.isPurged)
        }
        for ordinal in ordinals {
            let place = reader.position
            let byteCount = try reader.count(atMost: Limits.contentByteCount)
            _ = try reader.take(byteCount)
            let isPurged = byteCount == 0
            if isPurged != first.isPurged {
                if ordinal > first.ordinal { runs.append(run(to: ordinal, place)) }
                first = (ordinal, place, isPurged)
            }
        }
        if first.ordinal < ordinals.upperBound { runs.append(run(to: ordinals.upperBound, reader.position)) }
        return runs
    }
}
