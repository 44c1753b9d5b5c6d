// The stores that the catalogue attacks. Each is made once; an attack has a copy.

import Foundation
import Muniment
import MunimentFormat
import MunimentStore
import Testing

@testable import MunimentVerify

enum TamperStore: String, Sendable, CaseIterable, CustomTestStringConvertible {
    /// 40 records in frames of one block each, not sealed, with kept checkpoints at three sizes.
    case frames
    /// Two sealed segments, one packed anew, and an open one.
    case segments
    /// Two classes in one sealed segment, indexed, with a hold and tokens, and an open segment.
    case classes
    /// Two records whose payloads are files, in a sealed segment.
    case bodies
    /// All of a class purged from a sealed segment by a disposition that the log allows.
    case purged

    var testDescription: String { rawValue }

    /// A copy for somebody to write in.
    func make() throws -> StoreFixture {
        try Self.made.withLock { made in
            if let fixture = made[self] { return try fixture.copy() }
            let fixture =
                switch self {
                case .frames: try Self.makeFrames()
                case .segments: try StoreFixture.small()
                case .classes: try Self.makeClasses()
                case .bodies: try Self.makeBodies()
                case .purged: try Self.makePurged()
                }
            made[self] = fixture
            return try fixture.copy()
        }
    }

    private static let made = MunimentVerify.Monitor<[TamperStore: StoreFixture]>([:])

    private static func makeFrames() throws -> StoreFixture {
        try StoreFixture { store in
            for number in 0..<40 {
                _ = try store.append([batch([Array("record \(number)".utf8)])])
                if number % 15 == 14 { _ = try store.checkpoint(.kept) }
            }
        }
    }

    /// Indexes 3 to 22 are of class 1, one a frame; 23 is a hold on class 2; 24 to 43 are of class 2, one a frame; then
    /// 20 of both classes in one frame.
    private static func makeClasses() throws -> StoreFixture {
        try StoreFixture { store in
            _ = try store.appendClass(ClassRecord(classID: 2, name: "mail", mode: .compliance, period: "P7Y"))
            for number in 0..<20 { _ = try store.append([record(number, of: 1)], token: [UInt8(number)]) }
            let hold = HoldRecord(matter: nil, scope: HoldScope(classes: [2]))
            _ = try store.appendControl(.hold, body: hold.encoded())
            for number in 20..<40 { _ = try store.append([record(number, of: 2)]) }
            _ = try store.append([record(40, of: 1, count: 10), record(50, of: 2, count: 10)])
            // So that what the signer remembers does not depend on when the sealer is done.
            _ = try store.checkpoint(.kept)
            _ = try store.appendControl(.erasure, beginsSegment: true) { _ in ErasureRecord(index: 4).encoded() }
            try store.waitForSeals()
        }
    }

    /// Records that are all of the same length.
    private static func record(_ number: Int, of classID: UInt32, count: Int = 1) -> RecordBatch {
        let batch = RecordBatch(classID: classID, hasOccurred: true)
        for number in number..<number + count {
            let attributes = [
                Attribute("from", .text("user\(number % 7)")), Attribute("n", .integer(Int64(number))),
            ]
            Array("payload \(100 + number)".utf8).withUnsafeBytes {
                batch.append(
                    payload: $0, attributes: ContentEncoder.canonical(attributes), occurred: Int64(number) * 1_000_000)
            }
        }
        return batch
    }

    private static func makeBodies() throws -> StoreFixture {
        try StoreFixture { store in
            let paths = StorePaths(store.paths.root, keys: nil)
            for seed in 0..<2 as Range<UInt64> {
                var numbers = SeededGenerator(seed: seed)
                let writer = try BodyFileWriter(POSIXFileSystem(), paths, logID: store.manifest.logID)
                let payload = (0..<100_000).map { _ in UInt8.random(in: 0...255, using: &numbers) }
                try payload.withUnsafeBytes { try writer.append($0) }
                let finished = try writer.finish()
                let batch = RecordBatch(classID: 1, hasOccurred: false)
                batch.append(reference: finished.reference, body: finished.body, attributes: [], occurred: nil)
                _ = try store.append([batch])
            }
            _ = try store.append([batch([[1], [2]])])
            // So that what the signer remembers does not depend on when the sealer is done.
            _ = try store.checkpoint(.kept)
            _ = try store.appendControl(.erasure, beginsSegment: true) { _ in ErasureRecord(index: 4).encoded() }
            try store.waitForSeals()
        }
    }

    private static func makePurged() throws -> StoreFixture {
        let purges = try PurgeFixture()
        try purges.purge()
        return purges.fixture
    }
}
