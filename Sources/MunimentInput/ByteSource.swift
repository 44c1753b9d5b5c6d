// Where input bytes come from: the only door through which this module touches the outside.
// A source is pulled, never pushes; a short read is normal, zero bytes mean the end.

import Glibc

/// Something that hands out bytes in order, as much at a time as it likes.
package protocol ByteSource {
    /// Copies the next bytes into `buffer`, which is never empty, and returns how many: at least 1, or 0 at the end and
    /// at every call after it. What it throws reaches the caller as an ``InputError`` of code `input.read`.
    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
}

/// Bytes that are already in memory, optionally in reads of at most a given size.
package struct MemorySource: ByteSource {
    private let bytes: [UInt8]
    private let readByteCountMax: Int
    private var consumed = 0

    /// - Parameter readByteCountMax: the most that one read returns; at least 1.
    package init(_ bytes: [UInt8], readByteCountMax: Int = .max) {
        precondition(readByteCountMax > 0, "a read returns at least one byte")
        self.bytes = bytes
        self.readByteCountMax = readByteCountMax
    }

    package mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, bytes.count - consumed, readByteCountMax)
        bytes.withUnsafeBytes {
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[consumed..<consumed + count]))
        }
        consumed += count
        return count
    }
}

/// Bytes that a closure hands out, under the rules of ``ByteSource``.
package struct ClosureSource: ByteSource {
    private let body: (UnsafeMutableRawBufferPointer) throws -> Int

    package init(_ body: @escaping (UnsafeMutableRawBufferPointer) throws -> Int) { self.body = body }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int { try body(buffer) }
}

/// An operating system's refusal, as a sentence.
package struct SystemCallError: Error, CustomStringConvertible {
    /// The value of `errno`.
    package let code: Int32

    package init(code: Int32) { self.code = code }

    package var description: String { String(cString: strerror(code)) }
}

/// A file, pipe or terminal, read with `read(2)`; interrupted calls are repeated, and a read always waits.
package final class FileSource: ByteSource {
    private let descriptor: Int32
    private let closes: Bool

    /// Opens `path` for reading. Throws ``SystemCallError``.
    package init(path: String) throws {
        let opened = open(path, O_RDONLY | O_CLOEXEC)
        guard opened >= 0 else { throw SystemCallError(code: errno) }
        descriptor = opened
        closes = true
        _ = posix_fadvise(opened, 0, 0, POSIX_FADV_SEQUENTIAL)
    }

    /// Reads from a descriptor that stays open and belongs to the caller: standard input is 0.
    package init(borrowing descriptor: Int32) {
        self.descriptor = descriptor
        closes = false
    }

    deinit {
        if closes { close(descriptor) }
    }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            switch errno {
            case EINTR: continue
            case EAGAIN: waitForInput()
            default: throw SystemCallError(code: errno)
            }
        }
    }

    /// Blocks where the descriptor does not: it may be shared with a program that made it so.
    private func waitForInput() {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = poll(&request, 1, -1)
    }
}
