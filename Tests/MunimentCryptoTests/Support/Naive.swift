// The commitments of Format/commitment.md and the tree of Format/tree.md in the plainest form, over swift-crypto's SHA-256: what the fast
// paths are compared with.

import Crypto
import Foundation
import MunimentCrypto
import MunimentFormat

enum Naive {
    static func sha256(_ parts: [UInt8]...) -> [UInt8] {
        var hasher = Crypto.SHA256()
        for part in parts { hasher.update(data: part) }
        return Array(hasher.finalize())
    }

    static func payloadCommitment(_ payload: [UInt8], salt: [UInt8]) -> [UInt8] { sha256([0x12], salt, payload) }

    static func commitment(attributes: [[UInt8]], attributeSalts: [[UInt8]], payloadCommitment: [UInt8]) -> [UInt8] {
        var list: [UInt8] = []
        list.append(varint: UInt64(attributes.count))
        for (attribute, salt) in zip(attributes, attributeSalts) { list += sha256([0x13], salt, attribute) }
        return sha256([0x10], sha256([0x11], list), payloadCommitment)
    }

    static func leaf(_ entry: [UInt8]) -> [UInt8] { sha256([0], entry) }

    static func root(_ leaves: ArraySlice<[UInt8]>) -> [UInt8] {
        guard leaves.count > 1 else { return leaves.first ?? sha256() }
        var split = 1
        while split * 2 < leaves.count { split *= 2 }
        let middle = leaves.startIndex + split
        return sha256([1], root(leaves[..<middle]), root(leaves[middle...]))
    }
}
