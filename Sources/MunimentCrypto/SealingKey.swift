// AES-256-GCM, the one AEAD of the format, over raw memory. Nonces are 12 bytes: a 64-bit little-endian count and four zeros; a key's
// user sees to it that no count recurs.

internal import Crypto
internal import Foundation
internal import MunimentFormat

/// A key that seals and opens messages. Its memory is zeroed by the cryptographic library when the last copy goes.
package struct SealingKey: Sendable {
    private let key: SymmetricKey

    /// Bytes that sealing adds.
    package static let tagByteCount = 16

    init(_ key: SymmetricKey) { self.key = key }

    /// Copies the key into the cryptographic library.
    package init(_ key: SecretKey) { self.key = key.withUnsafeBytes { SymmetricKey(data: $0) } }

    /// Writes ciphertext and tag, `plaintext.count + 16` bytes, at `output`, which may equal the plaintext's address.
    package func seal(
        _ plaintext: UnsafeRawBufferPointer, count nonce: UInt64, associatedData: [UInt8],
        to output: UnsafeMutableRawPointer
    ) {
        do {
            let box = try AES.GCM.seal(
                plaintext, using: key, nonce: SealingKey.nonce(nonce), authenticating: associatedData)
            box.ciphertext.withUnsafeBytes {
                if $0.count > 0 { output.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
            }
            box.tag.withUnsafeBytes {
                (output + plaintext.count).copyMemory(from: $0.baseAddress!, byteCount: $0.count)
            }
        } catch {
            fatalError("AES-GCM refuses a 256-bit key and a 96-bit nonce: \(error)")
        }
    }

    /// Opens `ciphertext`, whose last 16 bytes are the tag, into `output`, `ciphertext.count - 16` bytes. False, with nothing written,
    /// if it was not sealed with this key, nonce and associated data.
    package func open(
        _ ciphertext: UnsafeRawBufferPointer, count nonce: UInt64, associatedData: [UInt8],
        to output: UnsafeMutableRawPointer
    ) -> Bool {
        let bodyCount = ciphertext.count - SealingKey.tagByteCount
        guard bodyCount >= 0 else { return false }
        let body = UnsafeRawBufferPointer(rebasing: ciphertext[..<bodyCount])
        let tag = UnsafeRawBufferPointer(rebasing: ciphertext[bodyCount...])
        guard let box = try? AES.GCM.SealedBox(nonce: SealingKey.nonce(nonce), ciphertext: body, tag: tag),
            let plaintext = try? AES.GCM.open(box, using: key, authenticating: associatedData)
        else { return false }
        plaintext.withUnsafeBytes { if $0.count > 0 { output.copyMemory(from: $0.baseAddress!, byteCount: $0.count) } }
        return true
    }

    private static func nonce(_ count: UInt64) -> AES.GCM.Nonce {
        var bytes: (UInt64, UInt32) = (count.littleEndian, 0)
        return withUnsafeBytes(of: &bytes) { raw in
            guard let nonce = try? AES.GCM.Nonce(data: UnsafeRawBufferPointer(rebasing: raw[..<12])) else {
                preconditionFailure("a GCM nonce has 12 bytes")
            }
            return nonce
        }
    }
}

/// Wrapping of one key under another: a fresh 32-byte salt makes the wrapping key unique, so the nonce is zero. Format/keys.md.
package enum KeyWrap {
    /// 48 bytes: ciphertext and tag.
    package static func wrap(_ secret: SecretKey, under key: SecretKey, salt: [UInt8], context: [UInt8]) -> [UInt8] {
        let wrapping = key.sealingKey(.wrap, context: context, salt: salt)
        return [UInt8](unsafeUninitializedCapacity: SecretKey.byteCount + SealingKey.tagByteCount) { buffer, count in
            secret.withUnsafeBytes {
                wrapping.seal($0, count: 0, associatedData: context, to: UnsafeMutableRawPointer(buffer.baseAddress!))
            }
            count = SecretKey.byteCount + SealingKey.tagByteCount
        }
    }

    /// The wrapped key; nil if `wrapped` is not what `wrap` made with the same key, salt and context.
    package static func unwrap(_ wrapped: [UInt8], under key: SecretKey, salt: [UInt8], context: [UInt8]) -> SecretKey?
    {
        guard wrapped.count == SecretKey.byteCount + SealingKey.tagByteCount else { return nil }
        let wrapping = key.sealingKey(.wrap, context: context, salt: salt)
        var plain = [UInt8](repeating: 0, count: SecretKey.byteCount)
        defer { zeroize(&plain) }
        let isOpened = wrapped.withUnsafeBytes { source in
            plain.withUnsafeMutableBytes {
                wrapping.open(source, count: 0, associatedData: context, to: $0.baseAddress!)
            }
        }
        return isOpened ? SecretKey(copying: plain) : nil
    }
}

/// The contexts of wrapping, one for each kind of wrapped key. Format/keys.md.
package enum WrapContext {
    /// An epoch key under the root key.
    package static func epoch(logID: [UInt8], epoch: UInt64) -> [UInt8] {
        var bytes = Array("epoch".utf8) + logID
        bytes.append(littleEndian: epoch)
        return bytes
    }

    /// A group key under its epoch key.
    package static func group(logID: [UInt8], epoch: UInt64, slot: UInt64, segment: UInt64, classID: UInt32) -> [UInt8]
    {
        var bytes = Array("group".utf8) + logID
        bytes.append(littleEndian: epoch)
        bytes.append(littleEndian: slot)
        bytes.append(littleEndian: segment)
        bytes.append(littleEndian: classID)
        return bytes
    }

    /// The signing seed under the root key.
    package static func signer(logID: [UInt8]) -> [UInt8] { Array("signer".utf8) + logID }
    /// The root key under a passphrase's key.
    package static func root(logID: [UInt8]) -> [UInt8] { Array("root".utf8) + logID }
}
