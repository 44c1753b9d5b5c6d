// A segment's end under load. The committer begins the next file while the housekeeper prepares, seals and signs: once, a preparation
// that began between the hand-over of the prepared file and its renaming removed that file, and the append failed; a little earlier it
// would have filled the new segment with zeros.

import Foundation
import Muniment
import MunimentVerify
import Testing

@Suite struct SegmentRollTests {
    @Test func manyRolls() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/archive"
        var options = ArchiveOptions()
        options.segmentByteCount = 1 << 20
        options.checkpointCadence = .milliseconds(20)
        let archive = try await Archive.create(at: path, origin: "example.org/roll", options: options)
        let payload = [UInt8]((0..<60_000).map { _ in UInt8.random(in: 0...255) })
        for round in 0..<60 {
            let buffer = archive.makeBuffer()
            for _ in 0..<10 { try buffer.append(Record(payload)) }
            let receipt = try await archive.append(buffer)
            #expect(receipt.count == 10, "round \(round)")
            // Spread over the housekeeper's looks, which come every 50 ms.
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...25)))
        }
        let verifierKey = archive.verifierKey
        try await archive.close()
        var verify = VerifyOptions()
        verify.trustedKeys = [try VerifierKey(verifierKey)]
        verify.keysDirectory = path + ".keys"
        let report = try Verifier(verify).verify(path)
        #expect(report.verdict == .intact && report.records == 600, "\(report.findings)")
    }
}
