// Reading passphrases: from a file, or from a terminal without showing them.

import Glibc
import Muniment
import MunimentInput

enum Passphrase {
    private static let byteCountMax = 65_536

    /// The contents of a file, less one newline at the end. Pipes work too: `--passphrase-file /dev/fd/3`.
    static func read(_ path: String) throws -> [UInt8] {
        var source = try InputFile.open(path)
        var bytes = try source.readAll(atMost: byteCountMax, of: path)
        if bytes.last == 0x0a { bytes.removeLast() }
        if bytes.last == 0x0d { bytes.removeLast() }
        guard !bytes.isEmpty else {
            throw ArchiveError(.usage, "\(path) holds no passphrase: its first line is empty.")
        }
        return bytes
    }

    /// Asks twice at the terminal; nil where there is none.
    static func ask() throws -> [UInt8]? {
        guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else { return nil }
        let first = try line("New passphrase: ")
        guard !first.isEmpty else { throw ArchiveError(.usage, "The passphrase is empty: use --remove to have none.") }
        guard try line("The same again: ") == first else {
            throw ArchiveError(.usage, "The two passphrases differ: nothing was changed.")
        }
        return first
    }

    private static func line(_ prompt: String) throws -> [UInt8] {
        var settings = termios()
        tcgetattr(STDIN_FILENO, &settings)
        var silent = settings
        silent.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings)
            StandardError.write("\n")
        }
        StandardError.write(prompt)
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while Glibc.read(STDIN_FILENO, &byte, 1) == 1, byte != 0x0a {
            guard bytes.count < byteCountMax else { throw ArchiveError(.usage, "The passphrase is too long.") }
            bytes.append(byte)
        }
        return bytes
    }
}
