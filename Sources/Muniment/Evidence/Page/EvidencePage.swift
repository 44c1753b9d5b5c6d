// An evidence file as one page that checks itself in a browser, offline. The page carries the file whole, in base64, in a block of data that no
// browser executes. Nothing of a record is markup: the script makes text nodes only. The policy in the page allows its own script and style, by
// their digests, and nothing else: no network, no frame, no form, no image, no script out of a record.
//
// It is a viewer. Who hands on a page could have changed its script, and the page says so.

internal import MunimentCrypto
internal import MunimentFormat
internal import MunimentNote
public import MunimentStore

/// Evidence as a page for a browser.
public enum EvidencePage {
    /// The longest evidence file that fits a page: a browser holds all of it in memory, several times.
    public static let evidenceByteCountMax: UInt64 = 96 << 20

    /// Bytes of evidence on one line of base64.
    private static let lineByteCount = 75
    private static let pieceByteCount = lineByteCount * 2_048

    /// Writes the evidence file at `source` as a page at `target`, where nothing may be yet. Does not verify it: the page does. Blocks. Throws
    /// `refused` for a file that is too long for a browser.
    public static func write(_ source: String, to target: String) throws(ArchiveError) {
        let fileSystem = POSIXFileSystem()
        try translating(source) {
            let file = try fileSystem.open(source, .read)
            defer { file.close() }
            let byteCount = try file.byteCount()
            guard byteCount <= evidenceByteCountMax else {
                throw ArchiveError(
                    .refused,
                    "Evidence of \(byteCount) bytes is too much for a page: export it without, or fewer records at a time."
                )
            }
            guard try fileSystem.status(target) == nil else {
                throw ArchiveError(.usage, "\(target) exists already: choose another name, or remove it.")
            }
            try write(file, byteCount, to: target, fileSystem)
        }
    }

    private static func write(
        _ evidence: any File, _ byteCount: UInt64, to target: String, _ fileSystem: any FileSystem
    ) throws {
        let temporary = target + TemporaryFile.suffix
        if try fileSystem.status(temporary) != nil { try fileSystem.remove(temporary) }
        let page = try fileSystem.open(temporary, .create)
        do {
            defer { page.close() }
            var offset: UInt64 = 0
            func append(_ bytes: [UInt8]) throws {
                try page.writeAll(bytes, at: offset)
                offset += UInt64(bytes.count)
            }
            try append(Array(head.utf8))
            var position: UInt64 = 0
            while position < byteCount {
                let piece = try evidence.readArray(pieceByteCount, at: position)
                guard !piece.isEmpty else { break }
                try append(lines(piece))
                position += UInt64(piece.count)
            }
            try append(Array(tail.utf8))
            try page.synchronize()
            try fileSystem.rename(temporary, to: target)
        } catch {
            try? fileSystem.remove(temporary)
            throw error
        }
        try fileSystem.synchronizeDirectory(fileSystem.directory(of: target))
    }

    /// Base64 in lines.
    private static func lines(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 3 / 2)
        for start in stride(from: 0, to: bytes.count, by: lineByteCount) {
            text += Base64.encode(bytes[start..<min(start + lineByteCount, bytes.count)])
            text.append(0x0a)
        }
        return text
    }

    // MARK: The page around the evidence

    private static let script =
        [readingScript, dispositionScript, checkingScript, showingScript].joined(separator: "\n") + "\n"

    private static func policyDigest(_ text: String) -> String {
        "'sha256-" + Base64.string(SHA256.hash(Array(text.utf8)).bytes) + "'"
    }

    private static let head =
        """
        <!doctype html>
        <html lang="en" data-verdict="notEstablished">
        <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src \(policyDigest(script)); \
        style-src \(policyDigest(style)); base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'">
        <meta name="referrer" content="no-referrer">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Evidence</title>
        <style>\(style)</style>
        </head>
        \(markup)
        <script type="application/octet-stream" id="evidence">

        """

    private static let tail = """
        </script>
        <script>\(script)</script>
        </body>
        </html>

        """
}
