import MunimentCrypto
import Testing

struct CRC32CTests {
    /// RFC 3720, appendix B.4, and the usual check value.
    @Test func standardVectors() {
        #expect(CRC32C.checksum([]) == 0)
        #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xe306_9283)
        #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8a91_36aa)
        #expect(CRC32C.checksum([UInt8](repeating: 0xff, count: 32)) == 0x62a8_ab43)
        #expect(CRC32C.checksum(Array(0..<32)) == 0x46dd_794e)
        #expect(CRC32C.checksum(Array((0..<32).reversed())) == 0x113f_db5c)
    }

    /// Lengths around the points where the kernel changes its stride.
    @Test func lengthsAgainstTheOracle() {
        var generator = SeededGenerator(seed: 3720)
        let bytes = generator.bytes(40_001)
        for count in Array(0...300) + [767, 768, 769, 1535, 1544, 12_287, 12_288, 12_289, 24_576, 25_344, 40_000] {
            let message = Array(bytes[1..<1 + count])
            #expect(CRC32C.checksum(message) == CRC32COracle.checksum(message), "\(count) bytes")
        }
    }

    @Test func continuingIsTheSameAsOnePass() {
        var generator = SeededGenerator(seed: 12)
        let bytes = generator.bytes(14_000)
        let whole = CRC32C.checksum(bytes)
        for split in [0, 1, 7, 8, 9, 768, 5_000, 12_288, 13_999, 14_000] {
            bytes.withUnsafeBytes { bytes in
                let first = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<split]))
                let second = UnsafeRawBufferPointer(rebasing: bytes[split...])
                #expect(CRC32C.checksum(second, continuing: first) == whole, "split at \(split)")
            }
        }
    }

    @Test func everyFlippedBitIsFound() {
        let bytes = [UInt8](repeating: 0x5a, count: 96)
        let good = CRC32C.checksum(bytes)
        for bit in 0..<bytes.count * 8 {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(CRC32C.checksum(damaged) != good, "bit \(bit)")
        }
    }
}
