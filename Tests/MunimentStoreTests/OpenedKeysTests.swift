// Keys in memory: those of segments that are sealed go, and come back when something of theirs is read.

import Foundation
import MunimentCrypto
import MunimentFormat
import Testing

@testable import MunimentStore

@Suite struct OpenedKeysTests {
    @Test func keysOfSealedSegmentsAreLetGo() throws {
        let directory = try TemporaryDirectory()
        var options = StoreOptions()
        options.isSynchronous = true
        options.limits.segmentEntryCount = 164
        options.limits.preparesSegments = false
        let store = try LogStore.create(
            POSIXFileSystem(), directory.path + "/archive", origin: "example.com/log", options: options)
        var first: UInt64 = 0
        let keys = try (0..<8).map { round in
            let receipt = try store.append([batch((0..<90).map { Array("record \($0) of \(round)".utf8) })])
            if round == 0 { first = receipt.firstIndex }
            // The one under which the records were sealed.
            return WeakKey(value: try store.keys.group(segment: UInt64(round), classID: 1).key.key)
        }
        try store.waitForSeals()
        #expect(store.sealedSegments.count == 7)
        for round in 0..<7 { #expect(keys[round].value == nil, "segment \(round)") }
        #expect(keys[7].value != nil)
        // Of the open segment: the control class's and the records'.
        #expect(store.keys.openedCount == 2)
        #expect(Array(try store.reader.content(first).payload) == Array("record 0 of 0".utf8))
        #expect(store.keys.openedCount == 3)
        try store.close()
    }

    private struct WeakKey {
        weak var value: SecretKey?
    }

    @Test func theCacheIsBoundedAndKeepsWhatIsUsed() {
        let place = GroupPlace(logID: .zero, segment: 0, classID: 1)
        var opened = OpenedKeys()
        opened.insert(GroupKey(key: .random(), place: place), 0)
        for slot in 1..<UInt64(1_000) {
            opened.insert(GroupKey(key: .random(), place: place), slot)
            #expect(opened.count <= OpenedKeys.countMax)
            #expect(opened.key(of: slot) != nil)
            // Looked at often enough, the first stays.
            #expect(opened.key(of: 0) != nil, "after slot \(slot)")
        }
        #expect(opened.key(of: 1) == nil)
        opened.remove(0)
        #expect(opened.key(of: 0) == nil)
    }
}
