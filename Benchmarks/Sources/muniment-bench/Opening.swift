// Opening an archive for writing after a clean close.

import Muniment

enum Opening {
    private static let roundCount = 41

    /// Appends `count` records, closes, and opens again and again; prints the median.
    static func run(_ directory: String, size: Int, count: Int, batch: Int) throws {
        let scratch = try Scratch(directory)
        defer { scratch.remove() }
        let corpus = Corpus.shared(size)
        let path = scratch.path + "/archive"
        let archive = try Archive.createBlocking(at: path, origin: "bench.example/log", options: Append.options())
        var number = 0
        while number < count {
            let buffer = archive.makeBuffer(reservingByteCount: batch * (size + 8))
            for _ in 0..<min(batch, count - number) {
                try buffer.append(payload: corpus[number])
                number += 1
            }
            _ = try archive.appendBlocking(buffer)
        }
        try archive.closeBlocking()
        var milliseconds: [Double] = []
        for _ in 0..<roundCount {
            var opened: Archive?
            milliseconds.append(
                try seconds { opened = try Archive.openBlocking(at: path, options: Append.options()) } * 1_000)
            try opened?.closeBlocking()
        }
        milliseconds.sort()
        print(
            "open after a clean close, \(count) records, \(batch) a commit: median \(format(Comparison.median(milliseconds))) ms, "
                + "best \(format(milliseconds[0])) ms of \(roundCount)")
    }
}
