import CMunimentKernels
import Crypto
import MunimentCrypto
import MunimentFormat
import Testing

/// Every kernel that can run on this machine must agree with the standard, with the oracle, and with swift-crypto.
@Suite(.serialized) struct SHA256Tests {
    static let kernels = (["sha-ni", "armv8", "portable"] as [String]).filter { mk_sha256_use_kernel($0) == 1 }

    private func use(_ kernel: String) {
        #expect(mk_sha256_use_kernel(kernel) == 1)
        #expect(MunimentCrypto.SHA256.kernel == kernel)
    }

    @Test func anUnknownKernelIsRefused() {
        #expect(mk_sha256_use_kernel("abacus") == 0)
        #expect(Self.kernels.contains("portable"))
    }

    @Test(arguments: kernels) func standardVectors(kernel: String) {
        use(kernel)
        let vectors: [(String, String)] = [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
            (
                "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrs"
                    + "mnopqrstnopqrstu",
                "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
            ),
        ]
        for (message, digest) in vectors {
            #expect(MunimentCrypto.SHA256.hash(Array(message.utf8)).description == digest)
        }
    }

    @Test(arguments: kernels) func aMillionLettersInOddPieces(kernel: String) {
        use(kernel)
        var hasher = MunimentCrypto.SHA256.Hasher()
        var left = 1_000_000
        var piece = 1
        while left > 0 {
            let count = min(piece, left)
            hasher.update([UInt8](repeating: UInt8(ascii: "a"), count: count))
            left -= count
            piece = piece * 3 % 10_007
        }
        let expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        #expect(hasher.finalize().description == expected)
        #expect(hasher.finalize().description == expected)
    }

    @Test(arguments: kernels) func everyShortLength(kernel: String) {
        use(kernel)
        var generator = SeededGenerator(seed: 300)
        for count in 0...300 {
            let message = generator.bytes(count)
            let digest = MunimentCrypto.SHA256.hash(message).bytes
            #expect(digest == SHA256Oracle.hash(message), "\(count) bytes")
            #expect(digest == Array(Crypto.SHA256.hash(data: message)), "\(count) bytes")
        }
    }

    @Test(arguments: kernels) func everySplitOfAMessage(kernel: String) {
        use(kernel)
        var generator = SeededGenerator(seed: 150)
        let message = generator.bytes(150)
        let expected = SHA256Oracle.hash(message)
        for split in 0...150 {
            var hasher = MunimentCrypto.SHA256.Hasher()
            hasher.update(Array(message[..<split]))
            hasher.update(Array(message[split...]))
            #expect(hasher.finalize().bytes == expected, "split at \(split)")
        }
    }

    @Test(arguments: kernels) func taggedForm(kernel: String) {
        use(kernel)
        let head: [UInt8] = [1, 2, 3]
        let body: [UInt8] = [4, 5]
        let digest = head.withUnsafeBytes { head in
            body.withUnsafeBytes { MunimentCrypto.SHA256.hash(tag: 0x12, head: head, body: $0) }
        }
        #expect(digest.bytes == SHA256Oracle.hash([0x12, 1, 2, 3, 4, 5]))
        let empty = MunimentCrypto.SHA256.hash(tag: 0, body: UnsafeRawBufferPointer(start: nil, count: 0))
        #expect(empty.bytes == SHA256Oracle.hash([0]))
    }

    /// The lanes of a pair end at different blocks and refill at different times; sampled, all lengths against all.
    @Test(arguments: kernels) func jobPairsOfAllLengths(kernel: String) {
        use(kernel)
        var generator = SeededGenerator(seed: 200)
        for first in 0...200 {
            for _ in 0..<8 { expectJobs([(0, first), (0, Int.random(in: 0...200, using: &generator))], &generator) }
        }
    }

    @Test(arguments: kernels) func jobBatchesOfMixedShapes(kernel: String) {
        use(kernel)
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SeededGenerator(seed: seed)
        let heads = [0, 1, 7, 8, 15, 16, 32, 62, 63, 64, 65, 130]
        for _ in 0..<200 {
            let shapes = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                (heads.randomElement(using: &generator)!, Int.random(in: 0...400, using: &generator))
            }
            expectJobs(shapes, &generator, "seed \(seed)")
        }
        for count in [1, 15, 16, 17, 32, 33, 100] {
            for length in [0, 32, 53, 54, 55, 56, 118, 119, 272] {
                expectJobs(Array(repeating: (0, length), count: count), &generator, "seed \(seed)")
                expectJobs(Array(repeating: (16, length), count: count), &generator, "seed \(seed)")
            }
        }
    }

    private func expectJobs(
        _ shapes: [(head: Int, body: Int)], _ generator: inout SeededGenerator, _ comment: Comment = "fixed seed"
    ) {
        let byteCount = shapes.reduce(0) { $0 + $1.head + $1.body }
        let input = generator.bytes(byteCount + 1)
        var output = [UInt8](repeating: 0xee, count: 32 * shapes.count + 1)
        var messages: [[UInt8]] = []
        input.withUnsafeBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                var jobs: [mk_hash_job] = []
                var at = 1
                for (index, shape) in shapes.enumerated() {
                    let tag = UInt8(truncatingIfNeeded: 0x10 + index)
                    let head = input.baseAddress! + at
                    let body = head + shape.head
                    at += shape.head + shape.body
                    messages.append([tag] + input[at - shape.head - shape.body..<at])
                    jobs.append(
                        mk_hash_job(
                            head: shape.head == 0 ? nil : head, body: shape.body == 0 ? nil : body,
                            head_count: shape.head, body_count: shape.body,
                            out: output.baseAddress! + 1 + 32 * index, tag: tag))
                }
                mk_sha256_jobs(jobs, jobs.count)
            }
        }
        #expect(output[0] == 0xee)
        for (index, message) in messages.enumerated() {
            let digest = Array(output[1 + 32 * index..<33 + 32 * index])
            #expect(digest == Array(Crypto.SHA256.hash(data: message)), "\(comment), job \(index) of \(shapes)")
        }
    }

    @Test(arguments: kernels) func pathsOfEveryLength(kernel: String) {
        use(kernel)
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SeededGenerator(seed: seed)
        for count in 0...64 {
            let siblings = (0..<count).map { _ in Digest(generator.bytes(32))! }
            let start = Digest(generator.bytes(32))!
            let left = [0, .max, generator.next()][count % 3]
            var node = start.bytes
            for (position, sibling) in siblings.enumerated() {
                let isLeft = left >> UInt64(position) & 1 == 1
                let children = isLeft ? sibling.bytes + node : node + sibling.bytes
                node = Array(Crypto.SHA256.hash(data: [0x01] + children))
            }
            let reached = siblings.withUnsafeBufferPointer {
                MunimentCrypto.SHA256.climb(from: start, siblings: $0, left: left)
            }
            #expect(reached.bytes == node, "\(count) siblings, seed \(seed)")
        }
    }

    /// More entries than one stride, empty ones among them.
    @Test(arguments: kernels) func leavesOfManyEntries(kernel: String) {
        use(kernel)
        var generator = SeededGenerator(seed: 9162)
        for count in [0, 1, 2, 63, 64, 65, 130] {
            let entries = (0..<count).map { generator.bytes($0 * 7 % 200) }
            let joined = entries.flatMap { $0 }
            var leaves = [UInt8](repeating: 0xee, count: 32 * count + 1)
            joined.withUnsafeBytes { joined in
                var at = 0
                let views = entries.map { entry in
                    at += entry.count
                    return UnsafeRawBufferPointer(rebasing: joined[at - entry.count..<at])
                }
                leaves.withUnsafeMutableBytes { MunimentCrypto.SHA256.leaves(views, into: $0) }
            }
            let expected = entries.flatMap { Array(Crypto.SHA256.hash(data: [0x00] + $0)) }
            #expect(leaves == expected + [0xee], "\(count) entries")
        }
    }

    @Test(arguments: kernels) func nodesApartAndInPlace(kernel: String) {
        use(kernel)
        var generator = SeededGenerator(seed: 6962)
        for count in Array(0...40) + [127, 500] {
            let children = generator.bytes(64 * count)
            let expected = (0..<count).flatMap {
                Array(Crypto.SHA256.hash(data: [0x01] + children[64 * $0..<64 * $0 + 64]))
            }
            var inPlace = children
            let apart = [UInt8](unsafeUninitializedCapacity: 32 * count + 1) { target, initialized in
                target.initialize(repeating: 0xee)
                children.withUnsafeBytes { children in
                    guard let base = children.baseAddress, count > 0 else { return }
                    MunimentCrypto.SHA256.nodes(base, count: count, into: target.baseAddress!)
                }
                initialized = 32 * count + 1
            }
            #expect(apart == expected + [0xee], "\(count) nodes")
            inPlace.withUnsafeMutableBytes { bytes in
                guard let base = bytes.baseAddress, count > 0 else { return }
                MunimentCrypto.SHA256.nodes(UnsafeRawPointer(base), count: count, into: base)
            }
            #expect(Array(inPlace[..<(32 * count)]) == expected, "\(count) nodes in place")
        }
    }
}
