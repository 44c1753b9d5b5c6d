// Standard output, buffered, and standard error, not. A reader that has gone away ends the command quietly, as filters
// do; any other failure to write is an error, since a shortened answer must not look like a whole one.

import Glibc
import MunimentInput

/// Buffered standard output. Used by one thread at a time.
final class Output {
    /// The reader has gone away.
    struct Closed: Error {}

    /// Writing failed otherwise.
    struct WriteError: Error, CustomStringConvertible {
        let code: Int32
        var description: String {
            "standard output can't be written: \(String(cString: strerror(code)).lowercased()); the output is incomplete."
        }
    }

    private static let byteCountMax = 64 << 10

    /// Touched by the thread that runs the verb, or by the one that it has handed it to.
    nonisolated(unsafe) static let standard = Output()

    private var buffer: [UInt8] = []

    func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        if bytes.count >= Output.byteCountMax {
            try flush()
            return try Output.writeAll(bytes)
        }
        buffer.append(contentsOf: bytes)
        if buffer.count >= Output.byteCountMax { try flush() }
    }

    func write(_ text: String) throws {
        var text = text
        try text.withUTF8 { try write(UnsafeRawBufferPointer($0)) }
    }

    /// Text that is safe for a terminal already, and a newline.
    func line(_ text: String) throws { try write(text + "\n") }

    func flush() throws {
        defer { buffer.removeAll(keepingCapacity: true) }
        try buffer.withUnsafeBytes { try Output.writeAll($0) }
    }

    /// The last thing that the command says; failures no longer matter.
    func print(finalText: String) {
        try? line(finalText)
        try? flush()
    }

    private static func writeAll(_ bytes: UnsafeRawBufferPointer) throws {
        var offset = 0
        while offset < bytes.count {
            let count = Glibc.write(STDOUT_FILENO, bytes.baseAddress! + offset, bytes.count - offset)
            if count >= 0 {
                offset += count
                continue
            }
            switch errno {
            case EINTR: continue
            case EPIPE: throw Closed()
            case EAGAIN:
                var request = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
                _ = poll(&request, 1, -1)
            default: throw WriteError(code: errno)
            }
        }
    }
}

enum StandardError {
    /// A diagnostic: the command's name, then one sentence, with nothing in it that acts on a terminal.
    static func sentence(_ text: String) {
        let escaped = TerminalText.escaped(text)
        write("muniment: \(escaped)\(escaped.utf8.last == UInt8(ascii: ".") ? "" : ".")\n")
    }

    /// What the argument parser says of a wrong command line: several lines, its own name for errors replaced.
    static func usage(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map {
            TerminalText.escaped(String($0))
        }
        let whole = lines.joined(separator: "\n")
        write((whole.hasPrefix("Error: ") ? "muniment: " + whole.dropFirst(7) : whole) + "\n")
    }

    static func write(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            var offset = 0
            while offset < bytes.count {
                let count = Glibc.write(STDERR_FILENO, bytes.baseAddress! + offset, bytes.count - offset)
                if count < 0 && errno != EINTR { return }
                offset += max(0, count)
            }
        }
    }
}
