// Attacks on contents: by who has no key and exchanges ciphertexts, and by who has the keys and seals what is not so.

import Foundation
import MunimentCrypto
import MunimentFormat
import MunimentStore
import Testing

@testable import MunimentVerify

extension Attack {
    static let onContents: [Attack] =
        [
            Attack(
                "a ciphertext of a sealed segment is changed", on: .segments, [.partDigest, .frameBodyChecksum],
                keys: [.partSealed]
            ) { fixture in
                try fixture.changeSegment(fixture.sealedSegment()) { segment in
                    segment.bytes[try segment.ciphertext(at: segment.offsets[0]).lowerBound + 3] ^= 1
                }
            },
            Attack(
                "a ciphertext of a sealed segment is changed, everything in the file mended", on: .segments,
                [.sealMismatch], keys: [.partSealed]
            ) { fixture in
                try fixture.changeSegment(fixture.sealedSegment()) { segment in
                    let offset = segment.offsets[0]
                    var other = Array(segment.bytes[try segment.ciphertext(at: offset)])
                    other[3] ^= 1
                    try segment.replaceCiphertext(at: offset, with: other)
                    try segment.mendFooter()
                }
            },
            Attack(
                "a ciphertext and the seal record over it are changed", on: .segments, [.checkpointRoot],
                keys: [.keySigner, .partSealed]
            ) { fixture in
                try fixture.forge { $0.segments[0].frames[0].ciphertexts[0][3] ^= 1 }
            },
            unattested("a ciphertext that no seal covers is changed") {
                $0.segments[0].frames[20].ciphertexts[0][3] ^= 1
            },
            unattested("the ciphertexts of two records that no seal covers change places") { store in
                let (first, second) = (store.segments[0].frames[20], store.segments[0].frames[21])
                store.segments[0].frames[20].ciphertexts = second.ciphertexts
                store.segments[0].frames[21].ciphertexts = first.ciphertexts
            },
            unattested("a record's ciphertext is put in place of a later one") {
                $0.segments[0].frames[21].ciphertexts = $0.segments[0].frames[20].ciphertexts
            },
            Attack("the ciphertexts of two groups change places", on: .classes, [.sealMismatch], keys: [.partSealed]) {
                fixture in
                try fixture.forgeBelowTheSeal { store in
                    let place = try #require(
                        store.segments[0].frames.firstIndex { Set($0.rows.map(\.classID)).isSuperset(of: [1, 2]) })
                    let rows = store.segments[0].frames[place].rows
                    let (first, second) = (
                        try #require(rows.firstIndex { $0.classID == 1 }),
                        try #require(rows.firstIndex { $0.classID == 2 })
                    )
                    store.segments[0].frames[place].ciphertexts.swapAt(first, second)
                }
            },
            Attack("the ciphertexts of two segments change places", on: .segments, [.sealMismatch], keys: [.partSealed])
            { fixture in
                try fixture.forgeBelowTheSeal { store in
                    let places = try (0...1).map { segment in
                        try #require(store.segments[segment].frames[0].rows.firstIndex { $0.classID == 1 })
                    }
                    let parts = (0...1).map { store.segments[$0].frames[0].ciphertexts[places[$0]] }
                    for segment in 0...1 {
                        store.segments[segment].frames[0].ciphertexts[places[segment]] = parts[1 - segment]
                    }
                }
            },
            Attack("a part claims a content more than there are entries", on: .frames, [.frameMalformed]) { fixture in
                try fixture.forge { $0.segments[0].frames[20].rows[0].recordCount += 1 }
            },
            Attack("a part says that it is of another class", on: .frames, [.partRecords, .contentMissing]) { fixture in
                try fixture.forge { $0.segments[0].frames[20].rows[0].classID = 0 }
            },
            Attack("a content is taken out without a disposition", on: .frames, [.contentMissing]) { fixture in
                try fixture.forge { store in
                    store.segments[0].frames[20].rows = []
                    store.segments[0].frames[20].ciphertexts = []
                }
            },
            Attack(
                "the contents of a class are taken out of a sealed segment", on: .classes,
                [.contentMissing, .sealMismatch], keys: [.indexTerms]
            ) { fixture in
                try fixture.forgeBelowTheSeal { store in
                    for place in store.segments[0].frames.indices {
                        let frame = store.segments[0].frames[place]
                        let kept = frame.rows.indices.filter { frame.rows[$0].classID != 2 }
                        store.segments[0].frames[place].rows = kept.map { frame.rows[$0] }
                        store.segments[0].frames[place].ciphertexts = kept.map { frame.ciphertexts[$0] }
                    }
                }
            },
            sealed("another payload is sealed in a record's place", [.contentCommitment]) { _ in
                ContentEncoder.head(attributes: [], payloadByteCount: 5) + Array("other".utf8)
            },
            sealed("an attribute is added to a content", [.contentCommitment]) { content in
                let attributes = ContentEncoder.canonical([Attribute("from", .text("nobody"))])
                let payload = Array(content.dropFirst(3))
                return ContentEncoder.head(attributes: attributes, payloadByteCount: payload.count) + payload
            },
            sealed("bytes are hidden behind a content", [.contentMalformed]) { $0 + Array("hidden".utf8) },
            sealed("a content says that it was purged", [.contentMalformed]) { _ in [0] },
            plaintext("a part of a few bytes claims to unpack to 64 KiB", [.contentMalformed]) { plain in
                plain.replaceSubrange(4..<8, with: [0, 0, 1, 0])
                plain[3] &= 0x7f
            },
            plaintext("a part claims to unpack to 2 GiB", [.contentMalformed]) {
                $0.replaceSubrange(4..<8, with: [0, 0, 0, 0x80])
            },
            plaintext("bytes are hidden in the padding of a part", [.contentMalformed]) { plain in
                plain[plain.count - 1] = 0x5a
            },
        ] + onBodies

    private static let onBodies: [Attack] = [
        Attack("two body files change names", on: .bodies, [.bodyDigest, .bodyMalformed]) { fixture in
            let names = try fixture.bodyFiles()
            let (first, second) = (try fixture.read(names[0]), try fixture.read(names[1]))
            try fixture.write(names[0], second)
            try fixture.write(names[1], first)
        },
        Attack("a body file is changed", on: .bodies, [.bodyDigest], keys: [.bodyMalformed]) { fixture in
            try fixture.change(fixture.bodyFiles()[0]) { $0[50_000] ^= 1 }
        },
        Attack("a body file is cut", on: .bodies, [.bodyDigest]) { fixture in
            try fixture.change(fixture.bodyFiles()[0]) { $0.removeLast(100) }
        },
        Attack("a body file is removed", on: .bodies, [.bodyMissing]) { try $0.remove($0.bodyFiles()[0]) },
        Attack(
            "a body file is smuggled in", on: .bodies, without: [.bodyOrphan], with: [.bodyOrphan],
            verdict: .notEstablished, verdictWithKeys: .notEstablished
        ) { fixture in
            let name = try fixture.bodyFiles()[0]
            let other = name.dropLast(6) + (name.dropLast(5).last == "0" ? "1.body" : "0.body")
            fixture.create(String(other), try fixture.read(name))
        },
        Attack(
            "a body file is changed, and the digests of frame and footer mended", on: .bodies, [.sealMismatch],
            keys: [.bodyMalformed]
        ) {
            fixture in
            let name = try fixture.bodyFiles()[0]
            try fixture.change(name) { $0[50_000] ^= 1 }
            let digest = SHA256.hash(try fixture.read(name))
            try fixture.forgeBelowTheSeal { store in
                for frame in store.segments[0].frames.indices {
                    for place in store.segments[0].frames[frame].header.bodyFiles.indices
                    where name.contains(Hexadecimal.string(store.segments[0].frames[frame].header.bodyFiles[place].id))
                    {
                        store.segments[0].frames[frame].header.bodyFiles[place].digest = digest
                    }
                }
                let files = store.segments[0].footer?.bodyFiles ?? []
                for place in files.indices where name.contains(Hexadecimal.string(files[place].id)) {
                    store.segments[0].footer?.bodyFiles[place].digest = digest
                }
            }
        },
    ]

    /// What nothing but the keys can tell, in a segment that no seal covers.
    private static func unattested(_ name: String, _ change: @escaping @Sendable (inout ForgedStore) -> Void) -> Attack
    {
        Attack(name, on: .frames, without: [.tailUnattested], with: [.partSealed], verdict: .notEstablished) {
            fixture in
            try fixture.forge { change(&$0) }
        }
    }

    /// Another content, sealed with the group's own key in the place of a record's.
    private static func sealed(
        _ name: String, _ found: Set<Finding.Code>, _ change: @escaping @Sendable ([UInt8]) -> [UInt8]
    ) -> Attack {
        resealed(name, found) { ciphertext, key, place in
            let codec = PartCodec()
            let content = change(
                Array(
                    try ciphertext.decode { raw throws(FormatError) in
                        Array(try codec.open(raw, key: key, place: place))
                    }))
            var other = [UInt8](repeating: 0, count: PartRow.ciphertextByteCountMax)
            let count = other.withUnsafeMutableBytes { output in
                content.withUnsafeBytes {
                    codec.seal($0, isCompressed: false, key: key, place: place, to: output.baseAddress!)
                }
            }
            return Array(other[..<count])
        }
    }

    /// Another plaintext of a part, lengths and padding included, sealed likewise.
    private static func plaintext(
        _ name: String, _ found: Set<Finding.Code>, _ change: @escaping @Sendable (inout [UInt8]) -> Void
    ) -> Attack {
        resealed(name, found) { ciphertext, key, place in
            var plain = [UInt8](repeating: 0, count: ciphertext.count - PartRow.tagByteCount)
            let isOpened = plain.withUnsafeMutableBytes { output in
                ciphertext.withUnsafeBytes {
                    key.open($0, count: place.part, associatedData: place.associatedData, to: output.baseAddress!)
                }
            }
            #expect(isOpened)
            change(&plain)
            var other = ciphertext
            other.withUnsafeMutableBytes { output in
                plain.withUnsafeBytes {
                    key.seal($0, count: place.part, associatedData: place.associatedData, to: output.baseAddress!)
                }
            }
            return other
        }
    }

    private static func resealed(
        _ name: String, _ found: Set<Finding.Code>,
        _ reseal: @escaping @Sendable (_ ciphertext: [UInt8], _ key: SealingKey, _ place: PartPlace) throws -> [UInt8]
    ) -> Attack {
        Attack(name, on: .frames, without: [.tailUnattested], with: found, verdict: .notEstablished) { fixture in
            let ring = try fixture.keyRing()
            try fixture.forge { store in
                let frame = store.segments[0].frames[20]
                let key = try ring.group(segment: 0, classID: 1).key
                    .partKey(generation: 0, session: frame.header.session)
                let place = PartPlace(logID: ring.logID, header: frame.header, row: frame.rows[0], ordinal: 0)
                store.segments[0].frames[20].ciphertexts[0] = try reseal(frame.ciphertexts[0], key, place)
            }
        }
    }
}

extension StoreFixture {
    fileprivate func bodyFiles() throws -> [String] { try files().filter { $0.hasSuffix(".body") } }
}
