// Checkpoints without their log: alone, against another of the same size, and with a proof of consistency.

import Foundation
import MunimentFormat
import MunimentMerkle
import MunimentNote
import Testing

@testable import MunimentVerify

@Suite struct ReportCheckpointTests {
    private static let origin = "example.com/pair"

    /// A log of hashes in memory, and whoever signs for it.
    private struct Log {
        let directory: TemporaryDirectory
        let signer: NoteSigner
        private let leaves: [Digest]

        init(_ count: Int, seed: UInt8 = 5, name: String = origin, salt: String = "") throws {
            directory = try TemporaryDirectory()
            signer = try NoteSigner(name: name) { body in [UInt8](repeating: seed, count: 32).withUnsafeBytes(body) }
            leaves = (0..<count).map { TreeHash.leaf(Array("\(salt)\($0)".utf8)) }
        }

        private static func split(_ count: Int) -> Int {
            var split = 1
            while split * 2 < count { split *= 2 }
            return split
        }

        func root(_ range: Range<Int>) -> Digest {
            if range.isEmpty { return TreeHash.emptyRoot }
            if range.count == 1 { return leaves[range.lowerBound] }
            let middle = range.lowerBound + Log.split(range.count)
            return TreeHash.node(root(range.lowerBound..<middle), root(middle..<range.upperBound))
        }

        /// RFC 6962 section 2.1.2, PROOF, by its definition.
        func path(_ old: Int, _ range: Range<Int>, isWhole: Bool = true) -> [Digest] {
            if old == range.count { return isWhole ? [] : [root(range)] }
            let split = Log.split(range.count)
            let middle = range.lowerBound + split
            return old <= split
                ? path(old, range.lowerBound..<middle, isWhole: isWhole) + [root(middle..<range.upperBound)]
                : path(old - split, middle..<range.upperBound, isWhole: false) + [root(range.lowerBound..<middle)]
        }

        func note(_ size: Int) throws -> SignedNote {
            try signer.note(
                Checkpoint(origin: signer.key.name, size: UInt64(size), root: root(0..<size)))
        }

        func request(_ old: Int, _ size: Int) throws -> [UInt8] {
            try AddCheckpointRequest(
                oldSize: UInt64(old), path: old == 0 ? [] : path(old, 0..<size), note: note(size)
            ).bytes
        }
    }

    private func verify(
        _ log: Log, _ bytes: [UInt8], against: [UInt8]? = nil, trusts keys: [VerifierKey]? = nil
    ) throws -> VerifyReport {
        let path = log.directory.path + "/note"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        var options = VerifyOptions()
        options.trustedKeys = keys ?? [log.signer.key]
        options.against = against
        return try Verifier(options).verify(path)
    }

    @Test func everyPairOfSizes() throws {
        let log = try Log(40)
        for size in 1...40 {
            for old in 1...size {
                let report = try verify(log, try log.request(old, size), against: try log.note(old).bytes)
                #expect(
                    report.verdict == .intact && report.subject == .checkpoint, "\(old) to \(size): \(report.summary)")
                #expect(report.facts.counts.proofs == (old < size ? 1 : 0))
                #expect(report.treeSize == UInt64(size) && report.facts.outside?.size == UInt64(old))
            }
        }
    }

    @Test func everyChangedHashIsFound() throws {
        let log = try Log(29)
        for (old, size) in [(1, 2), (3, 7), (8, 13), (13, 29), (16, 29), (28, 29)] {
            let path = log.path(old, 0..<size)
            #expect(!path.isEmpty)
            for place in path.indices {
                for bit in stride(from: 0, to: 256, by: 37) {
                    var bytes = path[place].bytes
                    bytes[bit / 8] ^= 1 << UInt8(bit % 8)
                    var changed = path
                    changed[place] = try #require(Digest(bytes))
                    let request = try AddCheckpointRequest(
                        oldSize: UInt64(old), path: changed, note: log.note(size))
                    let report = try verify(log, request.bytes, against: try log.note(old).bytes)
                    #expect(report.verdict == .tampered, "\(report.summary)")
                    #expect(report.findings.map(\.code) == [.checkpointInconsistent])
                }
            }
            for wrong in [Array(path.dropLast()), path + [path[0]], path.reversed() + [], []] where wrong != path {
                let request = try AddCheckpointRequest(oldSize: UInt64(old), path: wrong, note: log.note(size))
                let report = try verify(log, request.bytes, against: try log.note(old).bytes)
                #expect(report.verdict == .tampered, "\(report.summary)")
            }
        }
    }

    @Test func everyFlippedBitOfARequestIsFound() throws {
        let log = try Log(11)
        let (request, old) = (try log.request(5, 11), try log.note(5).bytes)
        #expect(try verify(log, request, against: old).verdict == .intact)
        for place in request.indices {
            for bit in 0..<8 {
                var changed = request
                changed[place] ^= 1 << UInt8(bit)
                let report = try? verify(log, changed, against: old)
                #expect(report?.verdict != .intact, "byte \(place), bit \(bit)")
            }
        }
    }

    @Test func aForkIsFound() throws {
        let (ours, theirs) = (try Log(20), try Log(20, salt: "other"))
        // Both signed by the one key: that is what a log that shows two faces does.
        let sameSize = try verify(ours, try ours.note(20).bytes, against: try theirs.note(20).bytes)
        #expect(sameSize.verdict == .tampered && sameSize.findings.map(\.code) == [.checkpointInconsistent])
        let grown = try verify(ours, try ours.request(12, 20), against: try theirs.note(12).bytes)
        #expect(grown.verdict == .tampered && grown.findings.map(\.code) == [.checkpointInconsistent])
        let equal = try verify(ours, try ours.request(12, 20), against: try theirs.note(20).bytes)
        #expect(equal.verdict == .tampered, "\(equal.summary)")
    }

    @Test func whatIsNotProvedIsNotEstablished() throws {
        let log = try Log(20)
        let cases: [([UInt8], [UInt8]?, String)] = [
            (try log.note(20).bytes, try log.note(12).bytes, "two notes, no proof"),
            (try log.note(12).bytes, try log.note(20).bytes, "the other way round"),
            (try log.request(11, 20), try log.note(12).bytes, "a proof from elsewhere"),
            (try log.request(0, 20), try log.note(12).bytes, "a proof from nothing"),
            (try log.request(12, 20), nil, "nothing to start from"),
        ]
        for (bytes, against, what) in cases {
            let report = try verify(log, bytes, against: against)
            #expect(report.verdict == .notEstablished, "\(what): \(report.summary)")
            #expect(report.findings.map(\.code) == [.checkpointUnproved], "\(what)")
        }
        #expect(try verify(log, try log.note(20).bytes).verdict == .intact)
        #expect(try verify(log, try log.note(20).bytes, against: try log.note(20).bytes).verdict == .intact)
    }

    @Test func whoSignedCounts() throws {
        let log = try Log(20)
        let stranger = try Log(20, seed: 9)
        let nobody = try verify(log, try log.request(12, 20), against: try log.note(12).bytes, trusts: [])
        #expect(nobody.verdict == .notEstablished && nobody.findings.map(\.code) == [.verifierNotTrusted])
        // Either note by another key of the same name.
        for (newer, older) in [(log, stranger), (stranger, log)] {
            let report = try verify(log, try newer.request(12, 20), against: try older.note(12).bytes)
            #expect(report.verdict == .tampered, "\(report.summary)")
            #expect(report.findings.contains { $0.code == .checkpointSignature })
        }
        // The checkpoint of another log is no older state of this one.
        let other = try Log(20, name: "example.com/other")
        let mixed = try verify(log, try log.request(12, 20), against: try other.note(12).bytes)
        #expect(mixed.verdict == .tampered && mixed.findings.map(\.code) == [.checkpointOrigin], "\(mixed.summary)")
    }

    @Test func whatIsNoCheckpointIsRefused() throws {
        let log = try Log(3)
        #expect(throws: VerifyError.self) { try verify(log, Array("old 3\nnothing\n".utf8)) }
        #expect(throws: VerifyError.self) {
            try verify(log, try log.note(3).bytes, against: Array("no checkpoint".utf8))
        }
    }
}
