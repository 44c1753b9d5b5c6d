// A regular file through the operating system. The descriptor has an owner of its own, which each call retains while
// it runs: closing only lets go of it, so a descriptor is never closed, and its number never reused, under a call.

import Glibc
import Synchronization

/// An open file of the operating system.
final class POSIXFile: File {
    let path: String
    let isDirect: Bool
    private let descriptor: Guarded<Descriptor?>

    init(_ descriptor: Descriptor, path: String, isDirect: Bool) {
        self.path = path
        self.isDirect = isDirect
        self.descriptor = Guarded(descriptor)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(FileSystemError) -> Int {
        requireAlignment(UnsafeRawBufferPointer(buffer), offset)
        let held = try hold(.read)
        do throws(TransferFailure) {
            return try Transfer.read(into: buffer, at: offset, isDirect: isDirect) { rest, position in
                let count = pread(held.number, rest.baseAddress, rest.count, off_t(position))
                return count < 0 ? -Int(errno) : count
            }
        } catch {
            throw FileSystemError(.read, path, errno: error.errno, offset: error.offset)
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileSystemError) {
        requireAlignment(bytes, offset)
        let held = try hold(.write)
        do throws(TransferFailure) {
            try Transfer.write(bytes, at: offset, isDirect: isDirect) { rest, position in
                let count = pwrite(held.number, rest.baseAddress, rest.count, off_t(position))
                return count < 0 ? -Int(errno) : count
            }
        } catch {
            throw FileSystemError(.write, path, errno: error.errno, offset: error.offset)
        }
    }

    func synchronize() throws(FileSystemError) {
        try call(.synchronize) { fdatasync($0) }
    }

    func truncate(to byteCount: UInt64) throws(FileSystemError) {
        guard let length = off_t(exactly: byteCount) else {
            throw FileSystemError(.truncate, path, errno: EFBIG, offset: byteCount)
        }
        try call(.truncate, at: byteCount) { ftruncate($0, length) }
    }

    func allocate(_ range: Range<UInt64>) throws(FileSystemError) {
        guard let (offset, count) = try extent(range, .allocate) else { return }
        do {
            try call(.allocate, at: range.lowerBound) { SystemCalls.allocate($0, offset, count) }
        } catch {
            guard error.code == .unsupported else { throw error }
            if try byteCount() < range.upperBound { try truncate(to: range.upperBound) }
        }
    }

    func punchHole(_ range: Range<UInt64>) throws(FileSystemError) {
        guard let (offset, count) = try extent(range, .punchHole) else { return }
        try call(.punchHole, at: range.lowerBound) { SystemCalls.punchHole($0, offset, count) }
    }

    func byteCount() throws(FileSystemError) -> UInt64 {
        var found = stat()
        try call(.byteCount) { fstat($0, &found) }
        return UInt64(found.st_size)
    }

    func lockExclusively() throws(FileSystemError) -> Bool {
        do {
            let held = try hold(.lock)
            try call(.lock) { SystemCalls.lockExclusively($0) }
            held.locker.store(getpid(), ordering: .relaxed)
            return true
        } catch {
            guard error.errno == EAGAIN else { throw error }
            return false
        }
    }

    func dropCache() {
        guard let held = try? hold(.dropCache) else { return }
        _ = posix_fadvise(held.number, 0, 0, POSIX_FADV_DONTNEED)
    }

    func close() {
        // The descriptor's end may wait for the device; it comes after the lock is let go.
        let last = descriptor.withLock { $0.take() }
        _ = consume last
    }

    private func hold(_ operation: FileOperation) throws(FileSystemError) -> Descriptor {
        guard let held = descriptor.withLock({ $0 }) else { throw FileSystemError(operation, path, errno: EBADF) }
        return held
    }

    private func call(
        _ operation: FileOperation, at offset: UInt64? = nil, _ body: (Int32) -> Int32
    ) throws(FileSystemError) {
        let held = try hold(operation)
        guard SystemCalls.retrying({ body(held.number) }) == 0 else {
            throw FileSystemError(operation, path, errno: errno, offset: offset)
        }
    }

    /// A range as the system takes it; nil when it is empty, which the system would refuse.
    private func extent(
        _ range: Range<UInt64>, _ operation: FileOperation
    ) throws(FileSystemError) -> (offset: off_t, count: off_t)? {
        if range.isEmpty { return nil }
        guard range.upperBound <= UInt64(Int64.max) else {
            throw FileSystemError(operation, path, errno: EFBIG, offset: range.lowerBound)
        }
        return (off_t(range.lowerBound), off_t(range.upperBound - range.lowerBound))
    }
}

/// Owns a descriptor of the process, and closes it at its end.
final class Descriptor: Sendable {
    let number: Int32
    /// The process that took the lock through this descriptor; 0 for none.
    let locker = Atomic<pid_t>(0)

    init(_ number: Int32) { self.number = number }

    deinit {
        // A process that another thread is forking at this moment has the open file too, and the lock with it, until it executes its program. A child
        // that only lets go of its copy leaves the lock alone.
        if locker.load(ordering: .relaxed) == getpid() { SystemCalls.unlock(number) }
        // An error here tells nothing about durability, and Linux has freed the number even when it was interrupted.
        _ = Glibc.close(number)
    }
}
