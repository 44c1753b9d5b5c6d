// The verifier's own door to files: it opens what is regular, reads with pread, and writes nothing. Nothing is mapped,
// so a file that shrinks or a device that fails is an error here, never a signal. Links are not followed and pipes are
// not waited for: hostile trees are made of such.

internal import CMunimentKernels
internal import Glibc

/// Why a file could not be read.
enum FileFailure: Error, Hashable {
    case missing
    /// A directory, link, pipe or device where a file should be.
    case notRegular
    /// More names in a directory than are looked at.
    case tooMany
    /// The system's error number.
    case system(Int32)

    init(errno code: Int32) {
        self = code == ENOENT || code == ENOTDIR ? .missing : code == ELOOP ? .notRegular : .system(code)
    }

    /// For a sentence.
    var description: String {
        switch self {
        case .missing: "it is not there"
        case .notRegular: "it is no regular file"
        case .tooMany: "it has more names than are looked at"
        case .system(let code): "the system says: \(String(cString: strerror(code)))"
        }
    }
}

/// A file open for reading, closed when the last reference goes.
final class ReadOnlyFile: Sendable {
    private let descriptor: Int32
    /// The length when it was opened.
    let byteCount: UInt64
    /// Permission bits.
    let mode: UInt32

    /// Opens the regular file at `path`. Links are followed only where the caller of the verifier named them.
    init(_ path: String, followsLinks: Bool = false) throws(FileFailure) {
        let descriptor = mk_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (followsLinks ? 0 : O_NOFOLLOW), 0)
        guard descriptor >= 0 else { throw FileFailure(errno: errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let code = errno
            close(descriptor)
            throw .system(code)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .notRegular
        }
        self.descriptor = descriptor
        byteCount = UInt64(max(0, status.st_size))
        mode = status.st_mode & 0o7777
    }

    deinit { close(descriptor) }

    /// Fills `buffer` from `offset` on; returns how many bytes there were, fewer than asked only at the end of the
    /// file.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(FileFailure) -> Int {
        var done = 0
        while done < buffer.count {
            let (position, overflow) = offset.addingReportingOverflow(UInt64(done))
            guard !overflow, position <= UInt64(Int64.max) else { return done }
            let count = pread(descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(position))
            if count < 0 {
                if errno == EINTR { continue }
                throw FileFailure(errno: errno)
            }
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// Up to `count` bytes from `offset` on. For small things; never asks for more than the file had when it was
    /// opened.
    func bytes(_ count: Int, at offset: UInt64 = 0) throws(FileFailure) -> [UInt8] {
        let available = offset < byteCount ? Int(clamping: byteCount - offset) : 0
        var result = [UInt8](repeating: 0, count: min(count, available))
        var failure: FileFailure?
        let readCount = result.withUnsafeMutableBytes { buffer -> Int in
            do throws(FileFailure) { return try read(into: buffer, at: offset) } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        result.removeLast(result.count - readCount)
        return result
    }

    /// The offset of the first byte that is not zero in `range`; nil when all are. `scratch` is what it reads into.
    func firstNonZero(in range: Range<UInt64>, scratch: UnsafeMutableRawBufferPointer) throws(FileFailure) -> UInt64? {
        var offset = range.lowerBound
        while offset < range.upperBound {
            let count = Int(min(UInt64(scratch.count), range.upperBound - offset))
            let readCount = try read(into: UnsafeMutableRawBufferPointer(rebasing: scratch[..<count]), at: offset)
            if readCount == 0 { return nil }
            if let place = UnsafeRawBufferPointer(rebasing: scratch[..<readCount]).firstNonZero {
                return offset + UInt64(place)
            }
            offset += UInt64(readCount)
        }
        return nil
    }
}

extension UnsafeRawBufferPointer {
    /// The place of the first byte that is not zero; nil when all are. Eight bytes at a time.
    var firstNonZero: Int? {
        var place = 0
        while place + 8 <= count, loadUnaligned(fromByteOffset: place, as: UInt64.self) == 0 { place += 8 }
        while place < count {
            if self[place] != 0 { return place }
            place += 1
        }
        return nil
    }

    /// The bytes of `range`, which lies within.
    func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self[range]) }
}
