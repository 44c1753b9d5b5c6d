// The micro level: hash kernel and tree, blocks in and out, encoding and decoding, proofs. Whatever an embedder can't reach is measured through what he can.

import Benchmark
import Foundation
import Muniment
import MunimentVerify

let benchmarks: @Sendable () -> Void = {
    proofs()
    encoding()
    blocks()
}

/// Proofs: the hash kernel over 65-byte nodes, and the stored tree.
private func proofs() {
    let fixture = Fixture.shared
    let root = fixture.snapshot.checkpoint.root
    // A path among 100,000 leaves has 17 nodes: 17 × 1,000 hashes.
    micro(
        "inclusion proof, check", operationCount: 1_000,
        Budget(allocations: 0.01, ratio: 1.1, reference: .hashes(17_000, of: 65))
    ) {
        for (proof, leaf) in zip(fixture.proofs, fixture.leaves) { try proof.verify(leafHash: leaf, root: root) }
    }
    let indexes = Fixture.indexes(1_000)
    micro(
        "inclusion proof, make", operationCount: 1_000,
        Budget(allocations: 18, ratio: 4, reference: .hashes(17_000, of: 65))
    ) {
        for index in indexes { blackHole(try fixture.snapshot.inclusionProof(of: index)) }
    }
    micro(
        "leaf hash", operationCount: 1_000, Budget(allocations: 0.01, ratio: 1.5, reference: .hashes(1_000, of: 54))
    ) {
        for _ in 0..<1_000 { blackHole(fixture.sample.leafHash) }
    }
}

/// Contents and attributes to bytes and back.
private func encoding() {
    let payloads = (0..<1_000).map(MicroRecord.payload)
    let attributes = [Attribute("sender", .text("user7@example.com")), Attribute("sequence", .integer(1_234_567))]
    let archive = ScratchArchive.shared.archive
    micro(
        "record into a buffer", operationCount: 1_000,
        Budget(allocations: 0.05, ratio: 0.5, reference: .hashes(1_000, of: 256))
    ) {
        let buffer = archive.makeBuffer(reservingByteCount: 300_000)
        for payload in payloads { try payload.withUnsafeBytes { try buffer.append(payload: $0) } }
        blackHole(buffer)
    }
    micro(
        "record with two attributes into a buffer", operationCount: 1_000,
        Budget(allocations: 0.05, ratio: 1.5, reference: .hashes(1_000, of: 256))
    ) {
        let buffer = archive.makeBuffer(reservingByteCount: 400_000)
        for payload in payloads {
            try payload.withUnsafeBytes { try buffer.append(payload: $0, attributes: attributes) }
        }
        blackHole(buffer)
    }
    let encoded = attributes[0].encoded
    micro(
        "attribute, decode and encode", operationCount: 1_000,
        Budget(allocations: 4, ratio: 3, reference: .hashes(1_000, of: 256))
    ) {
        for _ in 0..<1_000 {
            let decoded = try encoded.withUnsafeBytes { try Attribute(decoding: $0) }
            blackHole(decoded.encoded)
        }
    }
}

/// LZ4 and AES-GCM by block, with everything that belongs to a commit, a read, a verification.
private func blocks() {
    let fixture = Fixture.shared
    let archive = ScratchArchive.shared.archive
    let payloads = (0..<8_192).map(MicroRecord.payload)
    // 8,192 records of 256 B are 32 blocks of 64 KiB.
    micro(
        "commit of 8,192 records", operationCount: 8_192,
        Budget(allocations: 0.5, ratio: 3, reference: .sealedBlocks(32, of: 65_536))
    ) {
        let buffer = archive.makeBuffer(reservingByteCount: 2_200_000)
        for payload in payloads { try payload.withUnsafeBytes { try buffer.append(payload: $0) } }
        blackHole(try archive.appendBlocking(buffer))
    }
    let indexes = Fixture.indexes(500)
    micro(
        "read, scattered", operationCount: 500,
        Budget(allocations: 40, ratio: 2.5, reference: .openedBlocks(500, of: 65_536))
    ) {
        for index in indexes { blackHole(try fixture.snapshot.record(at: index)) }
    }
    micro(
        "verify of 100,000 records", operationCount: Fixture.recordCount,
        Budget(allocations: 0.5, ratio: 3, reference: .openedBlocks(Fixture.recordCount * 256 / 65_536, of: 65_536))
    ) {
        var options = VerifyOptions()
        options.trustedKeys = [try VerifierKey(fixture.verifierKey)]
        options.keysDirectory = fixture.path + ".keys"
        options.jobs = 1
        let report = try Verifier(options).verify(fixture.path)
        guard report.verdict == .intact else {
            throw MicroError("verify calls the archive \(report.verdict.rawValue).")
        }
    }
}

/// A check that failed.
struct MicroError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
