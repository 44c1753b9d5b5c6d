// The README's example, compiled and run. The lines between the markers stand in the README as they stand here.

import Foundation
import Muniment
import Testing

@Suite struct ReadmeTests {
    @Test func exampleRuns() async throws {
        let directory = NSTemporaryDirectory() + "muniment-readme-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let text = try await ReadmeTests.example(directory + "/archive")
        #expect(text == "The contract is signed.")
    }

    static func example(_ path: String) async throws -> String {
        let archive = try await Archive.create(at: path, origin: "example.com/log")
        // begin
        // Returns when the record is durable. A retry with the same token never appends twice.
        let receipt = try await archive.append(
            Record(
                "The contract is signed.", attributes: [Attribute("from", .text("ada@example.com"))],
                stream: "contracts"),
            token: Array("request-17".utf8))

        // Everything read through a snapshot is proved against its signed checkpoint first.
        let snapshot = try await archive.snapshot()
        let record = try snapshot.record(at: receipt.firstIndex)
        print(String(decoding: record.payload ?? [], as: UTF8.self))

        // A proof that anyone can check with the checkpoint and the public key.
        let proof = try snapshot.inclusionProof(of: receipt.firstIndex)
        try proof.verify(leafHash: record.leafHash, root: snapshot.checkpoint.root)
        try await archive.close()
        // end
        return String(decoding: record.payload ?? [], as: UTF8.self)
    }

    @Test func readmeSaysTheSame() throws {
        let here = URL(fileURLWithPath: #filePath)
        let source = try String(contentsOf: here, encoding: .utf8)
        let readme = try String(
            contentsOf: here.deletingLastPathComponent().appendingPathComponent("../../README.md"), encoding: .utf8)
        let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
        let begin = try #require(lines.firstIndex { $0.hasSuffix("        // begin") })
        let end = try #require(lines.firstIndex { $0.hasSuffix("        // end") })
        let example = lines[(begin + 1)..<end].map { $0.hasPrefix("        ") ? $0.dropFirst(8) : $0 }
        #expect(readme.contains(example.joined(separator: "\n")))
    }
}
