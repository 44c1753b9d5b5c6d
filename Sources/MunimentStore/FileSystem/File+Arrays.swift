// Whole arrays through the door, for small structures. Hot paths hand over raw buffers instead.

internal import MunimentFormat

extension File {
    /// Writes all of `bytes`.
    package func writeAll(_ bytes: [UInt8], at offset: UInt64) throws(FileSystemError) {
        let result = bytes.withUnsafeBytes { raw -> Result<Void, FileSystemError> in
            do throws(FileSystemError) { return .success(try write(raw, at: offset)) } catch { return .failure(error) }
        }
        try result.get()
    }

    /// Reads up to `count` bytes; fewer only where the file ends.
    package func readArray(_ count: Int, at offset: UInt64) throws(FileSystemError) -> [UInt8] {
        var failure: FileSystemError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(FileSystemError) {
                filled = try read(into: UnsafeMutableRawBufferPointer(buffer), at: offset)
            } catch {
                failure = error
                filled = 0
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Reads exactly `count` bytes; a shorter file is a format error.
    package func readExactly(_ count: Int, at offset: UInt64) throws -> [UInt8] {
        let bytes = try readArray(count, at: offset)
        guard bytes.count == count else {
            throw FormatError(
                .truncated, path, at: Int(clamping: offset), "the file ends \(count - bytes.count) bytes too early")
        }
        return bytes
    }
}
