// The tamper catalogue: what somebody can do to a store who can write every file of it and mend every checksum, one attack a row, each with what
// the verifier must find: exactly these codes, without the data keys and with them. Nothing may crash, and nothing may pass for sound.
// The rows stand in TamperCatalogue+….swift by what they attack; the stores that they attack in TamperStores.swift.

import Foundation
import MunimentFormat
import MunimentNote
import Testing

@testable import MunimentVerify

/// One row of the catalogue.
struct Attack: Sendable, CustomTestStringConvertible {
    let name: String
    let store: TamperStore
    /// The codes of all findings that are no notices, but for what the store's untouched tail gives without keys.
    let without: Set<Finding.Code>
    let with: Set<Finding.Code>
    let verdictWithout: Verdict
    let verdictWith: Verdict
    /// Whether a checkpoint that somebody else kept is held against the store.
    let hasWitness: Bool
    /// Returns the witness's checkpoint, where there is one.
    let perform: @Sendable (StoreFixture) throws -> [UInt8]

    /// An attack that is found with keys and without them.
    init(
        _ name: String, on store: TamperStore, _ found: Set<Finding.Code>, keys more: Set<Finding.Code> = [],
        _ perform: @escaping @Sendable (StoreFixture) throws -> Void
    ) {
        self.init(name, on: store, without: found, with: found.union(more), perform)
    }

    /// An attack of which the keys tell other things; `without` is the verdict where nobody has them.
    init(
        _ name: String, on store: TamperStore, without: Set<Finding.Code>, with: Set<Finding.Code>,
        verdict: Verdict = .tampered, verdictWithKeys: Verdict = .tampered,
        _ perform: @escaping @Sendable (StoreFixture) throws -> Void
    ) {
        (self.name, self.store, self.without, self.with) = (name, store, without, with)
        (verdictWithout, verdictWith, hasWitness) = (verdict, verdictWithKeys, false)
        self.perform = {
            try perform($0)
            return []
        }
    }

    /// An attack that only a witness can tell: `perform` returns the checkpoint that they kept.
    init(
        _ name: String, on store: TamperStore, witnessed: Set<Finding.Code>, keys more: Set<Finding.Code> = [],
        _ perform: @escaping @Sendable (StoreFixture) throws -> [UInt8]
    ) {
        (self.name, self.store, without, with) = (name, store, witnessed, witnessed.union(more))
        (verdictWithout, verdictWith, hasWitness, self.perform) = (.tampered, .tampered, true, perform)
    }

    var testDescription: String { name }

    /// All rows.
    static let catalogue: [Attack] =
        onCheckpoints + onManifest + onSegments + onFrames + onEntries + onContents + onIndexes + onControlRecords
        + onDispositions + onKeys + onDerivedFiles
}

@Suite struct TamperCatalogueTests {
    @Test func theCatalogueHasItsRows() {
        let names = Attack.catalogue.map(\.name)
        #expect(names.count >= 40 && Set(names).count == names.count, "\(names.count) rows")
        print("tamper catalogue: \(names.count) attacks")
        for attack in Attack.catalogue {
            // What has an error is tampered with, and what has none is not said to be.
            #expect(!attack.with.isEmpty || !attack.without.isEmpty, "\(attack.name) is to be found by nobody")
            #expect(attack.verdictWith != .intact && attack.verdictWithout != .intact, "\(attack.name)")
        }
    }

    /// Before the attack there is nothing to be found but that no seal covers the tail, which the keys attest.
    @Test(arguments: TamperStore.allCases) func theStoresAreSound(store: TamperStore) throws {
        let fixture = try store.make()
        let (without, with) = (try fixture.verify(), try fixture.verify(keys: true))
        #expect(with.verdict == .intact && with.faults.isEmpty, "\(with.summary)")
        #expect(without.faults == ["tail.unattested"], "\(without.summary)")
    }

    /// A forger who changes nothing writes the same bytes.
    @Test(arguments: TamperStore.allCases) func theForgeIsExact(store: TamperStore) throws {
        let fixture = try store.make()
        let before = try fixture.files().map { try fixture.read($0) }
        try fixture.forge { _ in }
        for (name, bytes) in zip(try fixture.files(), before) {
            #expect(try fixture.read(name) == bytes, "\(name)")
        }
    }

    @Test(arguments: Attack.catalogue) func isFound(attack: Attack) throws {
        let fixture = try attack.store.make()
        let witness = try attack.perform(fixture)
        for keys in [false, true] {
            var options = try fixture.options(keys: keys, jobs: keys ? 2 : 1)
            if attack.hasWitness { options.against = witness }
            let report = try Verifier(options).verify(fixture.path)
            let expected = keys ? attack.with : attack.without
            var found = Set(report.findings.filter { $0.severity != .notice }.map(\.code))
            if !expected.contains(.tailUnattested) { found.remove(.tailUnattested) }
            let verdict = keys ? attack.verdictWith : attack.verdictWithout
            #expect(found == expected, "\(keys ? "with" : "without") keys: \(report.summary)")
            #expect(report.verdict == verdict, "\(keys ? "with" : "without") keys: \(report.summary)")
        }
    }
}

/// The verifier of Format/ comes to the same verdicts: about every fifth row, or each with MUNIMENT_NIGHTLY=1.
@Suite(.enabled(if: SecondVerifier.isInstalled)) struct TamperCatalogueSecondTests {
    private static let rows = Attack.catalogue.enumerated().filter { TestRun.isNightly || $0.offset % 5 == 2 }.map(
        \.element)

    @Test(arguments: rows) func bothAgree(attack: Attack) throws {
        let fixture = try attack.store.make()
        let witness = try attack.perform(fixture)
        var arguments: [String] = []
        if attack.hasWitness {
            let path = fixture.directory.path + "/witness"
            try Data(witness).write(to: URL(filePath: path))
            arguments = ["--against", path]
        }
        for keys in [false, true] {
            let lines = try SecondVerifier.verify(
                fixture.path, key: VerifierKey(fixture.verifierKey), arguments + (keys ? [] : ["--no-keys"]))
            let list = lines.dropLast().map { "\($0.severity ?? "") \($0.finding ?? ""): \($0.message ?? "")" }
            #expect(
                lines.last?.verdict == (keys ? attack.verdictWith : attack.verdictWithout).rawValue,
                "\(keys ? "with" : "without") keys: \(list.joined(separator: "\n"))")
        }
    }
}
