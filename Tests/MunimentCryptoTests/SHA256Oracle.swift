// The plain Swift twins of the C kernels: slow, short, and written from the standards alone.

/// FIPS 180-4, section 6.2, word for word.
enum SHA256Oracle {
    static let k: [UInt32] = primes(64).map { fraction(root: cbrtFraction, of: $0) }
    static let initial: [UInt32] = primes(8).map { fraction(root: sqrtFraction, of: $0) }

    static func hash(_ message: [UInt8]) -> [UInt8] {
        var padded = message + [0x80]
        while padded.count % 64 != 56 { padded.append(0) }
        let bitCount = UInt64(message.count) * 8
        for shift: UInt64 in [56, 48, 40, 32, 24, 16, 8, 0] {
            padded.append(UInt8(truncatingIfNeeded: bitCount >> shift))
        }
        var h = initial
        for start in stride(from: 0, to: padded.count, by: 64) { compress(&h, Array(padded[start..<start + 64])) }
        return h.flatMap { word in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) } }
    }

    private static func compress(_ h: inout [UInt32], _ block: [UInt8]) {
        var w: [UInt32] = (0..<16).map { t in
            block[4 * t..<4 * t + 4].reduce(0) { $0 << 8 | UInt32($1) }
        }
        for t in 16..<64 {
            let s0 = rotate(w[t - 15], 7) ^ rotate(w[t - 15], 18) ^ w[t - 15] >> 3
            let s1 = rotate(w[t - 2], 17) ^ rotate(w[t - 2], 19) ^ w[t - 2] >> 10
            w.append(s1 &+ w[t - 7] &+ s0 &+ w[t - 16])
        }
        var v = h
        for t in 0..<64 {
            let choice = (v[4] & v[5]) ^ (~v[4] & v[6])
            let majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2])
            let t1 = v[7] &+ (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) &+ choice &+ k[t] &+ w[t]
            let t2 = (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) &+ majority
            v = [t1 &+ t2, v[0], v[1], v[2], v[3] &+ t1, v[4], v[5], v[6]]
        }
        for i in 0..<8 { h[i] = h[i] &+ v[i] }
    }

    private static func rotate(_ x: UInt32, _ n: UInt32) -> UInt32 { x >> n | x << (32 - n) }

    private static func primes(_ count: Int) -> [UInt64] {
        var found: [UInt64] = []
        var candidate: UInt64 = 2
        while found.count < count {
            if found.allSatisfy({ candidate % $0 != 0 }) { found.append(candidate) }
            candidate += 1
        }
        return found
    }

    /// The first 32 bits of the fraction, by binary search over fixed-point values with 32 fraction bits.
    private static func fraction(root: (UInt64, UInt64) -> Bool, of prime: UInt64) -> UInt32 {
        var value: UInt64 = 0
        for bit in (0...36 as ClosedRange<UInt64>).reversed() where root(value | 1 << bit, prime) { value |= 1 << bit }
        return UInt32(truncatingIfNeeded: value)
    }

    private static func sqrtFraction(_ x: UInt64, _ prime: UInt64) -> Bool {
        let square = x.multipliedFullWidth(by: x)
        return (square.high, square.low) <= (prime, 0)
    }

    private static func cbrtFraction(_ x: UInt64, _ prime: UInt64) -> Bool {
        // x³ ≤ prime · 2⁹⁶. x < 2³⁷, so x² < 2⁷⁴ and x³ < 2¹¹¹: multiply the halves of x² apart.
        let square = x.multipliedFullWidth(by: x)
        let low = square.low.multipliedFullWidth(by: x)
        let high = square.high * x + low.high
        return (high, low.low) <= (prime << 32, 0)
    }
}

/// RFC 3720 one bit at a time.
enum CRC32COracle {
    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var crc: UInt32 = .max
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82f6_3b78 : crc >> 1 }
        }
        return ~crc
    }
}

/// A small seeded generator (SplitMix64), so that a failure can be replayed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }

    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) } }
}
