// What a decoder says, as a value or as a finding.

internal import MunimentFormat

extension Finding {
    /// What a decoder refused, as a finding in `file`, where the structure starts at `offset`. A checksum has a code
    /// of its own; what only a newer program could read is not established.
    init(
        _ error: FormatError, _ code: Code, checksum: Code? = nil, unknown: Code? = nil, _ file: String,
        offset: UInt64 = 0,
        index: UInt64? = nil
    ) {
        let place = offset &+ UInt64(clamping: error.offset)
        switch error.code {
        case .newerVersion:
            self.init(
                unknown ?? code, .unattested, file, offset: place, index: index, "Written by a newer version: \(error)."
            )
        case .unknownValue where unknown != nil:
            self.init(
                unknown ?? code, .unattested, file, offset: place, index: index, "Not known to this program: \(error).")
        case .checksum:
            self.init(checksum ?? code, .error, file, offset: place, index: index, "Damaged: \(error).")
        default:
            self.init(code, .error, file, offset: place, index: index, "Malformed: \(error).")
        }
    }
}

/// Calls a decoder on `bytes`; gives its refusal as a value, for loops that go on after it.
func decoding<T>(
    _ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws(FormatError) -> T
) -> Result<T, FormatError> {
    do throws(FormatError) { return .success(try body(bytes)) } catch { return .failure(error) }
}
