// The AEAD as the format uses it. That its ciphertexts are right is checked with StoreVectorTests, whose ciphertexts are another
// implementation's.

import MunimentCrypto
import MunimentFormat
import Testing

@Suite struct SealingKeyTests {
    private let key = SealingKey(SecretKey(copying: [UInt8](repeating: 7, count: 32)))

    @Test func roundTrips() {
        for count in [0, 1, 15, 16, 17, 240, 65_536] {
            let plaintext = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 31) }
            let sealed = key.sealed(plaintext, count: 3, associatedData: [1, 2])
            #expect(sealed.count == count + 16)
            #expect(key.opened(sealed, count: 3, associatedData: [1, 2]) == plaintext)
        }
    }

    @Test func sealsInPlace() {
        let plaintext = (0..<1_000).map { UInt8(truncatingIfNeeded: $0) }
        var buffer = plaintext + [UInt8](repeating: 0, count: 16)
        buffer.withUnsafeMutableBytes { room in
            key.seal(
                UnsafeRawBufferPointer(rebasing: room[..<1_000]), count: 9, associatedData: [], to: room.baseAddress!)
        }
        #expect(buffer == key.sealed(plaintext, count: 9, associatedData: []))
    }

    @Test func everyBitMatters() {
        let plaintext = Array("nothing of this may change".utf8)
        let associated = Array("nor of this".utf8)
        let sealed = key.sealed(plaintext, count: 1 << 40, associatedData: associated)
        for bit in 0..<sealed.count * 8 {
            #expect(key.opened(sealed.flipped(bit), count: 1 << 40, associatedData: associated) == nil)
        }
        for bit in 0..<associated.count * 8 {
            #expect(key.opened(sealed, count: 1 << 40, associatedData: associated.flipped(bit)) == nil)
        }
        for bit in 0..<64 {
            #expect(key.opened(sealed, count: 1 << 40 ^ 1 << UInt64(bit), associatedData: associated) == nil)
        }
        for count in 0..<sealed.count {
            #expect(key.opened(Array(sealed[..<count]), count: 1 << 40, associatedData: associated) == nil)
        }
        #expect(key.opened(sealed + [0], count: 1 << 40, associatedData: associated) == nil)
        let other = SealingKey(SecretKey(copying: [UInt8](repeating: 8, count: 32)))
        #expect(other.opened(sealed, count: 1 << 40, associatedData: associated) == nil)
    }

    @Test func nonceCountsAreDistinct() {
        let counts: [UInt64] = [0, 1, 255, 256, 1 << 32, .max]
        #expect(Set(counts.map { key.sealed([0, 0, 0, 0], count: $0, associatedData: []) }).count == counts.count)
    }
}
