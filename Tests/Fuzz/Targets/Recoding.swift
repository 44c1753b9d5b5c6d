// The property that all canonical structures share: what is decoded encodes to the bytes that it came from.

import MunimentFormat

/// Runs a decoder whose encoder is `recoded`'s second half: the result must be the bytes, or their beginning where more may follow.
func requireIdentity(
    _ bytes: UnsafeRawBufferPointer, isPrefix: Bool = false, _ recoded: (UnsafeRawBufferPointer) throws -> [UInt8]
) throws {
    let encoded: [UInt8]
    do {
        encoded = try recoded(bytes)
    } catch let refusal as FormatError {
        return try require(refusal.offset >= 0 && refusal.offset <= max(bytes.count, 1), "\(refusal) lies outside")
    }
    let expected = isPrefix ? bytes.prefix(encoded.count) : bytes[...]
    try require(encoded.elementsEqual(expected), "another spelling: \(Hexadecimal.string(encoded))")
}

extension FuzzTarget {
    /// A structure whose bytes say everything; `isPrefix` where other bytes may follow it.
    static func recoding(
        _ name: String, _ file: String, isPrefix: Bool = false,
        _ recoded: @escaping @Sendable (UnsafeRawBufferPointer) throws -> [UInt8]
    ) -> FuzzTarget {
        FuzzTarget(name, samples: { try $0.cases(file) }) { try requireIdentity($0, isPrefix: isPrefix, recoded) }
    }

    /// A structure with a checksum: decoded as it comes, and once more after `repaired` has put in what a random change can't guess.
    static func checked(
        _ name: String, _ file: String, isPrefix: Bool = false, repaired: @escaping @Sendable ([UInt8]) -> [UInt8],
        _ recoded: @escaping @Sendable (UnsafeRawBufferPointer) throws -> [UInt8]
    ) -> FuzzTarget {
        FuzzTarget(name, samples: { try $0.cases(file) }) { bytes in
            try requireIdentity(bytes, isPrefix: isPrefix, recoded)
            try withExactCopy(of: repaired(Array(bytes))) { try requireIdentity($0, isPrefix: isPrefix, recoded) }
        }
    }

    /// A block of fixed size with its checksum at the end.
    static func block(
        _ name: String, byteCount: Int, _ recoded: @escaping @Sendable (UnsafeRawBufferPointer) throws -> [UInt8]
    ) -> FuzzTarget {
        checked(
            name, name + ".json", repaired: { repairedBlock($0, byteCount: byteCount, checksumAt: byteCount - 4) },
            recoded)
    }
}

/// The bytes cut or filled with zeros to `byteCount`, with the right checksum at `place`.
func repairedBlock(_ bytes: [UInt8], byteCount: Int, checksumAt place: Int) -> [UInt8] {
    var bytes = Array(bytes.prefix(byteCount))
    bytes.append(zeros: byteCount - bytes.count)
    bytes.put(Checksum.crc32c(Array(bytes[..<place])), at: place)
    return bytes
}
