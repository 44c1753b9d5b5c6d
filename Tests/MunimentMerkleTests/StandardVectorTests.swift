import MunimentCrypto
import MunimentFormat
import MunimentMerkle
import Testing

/// The eight leaves of the Certificate Transparency test suite.
struct EightLeafTests {
    static let entries = [
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    ]
    static let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]
    /// MTH(D[a:b]), as the proofs name them.
    static let nodes = [
        "0:1": "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "1:2": "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "2:3": "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
        "3:4": "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7",
        "4:5": "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "5:6": "4271a26be0d8a84f0bd54c8c302e7cb3a3b5d1fa6780a40bcce2873477dab658",
        "6:7": "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
        "7:8": "46f6ffadd3d06a09ff3c5860d2755c8b9819db7df44251788c7d8e3180de8eb1",
        "0:2": "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "2:4": "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "4:6": "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "6:8": "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "4:7": "837dbb152e9b079010717e84e865da4ebc0fa198a806d59d31bf15accef22d0e",
        "0:4": "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4:8": "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]
    /// For each size from 2: the paths of leaf 0, 1, …
    static let paths: [Int: [[String]]] = [
        2: [["1:2"], ["0:1"]],
        3: [["1:2", "2:3"], ["0:1", "2:3"], ["0:2"]],
        4: [["1:2", "2:4"], ["0:1", "2:4"], ["3:4", "0:2"], ["2:3", "0:2"]],
        5: [["1:2", "2:4", "4:5"], ["0:1", "2:4", "4:5"], ["3:4", "0:2", "4:5"], ["2:3", "0:2", "4:5"], ["0:4"]],
        6: [
            ["1:2", "2:4", "4:6"], ["0:1", "2:4", "4:6"], ["3:4", "0:2", "4:6"], ["2:3", "0:2", "4:6"],
            ["5:6", "0:4"], ["4:5", "0:4"],
        ],
        7: [
            ["1:2", "2:4", "4:7"], ["0:1", "2:4", "4:7"], ["3:4", "0:2", "4:7"], ["2:3", "0:2", "4:7"],
            ["5:6", "6:7", "0:4"], ["4:5", "6:7", "0:4"], ["4:6", "0:4"],
        ],
        8: [
            ["1:2", "2:4", "4:8"], ["0:1", "2:4", "4:8"], ["3:4", "0:2", "4:8"], ["2:3", "0:2", "4:8"],
            ["5:6", "6:8", "0:4"], ["4:5", "6:8", "0:4"], ["7:8", "4:6", "0:4"], ["6:7", "4:6", "0:4"],
        ],
    ]
    /// For each size from 2: the proofs from 1, 2, …
    static let consistency: [Int: [[String]]] = [
        2: [["1:2"]],
        3: [["1:2", "2:3"], ["2:3"]],
        4: [["1:2", "2:4"], ["2:4"], ["2:3", "3:4", "0:2"]],
        5: [["1:2", "2:4", "4:5"], ["2:4", "4:5"], ["2:3", "3:4", "0:2", "4:5"], ["4:5"]],
        6: [
            ["1:2", "2:4", "4:6"], ["2:4", "4:6"], ["2:3", "3:4", "0:2", "4:6"], ["4:6"], ["4:5", "5:6", "0:4"],
        ],
        7: [
            ["1:2", "2:4", "4:7"], ["2:4", "4:7"], ["2:3", "3:4", "0:2", "4:7"], ["4:7"],
            ["4:5", "5:6", "6:7", "0:4"], ["4:6", "6:7", "0:4"],
        ],
        8: [
            ["1:2", "2:4", "4:8"], ["2:4", "4:8"], ["2:3", "3:4", "0:2", "4:8"], ["4:8"],
            ["4:5", "5:6", "6:8", "0:4"], ["4:6", "6:8", "0:4"], ["6:7", "7:8", "4:6", "0:4"],
        ],
    ]

    let tree = NaiveTree(leaves: entries.map { TreeHash.leaf(Hexadecimal.bytes($0)!) })

    private func digests(_ names: [String]) -> [String] { names.map { Self.nodes[$0]! } }

    @Test func rootsOfEverySize() throws {
        var frontier = TreeFrontier()
        for size in 0...8 {
            #expect(frontier.root().description == Self.roots[size])
            #expect(try tree.root(size: UInt64(size)).description == Self.roots[size])
            if size < 8 { frontier.append(leaf: tree.leaves[size]) }
        }
        #expect(TreeHash.emptyRoot.description == Self.roots[0])
    }

    @Test func nodesByRange() throws {
        for (name, digest) in Self.nodes {
            let bounds = name.split(separator: ":").map { UInt64($0)! }
            let subtree = try #require(Subtree(start: bounds[0], end: bounds[1]))
            #expect(try subtree.hash(reader: tree).description == digest, "\(name)")
        }
    }

    @Test func everyInclusionProof() throws {
        for (size, paths) in Self.paths {
            for (index, names) in paths.enumerated() {
                let proof = try InclusionProof.make(index: UInt64(index), treeSize: UInt64(size), reader: tree)
                #expect(proof.path.map(\.description) == digests(names), "entry \(index) at \(size)")
            }
        }
    }

    @Test func everyConsistencyProof() throws {
        for (size, proofs) in Self.consistency {
            for (position, names) in proofs.enumerated() {
                let old = UInt64(position + 1)
                let proof = try ConsistencyProof.make(oldSize: old, newSize: UInt64(size), reader: tree)
                #expect(proof.path.map(\.description) == digests(names), "\(old) to \(size)")
            }
        }
    }
}

/// The accumulated vectors of the Merkle Tree Certificates draft: a tree of 130 one-byte entries 00, 01, …, and one digest
/// over the lines that describe every subtree, proof or covering.
struct AccumulatedVectorTests {
    let tree = NaiveTree(leaves: (0..<130).map { TreeHash.leaf([UInt8($0)]) })

    private struct Lines {
        private var hasher = SHA256.Hasher()
        mutating func add(_ line: String) { hasher.update(Array((line + "\n").utf8)) }
        var digest: String { hasher.finalize().description }
    }

    @Test func plainRoots() throws {
        var lines = Lines()
        for size in 0...130 { lines.add("\(size) \(try tree.root(size: UInt64(size)))") }
        #expect(lines.digest == "9c67f07f906103b6bf201842a50ff0b8c91fca9b3e211334a6b7aa3133165dec")
    }

    @Test func subtreeHashes() throws {
        var all = Lines()
        var withoutEmpty = Lines()
        for (start, end) in ranges(to: 130) {
            guard let subtree = Subtree(start: start, end: end) else { continue }
            let line = "[\(start), \(end)) \(try subtree.hash(reader: tree))"
            all.add(line)
            if !subtree.isEmpty { withoutEmpty.add(line) }
        }
        #expect(all.digest == "b82806ad4265bb151c1119c0f4db437bb4d1a1f887b3a7fba1cd4ebf552e3e81")
        #expect(withoutEmpty.digest.hasPrefix("94a95384") && withoutEmpty.digest.hasSuffix("007f"))
    }

    @Test func subtreeInclusion() throws {
        var lines = Lines()
        for (start, end) in ranges(to: 130) {
            guard let subtree = Subtree(start: start, end: end) else { continue }
            let hash = try subtree.hash(reader: tree)
            for index in start..<end {
                let path = try subtree.inclusionPath(of: index, reader: tree)
                lines.add("\(index) [\(start), \(end))" + path.map { " \($0)" }.joined())
                try subtree.verifyInclusion(of: index, leafHash: tree.leaves[Int(index)], path: path, hash: hash)
            }
        }
        #expect(lines.digest == "ac2a8f989e44d99e399db448050ff5f19757df53cfb716aa81015d3955d8163f")
    }

    @Test func subtreeConsistency() throws {
        var lines = Lines()
        for size in 0...130 as ClosedRange<UInt64> {
            let root = try tree.root(size: size)
            for (start, end) in ranges(to: size) {
                guard let subtree = Subtree(start: start, end: end) else { continue }
                let path = try subtree.consistencyPath(size: size, reader: tree)
                lines.add("[\(start), \(end)) \(size)" + path.map { " \($0)" }.joined())
                let hash = try subtree.hash(reader: tree)
                try subtree.verifyConsistency(hash: hash, size: size, path: path, root: root)
            }
        }
        #expect(lines.digest == "10fa99b37bf9bf9ffa26b412fbd98bd75363256d0b75d61bc4538b9c9c5a0a74")
    }

    @Test func coverings() throws {
        var lines = Lines()
        for (start, end) in ranges(to: 130) {
            let (left, right) = try #require(Subtree.cover(start: start, end: end))
            lines.add("[\(left.start), \(left.end)) [\(right.start), \(right.end))")
            #expect(Subtree(start: left.start, end: left.end) == left)
            #expect(Subtree(start: right.start, end: right.end) == right)
            #expect(left.start <= start && left.end == right.start && right.end == end)
            #expect((start - left.start) * 2 < max(left.count, 1))
        }
        #expect(lines.digest == "7fd9c8b926e9d2b5cf831560e8ce295a5ef97ad5c5ede4ea0dea28a8c8fc8bb0")
    }

    /// End outer, start inner.
    private func ranges(to size: UInt64) -> [(UInt64, UInt64)] {
        (0...size).flatMap { end in (0...end).map { ($0, end) } }
    }
}
