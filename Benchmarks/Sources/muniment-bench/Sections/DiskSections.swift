// What a record takes on disk, and for what.

import Muniment

extension Part {
    static let diskParts = Part(id: "disk-parts") { session in
        session.say("bytes on disk by part")
        let count = session.effort.shelfCount
        let plain = try DiskParts(archive: BenchArchive.path(in: session.shelf.plain()))
        let queried = try DiskParts(archive: BenchArchive.path(in: session.shelf.queried()))
        var large: DiskParts?
        let workload = Workload(corpus: .shared(.messages(1_024)), count: count / 4)
        try Scratch.with(in: session.directory) { scratch in
            let archive = try BenchArchive.create(in: scratch.path)
            try BenchArchive.append(workload, 0..<workload.count, to: archive, inFlight: 8)
            try archive.closeBlocking()
            large = try DiskParts(archive: BenchArchive.path(in: scratch.path))
        }
        session.add(parts(plain, count, "disk-parts-256", "256 B"))
        if let large { session.add(parts(large, workload.count, "disk-parts-1024", "1 KiB")) }
        session.add(
            parts(queried, count, "disk-parts-attributes", "256 B with 4 attributes, all indexed, stream and time"))
    }

    private static func parts(_ parts: DiskParts, _ count: Int, _ id: String, _ title: String) -> ReportSection {
        var section = ReportSection(
            id: id, title: "Where the bytes are, \(title)", unit: "bytes/record", isRate: false,
            note: "\(grouped(Double(count))) records, archive closed.")
        for (name, byteCount) in parts.named + [("all", parts.total)] {
            section.add(Double(byteCount) / Double(count), to: name, name, .subject)
        }
        return section
    }

    /// A commit of one record fills a block of 4 KiB; sealing writes the segment anew as if it had come in bulk.
    static let diskSealed = Part(id: "disk-sealed") { session in
        session.say("one record a commit, after sealing")
        let corpus = Corpus.shared(.messages(256))
        var section = ReportSection(
            id: "disk-sealed", title: "Bytes on disk, 256 B, one record a commit, after sealing", unit: "bytes/record",
            isRate: false, note: "Of sealed segments, with the keys and the tree of all records in proportion.")
        try Scratch.with(in: session.directory) { scratch in
            // A segment of 64 MiB ends after some 16,000 such commits. Files that every archive has count in full, so few commits look worse.
            let count =
                switch session.effort.name {
                case .smoke: 1_100
                case .quick: 34_000
                case .full: 100_000
                }
            var options = BenchArchive.options()
            if session.effort.name == .smoke { options.segmentByteCount = 4 << 20 }
            let path = BenchArchive.path(in: scratch.path)
            let archive = try Archive.createBlocking(at: path, origin: BenchArchive.origin, options: options)
            for number in 0..<count {
                let buffer = archive.makeBuffer()
                try buffer.append(payload: corpus[number])
                _ = try archive.appendBlocking(buffer)
            }
            try archive.closeBlocking()
            let parts = try DiskParts(archive: path)
            try require(parts.sealedEntryCount > 0, "No segment was sealed.")
            let shared = Double(parts.tree + parts.keys + parts.rest) / Double(count)
            let sealed = Double(parts.sealedByteCount) / Double(parts.sealedEntryCount)
            section.add(sealed + shared, to: "muniment-single", "Muniment, one record a commit", .subject)
        }
        session.add(section)
    }
}
