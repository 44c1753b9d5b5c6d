// The same purged stores, and the same lies, for the verifier in Format/, which was written from the pages alone: both must
// come to the same verdict, the same numbers, and the same codes for what concerns retention.

import Foundation
import Muniment
import MunimentFormat
import MunimentNote
import MunimentStore
import Testing

@testable import MunimentVerify

private typealias Indexes = MunimentFormat.IndexSet

enum SecondVerifier {
    struct Line: Decodable {
        var finding: String?
        var severity: String?
        var file: String?
        var verdict: String?
        var purged: UInt64?
        var unexplained: UInt64?
        var message: String?
    }

    static let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Format/verify.py").path

    /// Whether Python and the packages that the script needs are there; says so where they are not.
    static let isInstalled: Bool = {
        let found = run(["-c", "import cryptography, lz4"])?.status == 0
        if !found { print("skipped: python3 with the packages cryptography and lz4 is not installed") }
        return found
    }()

    static func run(_ arguments: [String]) -> (status: Int32, output: Data)? {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3"] + arguments
        let pipe = Pipe()
        (process.standardOutput, process.standardError) = (pipe, FileHandle.nullDevice)
        guard (try? process.run()) != nil else { return nil }
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, output)
    }

    static func verify(_ fixture: StoreFixture, keys: Bool, _ file: String? = nil) throws -> [Line] {
        let options = keys ? [] : ["--no-keys"]
        let path = file.map { fixture.absolute($0) } ?? fixture.path
        return try verify(path, key: VerifierKey(fixture.verifierKey), options)
    }

    /// What it says of anything that can be verified.
    static func verify(_ path: String, key: VerifierKey, _ options: [String] = []) throws -> [Line] {
        let result = try #require(run([script, path, "--key", key.description, "--json"] + options))
        return try result.output.split(separator: UInt8(ascii: "\n")).map {
            try JSONDecoder().decode(Line.self, from: Data($0))
        }
    }
}

/// The vector's lines were written by hand: the verifier must derive the same.
@Suite struct CertificateLineTests {
    private struct Vectors: Decodable {
        struct Good: Decodable { var hex: String? }
        var good: [Good]?
        var vkey: String?
    }

    private func vectors(_ name: String) throws -> Vectors {
        let folder = URL(filePath: SecondVerifier.script).deletingLastPathComponent().appending(path: "vectors")
        return try JSONDecoder().decode(Vectors.self, from: Data(contentsOf: folder.appending(path: name)))
    }

    @Test func handWrittenLines() throws {
        let directory = try TemporaryDirectory()
        var options = VerifyOptions()
        options.trustedKeys = [try VerifierKey(#require(try vectors("checkpoint.json").vkey))]
        for good in try #require(try vectors("certificate.json").good) {
            let bytes = try #require(good.hex.flatMap { Hexadecimal.bytes($0) })
            try Data(bytes).write(to: URL(filePath: directory.path + "/certificate"))
            let report = try Verifier(options).verify(directory.path + "/certificate")
            #expect(report.verdict == .intact && report.purged == 2 && report.findings.isEmpty, "\(report.summary)")
        }
    }
}

@Suite(.enabled(if: SecondVerifier.isInstalled)) struct SecondVerifierTests {
    /// Families of codes that both verifiers have for retention.
    private static let families = [
        "purge.", "disposition.", "class.", "clock.", "control.", "content.", "key.", "seal.",
    ]

    /// Purges as `purge` says, and compares what both make of it.
    private func compare(
        _ name: String, after days: Int64 = 2, _ purge: HandPurge, _ purges: PurgeFixture? = nil,
        before: (LogStore, inout HandPurge) throws -> Void = { _, _ in }
    ) throws {
        let purges = try purges ?? PurgeFixture()
        try purges.reopen(after: days) { store in
            var purge = purge
            try before(store, &purge)
            try purge.run(store, purges.clock)
        }
        try compare(name, purges.fixture)
    }

    private func compare(_ name: String, _ fixture: StoreFixture) throws {
        for keys in [false, true] {
            let ours = try fixture.verify(keys: keys)
            let theirs = try SecondVerifier.verify(fixture, keys: keys)
            let what = "\(name), \(keys ? "with keys" : "without")"
            let last = try #require(theirs.last)
            let list = theirs.dropLast().map { "\($0.finding ?? ""): \($0.message ?? "")" }.joined(separator: "\n")
            #expect(last.verdict == ours.verdict.rawValue, "\(what): \(ours.summary)\nbut\n\(list)")
            #expect(
                last.purged == ours.purged && last.unexplained == ours.unexplained,
                "\(what): \(ours.summary)\nbut\n\(list)")
            func ofRetention(_ code: String) -> Bool {
                Self.families.contains { code.hasPrefix($0) } && !code.hasSuffix("unattested")
            }
            let ourCodes = Set(ours.findings.map(\.code.rawValue).filter(ofRetention))
            let theirCodes = Set(theirs.compactMap(\.finding).filter(ofRetention))
            #expect(ourCodes == theirCodes, "\(what)")
        }
    }

    @Test func allowed() throws {
        try compare("nothing", PurgeFixture().fixture)
        try compare("a class", HandPurge(PurgeFixture.brief.union(PurgeFixture.later)))
        try compare("some of a class", HandPurge(Indexes(5..<9)))
        var going = HandPurge(PurgeFixture.brief)
        going.isCompleted = false
        try compare("not completed", going)
        var erasure = HandPurge(Indexes(14..<15))
        erasure.changeIntent = {
            $0.rules = []
            $0.erasures = [34]
        }
        try compare("erasure", erasure)
    }

    @Test func notAllowed() throws {
        try compare("early", after: 0, HandPurge(PurgeFixture.brief))
        try compare("never due", HandPurge(PurgeFixture.lasting))
        try compare("held", HandPurge(PurgeFixture.brief)) { store, purge in
            let hold = HoldRecord(matter: nil, scope: HoldScope(indexes: Indexes(5..<7), classes: [2], from: 0))
            let matter = try store.appendControl(.hold, body: hold.encoded()).firstIndex
            purge.changeIntent = { $0.holds = [.init(matter: matter, decided: .proved)] }
        }
        try compare("restricted", HandPurge(PurgeFixture.brief)) { store, purge in
            let hold = HoldRecord(matter: nil, scope: HoldScope(isRestricted: true))
            let matter = try store.appendControl(.hold, body: hold.encoded()).firstIndex
            purge.changeIntent = { $0.holds = [.init(matter: matter, decided: .attested)] }
        }
        var silent = HandPurge(PurgeFixture.brief.union(PurgeFixture.later))
        (silent.hasIntent, silent.isPrepared, silent.isCompleted) = (false, false, false)
        try compare("without a disposition", silent)
        var more = HandPurge(PurgeFixture.brief)
        more.changePrepared = { $0.purged = Indexes(4..<10) }
        try compare("more than is stated", more)
        var less = HandPurge(Indexes(4..<10))
        less.changePrepared = { $0.purged = PurgeFixture.brief }
        try compare("less than is stated", less)
        var kept = HandPurge(PurgeFixture.brief)
        kept.destroysKeys = false
        try compare("keys not destroyed", kept)
    }

    /// Certificates, whole and changed.
    @Test func certificates() throws {
        let purges = try PurgeFixture()
        var id: UInt64 = 0
        try purges.reopen(after: 2) { store in
            let scope = HoldScope(to: 5, isRestricted: true)
            let matter = try store.appendControl(.hold, body: HoldRecord(matter: nil, scope: scope).encoded())
                .firstIndex
            var purge = HandPurge(Indexes(4..<7))
            purge.changeIntent = { $0.holds = [.init(matter: matter, decided: .attested)] }
            id = try purge.run(store, purges.clock)
        }
        let fixture = purges.fixture
        let certificate = try ArchiveReader(at: fixture.path, needsKeys: false).snapshot.certificate(of: id)
        func verdict(_ bytes: [UInt8]) throws -> String? {
            fixture.create("certificate", bytes)
            defer { try? fixture.remove("certificate") }
            return try SecondVerifier.verify(fixture, keys: false, "certificate").last?.verdict
        }
        for form in [Certificate.Form.json, .text, .html] {
            #expect(try verdict(certificate.bytes(form)) == "intact", "\(form)")
            var text = String(decoding: certificate.bytes(form), as: UTF8.self)
            text.replace("destroyed: 3, in", with: "destroyed: 2, in", maxReplacements: 1)
            #expect(try verdict(Array(text.utf8)) == "tampered", "\(form)")
            text.replace("destroyed: 3, in", with: "destroyed: 2, in")
            #expect(try verdict(Array(text.utf8)) == "tampered", "\(form)")
        }
    }

    @Test func rulesOfRecords() throws {
        let strict = ClassRecord(classID: 2, name: "brief", mode: .compliance, period: "P1Y")
        let purges = try PurgeFixture(brief: strict)
        try purges.reopen(after: 2) { store in
            let shorter = ClassRecord(classID: 2, name: "brief", mode: .compliance, period: "P364D")
            _ = try store.appendClass(shorter)
            _ = try store.appendControl(.release, body: ReleaseRecord(matter: 5).encoded())
            let (now, boot) = (purges.clock.microsecondsSinceEpoch(), purges.clock.bootMicroseconds())
            for lead in [SteppedClock.day, -SteppedClock.day] {
                let record = ClockRecord(
                    kind: .catchUp, compliance: now + lead, wall: now, bootID: purges.clock.bootID(), boot: boot)
                _ = try store.appendControl(.clock, body: record.encoded())
            }
        }
        try compare("rules", purges.fixture)
        var stated = HandPurge(PurgeFixture.brief)
        stated.changeIntent = { $0.rules = [] }
        try compare("no rule", stated)
        var order = HandPurge(PurgeFixture.brief)
        order.meanwhile = { _ = try $0.appendControl(.erasure, body: ErasureRecord(index: 15).encoded()) }
        try compare("order", order)
    }

    /// What the engine's own compactor does, under a hold that keeps three and one with a private predicate.
    @Test func compactor() throws {
        let since = ClassRecord(classID: 2, name: "brief", mode: .compliance, basis: .occurred, period: "P7Y")
        let purges = try PurgeFixture(brief: since, occurred: 1_300_000_000_000_000)
        var holds: [UInt64] = []
        try purges.reopen { store in
            let kept = HoldScope(indexes: Indexes(6..<9))
            holds.append(
                try store.appendControl(.hold, body: HoldRecord(matter: nil, scope: kept).encoded()).firstIndex)
            let said = PrivatePart(predicate: .attribute(foldsCase: true, [.beginning(Array("nobody".utf8))]))
            let draft = HoldRecord(matter: nil, scope: HoldScope(isRestricted: true)).encoded()
            holds.append(try store.appendControl(.hold, privatePart: said.encoded(), body: draft).firstIndex)
        }
        let archive = try Archive.openBlocking(at: purges.fixture.path)
        let first = try archive.compactBlocking()
        try archive.closeBlocking()
        // The erasure that the fixture asks for is carried out too.
        #expect(first.purged == 18 && first.held == 3)
        try compare("compactor", purges.fixture)
        try purges.reopen { store in
            for hold in holds {
                _ = try store.appendControl(.release, body: ReleaseRecord(matter: hold).encoded())
            }
        }
        let again = try Archive.openBlocking(at: purges.fixture.path)
        let second = try again.compactBlocking()
        try again.closeBlocking()
        #expect(second.purged == 3 && second.held == 0)
        try compare("compactor again", purges.fixture)
        let report = try purges.fixture.verify(keys: true)
        #expect(report.verdict == .intact && report.purged == 21, "\(report.summary)")
        for run in [first, second] {
            let id = try #require(run.disposition)
            let snapshot = try ArchiveReader(at: purges.fixture.path, needsKeys: false).snapshot
            purges.fixture.create("certificate", try snapshot.certificate(of: id).bytes(.html))
            let found = try Verifier(purges.fixture.options()).verify(purges.fixture.path + "/certificate")
            #expect(found.verdict == .intact && found.purged == run.purged, "\(found.summary)")
            try purges.fixture.remove("certificate")
        }
    }

    @Test func eventsAndOccurredTimes() throws {
        let event = ClassRecord(classID: 2, name: "brief", mode: .compliance, basis: .event, period: "P1D")
        for hasEvent in [false, true] {
            let purges = try PurgeFixture(brief: event)
            if hasEvent {
                try purges.reopen { store in
                    let record = EventRecord(at: 0, indexes: PurgeFixture.brief)
                    _ = try store.appendControl(.event, body: record.encoded())
                }
            }
            try compare("event \(hasEvent)", HandPurge(PurgeFixture.brief), purges)
        }
        let since = ClassRecord(classID: 2, name: "brief", mode: .compliance, basis: .occurred, period: "P7Y")
        for occurred in [1_300_000_000_000_000, 1_699_000_000_000_000] as [Microseconds] {
            try compare(
                "since \(occurred)", HandPurge(PurgeFixture.brief), PurgeFixture(brief: since, occurred: occurred))
        }
    }
}
