// Keyed hashes of idempotency tokens and of what was appended under them: HMAC-SHA256, the first 16 bytes. Format/frame.md, "Tokens".
//
//   token hash    HMAC(token key of the control group, 0x01 ‖ token)
//   content hash  HMAC(token key of the records' group, 0x02 ‖ for each record: has occurred u8, occurred i64 or 0, content)

internal import struct Crypto.HMAC
internal import struct Crypto.SHA256
internal import struct Crypto.SymmetricKey

/// Keyed hashes under one group's token key.
package struct TokenHash: Sendable {
    private let key: SymmetricKey

    /// The key is the group's token key.
    package init(tokenKey: SecretKey) { key = tokenKey.withUnsafeBytes { SymmetricKey(data: $0) } }

    /// 16 bytes that name a token in this segment.
    package func token(_ token: [UInt8]) -> [UInt8] {
        Array(HMAC<Crypto.SHA256>.authenticationCode(for: [1] + token, using: key).prefix(16))
    }

    /// `feed` hands over the pieces in order.
    package func content(_ feed: ((UnsafeRawBufferPointer) -> Void) -> Void) -> [UInt8] {
        var code = HMAC<Crypto.SHA256>(key: key)
        code.update(data: [2])
        feed { piece in code.update(data: piece) }
        return Array(code.finalize().prefix(16))
    }
}
