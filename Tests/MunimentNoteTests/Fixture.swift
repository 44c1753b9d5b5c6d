// A small public log, complete to the byte: fifteen entries, the log's key, one witness. The upstream part is from the test
// data of Tessera; the witness's part was made with it and checked with independent implementations.

import Foundation
import MunimentCrypto
import MunimentFormat
import MunimentMerkle
import MunimentNote
import Testing

enum Fixture {
    static let entries = [
        "one", "two", "three", "four", "five", "six", "seven", "eit", "nain", "ten", "ileven", "twelf", "threeten",
        "fourten", "fivten",
    ]
    static let origin = "example.com/log/testdata"
    static let logSecret = "PRIVATE+KEY+example.com/log/testdata+33d7b496+AeymY/SZAX0jZcJ8enZ5FY1Dz+wTML2yWSkK+9DSF3eg"
    static let logKey = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
    static let witnessKey = "witness.example/w1+e75f6532+BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
    static let witnessTime: UInt64 = 1_679_315_147

    static let checkpoint15 = "example.com/log/testdata\n15\nrKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=\n"
    static let line15 =
        "— example.com/log/testdata "
        + "M9e0luh4jTG+UMBqOUo9/q+yAEvx1ilBEniMvjf1zfcBOhg+CKubMt53MvIt/uEWP6zdkdIQzd/fmwlM/dlPWF74ewI=\n"
    static let note15 = checkpoint15 + "\n" + line15
    static let witnessLine =
        "— witness.example/w1 "
        + "519lMgAAAABkGFDLo0vvaVMnQBetpNUCKKILroiWxoSAyyV9iB/cgczFo9ONQdSuKdatX9+k2ggtjAKaVSHrTWaVvipK5HiRqnepAA==\n"

    /// Roots of sizes 0 to 15.
    static let roots = [
        "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "0Nc2CrefWKseHj/mStd+LqC8B+NrX0btIiPt2SmN+ek=",
        "T1X2GdkhUjV3iyufF9b0kVsWFxIU0VI4EpNml2Teci4=",
        "Wqx3HImawpLnS/Gv4ubjAvi1WIOy0b8Ze0amvqbavKk=",
        "zY1lN35vrXYAPixXSd59LsU29xUJtuW4o2dNNg5Y2Co=",
        "gy5gl3aksFyiCO95a/1vLXz88A3dRq+0l9Sxte8ZqZQ=",
        "a6sWvsc2eEzmj72vah7mZ5dwFltivehh2b11qwlp5Jg=",
        "IrSXADBqJ7EQoUODSDKROySgNveeL6CFhik2w/+fS7U=",
        "bC+VwvrJbalNVjfkdI8kUgs7mJoXrqiXCE7bgnD28pY=",
        "CvhHViE3S9E3htHLR+25mapWoGCJ3WckMq1UtC3VmEY=",
        "y8/gZsZCtitsMan09tY+k8I7Qpr7Y5fbO2tLi9GQnfU=",
        "Yok1cS5VdokGLBy73BC2I16b3atss6KBN9jnIi6Fz/A=",
        "uZo6M+IhVna+CLgWCrJs0xBPUHbozHkYTQASduHSLME=",
        "av0kLH0VkkVDrTuZzBGIx7d9z5G1l/GlKz/nAV/8woQ=",
        "SvCd38yNade7xEPY1a/aAc1M3A2AHYVF8lIiUnsH1ao=",
        "rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=",
    ]

    static let tree = Tree(leaves: entries.map { TreeHash.leaf(Array($0.utf8)) })

    static func root(_ size: Int) throws -> Digest {
        try #require(Base64.decode(roots[size].utf8).flatMap { Digest($0) })
    }

    static func keys(_ texts: String...) throws -> NoteKeys { try NoteKeys(texts.map { try VerifierKey($0) }) }

    /// A signer from the text form of a secret key that Go's tools use.
    static func signer(_ secret: String) throws -> NoteSigner {
        let parts = secret.split(separator: "+", maxSplits: 4, omittingEmptySubsequences: false)
        let key = try #require(Base64.decode(parts[4].utf8))
        #expect(key.first == 0x01)
        return try signer(String(parts[2]), seed: Array(key.dropFirst()))
    }

    static func signer(_ name: String, type: SignatureType = .ed25519, seed: [UInt8]) throws -> NoteSigner {
        try NoteSigner(name: name, type: type) { body in seed.withUnsafeBytes { body($0) } }
    }

    /// Where the reference data is; nil where this checkout has none.
    static let vectors: URL? = {
        let shared =
            ProcessInfo.processInfo.environment["MUNIMENT_SHARED"].map { URL(fileURLWithPath: $0) }
            ?? URL(fileURLWithPath: #filePath).appending(path: "../../../../shared").standardized
        let vectors = shared.appending(path: "reference/vectors")
        return FileManager.default.fileExists(atPath: vectors.path) ? vectors : nil
    }()
}

/// Complete nodes over a few leaves.
struct Tree: NodeReader {
    let leaves: [Digest]

    func nodes(_ ids: [NodeID]) throws -> [Digest] {
        ids.map { id in
            var level = leaves
            for _ in 0..<id.level {
                level = (0..<level.count / 2).map { TreeHash.node(level[2 * $0], level[2 * $0 + 1]) }
            }
            return level[Int(id.index)]
        }
    }
}

/// A small seeded generator (SplitMix64), so that a failure can be replayed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }
}

/// The code with which `body` is refused; nil where it is accepted.
func refusal(_ body: () throws -> Void) -> NoteError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? NoteError)?.code ?? NoteError.Code(rawValue: "\(error)")
    }
}

func sha256(_ bytes: [UInt8]) -> String { SHA256.hash(bytes).description }
