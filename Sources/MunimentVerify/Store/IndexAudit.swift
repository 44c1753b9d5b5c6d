// Checks the index of one group: without a key that its pages are those that the directory binds; with it that they
// open, are spelt as the format says, and list what the entries and contents of the segment give, no more and no less.
// A query can't find what a lying index leaves out: this does.

internal import MunimentCrypto
internal import MunimentFormat
internal import MunimentMerkle

struct IndexAudit {
    private let pages: GroupPages
    private let name: String
    private let key: IndexKey?
    private let cipher: IndexPageCipher?
    private(set) var findings = Findings()
    private var tree = TreeFrontier()
    private var salt: IndexKey.SaltHasher?
    private var isZero = true
    /// Whether the pages so far opened and were spelt right.
    private var isReadable = true

    // What the term pages give.
    private var sum = IndexSum()
    private var writer = IndexTermWriter()
    private var term: [UInt8] = []
    private var runs: [Range<UInt32>] = []
    private var attributeTermCount = 0
    private var filter: IndexFilter
    /// Pages as they stand in the file that the writer has not come to yet.
    private var unmatched: [UInt8] = []
    private var filterPages: [UInt8] = []
    private var top: [UInt8] = []

    /// `key` is nil where contents are not opened.
    init(_ pages: GroupPages, key: IndexKey?, name: String) {
        (self.pages, self.key, self.name) = (pages, key, name)
        cipher = key?.pages(salt: pages.group.salt, pageCount: pages.group.pageCount)
        salt = key?.makeSaltHasher()
        filter = IndexFilter(pageCount: key == nil ? 0 : Int(pages.group.filterPageCount))
    }

    /// Reads all pages. `expected` is what the contents gave; nil where they were not all opened.
    mutating func run(expected: IndexSum?) throws(FileFailure) {
        let group = pages.group
        for page in 0..<group.pageCount {
            let sealed = try pages.sealed(page)
            let leaf = sealed.withUnsafeBytes { SHA256.hash(tag: IndexDirectory.pageTag, body: $0) }
            tree.append(leaf: leaf)
            isZero = isZero && sealed.allSatisfy { $0 == 0 }
            guard isReadable, let cipher else { continue }
            guard let plain = sealed.withUnsafeBytes({ cipher.open($0, page: page) }) else {
                refuse(.indexSealed, "Page \(page) of the index of class \(group.classID) does not open", page: page)
                continue
            }
            plain.withUnsafeBytes { salt?.update($0) }
            take(plain, page)
        }
        if tree.root() != group.digest {
            findings.append(
                finding(
                    .indexDigest,
                    isZero
                        ? "The index of class \(group.classID) is gone"
                        : "The index of class \(group.classID) is not the one that the footer binds", page: 0))
        }
        if isReadable, key != nil { finish(expected) }
    }

    private mutating func take(_ plain: [UInt8], _ page: Int) {
        let group = pages.group
        do throws(FormatError) {
            if page < Int(group.filterPageCount) {
                filterPages += plain
            } else if page < Int(group.filterPageCount + group.termPageCount) {
                unmatched += plain
                try plain.decode { raw throws(FormatError) in try takeTerms(raw) }
                try match()
            } else {
                top += try plain.decode { raw throws(FormatError) in Array(try IndexPage.body(decoding: raw, .top)) }
            }
        } catch {
            refuse(
                .indexMalformed, "Page \(page) of the index of class \(group.classID) is malformed (\(error.reason))",
                page: page)
        }
    }

    // MARK: Terms

    private mutating func takeTerms(_ plain: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = try IndexTermReader(decoding: plain)
        while var postings = try reader.next() {
            if reader.term != term {
                guard term.lexicographicallyPrecedes(reader.term) else {
                    throw FormatError(.notCanonical, "index page", at: 0, "terms do not ascend")
                }
                endTerm()
                term = reader.term
            }
            while let run = try postings.next() {
                // A term that goes on from the page before goes on behind its last record; runs that touch are one.
                if let last = runs.last, last.upperBound >= run.lowerBound {
                    guard last.upperBound == run.lowerBound else {
                        throw FormatError(.notCanonical, "index page", at: 0, "records of a term do not ascend")
                    }
                    throw FormatError(.notCanonical, "index page", at: 0, "a run is cut in two")
                }
                runs.append(run)
            }
        }
    }

    private mutating func endTerm() {
        guard !term.isEmpty else { return }
        term.withUnsafeBytes { raw in
            for run in runs { sum.add(raw, run) }
            writer.append(raw, runs)
            if raw.first == IndexTerm.attributeKind {
                attributeTermCount += 1
                if let key, pages.group.filterPageCount > 0 { filter.insert(key.filterHash(raw)) }
            }
        }
        runs.removeAll(keepingCapacity: true)
    }

    /// Compares the pages that the terms give with those in the file.
    private mutating func match() throws(FormatError) {
        let made = writer.takePages()
        guard unmatched.starts(with: made) else {
            throw FormatError(.notCanonical, "index page", at: 0, "terms are cut into pages in another way")
        }
        unmatched.removeFirst(made.count)
    }

    // MARK: The end

    private mutating func finish(_ expected: IndexSum?) {
        endTerm()
        writer.finish()
        let group = pages.group
        do throws(FormatError) {
            try match()
            let decoded = try top.decode { raw throws(FormatError) in
                try IndexTop(decoding: raw, termPageCount: Int(group.termPageCount))
            }
            guard decoded.names.isEmpty || group.flags & IndexDirectory.Group.indexesAll == 0 else {
                throw FormatError(.notCanonical, "index top", at: 0, "all attributes and a list of them")
            }
            guard decoded.separators == writer.separators else {
                throw FormatError(.notCanonical, "index top", at: 0, "a separator is not the one that the pages give")
            }
            guard IndexFilter.pageCount(termCount: attributeTermCount) == Int(group.filterPageCount),
                filter.pages() == filterPages
            else { throw FormatError(.inconsistent, "index filter", at: 0, "the filter is not that of the terms") }
            guard salt?.finalize() == group.salt else {
                throw FormatError(.inconsistent, "index", at: 0, "the salt is not that of the pages")
            }
        } catch {
            return refuse(
                .indexMalformed, "The index of class \(group.classID) is malformed (\(error.reason))", page: 0)
        }
        guard let expected, expected != sum else { return }
        findings.append(
            finding(
                .indexTerms,
                "The index of class \(group.classID) lists \(sum.count) terms of records, and they are not the \(expected.count) that the contents give",
                page: 0))
    }

    private mutating func refuse(_ code: Finding.Code, _ what: String, page: Int) {
        isReadable = false
        findings.append(finding(code, what, page: page))
    }

    private func finding(_ code: Finding.Code, _ what: String, page: Int) -> Finding {
        Finding(code, .error, name, offset: pages.offset(ofPage: page), what + ".")
    }
}
