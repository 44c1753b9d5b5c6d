// The index of a segment as it stands in the file: the directory in the footer, and pages to be read one by one.
// Format/index.md.

internal import MunimentCrypto
internal import MunimentFormat

/// A segment's index that is there to be read.
struct IndexPlace: Sendable {
    let directory: IndexDirectory
    /// Where its first page begins in the file.
    let offset: UInt64

    /// The directory of an open segment file whose footer has `footerByteCount` bytes; nil where it has none that decodes and
    /// whose pages can stand before the footer.
    static func find(_ file: ReadOnlyFile, footerByteCount: UInt64) throws(FileFailure) -> IndexPlace? {
        let start = file.byteCount - footerByteCount
        let head = try file.bytes(Footer.fixedByteCount, at: start)
        let range = head.withUnsafeBytes { Footer.indexRange(fixedPart: $0, byteCount: Int(footerByteCount)) }
        guard let range, !range.isEmpty, range.count <= IndexDirectory.byteCountMax else { return nil }
        let bytes = try file.bytes(range.count, at: start + UInt64(range.lowerBound))
        guard let directory = try? bytes.decode(IndexDirectory.init(decoding:)),
            directory.regionByteCount <= start - UInt64(Limits.blockByteCount)
        else { return nil }
        return IndexPlace(directory: directory, offset: start - directory.regionByteCount)
    }

    /// The pages of a class; nil where it has none.
    func pages(_ classID: UInt32, in file: ReadOnlyFile) -> GroupPages? {
        directory.group(classID).map { group, firstPage in
            GroupPages(file: file, group: group, offset: offset + UInt64(firstPage * IndexPage.byteCount))
        }
    }
}

/// The pages of one group, as they stand in the file.
struct GroupPages {
    let file: ReadOnlyFile
    let group: IndexDirectory.Group
    /// Where the first page begins in the file.
    let offset: UInt64

    func offset(ofPage page: Int) -> UInt64 { offset + UInt64(page * IndexPage.byteCount) }

    /// The page's bytes; fewer than a page where the file ends.
    func sealed(_ page: Int) throws(FileFailure) -> [UInt8] {
        try file.bytes(IndexPage.byteCount, at: offset(ofPage: page))
    }

    /// Which attributes the index says that it lists; nil where its top can't be opened and decoded.
    func indexed(_ key: IndexKey) -> IndexedNames? {
        if group.flags & IndexDirectory.Group.indexesAll != 0 { return IndexedNames(names: nil) }
        let cipher = key.pages(salt: group.salt, pageCount: group.pageCount)
        let first = Int(group.filterPageCount + group.termPageCount)
        var top: [UInt8] = []
        for page in first..<group.pageCount {
            guard let sealed = try? sealed(page), let plain = sealed.withUnsafeBytes({ cipher.open($0, page: page) }),
                case .success(let body) = plain.withUnsafeBytes({ decoding($0, GroupPages.topBody) })
            else { return nil }
            top += body
        }
        let decoded = try? top.decode { raw throws(FormatError) in
            try IndexTop(decoding: raw, termPageCount: Int(group.termPageCount))
        }
        return decoded.map { IndexedNames(names: $0.names) }
    }

    private static func topBody(_ plain: UnsafeRawBufferPointer) throws(FormatError) -> [UInt8] {
        Array(try IndexPage.body(decoding: plain, .top))
    }
}

/// Which attributes have terms.
struct IndexedNames: Sendable {
    /// Nil for all.
    let names: [[UInt8]]?

    /// Whether an encoded attribute has a term.
    func contains(_ attribute: UnsafeRawBufferPointer) -> Bool {
        guard names != nil else { return true }
        var reader = ByteReader(attribute, "attribute")
        guard let name = try? reader.counted(atMost: Limits.attributeNameByteCount) else { return false }
        return IndexTop.isIndexed(name, names)
    }
}
