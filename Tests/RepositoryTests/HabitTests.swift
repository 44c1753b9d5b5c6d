// Habits that a reader can rely on. Where the code is not there yet a number says how far it is: it may fall and not rise.

import Foundation
import Testing

@Suite struct HabitTests {
    /// No file of any kind has more lines than this.
    private static let lineCountMax = 500

    /// Force unwraps, nearly all of base addresses of buffers that are known to have bytes.
    private static let forceUnwraps: [String: Int] = [
        "MunimentFormat": 2, "MunimentCrypto": 42, "MunimentMerkle": 2, "MunimentNote": 0, "MunimentInput": 2,
        "MunimentStore": 69,
        "MunimentVerify": 11, "Muniment": 4, "MunimentCLI": 2,
    ]

    /// Where a broken promise of a library below, or of this program to itself, stops the process.
    private static let traps: Set<String> = [
        "SealingKey.swift", "SecretKey.swift", "EntryColumns.swift", "FrameFormer.swift", "BlockWorker.swift",
        "SegmentFeed.swift", "PageMemory.swift",
    ]

    /// Pages without a file behind them can't raise SIGBUS; one source may ask for those, and for nothing else.
    private static let anonymousPages = "Sources/MunimentVerify/Support/PageMemory.swift"

    @Test func onlyAnonymousPagesAreMapped() throws {
        let file = try #require(SourceTree.swiftSources.first { $0.path == Self.anonymousPages })
        let calls = file.lines.filter { $0.contains("mmap(") }
        #expect(calls.count == 1 && calls.allSatisfy { $0.contains("MAP_ANONYMOUS, -1, 0)") })
    }

    @Test func storedFilesAreNeverMapped() {
        for file in SourceTree.swiftSources + SourceTree.files(".c", ".h")
        where file.path.hasPrefix("Sources/") && file.path != Self.anonymousPages {
            #expect(
                file.places(of: "mmap", "mmap64", "mappedIfSafe", "alwaysMapped").isEmpty, "\(file.path) maps a file")
        }
    }

    @Test func onlyTheCommandPrints() {
        for file in SourceTree.swiftSources where file.target != "MunimentCLI" {
            #expect(file.places(of: "print(", "debugPrint(", "dump(", "NSLog(").isEmpty, "\(file.path) prints")
        }
    }

    @Test func nothingIsTriedByForce() {
        for file in SourceTree.swiftSources {
            #expect(file.places(of: "try!", "as!").isEmpty, "\(file.path) tries by force")
        }
    }

    @Test func trapsAreFew() {
        let found = SourceTree.swiftSources.filter {
            !$0.places(of: "fatalError(", "preconditionFailure(").isEmpty
        }
        #expect(Set(found.map(\.name)).isSubset(of: Self.traps), "a file outside of the list stops the process")
    }

    @Test func forceUnwrapsOnlyFall() {
        var counts: [String: Int] = [:]
        for file in SourceTree.swiftSources {
            counts[file.target, default: 0] += file.code.reduce(0) { $0 + Self.forceUnwrapCount($1) }
        }
        for (target, count) in counts.sorted(by: { $0.key < $1.key }) {
            let limit = Self.forceUnwraps[target] ?? 0
            #expect(count <= limit, "\(target) has \(count) force unwraps, more than \(limit)")
            if count < limit { print("habits: \(target) has \(count) force unwraps; lower its number from \(limit)") }
        }
    }

    /// Exclamation marks after a value, and no operator.
    private static func forceUnwrapCount(_ line: Substring) -> Int {
        guard line.contains("!") else { return 0 }
        let padded = Array(" \(line) ".utf8)
        let isWord = { (byte: UInt8) in
            byte == 0x5f || (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20)
        }
        return (1..<padded.count - 1).filter { place in
            let (before, after) = (padded[place - 1], padded[place + 1])
            let isValue =
                isWord(before) || before == UInt8(ascii: ")") || before == UInt8(ascii: "]")
                || before == UInt8(ascii: ">")
            return padded[place] == UInt8(ascii: "!") && isValue && after != UInt8(ascii: "=") && !isWord(after)
        }.count
    }

    @Test func filesAreShort() {
        let kinds = [".swift", ".c", ".h", ".py", ".go", ".sh"]
        for file in SourceTree.all where kinds.contains(where: file.path.hasSuffix) {
            let count = file.lines.count - 1
            #expect(count <= Self.lineCountMax, "\(file.path) has \(count) lines, more than \(Self.lineCountMax)")
        }
    }

    /// Sources, tests and pages say what is, not what is to be done; and nothing of the machine on which they were written.
    @Test func nothingIsLeftOver() {
        // Spelt so that this file does not find itself.
        let notes = ["TO" + "DO", "FIX" + "ME", "HA" + "CK:"]
        let machines = ["/ho" + "me/", "/ro" + "ot/", "/wo" + "rk/", "/w/" + "m", "/tm" + "p/swift", "/Us" + "ers/"]
        for file in SourceTree.all {
            for (number, line) in file.lines.enumerated() {
                guard let word = (notes + machines).first(where: { line.contains($0) }) else { continue }
                Issue.record("\(file.path):\(number + 1) has \(word)")
            }
        }
    }

    /// Files that are not trivial open with what they are for.
    @Test func filesSayWhatTheyAreFor() {
        for file in SourceTree.swiftSources where file.lines.count > 12 {
            #expect(file.lines[0].hasPrefix("//"), "\(file.path) does not say what it is for")
        }
    }
}
