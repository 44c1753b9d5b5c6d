// Where the files of a store are, relative to its directory. Format/README.md draws the same picture.

internal import MunimentFormat

package struct StorePaths: Sendable {
    package let root: String
    package let keys: String

    package init(_ root: String, keys: String? = nil) {
        var trimmed = root
        while trimmed.utf8.count > 1, trimmed.utf8.last == UInt8(ascii: "/") { trimmed.removeLast() }
        self.root = trimmed
        self.keys = keys ?? trimmed + ".keys"
    }

    package var manifest: String { root + "/muniment.json" }
    package var checkpoint: String { root + "/checkpoint" }
    package var checkpoints: String { root + "/checkpoints" }
    package var lock: String { root + "/lock" }
    package var segments: String { root + "/segments" }
    package var directory: String { root + "/segments.dir" }
    package var tree: String { root + "/tree" }
    package var bodies: String { root + "/bodies" }
    /// The zero-filled file that will be the next segment.
    package var prepared: String { root + "/segments/prepared" }

    package func segment(_ segment: UInt64, generation: UInt32) -> String {
        root + "/" + SegmentHeader.path(segment: segment, generation: generation)
    }

    package func segmentDirectory(_ segment: UInt64) -> String {
        segments + "/" + SegmentHeader.directoryName(segment: segment)
    }

    package func level(_ level: Int) -> String { tree + (level < 10 ? "/0\(level)" : "/\(level)") }

    package func body(_ id: [UInt8]) -> String { root + "/" + BodyFileHeader.path(id: id) }

    /// The directory that holds `path`.
    package static func parent(_ path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.utf8.startIndex ? "/" : String(path[..<slash])
    }
}
