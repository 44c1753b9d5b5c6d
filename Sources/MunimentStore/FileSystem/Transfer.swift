// The loops around one read or write call, which may move less than asked or be interrupted. Both file systems use
// them, so that the simulator's short and interrupted transfers test the code that runs in earnest.
//
// A step returns the bytes that it moved, or an errno negated. Direct transfers must stay aligned, so after a count
// that is not a multiple of `directAlignment` the loop goes on from the last aligned place before it.

import Glibc

/// What stopped a transfer, and where.
struct TransferFailure: Error {
    let errno: Int32
    let offset: UInt64
}

enum Transfer {
    /// Fills `buffer` until it is full or `step` finds the end of the file; the number of bytes read.
    @inline(__always)
    static func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64, isDirect: Bool,
        step: (UnsafeMutableRawBufferPointer, UInt64) -> Int
    ) throws(TransferFailure) -> Int {
        try check(buffer.count, offset)
        var done = 0
        var unalignedEnd: Int?
        while done < buffer.count {
            let position = offset + UInt64(done)
            let count = step(UnsafeMutableRawBufferPointer(rebasing: buffer[done...]), position)
            if count == -Int(EINTR) { continue }
            guard count >= 0 else { throw TransferFailure(errno: Int32(-count), offset: position) }
            if count == 0 { break }
            done += count
            guard isDirect, done % directAlignment != 0 else { continue }
            // Either the file ends here or the read fell short. The same end twice is the file's end.
            if unalignedEnd == done { return done }
            unalignedEnd = done
            done -= done % directAlignment
        }
        return max(done, unalignedEnd ?? 0)
    }

    /// Writes all of `bytes`.
    @inline(__always)
    static func write(
        _ bytes: UnsafeRawBufferPointer, at offset: UInt64, isDirect: Bool,
        step: (UnsafeRawBufferPointer, UInt64) -> Int
    ) throws(TransferFailure) {
        try check(bytes.count, offset)
        var done = 0
        var stallCount = 0
        while done < bytes.count {
            let position = offset + UInt64(done)
            let count = step(UnsafeRawBufferPointer(rebasing: bytes[done...]), position)
            if count == -Int(EINTR) { continue }
            guard count >= 0 else { throw TransferFailure(errno: Int32(-count), offset: position) }
            let progress = isDirect ? count - count % directAlignment : count
            done += progress
            // A device that keeps taking nothing will not take the rest.
            stallCount = progress == 0 ? stallCount + 1 : 0
            guard stallCount < 4 else { throw TransferFailure(errno: EIO, offset: position) }
        }
    }

    @inline(__always)
    private static func check(_ count: Int, _ offset: UInt64) throws(TransferFailure) {
        guard offset <= UInt64(Int64.max) - UInt64(count) else {
            throw TransferFailure(errno: EOVERFLOW, offset: offset)
        }
    }
}
