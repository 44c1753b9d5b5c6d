import Foundation
import MunimentCrypto
import MunimentFormat
import MunimentMerkle
import Testing

@testable import MunimentStore

/// A directory that goes with the test.
final class TemporaryDirectory {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "muniment-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

func batch(_ payloads: [[UInt8]], attributes: [Attribute] = [], occurred: Microseconds? = nil) -> RecordBatch {
    let batch = RecordBatch(classID: 1, hasOccurred: occurred != nil)
    let encoded = ContentEncoder.canonical(attributes)
    for payload in payloads {
        payload.withUnsafeBytes { batch.append(payload: $0, attributes: encoded, occurred: occurred) }
    }
    return batch
}

@Suite struct LogStoreTests {
    @Test func recordsComeOutAsTheyWentIn() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/archive"
        let payloads = (0..<3_000).map { number in
            Array("record \(number) ".utf8) + [UInt8](repeating: UInt8(number % 251), count: number % 700)
        }
        let store = try LogStore.create(POSIXFileSystem(), path, origin: "example.com/log")
        #expect(store.committed.treeSize == 2)
        var first: UInt64 = 2
        for start in stride(from: 0, to: payloads.count, by: 1_000) {
            let receipt = try store.append([
                batch(Array(payloads[start..<start + 1_000]), attributes: [Attribute("n", .integer(Int64(start)))])
            ])
            #expect(receipt.firstIndex == first)
            first += 1_000
        }
        try check(store.reader, payloads, size: store.committed.treeSize, root: store.committed.root)
        let root = store.committed.root
        try store.close()
        let reopened = try LogStore.open(POSIXFileSystem(), path)
        #expect(reopened.committed.root == root)
        try check(reopened.reader, payloads, size: 3_002, root: root)
        let large = [UInt8](repeating: 7, count: 300_000)
        let receipt = try reopened.append([batch([large, [1], []])])
        #expect(Array(try reopened.reader.content(receipt.firstIndex).payload) == large)
        #expect(Array(try reopened.reader.content(receipt.firstIndex + 1).payload) == [1])
        #expect(try reopened.reader.content(receipt.firstIndex + 2).payload.isEmpty)
        try reopened.close()
    }

    private func check(_ reader: LogReader, _ payloads: [[UInt8]], size: UInt64, root: Digest) throws {
        for (number, payload) in payloads.enumerated() {
            let index = UInt64(number + 2)
            let content = try reader.content(index)
            #expect(Array(content.payload) == payload)
            let entry = try reader.entry(index)
            let decoded = try entry.decode(Entry.init(decoding:))
            let handle = try reader.segment(containing: index)
            let salts = try reader.keys!.group(segment: handle.segment, classID: 1).key.saltStream
            #expect(try content.commitment(index: index, salts: salts, bodyDigest: nil) == decoded.commitment)
            if number % 50 == 0 {
                let proof = try InclusionProof.make(index: index, treeSize: size, reader: reader)
                try proof.verify(leafHash: TreeHash.leaf(entry), root: root)
            }
        }
    }

    @Test(arguments: [1, 7, 100]) func segmentsAreSealedAndRepacked(batchCount: Int) throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/archive"
        var options = StoreOptions()
        options.limits.segmentEntryCount = 64 + 300
        let store = try LogStore.create(POSIXFileSystem(), path, origin: "example.com/log", options: options)
        var payloads: [UInt64: [UInt8]] = [:]
        for round in 0..<(1_500 / batchCount) {
            let batchPayloads = (0..<batchCount).map { Array("round \(round) item \($0)".utf8) }
            let receipt = try store.append([batch(batchPayloads)])
            for (place, payload) in batchPayloads.enumerated() {
                payloads[receipt.firstIndex + UInt64(place)] = payload
            }
        }
        try store.close()
        let reopened = try LogStore.open(POSIXFileSystem(), path, options: options)
        #expect(reopened.reader.segments.count >= 4)
        for (index, payload) in payloads { #expect(Array(try reopened.reader.content(index).payload) == payload) }
        try reopened.close()
    }
}
