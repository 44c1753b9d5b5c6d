// The order of bytes by which attributes, terms and names are sorted: as unsigned numbers, a prefix before what goes on after it.

/// Compares bytes eight at a time, for loops that do so for every attribute of every record.
package enum ByteOrder {
    /// Below zero, zero or above it, as `a` comes before `b`, equals it, or comes after.
    @inlinable
    package static func compare(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
        let common = min(a.count, b.count)
        var place = 0
        while place + 8 <= common {
            let first = UInt64(bigEndian: a.loadUnaligned(fromByteOffset: place, as: UInt64.self))
            let second = UInt64(bigEndian: b.loadUnaligned(fromByteOffset: place, as: UInt64.self))
            if first != second { return first < second ? -1 : 1 }
            place += 8
        }
        while place < common {
            if a[place] != b[place] { return a[place] < b[place] ? -1 : 1 }
            place += 1
        }
        return a.count - b.count
    }
}
