// What a fuzzer runs: one function that takes any bytes at all, and the samples from which its corpus starts.
//
// The functions hold a property and throw a finding where it is broken; a trap is a finding by itself. The libFuzzer executable
// (../Runner) and the sample in the test suite (../Sample) both run them, so there is one list of properties.

/// One decoder, or one family of them, under hostile bytes.
package struct FuzzTarget: Sendable {
    /// Names the corpus directory and the environment variable's value.
    package let name: String
    /// Inputs to begin with: what the decoder accepts, and the bad ones of the format's vectors. The argument reads the vectors.
    package let samples: @Sendable (VectorSamples) throws -> [[UInt8]]
    /// Runs the decoder. Throws `FuzzFinding` where a property is broken; what the decoder itself refuses is no finding.
    package let run: @Sendable (UnsafeRawBufferPointer) throws -> Void

    init(
        _ name: String, samples: @escaping @Sendable (VectorSamples) throws -> [[UInt8]],
        run: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Void
    ) {
        (self.name, self.samples, self.run) = (name, samples, run)
    }

    /// All targets, by their names.
    package static let all: [FuzzTarget] =
        formatTargets + indexTargets + blockTargets + frameTargets + noteTargets + proofTargets + inputTargets
        + textTargets

    /// The target of that name; nil for none.
    package static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }
}

/// A broken property.
package struct FuzzFinding: Error, CustomStringConvertible {
    /// What was expected and did not hold.
    package let description: String

    init(_ description: String) { self.description = description }
}

/// Throws a finding unless `condition` holds.
func require(_ condition: @autoclosure () throws -> Bool, _ expectation: @autoclosure () -> String) throws {
    guard try condition() else { throw FuzzFinding(expectation()) }
}

/// Calls `body` with a copy of `bytes` that fills its allocation exactly, so that the address sanitizer sees a read past its end.
func withExactCopy<R>(of bytes: some Collection<UInt8>, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { copy.deallocate() }
    copy.copyBytes(from: bytes)
    return try body(UnsafeRawBufferPointer(copy))
}

extension [UInt8] {
    /// Overwrites the integer at `offset`, little-endian; nothing where the array ends before.
    mutating func put<T: FixedWidthInteger>(_ value: T, at offset: Int) {
        guard offset >= 0, offset + MemoryLayout<T>.size <= count else { return }
        Swift.withUnsafeBytes(of: value.littleEndian) { raw in
            for (position, byte) in raw.enumerated() { self[offset + position] = byte }
        }
    }

    /// The little-endian integer at `offset`; 0 where the array ends before.
    func integer<T: FixedWidthInteger>(_: T.Type, at offset: Int) -> T {
        guard offset >= 0, offset + MemoryLayout<T>.size <= count else { return 0 }
        return withUnsafeBytes { T(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: T.self)) }
    }
}
