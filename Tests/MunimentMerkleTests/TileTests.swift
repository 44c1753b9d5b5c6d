import MunimentMerkle
import Testing

struct TileTests {
    let seed = UInt64.random(in: 0 ... .max)

    @Test func pathsOfTheSpecification() throws {
        let examples: [(UInt64, String)] = [
            (0, "000"), (999, "999"), (1_000, "x001/000"), (1_234_067, "x001/x234/067"),
            (999_999_999, "x999/x999/999"), (1_000_000_000, "x001/x000/x000/000"),
        ]
        for (index, text) in examples {
            let full = try #require(Tile(.hashes(0), index: index))
            #expect(full.path == "tile/0/\(text)")
            #expect(try Tile(path: full.path) == full)
            let partial = try #require(Tile(.hashes(3), index: index, width: 17))
            #expect(partial.path == "tile/3/\(text).p/17")
            #expect(try Tile(path: partial.path) == partial)
            let bundle = try #require(Tile(.entries, index: index, width: 255))
            #expect(bundle.path == "tile/entries/\(text).p/255")
            #expect(try Tile(path: bundle.path) == bundle)
        }
    }

    @Test func randomPathsComeBack() throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<5_000 {
            let kind = Bool.random(using: &generator) ? Tile.Kind.entries : .hashes(Int(generator.next() % 64))
            let width = Int(generator.next() % 256) + 1
            let tile = try #require(Tile(kind, index: generator.number() % Tile.indexEnd, width: width))
            #expect(try Tile(path: tile.path) == tile, "seed \(seed)")
        }
    }

    @Test func pathsThatAreNotCanonical() {
        let bad = [
            "", "tile", "tile/", "tile/0", "tile/0/", "/tile/0/000", "tile/0/000/", "tile/0//000", "Tile/0/000",
            "tile/00/000", "tile/64/000", "tile/-1/000", "tile/+1/000", "tile/x0/000", "tile/entry/000",
            "tile/1000000/000",
            "tile/0/0", "tile/0/00", "tile/0/0000", "tile/0/x000", "tile/0/x000/000", "tile/0/001/000",
            "tile/0/x001/x000",
            "tile/0/x001/0", "tile/0/x1000/000", "tile/0/xx001/000", "tile/0/00a", "tile/0/000.p", "tile/0/000.p/",
            "tile/0/000.p/0", "tile/0/000.p/00", "tile/0/000.p/01", "tile/0/000.p/256", "tile/0/000.p/-1",
            "tile/0/000.p/1/", "tile/0/000.p/1/2", "tile/0/x001.p/000", "tile/0/.p/5", "tile/0/000.P/5", "tile/0/000\n",
            "tile/0/000 ", "tile/0/x036/x028/x797/x018/x963/968", "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
            "tile/0/" + String(repeating: "x001/", count: 10_000) + "000", "tile/0/\u{0660}00",
            "tile/entries/000.p/256",
        ]
        for path in bad { #expect(refusal { _ = try Tile(path: path) } == .malformedTile, "\(path.prefix(60))") }
        #expect(refusal { _ = try Tile(path: "tile/0/x036/x028/x797/x018/x963/967") } == nil)
    }

    /// One changed, missing or doubled byte gives another tile or a refusal, never the same tile.
    @Test func changedPathsNeverNameTheSameTile() throws {
        let tile = try #require(Tile(.hashes(1), index: 1_234_067, width: 34))
        let path = Array(tile.path.utf8)
        for position in path.indices {
            for byte in UInt8(1)..<128 where byte != path[position] {
                var changed = path
                changed[position] = byte
                #expect((try? Tile(path: String(decoding: changed, as: UTF8.self))) != tile)
            }
            var shorter = path
            shorter.remove(at: position)
            #expect((try? Tile(path: String(decoding: shorter, as: UTF8.self))) != tile)
        }
    }

    @Test func placesOutsideTheLayout() {
        #expect(Tile(.hashes(64), index: 0) == nil)
        #expect(Tile(.hashes(-1), index: 0) == nil)
        #expect(Tile(.hashes(0), index: 0, width: 0) == nil)
        #expect(Tile(.hashes(0), index: 0, width: 257) == nil)
        #expect(Tile(.hashes(0), index: Tile.indexEnd) == nil)
    }

    @Test func tilesOfTheSpecificationsSizes() throws {
        let big = try TileRun.added(to: 70_000)
        #expect(big.map(\.full) == [0..<273, 0..<1, 0..<0])
        #expect(big.map(\.partialWidth) == [112, 17, 1])
        let small = try TileRun.added(to: 256)
        #expect(small.map(\.full) == [0..<1, 0..<0])
        #expect(small.map(\.partialWidth) == [0, 1])
        #expect(try TileRun.added(to: 0).isEmpty)
        #expect(try TileRun.added(to: 1 << 63).count == 8)
        #expect(refusal { _ = try TileRun.added(from: 3, to: 2) } == .invalidRange)
        #expect(refusal { _ = try TileRun.added(to: 1 << 63 + 1) } == .invalidRange)
    }

    /// Growing in random steps and taking each step's tiles gives, for the last size, every tile at its right width.
    @Test func tilesBetweenTwoSizes() throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            var size: UInt64 = 0
            var widths: [String: Int] = [:]
            for _ in 0..<10 {
                let next = size + generator.next() % 40_000
                for run in try TileRun.added(from: size, to: next) {
                    for tile in run.tiles { widths["\(run.level)/\(tile.index)"] = tile.width }
                }
                size = next
            }
            var expected: [String: Int] = [:]
            for level in 0..<8 as Range<Int> {
                let hashes = size >> UInt64(8 * level)
                for index in 0..<(hashes + 255) / 256 {
                    expected["\(level)/\(index)"] = Int(min(hashes - index * 256, 256))
                }
            }
            #expect(widths == expected, "size \(size), seed \(seed)")
        }
    }

    /// A located tile contains the nodes below the one asked for, at the slots named.
    @Test func locatingNodes() throws {
        for size in [1, 2, 255, 256, 257, 70_000, 1 << 63] as [UInt64] {
            for level in 0..<64 as Range<Int> {
                let count = size >> UInt64(level)
                for index in Set([0, 1, count / 2, count &- 1, count]) where index != .max {
                    let located = Tile.locate(NodeID(level: level, index: index), treeSize: size)
                    #expect((located != nil) == (index < count), "level \(level), \(index) of \(count)")
                    guard let (tile, slots) = located else { continue }
                    let nodes = tile.nodes[slots]
                    let first = try #require(nodes.first)
                    #expect(first == NodeID(level: level / 8 * 8, index: index << UInt64(level % 8)))
                    #expect(nodes.count == 1 << (level % 8))
                    let run = try TileRun.added(to: size)[level / 8]
                    let width = tile.index < run.full.upperBound ? 256 : run.partialWidth
                    #expect(tile.width == width)
                }
            }
        }
    }

    /// Found by the fuzzer: the sixth group carried the number past 64 bits, and the parser trapped.
    @Test(arguments: [
        "tile/0/x999/x999/x999/x999/x999/x999/999", "tile/entries/x036/x028/x797/x018/x963/968",
        "tile/0/x999/x999/x999/x999/x999/999.p/255",
    ])
    func pathsBeyondTheLastTileAreRefused(path: String) {
        #expect(throws: MerkleError.self) { try Tile(path: path) }
    }
}
