// The key of a group's index: what it seals pages with, and what it hashes terms with. Format/index.md, "Sealing".
//
// The pages' key depends on a salt that is a keyed hash of the pages before they are sealed. So the same index, written
// again after a crash, has the same bytes; and another index of the same group, whatever made it differ, has another key,
// so that no nonce serves twice. Without the group key the salt tells nothing.

internal import struct Crypto.HMAC
internal import struct Crypto.SHA256
internal import struct Crypto.SymmetricKey
package import MunimentFormat

/// Seals and opens the index of one group.
package struct IndexKey: Sendable {
    /// Domain tag of the hash of a term.
    private static let termTag: UInt8 = 0x26

    private let group: GroupKey
    /// 32 bytes derived from the group key.
    private let key: SecretKey

    /// The key of that group's index.
    package init(_ group: GroupKey) {
        self.group = group
        key = group.key.derived(.index, context: group.place.context)
    }

    /// Makes the salt of an index: HMAC-SHA256 over its pages before they are sealed, in their order.
    package struct SaltHasher {
        private var code: HMAC<Crypto.SHA256>

        init(_ key: SecretKey) { code = key.withUnsafeBytes { HMAC(key: SymmetricKey(data: $0)) } }

        /// Goes on with the next page, or several.
        package mutating func update(_ pages: UnsafeRawBufferPointer) { code.update(data: pages) }

        /// The salt of the pages so far.
        package func finalize() -> Digest {
            code.finalize().withUnsafeBytes { bytes in Digest(Array(bytes)) ?? .zero }
        }
    }

    /// A hasher before the first page.
    package func makeSaltHasher() -> SaltHasher { SaltHasher(key) }

    /// The salt of an index, all of whose pages are given.
    package func salt(ofPages pages: UnsafeRawBufferPointer) -> Digest {
        var hasher = makeSaltHasher()
        hasher.update(pages)
        return hasher.finalize()
    }

    /// The hash under which a term stands in the filter.
    package func filterHash(_ term: UnsafeRawBufferPointer) -> IndexFilter.Hash {
        let digest = key.withUnsafeBytes { secret in
            MunimentCrypto.SHA256.hash(
                tag: IndexKey.termTag, head: UnsafeRawBufferPointer(rebasing: secret[..<16]), body: term)
        }
        return digest.withUnsafeBytes { bytes in
            IndexFilter.Hash(
                first: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                second: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        }
    }

    /// The cipher of an index of `pageCount` pages that has that salt.
    package func pages(salt: Digest, pageCount: Int) -> IndexPageCipher {
        IndexPageCipher(
            key: group.key.sealingKey(.index, context: group.place.context, salt: salt.bytes), place: group.place,
            pageCount: UInt32(clamping: pageCount))
    }
}

/// Seals and opens the pages of one index.
package struct IndexPageCipher: Sendable {
    private let key: SealingKey
    private let head: [UInt8]
    private let pageCount: UInt32

    init(key: SealingKey, place: GroupPlace, pageCount: UInt32) {
        (self.key, self.pageCount) = (key, pageCount)
        head = Array("MUNINDX1".utf8) + place.context
    }

    /// What a page's AEAD authenticates beside it: its place. 60 bytes.
    package func associatedData(page: Int) -> [UInt8] {
        var bytes = head
        bytes.append(littleEndian: UInt32(clamping: page))
        bytes.append(littleEndian: pageCount)
        return bytes
    }

    /// Seals `IndexPage.plainByteCount` bytes as `IndexPage.byteCount`. `page` counts from the group's first.
    package func seal(_ plain: UnsafeRawBufferPointer, page: Int, to output: UnsafeMutableRawPointer) {
        precondition(plain.count == IndexPage.plainByteCount)
        key.seal(plain, count: UInt64(page), associatedData: associatedData(page: page), to: output)
    }

    /// Opens `IndexPage.byteCount` bytes; nil if they were not sealed in this place with this key.
    package func open(_ sealed: UnsafeRawBufferPointer, page: Int) -> [UInt8]? {
        guard sealed.count == IndexPage.byteCount else { return nil }
        var isOpened = false
        let plain = [UInt8](unsafeUninitializedCapacity: IndexPage.plainByteCount) { buffer, count in
            guard let base = buffer.baseAddress else { return }
            isOpened = key.open(
                sealed, count: UInt64(page), associatedData: associatedData(page: page),
                to: UnsafeMutableRawPointer(base))
            count = isOpened ? IndexPage.plainByteCount : 0
        }
        return isOpened ? plain : nil
    }
}

extension IndexDirectory {
    /// SHA-256(0x25 ‖ directory): the index root of a seal record; zero where there is no index.
    package static func root(ofEncoded bytes: [UInt8]) -> Digest {
        bytes.isEmpty ? .zero : bytes.withUnsafeBytes { SHA256.hash(tag: rootTag, body: $0) }
    }
}
