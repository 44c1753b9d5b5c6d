// Commitments: another implementation's vectors, then random runs against the plainest implementation.

import MunimentCrypto
import MunimentFormat
import Testing

@Suite struct ContentHasherTests {
    private struct File: Decodable {
        struct Record: Decodable {
            var index: UInt64
            var attributes: [Spelt]
            var payload: Spelt
            var explicit: Bool
            var content: Spelt
            var commitment: Spelt
        }
        var saltKey: Spelt
        var records: [Record]
    }

    @Test func vectors() throws {
        let file: File = try Vectors.load("commitment.json")
        let stream = SaltStream(key: SecretKey(copying: file.saltKey.bytes))
        #expect(Set(file.records.map(\.attributes.count)).isSuperset(of: [0, 1, 3, 12]))
        let hasher = ContentHasher()
        for record in file.records {
            let found = try commitments(hasher, record.content.bytes, 1, record.index, stream)
            #expect(found == [record.commitment.bytes], "index \(record.index)")
        }
        // The vectors' indexes are consecutive: all of them are one run.
        let contents = file.records.flatMap(\.content.bytes)
        let found = try commitments(hasher, contents, file.records.count, file.records[0].index, stream)
        #expect(found == file.records.map(\.commitment.bytes))
    }

    /// Runs across the stride of 128, at any alignment, with 0 to 20 attributes, explicit salts and body files, against the naive form.
    @Test(arguments: [1, 2, 127, 128, 129, 300]) func randomRuns(count: Int) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        let stream = SaltStream(key: .random())
        let hasher = ContentHasher()
        for round in 0..<6 {
            // Some runs have few attributes, some none, some many.
            let attributesMax = [0, 3, 8, 9, 20, 20][round]
            let firstIndex = UInt64.random(in: 0..<1 << 62 - 1_000, using: &generator)
            var contents: [UInt8] = []
            var expected: [[UInt8]] = []
            var bodies: [Int: [UInt8]] = [:]
            for place in 0..<count {
                let record = Record(&generator, attributesMax: attributesMax)
                contents += record.content
                if record.isBodyFile { bodies[place] = record.payloadCommitment }
                expected.append(record.commitment(stream, index: firstIndex + UInt64(place)))
            }
            let found = try commitments(hasher, contents + [1, 2, 3], count, firstIndex, stream, bodies: bodies)
            #expect(found == expected, "seed \(seed), round \(round)")
        }
    }

    /// The unit of work does not matter: a run cut anywhere gives the same commitments.
    @Test func anyUnitOfWork() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        let stream = SaltStream(key: .random())
        let records = (0..<200).map { _ in Record(&generator, attributesMax: 10, mayBeBodyFile: false) }
        let whole = try commitments(ContentHasher(), records.flatMap(\.content), records.count, 77, stream)
        var pieces: [[UInt8]] = []
        let hasher = ContentHasher()
        while pieces.count < records.count {
            let end = min(records.count, pieces.count + Int.random(in: 1...40, using: &generator))
            let piece = records[pieces.count..<end]
            pieces += try commitments(hasher, piece.flatMap(\.content), piece.count, 77 + UInt64(pieces.count), stream)
        }
        #expect(pieces == whole, "seed \(seed)")
    }

    @Test func refusesWhatIsNoContent() throws {
        let stream = SaltStream(key: .random())
        let good = ContentEncoder.head(attributes: [], payloadByteCount: 3) + [1, 2, 3]
        let twice = ContentEncoder.head(attributes: [[1, 97, 1], [1, 97, 1]], payloadByteCount: 0)
        for contents in [[], Array(good.dropLast()), good + [0x80], good + twice] {
            let error = #expect(throws: FormatError.self) { try commitments(ContentHasher(), contents, 2, 0, stream) }
            #expect(error != nil)
        }
        // After a refusal the hasher is as good as new.
        let hasher = ContentHasher()
        _ = try? commitments(hasher, good + twice, 2, 0, stream)
        #expect(try commitments(hasher, good, 1, 0, stream) == commitments(ContentHasher(), good, 1, 0, stream))
    }

    /// One random record and what it commits to.
    private struct Record {
        var attributes: [[UInt8]]
        var payload: [UInt8]
        var explicit: [[UInt8]]
        var isBodyFile: Bool
        var payloadCommitment: [UInt8] = []

        init(_ generator: inout SeededGenerator, attributesMax: Int, mayBeBodyFile: Bool = true) {
            var list: [Attribute] = []
            for n in 0..<Int.random(in: 0...attributesMax, using: &generator) {
                let value = (0..<Int.random(in: 0...90, using: &generator)).map { _ in
                    UInt8.random(in: 0...255, using: &generator)
                }
                list.append(Attribute("name\(n % 7)", .bytes(value)))
            }
            attributes = ContentEncoder.canonical(list)
            payload = (0..<Int.random(in: 0...200, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            isBodyFile = mayBeBodyFile && Int.random(in: 0...9, using: &generator) == 0
            explicit = []
            var salts: [[UInt8]] = []
            for _ in 0...attributes.count {
                salts.append((0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) })
            }
            if Int.random(in: 0...3, using: &generator) == 0 { explicit = salts }
            if isBodyFile {
                payloadCommitment = Naive.payloadCommitment(payload, salt: salts[0])
                payload =
                    BodyReference(
                        id: [UInt8](repeating: 5, count: 16), payloadByteCount: 9 << 20,
                        key: [UInt8](repeating: 6, count: 32),
                        salt: salts[0]
                    ).encoded
            }
        }

        var content: [UInt8] {
            ContentEncoder.head(
                attributes: attributes, salts: explicit.flatMap { $0 }, isBodyFile: isBodyFile,
                payloadByteCount: payload.count) + payload
        }

        func commitment(_ stream: SaltStream, index: UInt64) -> [UInt8] {
            let salts =
                explicit.isEmpty ? (0...attributes.count).map { stream.salt(index: index, slot: UInt64($0)) } : explicit
            return Naive.commitment(
                attributes: attributes, attributeSalts: Array(salts.dropFirst()),
                payloadCommitment: isBodyFile ? payloadCommitment : Naive.payloadCommitment(payload, salt: salts[0]))
        }
    }

    private func commitments(
        _ hasher: ContentHasher, _ contents: [UInt8], _ count: Int, _ firstIndex: UInt64, _ stream: SaltStream,
        bodies: [Int: [UInt8]] = [:]
    ) throws -> [[UInt8]] {
        var output = [UInt8](repeating: 0, count: 32 * count)
        var asked: Set<Int> = []
        _ = try contents.withUnsafeBytes { raw in
            try output.withUnsafeMutableBytes { room in
                try hasher.commit(
                    contents: raw, count: count, firstIndex: firstIndex, salts: stream,
                    bodyDigest: { place, reference throws(FormatError) in
                        asked.insert(place)
                        #expect(reference.count == ContentLayout.bodyReferenceByteCount)
                        return Digest(bodies[place] ?? [UInt8](repeating: 0, count: 32))!
                    }, to: room.baseAddress!)
            }
        }
        #expect(asked == Set(bodies.keys), "asked for each body file, and for nothing else")
        return (0..<count).map { Array(output[32 * $0..<32 * $0 + 32]) }
    }
}
