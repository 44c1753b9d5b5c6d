// The hash functions of the tree, RFC 6962 section 2.1 (unchanged in RFC 9162 section 2.1.1):
// leaf = SHA-256(0x00 ‖ entry), interior node = SHA-256(0x01 ‖ left ‖ right), empty tree = SHA-256("").
// The prefixes keep a leaf from ever passing as a node.

import MunimentCrypto
package import MunimentFormat

package enum TreeHash {
    /// The largest size of a tree that these functions accept: 2^63, so that ends of subtrees never overflow.
    package static let sizeMax: UInt64 = 1 << 63

    /// The root of the tree without leaves.
    package static let emptyRoot = SHA256.hash([])

    /// The hash of the leaf that holds `entry`. Whole batches go through the job kernel instead.
    package static func leaf(_ entry: UnsafeRawBufferPointer) -> Digest {
        SHA256.hash(tag: 0x00, body: entry)
    }

    /// The hash of the leaf that holds `entry`.
    package static func leaf(_ entry: [UInt8]) -> Digest {
        entry.withUnsafeBytes { leaf($0) }
    }

    /// The parent of two nodes.
    package static func node(_ left: Digest, _ right: Digest) -> Digest {
        SHA256.node(left, right)
    }

    /// The `count` parents of 2 · `count` neighbouring nodes, 32 bytes each. `parents` may equal `children`.
    package static func level(_ children: UnsafeRawPointer, count: Int, into parents: UnsafeMutableRawPointer) {
        SHA256.nodes(children, count: count, into: parents)
    }

    /// The hash of a tree given the roots of its perfect subtrees, widest first: they join from the right.
    /// The empty list is the empty tree. At most 64 of them; O(count).
    package static func fold(_ peaks: some BidirectionalCollection<Digest>) -> Digest {
        guard let last = peaks.last else { return emptyRoot }
        return withUnsafeTemporaryAllocation(of: Digest.self, capacity: 64) { siblings in
            var count = 0
            for peak in peaks.dropLast().reversed() {
                siblings.initializeElement(at: count, to: peak)
                count += 1
            }
            return SHA256.climb(from: last, siblings: UnsafeBufferPointer(rebasing: siblings[..<count]), left: .max)
        }
    }
}
