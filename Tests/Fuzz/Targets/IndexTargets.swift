// An index's structures: the directory, the pages of terms and of the filter, the top.

import MunimentCrypto
import MunimentFormat

extension FuzzTarget {
    static let indexTargets: [FuzzTarget] = [
        .recoding("index-directory", "index-directory.json") { bytes in
            let directory = try IndexDirectory(decoding: bytes)
            for group in directory.groups { _ = directory.group(group.classID) }
            return directory.encoded()
        },
        .recoding("index-page", "index-page.json") { bytes in
            var writer = IndexTermWriter()
            var reader = try IndexTermReader(decoding: bytes)
            while var postings = try reader.next() {
                var runs: [Range<UInt32>] = []
                while let run = try postings.next() { runs.append(run) }
                reader.term.withUnsafeBytes { writer.append($0, runs) }
            }
            writer.finish()
            return writer.pages
        },
        top, filter,
    ]

    /// The first byte says how many term pages there are.
    private static let top = FuzzTarget("index-top") { vectors in
        try vectors.cases("index-top.json").flatMap { [[1] + $0, [4] + $0] }
    } run: { bytes in
        guard let count = bytes.first else { return }
        try withExactCopy(of: bytes.dropFirst()) { rest in
            try requireIdentity(rest) { raw in
                let top = try IndexTop(decoding: raw, termPageCount: Int(count))
                for separator in top.separators {
                    let page = top.firstPage(of: separator)
                    try require(page >= 0 && page < top.separators.count, "page \(page) of \(top.separators.count)")
                }
                return top.encoded()
            }
        }
    }

    /// A page whose first 16 bytes are also the hash that is looked for.
    private static let filter = FuzzTarget("index-filter") { _ in
        var filter = IndexFilter(termCount: 1)
        filter.insert(IndexFilter.Hash(first: 1 << 8, second: 7))
        return [filter.pages()]
    } run: { bytes in
        guard bytes.count >= 16 else { return }
        let hash = IndexFilter.Hash(
            first: bytes.loadUnaligned(as: UInt64.self),
            second: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        for pageCount in [1, 2, Limits.indexPageCount] {
            let page = hash.page(of: pageCount)
            try require((0..<pageCount).contains(page), "page \(page) of \(pageCount)")
        }
        _ = try? IndexFilter.mayContain(hash, decoding: bytes)
    }
}
