// What every structure promises, asked of all of them alike: good vectors are read and spelt again, bad ones refused for the right reason,
// damage is noticed, and whatever is accepted has exactly one spelling.

import MunimentFormat
import Testing

@Suite struct StructureTests {
    @Test(arguments: Codec.all) func goodVectorsAreSpeltAgain(codec: Codec) throws {
        let vectors = try VectorFile<NoFields>(codec.file)
        #expect(!vectors.good.isEmpty)
        for vector in vectors.good {
            #expect(try codec.recoded(vector.bytes) == vector.bytes, "\(vector.name)")
        }
    }

    @Test(arguments: Codec.all) func badVectorsAreRefused(codec: Codec) throws {
        let vectors = try VectorFile<NoFields>(codec.file)
        #expect(!vectors.bad.isEmpty)
        for vector in vectors.bad {
            let code = refusal {
                if let count = vector.count {
                    _ =
                        codec.file == "index-top.json"
                        ? try Codec.recodedTop(vector.bytes, count: count)
                        : try Codec.recodedColumns(vector.bytes, count: count)
                } else {
                    _ = try codec.recoded(vector.bytes)
                }
            }
            #expect(code?.rawValue == vector.error, "\(vector.name)")
        }
    }

    @Test(arguments: Codec.all) func whatFollowsAStructureIsNotRead(codec: Codec) throws {
        for vector in try VectorFile<NoFields>(codec.file).goodWithJunk ?? [] {
            #expect(try codec.recoded(vector.bytes) == Array(vector.bytes[..<vector.byteCount]), "\(vector.name)")
        }
    }

    /// With a checksum every flipped bit is refused. Without one it is refused, or is the one spelling of something else.
    @Test(arguments: Codec.all) func everyFlippedBit(codec: Codec) throws {
        for vector in try VectorFile<NoFields>(codec.file).good where vector.bytes.count <= 4_096 {
            var bytes = vector.bytes
            for bit in 0..<bytes.count * 8 {
                bytes[bit / 8] ^= 1 << UInt8(bit % 8)
                defer { bytes[bit / 8] ^= 1 << UInt8(bit % 8) }
                guard let recoded = accepted(codec, bytes) else { continue }
                let isOtherSpelling = recoded != Array(bytes.prefix(recoded.count))
                if codec.isChecksummed || isOtherSpelling { Issue.record("\(vector.name), bit \(bit) was accepted") }
            }
        }
    }

    @Test(arguments: Codec.all) func everyTruncation(codec: Codec) throws {
        for vector in try VectorFile<NoFields>(codec.file).good where vector.bytes.count <= 4_096 {
            for count in 0..<vector.bytes.count {
                let bytes = Array(vector.bytes[..<count])
                guard let recoded = accepted(codec, bytes) else { continue }
                // A structure whose last field runs to the end is another, shorter one when it is cut there.
                if codec.isChecksummed || recoded != bytes {
                    Issue.record("\(vector.name) cut to \(count) bytes was accepted")
                }
            }
        }
    }

    /// Changed in a few places, with the checksum made right again, so that the decoder's own rules are what is tested.
    @Test(arguments: Codec.all) func hostileChanges(codec: Codec) throws {
        let seed = freshSeed()
        var generator = SeededGenerator(seed: seed)
        let vectors = try VectorFile<NoFields>(codec.file)
        let samples = (vectors.good.map(\.bytes) + vectors.bad.map(\.bytes)).filter { $0.count <= 8_192 }
        for _ in 0..<4_000 {
            let bytes = codec.repaired(mutated(samples[generator.int(0...samples.count - 1)], &generator))
            guard let recoded = accepted(codec, bytes) else { continue }
            guard recoded == Array(bytes.prefix(recoded.count)) else {
                Issue.record(
                    "seed \(seed): two spellings: \(Hexadecimal.string(bytes)) and \(Hexadecimal.string(recoded))")
                return
            }
        }
    }

    @Test(arguments: Codec.all) func randomBytes(codec: Codec) throws {
        let seed = freshSeed()
        var generator = SeededGenerator(seed: seed)
        let magic = try VectorFile<NoFields>(codec.file).good[0].bytes.prefix(8)
        for _ in 0..<2_000 {
            var bytes = generator.bytes(generator.int(0...300))
            if generator.bool() { bytes = magic + bytes }
            guard let recoded = accepted(codec, bytes) else { continue }
            #expect(recoded == Array(bytes.prefix(recoded.count)), "seed \(seed)")
        }
    }

    // MARK: Helpers

    /// The code of the refusal; nil if nothing was refused.
    private func refusal(_ body: () throws -> Void) -> FormatError.Code? {
        do {
            try body()
            return nil
        } catch let error as FormatError {
            return error.code
        } catch {
            Issue.record("not a refusal by a decoder: \(error)")
            return nil
        }
    }

    /// What the decoder made of the bytes; nil if it refused them. Any error but a refusal is an issue.
    private func accepted(_ codec: Codec, _ bytes: [UInt8]) -> [UInt8]? {
        var recoded: [UInt8]?
        _ = refusal { recoded = try codec.recoded(bytes) }
        return recoded
    }

    /// One to four changes: edges in integers of every size, bytes taken out, put in, or cut off.
    private func mutated(_ sample: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = sample
        for _ in 0..<generator.int(1...4) {
            guard !bytes.isEmpty else { return generator.bytes(generator.int(0...64)) }
            let place = generator.int(0...bytes.count - 1)
            switch generator.int(0...6) {
            case 0: bytes[place] ^= 1 << UInt8(generator.int(0...7))
            case 1: bytes[place] = [0, 1, 0x7f, 0x80, 0xff][generator.int(0...4)]
            case 2: bytes.remove(at: place)
            case 3: bytes.insert(UInt8(truncatingIfNeeded: generator.next()), at: place)
            case 4: bytes.removeLast(generator.int(0...min(16, bytes.count)))
            default:
                var edge: [UInt8] = []
                let edges: [UInt64] = [0, 1, .max / 2, .max / 2 + 1, .max, 1 << 62]
                edge.append(littleEndian: edges[generator.int(0...5)])
                let count = [1, 2, 4, 8][generator.int(0...3)]
                for (offset, byte) in edge.prefix(count).enumerated() where place + offset < bytes.count {
                    bytes[place + offset] = byte
                }
            }
        }
        return bytes
    }
}
