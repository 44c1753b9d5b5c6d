// Randomness enters the store here. Keys do not come from here: they come from libsodium, in the module for crypto.

/// A source of random bytes.
package protocol RandomSource: Sendable {
    /// Overwrites every byte of `buffer`.
    func fill(_ buffer: UnsafeMutableRawBufferPointer)
}

extension RandomSource {
    /// As many random bytes as asked for.
    package func bytes(count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            fill(UnsafeMutableRawBufferPointer(buffer))
            initializedCount = count
        }
    }
}

/// The kernel's generator (getrandom, through Swift's own), fit for unguessable identifiers.
package struct SystemRandom: RandomSource {
    package init() {}

    package func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        var generator = SystemRandomNumberGenerator()
        generator.fill(buffer)
    }
}

/// A stream that its seed determines. For simulations and tests only: anyone who knows the seed knows every byte.
package final class SeededRandom: RandomSource {
    private let generator: Guarded<SeededGenerator>

    package init(seed: UInt64) { generator = Guarded(SeededGenerator(seed: seed)) }

    package func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        generator.withLock { $0.fill(buffer) }
    }
}

/// xoshiro256** (Blackman and Vigna, 2018), its state drawn from the seed with splitmix64. Not for secrets.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var a: UInt64
    private var b: UInt64
    private var c: UInt64
    private var d: UInt64

    /// A generator of the stream that belongs to `seed`.
    package init(seed: UInt64) {
        var weyl = seed
        func mixed() -> UInt64 {
            weyl &+= 0x9E37_79B9_7F4A_7C15
            var z = weyl
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
        a = mixed()
        b = mixed()
        c = mixed()
        d = mixed()
    }

    package mutating func next() -> UInt64 {
        let product = b &* 5
        let result = ((product << 7) | (product >> 57)) &* 9
        let shifted = b << 17
        c ^= a
        d ^= b
        b ^= c
        a ^= d
        c ^= shifted
        d = (d << 45) | (d >> 19)
        return result
    }
}

extension RandomNumberGenerator {
    /// Overwrites `buffer`, eight bytes of the stream at a time in little-endian order.
    mutating func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        var offset = 0
        while offset < buffer.count {
            let count = Swift.min(8, buffer.count - offset)
            withUnsafeBytes(of: next().littleEndian) { word in
                UnsafeMutableRawBufferPointer(rebasing: buffer[offset..<offset + count])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: word[..<count]))
            }
            offset += count
        }
    }
}
