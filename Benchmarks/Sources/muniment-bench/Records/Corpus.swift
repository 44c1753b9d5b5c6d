// Records made before the clock starts, so that the generator costs the measured work nothing.

import Muniment

/// Records in one piece of memory, handed out round and round. What the engine compresses together is far shorter than a round, so repetition
/// helps no contender to compress.
final class Corpus: @unchecked Sendable {
    /// What records are like.
    enum Kind: Hashable, Sendable {
        /// JSON messages of exactly that many bytes.
        case messages(Int)
        /// Mail of all sizes.
        case mail
    }

    // All written in init only.
    private let memory: UnsafeMutableRawBufferPointer
    private let offsets: [Int]
    let kind: Kind

    /// Messages until they fill `byteCount`, at least one.
    init(_ kind: Kind, byteCount: Int) {
        self.kind = kind
        switch kind {
        case .messages(let length):
            var generator = MessageGenerator()
            let count = max(1, byteCount / length)
            offsets = (0...count).map { $0 * length }
            memory = .allocate(byteCount: count * length, alignment: 64)
            for number in 0..<count { generator.next(into: slot(number)) }
        case .mail:
            var generator = MailGenerator()
            var ends = [0]
            while ends[ends.count - 1] < byteCount { ends.append(ends[ends.count - 1] + generator.nextByteCount()) }
            offsets = ends
            memory = .allocate(byteCount: ends[ends.count - 1], alignment: 64)
            for number in 0..<ends.count - 1 { generator.next(into: slot(number)) }
        }
    }

    deinit { memory.deallocate() }

    /// How many different records there are.
    var count: Int { offsets.count - 1 }
    /// Bytes of all of them.
    var byteCount: Int { memory.count }
    /// All of them, one directly after another.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(memory) }

    /// Record `number`, of any size of number.
    subscript(number: Int) -> UnsafeRawBufferPointer {
        let place = number % count
        return UnsafeRawBufferPointer(rebasing: memory[offsets[place]..<offsets[place + 1]])
    }

    private func slot(_ number: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: memory[offsets[number]..<offsets[number + 1]])
    }

    private static let messages256 = Corpus(.messages(256), byteCount: 48 << 20)
    private static let messages1024 = Corpus(.messages(1_024), byteCount: 96 << 20)
    private static let mail = Corpus(.mail, byteCount: 128 << 20)

    /// The records of a kind, made once for the process.
    static func shared(_ kind: Kind) -> Corpus {
        switch kind {
        case .messages(256): messages256
        case .messages(1_024): messages1024
        case .messages: Corpus(kind, byteCount: 32 << 20)
        case .mail: mail
        }
    }
}

/// The attributes of records that have some, made before the clock starts, as the payloads are.
enum RecordAttributes {
    /// Those that the class of these records indexes.
    static let indexed = ["sender", "room"]

    private static let senders = (0..<200).map { Attribute("sender", .text("user\($0)@example.com")) }
    private static let rooms = (0..<40).map { Attribute("room", .text("ops-\($0)")) }
    private static let kind = Attribute("kind", .text("message"))

    /// Four: sender and room, which are indexed, a sequence number and a kind.
    static func four(_ number: Int) -> [Attribute] {
        [senders[number % 200], rooms[number % 40], Attribute("sequence", .integer(Int64(number))), kind]
    }
}
