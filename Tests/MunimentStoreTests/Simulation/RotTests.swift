// A bit flips on the device while the store is open, as in a seed of the simulation that seemed to break a promise: the entries of a frame are
// read without a checksum, so that a wrong one reaches whoever asks, and the proof must find it. The simulation had looked at the entry without
// its proof.

import MunimentCrypto
import MunimentFormat
import MunimentStore
import Testing

@Suite("A rotten frame")
struct RotTests {
    @Test("is never believed, whichever byte has a flipped bit")
    func everyByte() throws {
        let disk = SimulatedDisk(seed: 1)
        var options = StoreOptions()
        options.isSynchronous = true
        let store = try LogStore.create(disk, "archive", origin: "example.org/rot", options: options)
        let batch = RecordBatch(classID: 1, hasOccurred: true)
        for number in 0..<8 {
            let attributes = number % 3 == 0 ? ContentEncoder.canonical([Attribute("n", .integer(Int64(number)))]) : []
            Array("record \(number)".utf8).withUnsafeBytes {
                batch.append(payload: $0, attributes: attributes, occurred: Microseconds(number))
            }
        }
        let receipt = try store.append([batch])
        let head = Head(size: receipt.treeSize, root: receipt.root)
        let indexes = receipt.firstIndex..<receipt.treeSize
        let frame = try store.reader.frame(containing: receipt.firstIndex).header
        let handle = try #require(store.reader.segments.first)
        let references = try handle.frames()
        // Nothing is read from a cache.
        let read = { (index: UInt64) in
            let reader = LogReader(
                disk, store.paths, logID: store.reader.logID, tree: store.reader.tree, keys: store.reader.keys)
            reader.install(
                SegmentHandle(disk, handle.path, segment: 0, generation: 0, firstIndex: 0, frames: references))
            return try CarefulReader(reader: reader, head: head).record(index)
        }
        let sound = try indexes.map { try read($0) }
        #expect(Set(sound).count == sound.count)

        let file = try disk.open(handle.path, .readWrite)
        let start = Int(frame.offset)
        let entries = start + frame.headerByteCount..<start + frame.partRowsOffset
        for offset in start..<start + frame.headerByteCount + frame.bodyByteCount {
            let byte = try file.readExactly(1, at: UInt64(offset))[0]
            try file.writeAll([byte ^ 1 << (offset % 8)], at: UInt64(offset))
            var foundCount = 0
            for (index, record) in zip(indexes, sound) {
                do {
                    #expect(try read(index) == record, "the flipped bit at \(offset) was believed")
                } catch is ArchiveError {
                    foundCount += 1
                }
            }
            #expect(foundCount > 0 || !entries.contains(offset), "nothing found the flipped bit at \(offset)")
            try file.writeAll([byte], at: UInt64(offset))
        }
        #expect(try indexes.map { try read($0) } == sound)
        file.close()
        try store.close()
    }
}
