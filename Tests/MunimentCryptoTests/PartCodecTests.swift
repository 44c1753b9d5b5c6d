// Parts through compression and sealing and back, and plaintexts that were sealed with the right key but are no parts.

import MunimentCrypto
import MunimentFormat
import Testing

@Suite struct PartCodecTests {
    private let secret = SecretKey(copying: [UInt8](repeating: 3, count: 32))
    private var key: SealingKey { SealingKey(secret) }
    private let place = PartPlace(
        logID: Digest([UInt8](repeating: 9, count: 32))!, segment: 3, generation: 1,
        session: [UInt8](repeating: 4, count: 16),
        part: 77, classID: 2, recordCount: 5, flags: 0, firstIndex: 1_000)

    private func sealed(_ content: [UInt8], isCompressed: Bool) -> [UInt8] {
        let codec = PartCodec()
        return [UInt8](unsafeUninitializedCapacity: PartRow.ciphertextByteCountMax) { buffer, count in
            count = content.withUnsafeBytes {
                codec.seal(
                    $0, isCompressed: isCompressed, key: key, place: place,
                    to: UnsafeMutableRawPointer(buffer.baseAddress!))
            }
        }
    }

    private func opened(_ ciphertext: [UInt8], _ place: PartPlace) throws -> [UInt8] {
        let codec = PartCodec()
        return try ciphertext.withUnsafeBytes { Array(try codec.open($0, key: key, place: place)) }
    }

    @Test func roundTrips() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        for count in [1, 16, 17, 231, 232, 233, 4_096, 65_535, 65_536] {
            for content in [[UInt8](repeating: 120, count: count), generator.bytes(count)] {
                for isCompressed in [false, true] {
                    let ciphertext = sealed(content, isCompressed: isCompressed)
                    #expect(ciphertext.count % 256 == 0 && ciphertext.count <= PartRow.ciphertextByteCountMax)
                    #expect(try opened(ciphertext, place) == content, "seed \(seed), \(count) bytes")
                }
            }
        }
        let zeros = sealed([UInt8](repeating: 0, count: 65_536), isCompressed: true)
        #expect(zeros.count == 512, "65,536 equal bytes compress to less than 496")
    }

    /// A part opens in its own place only.
    @Test func placeIsBound() throws {
        let ciphertext = sealed(Array("content".utf8), isCompressed: true)
        var others: [PartPlace] = []
        func other(_ change: (inout PartPlace) -> Void) {
            var changed = place
            change(&changed)
            others.append(changed)
        }
        other { $0.logID = .zero }
        other { $0.segment += 1 }
        other { $0.generation += 1 }
        other { $0.session[15] ^= 1 }
        other { $0.part += 1 }
        other { $0.classID += 1 }
        other { $0.recordCount += 1 }
        other { $0.flags = 1 }
        other { $0.firstIndex += 1 }
        for changed in others {
            let error = #expect(throws: FormatError.self) { try opened(ciphertext, changed) }
            #expect(error?.code == .checksum)
        }
        for bit in 0..<ciphertext.count * 8 {
            #expect(throws: FormatError.self) { try opened(ciphertext.flipped(bit), place) }
        }
        for count in [0, 16, 255] {
            #expect(throws: FormatError.self) { try opened(Array(ciphertext.prefix(count)), place) }
        }
        #expect(throws: FormatError.self) { try opened([UInt8](repeating: 0, count: 65_792 + 256), place) }
    }

    /// Whoever holds the key can seal anything. It is refused, or it has the length that it claims; it is never read past its end.
    @Test func hostilePlaintexts() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        var openedCount = 0
        for round in 0..<3_000 {
            let stored = hostileBlock(&generator)
            var plaintext: [UInt8] = []
            plaintext.append(littleEndian: UInt32(stored.count) | (round % 7 == 0 ? PartRow.storedAsIs : 0))
            let claimed = [UInt32(stored.count), 300, 1, 65_536, UInt32.random(in: 0...70_000, using: &generator)]
            let contentByteCount = claimed[Int.random(in: 0...4, using: &generator)]
            plaintext.append(littleEndian: contentByteCount)
            plaintext += stored
            plaintext.append(zeros: PartRow.ciphertextByteCount(stored: stored.count) - 16 - plaintext.count)
            let ciphertext = key.sealed(plaintext, count: place.part, associatedData: place.associatedData)
            do {
                let content = try opened(ciphertext, place)
                openedCount += 1
                #expect(content.count == Int(contentByteCount), "seed \(seed), round \(round)")
            } catch is FormatError {
                continue
            }
        }
        #expect(openedCount > 0, "seed \(seed): the generator never makes a part that opens")
    }

    /// An LZ4 block that is random, or a literal run with a match that may reach before its start.
    private func hostileBlock(_ generator: inout SeededGenerator) -> [UInt8] {
        let random = generator.bytes(Int.random(in: 0...200, using: &generator))
        switch Int.random(in: 0...2, using: &generator) {
        case 0: return random
        case 1: return [0x4f, 1, 2, 3, 4, UInt8.random(in: 0...6, using: &generator), 0] + random
        default:
            // Literals alone, the whole of which is one valid sequence when it is short.
            let literals = random.prefix(14)
            return [UInt8(literals.count << 4)] + literals
        }
    }
}
