// Salts against another implementation's, and runs against single ones: a salt depends on its place alone.

import MunimentCrypto
import MunimentFormat
import Testing

@Suite struct SaltStreamTests {
    private struct File: Decodable {
        struct Salt: Decodable {
            var index: UInt64
            var slot: UInt64
            var salt: Spelt
        }
        var saltKey: Spelt
        var salts: [Salt]
    }

    @Test func vectors() throws {
        let file: File = try Vectors.load("commitment.json")
        let stream = SaltStream(key: SecretKey(copying: file.saltKey.bytes))
        for vector in file.salts {
            #expect(
                stream.salt(index: vector.index, slot: vector.slot) == vector.salt.bytes,
                "\(vector.index), \(vector.slot)")
        }
    }

    /// A run, wherever it begins and however long, is the same as its salts one by one.
    @Test func runsEqualSingles() {
        let stream = SaltStream(key: .random())
        for firstIndex: UInt64 in [0, 1, 2, 3, 4, 5, 1_021, (1 << 34) - 2, (1 << 62) - 300] {
            for count in [1, 2, 3, 4, 5, 127, 128, 129] {
                for slot: UInt64 in [0, 1, 4_096] {
                    let room = UnsafeMutableRawBufferPointer.allocate(
                        byteCount: SaltStream.scratchByteCount(count), alignment: 16)
                    defer { room.deallocate() }
                    room.initializeMemory(as: UInt8.self, repeating: 0xee)
                    let first = stream.fill(room, slot: slot, firstIndex: firstIndex, count: count)
                    for place in 0..<count {
                        let salt = Array(UnsafeRawBufferPointer(start: first + 16 * place, count: 16))
                        if salt != stream.salt(index: firstIndex + UInt64(place), slot: slot) {
                            Issue.record("first \(firstIndex), count \(count), slot \(slot), place \(place)")
                        }
                    }
                }
            }
        }
    }

    @Test func saltsAreDistinct() {
        let stream = SaltStream(key: .random())
        var seen: Set<[UInt8]> = []
        for index: UInt64 in 0..<64 {
            for slot: UInt64 in 0..<16 { seen.insert(stream.salt(index: index, slot: slot)) }
        }
        #expect(seen.count == 64 * 16)
    }
}
