// Evidence of records that were purged, and of those that a hold covers: what the log says of them goes with them.

import Foundation
import Muniment
import MunimentFormat
import MunimentMerkle
import MunimentStore
import Testing

@testable import MunimentVerify

@Suite struct EvidencePurgeTests {
    private let purges: PurgeFixture
    /// Of the hold on record 16, and of one on another record.
    private let holds: (near: UInt64, far: UInt64)

    init() throws {
        purges = try PurgeFixture()
        var placed: (UInt64, UInt64) = (0, 0)
        try purges.reopen(after: 2) { [purges] store in
            for (place, index) in [UInt64(16), 20].enumerated() {
                let scope = HoldScope(indexes: IndexSet(index..<index + 1))
                let hold = try store.appendControl(.hold, body: HoldRecord(matter: nil, scope: scope).encoded())
                if place == 0 { placed.0 = hold.firstIndex } else { placed.1 = hold.firstIndex }
            }
            try HandPurge(PurgeFixture.brief).run(store, purges.clock)
        }
        holds = placed
    }

    private func export(_ indexes: ClosedRange<UInt64>...) throws -> TakenApart {
        let path = purges.fixture.directory.path + "/evidence"
        try? FileManager.default.removeItem(atPath: path)
        var selection = Selection()
        selection.indexes = indexes
        let options = EvidenceOptions(exporter: "e", tool: "t", selectionText: "")
        _ = try ArchiveReader(at: purges.fixture.path).snapshot.exportUnloggedEvidence(
            matching: selection, to: path, options: options)
        return try TakenApart([UInt8](try Data(contentsOf: URL(filePath: path))))
    }

    private func verify(_ taken: TakenApart) throws -> VerifyReport {
        let path = purges.fixture.directory.path + "/verified"
        try Data(taken.bytes).write(to: URL(filePath: path))
        var options = VerifyOptions()
        options.trustedKeys = [try VerifierKey(purges.fixture.verifierKey)]
        return try Verifier(options).verify(path)
    }

    private func kinds(_ taken: TakenApart) throws -> [ControlRecord.Kind] {
        try taken.places(.control).map { place in
            let control = try taken.chunks[place].body.decode(EvidenceControl.init(decoding:))
            let entry = try control.entry.decode(Entry.init(decoding:))
            return try #require(try ControlRecord(entry: entry)).kind
        }
    }

    @Test func aPurgedRecordComesWithItsDisposition() throws {
        let taken = try export(4...5, 14...15)
        #expect(
            try kinds(taken) == [.identity, .retentionClass, .retentionClass, .erasure, .intent, .prepared, .completed])
        let report = try verify(taken)
        #expect(report.verdict == .intact && report.purged == 2 && report.records == 4, "\(report.findings)")
        #expect(report.findings.map(\.code) == [.evidenceUnlogged])
    }

    @Test func withoutTheDispositionNothingIsEstablished() throws {
        let whole = try export(4...5, 14...15)
        let size = try verify(whole).treeSize
        for kind in [ControlRecord.Kind.prepared, .completed] {
            var taken = whole
            let place = try #require(try kinds(taken).firstIndex(of: kind))
            taken.chunks.remove(at: taken.places(.control)[place])
            let store = try LogStore.open(POSIXFileSystem(), purges.fixture.path)
            let proof = try MultiProof.make(indexes: taken.indexes.sorted(), treeSize: size, reader: store.reader)
            try store.close()
            taken.chunks[try taken.place(.proof)].body = proof.nodes.flatMap(\.bytes)
            let report = try verify(taken)
            #expect(report.verdict == .notEstablished && report.purged == 2, "\(report.findings)")
            #expect(report.findings.contains { $0.code == .evidencePurgeUnproved && $0.index == 4 })
        }
    }

    @Test func holdsGoWithTheRecordsThatTheyCover() throws {
        let taken = try export(16...17)
        let indexes = taken.places(.control).map { taken.index($0) }
        #expect(indexes.contains(holds.near) && !indexes.contains(holds.far))
        #expect(try !kinds(taken).contains(.prepared))
        #expect(try verify(taken).verdict == .intact)
    }
}
