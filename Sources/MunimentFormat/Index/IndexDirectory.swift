// The directory of a sealed segment's index: what stands in the footer's index bytes. Format/index.md.
//
//   0    8   magic "MUNINDEX"
//   8    4   version · 12 4 groupCount
//   16       groups, 104 bytes each, ascending by class: class u32 · flags u32 · timeFirst i64 · timeLast i64 ·
//            filterPageCount u32 · termPageCount u32 · topPageCount u32 · zero u32 · salt 32 · digest 32
//
// The pages themselves stand between the last frame and the footer, those of one group together, in the directory's
// order: so a group's pages can go while everything else is still what the seal says.

/// Where the index of each group of a segment is, and what its pages were.
package struct IndexDirectory: Hashable, Sendable {
    /// The first eight bytes.
    package static let magic: [UInt8] = Array("MUNINDEX".utf8)
    /// Bytes before the groups.
    package static let fixedByteCount = 16

    /// Bytes of the longest directory.
    package static let byteCountMax = fixedByteCount + Int(Limits.classCount) * Group.byteCount

    /// Domain tag of a page's leaf in the tree whose root is a group's digest.
    package static let pageTag: UInt8 = 0x24
    /// Domain tag of the digest over the whole directory: the index root of a seal record.
    package static let rootTag: UInt8 = 0x25

    /// The index of one group.
    package struct Group: Hashable, Sendable {
        /// Bytes of the encoded form.
        package static let byteCount = 104
        /// Flag: every attribute is indexed. Without it, those that the top names, and the engine's own.
        package static let indexesAll: UInt32 = 1 << 0
        /// The retention class, never that of control records.
        package var classID: UInt32
        /// Known ones only.
        package var flags: UInt32
        /// The least time of a record of the class: when it occurred, or was recorded where that is not known.
        package var timeFirst: Microseconds
        /// The greatest such time.
        package var timeLast: Microseconds
        /// Pages of the term filter; they come first.
        package var filterPageCount: UInt32
        /// Pages of terms; they come second. At least 1, unless the group is purged.
        package var termPageCount: UInt32
        /// Pages of the top; they come last. At least 1, unless the group is purged.
        package var topPageCount: UInt32
        /// Makes the key of the pages, together with the group key.
        package var salt: Digest
        /// Root of the tree whose leaves are the pages as they stand in the file.
        package var digest: Digest

        /// The fields as given; how they must fit together is checked when they are decoded.
        package init(
            classID: UInt32, flags: UInt32, timeFirst: Microseconds, timeLast: Microseconds, filterPageCount: UInt32,
            termPageCount: UInt32, topPageCount: UInt32, salt: Digest, digest: Digest
        ) {
            (self.classID, self.flags, self.timeFirst, self.timeLast) = (classID, flags, timeFirst, timeLast)
            (self.filterPageCount, self.termPageCount) = (filterPageCount, termPageCount)
            (self.topPageCount, self.salt, self.digest) = (topPageCount, salt, digest)
        }

        /// A group whose content is all purged: it has no page, and zeros for salt and digest.
        package var isPurged: Bool { pageCount == 0 && salt == .zero && digest == .zero }

        /// All pages of the group.
        package var pageCount: Int { Int(filterPageCount) + Int(termPageCount) + Int(topPageCount) }
    }

    /// Ascending by class.
    package var groups: [Group]

    /// The groups as given.
    package init(groups: [Group]) { self.groups = groups }

    /// Bytes that the pages fill, directly before the footer.
    package var regionByteCount: UInt64 {
        groups.reduce(0) { $0 + UInt64($1.pageCount) } * UInt64(IndexPage.byteCount)
    }

    /// The group of a class with the number of the region's pages before its own; nil where the class has no record.
    package func group(_ classID: UInt32) -> (group: Group, firstPage: Int)? {
        var firstPage = 0
        for group in groups {
            if group.classID == classID { return (group, firstPage) }
            firstPage += group.pageCount
        }
        return nil
    }

    /// The bytes, in their one spelling.
    package func encoded() -> [UInt8] {
        var bytes = IndexDirectory.magic
        bytes.reserveCapacity(IndexDirectory.fixedByteCount + groups.count * Group.byteCount)
        bytes.append(littleEndian: Limits.formatVersion)
        bytes.append(littleEndian: UInt32(groups.count))
        for group in groups {
            bytes.append(littleEndian: group.classID)
            bytes.append(littleEndian: group.flags)
            bytes.append(littleEndian: group.timeFirst)
            bytes.append(littleEndian: group.timeLast)
            bytes.append(littleEndian: group.filterPageCount)
            bytes.append(littleEndian: group.termPageCount)
            bytes.append(littleEndian: group.topPageCount)
            bytes.append(zeros: 4)
            bytes.append(group.salt)
            bytes.append(group.digest)
        }
        return bytes
    }

    /// Decodes the bytes, all of them; refuses what Format/index.md lists, in its order.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = ByteReader(bytes, "index directory")
        guard try reader.take(8).elementsEqual(IndexDirectory.magic) else {
            throw reader.failure(.wrongMagic, "not an index directory")
        }
        try reader.requireVersion()
        let count = Int(try reader.integer(UInt32.self))
        guard (1...Int(Limits.classCount)).contains(count) else {
            throw reader.failure(.outOfBounds, "\(count) groups")
        }
        guard reader.remainingByteCount == count * Group.byteCount else {
            throw reader.failure(.truncated, "the groups do not fill the directory")
        }
        groups = []
        groups.reserveCapacity(count)
        var pageCount = 0
        for _ in 0..<count {
            let group = try IndexDirectory.group(&reader)
            pageCount += group.pageCount
            guard pageCount <= Limits.indexPageCount else { throw reader.failure(.outOfBounds, "\(pageCount) pages") }
            guard groups.last.map({ $0.classID < group.classID }) ?? true else {
                throw reader.failure(.notCanonical, "groups do not ascend")
            }
            groups.append(group)
        }
    }

    private static func group(_ reader: inout ByteReader) throws(FormatError) -> Group {
        let (classID, flags) = (try reader.integer(UInt32.self), try reader.integer(UInt32.self))
        let (timeFirst, timeLast) = (try reader.integer(Int64.self), try reader.integer(Int64.self))
        let counts = (
            try reader.integer(UInt32.self), try reader.integer(UInt32.self), try reader.integer(UInt32.self)
        )
        try reader.requireZeros(4)
        let group = Group(
            classID: classID, flags: flags, timeFirst: timeFirst, timeLast: timeLast, filterPageCount: counts.0,
            termPageCount: counts.1, topPageCount: counts.2, salt: try reader.digest(), digest: try reader.digest())
        guard flags & ~Group.indexesAll == 0 else { throw reader.failure(.unknownValue, "index flags \(flags)") }
        guard (1...Limits.classCount).contains(classID) else { throw reader.failure(.outOfBounds, "class \(classID)") }
        guard counts.1 > 0 && counts.2 > 0 || group.isPurged else {
            throw reader.failure(.outOfBounds, "a group without pages")
        }
        guard timeFirst <= timeLast else { throw reader.failure(.inconsistent, "times run backwards") }
        return group
    }
}
