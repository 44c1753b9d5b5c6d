// Random values of the larger structures, within their rules.

import MunimentFormat

extension SeededGenerator {
    mutating func entry() -> Entry {
        var extensions: [UInt8] = []
        if int(0...3) == 0 {
            var type = integer(below: 100)
            let list = (0..<int(1...4)).map { _ -> EntryExtension in
                type += 1 + integer(below: 1_000)
                return EntryExtension(type: type, isCritical: bool(), bytes: bytes(int(0...60)))
            }
            extensions = EntryExtension.encoded(list)
        }
        return Entry(
            kind: bool() ? .record : .control, classID: uint32(), recorded: int64(), occurred: bool() ? int64() : nil,
            compliance: int(0...3) == 0 ? int64() : nil, commitment: digest(), extensions: extensions)
    }

    mutating func frameHeader() -> FrameHeader {
        let entryCount = int(1...200)
        let partCount = int(0...4)
        let entriesByteCount = int(0...10_000)
        var header = FrameHeader(
            session: bytes(16), offset: UInt64(int(1...1_000)) * 4_096, segment: integer(below: Limits.segmentCount),
            generation: uint32(), entryCount: entryCount, firstIndex: integer(below: Limits.treeSize - 1_000),
            root: digest(), firstPart: integer(below: 1 << 63), entriesByteCount: entriesByteCount,
            partCount: partCount,
            bodyByteCount: entriesByteCount + partCount * 304 + int(0...9_999))
        header.bodyCRC = uint32()
        header.lastControl = bool() ? nil : integer(below: header.treeSize)
        var classID = uint32() / 2
        for _ in 0..<int(0...3) {
            header.groups.append(GroupRow(classID: classID, slot: integer(), keyCommitment: digest()))
            classID += 1 + uint32() / 1_000
        }
        for _ in 0..<int(0...3) {
            let first = int(0...entryCount - 1)
            header.tokens.append(
                TokenRow(
                    classID: uint32(), tokenHash: bytes(16), contentHash: bytes(16), firstOrdinal: UInt32(first),
                    recordCount: UInt32(int(1...entryCount - first))))
        }
        for ordinal in 0..<entryCount where int(0...99) == 0 {
            header.bodyFiles.append(
                BodyFileRow(id: bytes(16), ordinal: UInt32(ordinal), fileByteCount: integer(), digest: digest()))
        }
        return header
    }

    mutating func footer() -> Footer {
        let firstIndex = integer(below: Limits.treeSize)
        var (offset, index) = (UInt64(4_096), firstIndex)
        let frames = (0..<int(0...6)).map { _ -> Footer.Frame in
            let frame = Footer.Frame(
                offset: offset, frameByteCount: UInt64(int(1...300)) * 4_096, firstIndex: index,
                entryCount: UInt32(int(1...1_000)), skeletonByteCount: UInt32(int(0...4_096)), partCount: uint32(),
                digest: digest())
            offset += frame.frameByteCount
            index += UInt64(frame.entryCount)
            return frame
        }
        var classID: UInt32 = 0
        let groups = (0..<int(0...4)).map { _ -> Footer.Group in
            classID += 1 + UInt32(int(0...500))
            return Footer.Group(
                classID: classID, slot: integer(), keyCommitment: digest(), recordCount: integer(),
                partCount: integer(),
                digest: digest())
        }
        let bodyFiles = (firstIndex..<index).filter { _ in int(0...399) == 0 }.map {
            Footer.BodyFile(id: bytes(16), index: $0, fileByteCount: integer(), digest: digest())
        }
        let times = [int64(), int64()].sorted()
        return Footer(
            generation: uint32(), segment: integer(below: Limits.segmentCount), firstIndex: firstIndex,
            entryCount: index - firstIndex, root: digest(), recordedFirst: times[0], recordedLast: times[1],
            skeletonDigest: digest(), frames: frames, groups: groups, bodyFiles: bodyFiles, index: bytes(int(0...200)))
    }

    mutating func sealRecord() -> SealRecord {
        var classID: UInt32 = 0
        let groups = (0..<int(0...5)).map { _ -> SealRecord.Group in
            classID += 1 + UInt32(int(0...500))
            return SealRecord.Group(classID: classID, digest: digest())
        }
        return SealRecord(
            segment: integer(below: Limits.segmentCount), generation: uint32(),
            firstIndex: integer(below: Limits.treeSize),
            entryCount: integer(below: UInt64(Limits.entriesPerSegment)), footerDigest: digest(), indexRoot: digest(),
            policy: bool() ? nil : integer(below: Limits.treeSize), groups: groups)
    }
}
