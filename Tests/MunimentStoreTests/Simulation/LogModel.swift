// What a log must hold, kept in the simplest way: an array of leaves, a dictionary of records, a list of promises. It
// knows nothing of segments, frames or files.

import MunimentCrypto
import MunimentFormat
import MunimentMerkle
import MunimentStore

/// A record as it was handed over.
struct ModelRecord: Hashable, Sendable {
    var classID: UInt32
    var payload: [UInt8]
    /// Canonical encodings, in order.
    var attributes: [[UInt8]]
    var occurred: Microseconds?
    var isBodyFile = false
}

/// One call to append.
struct Attempt: Sendable {
    var records: [ModelRecord]
    var token: [UInt8]?
}

/// A promise that was broken.
struct Violation: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

struct LogModel {
    /// Hashes of the entries that can never change again: acknowledged, or served after an open.
    private(set) var leaves: [Digest] = []
    /// Users' records by index; what is missing below `leaves.count` is a control record.
    private(set) var records: [UInt64: ModelRecord] = [:]
    /// Acknowledged records whose leaf has not been read yet.
    private(set) var promised: [UInt64: ModelRecord] = [:]
    /// Sizes and roots that somebody was told.
    private(set) var heads: Set<Head> = []
    /// The greatest size that was acknowledged or published.
    private(set) var sizeMin: UInt64 = 0
    /// Attempts of unknown outcome since the last open, in the order in which they were handed over.
    private(set) var unknown: [Attempt] = []
    /// What became of tokens: the index of the first record.
    private(set) var tokens: [[UInt8]: (firstIndex: UInt64, attempt: Attempt)] = [:]

    // MARK: What happens

    mutating func acknowledge(_ attempt: Attempt, _ receipt: AppendReceipt) throws {
        guard receipt.count == attempt.records.count else {
            throw Violation("a receipt counts \(receipt.count) records")
        }
        guard receipt.firstIndex + UInt64(receipt.count) <= receipt.treeSize else {
            throw Violation("the receipt's tree of \(receipt.treeSize) lacks the records from \(receipt.firstIndex) on")
        }
        if !attempt.records.isEmpty { try publish(Head(size: receipt.treeSize, root: receipt.root)) }
        for (place, record) in attempt.records.enumerated() {
            let index = receipt.firstIndex + UInt64(place)
            let earlier = records[index] ?? promised[index]
            guard (earlier != nil) == receipt.isRepeat, earlier == nil || earlier == record else {
                throw Violation("index \(index) was given twice")
            }
            guard receipt.isRepeat || index >= UInt64(leaves.count) else { throw Violation("index \(index) was taken") }
            if !receipt.isRepeat { promised[index] = record }
        }
        if let token = attempt.token { tokens[token] = (receipt.firstIndex, attempt) }
    }

    mutating func leaveUnknown(_ attempt: Attempt) {
        // A retry adds nothing to what the first attempt may have added.
        if let token = attempt.token, tokens[token] != nil || unknown.contains(where: { $0.token == token }) { return }
        unknown.append(attempt)
    }

    mutating func publish(_ head: Head) throws {
        if let other = heads.first(where: { $0.size == head.size }), other.root != head.root {
            throw Violation("two roots for size \(head.size)")
        }
        heads.insert(head)
        sizeMin = max(sizeMin, head.size)
    }

    // MARK: What must be

    /// Takes the whole log as an open found it: every promise must be kept by it, and from now on it is a promise
    /// itself. `read` gives the record at an index, or nil for a control record.
    mutating func settle(entries: [[UInt8]], root: Digest, read: (UInt64) throws -> ModelRecord?) throws {
        // Reading may fail half-way, to be tried again.
        var next = self
        try next.take(entries, root, read)
        self = next
    }

    private mutating func take(_ entries: [[UInt8]], _ root: Digest, _ read: (UInt64) throws -> ModelRecord?) throws {
        guard UInt64(entries.count) >= sizeMin else {
            throw Violation("the log has \(entries.count) entries, but \(sizeMin) were acknowledged or published")
        }
        let found = entries.map { TreeHash.leaf($0) }
        guard found.starts(with: leaves) else { throw Violation("an entry has changed") }
        try checkHeads(found, root)
        var fresh: [(index: UInt64, record: ModelRecord)] = []
        for index in UInt64(leaves.count)..<UInt64(entries.count) {
            guard let record = try read(index) else {
                guard promised[index] == nil else { throw Violation("a control record stands at \(index)") }
                continue
            }
            if let expected = promised.removeValue(forKey: index) {
                guard expected == record else { throw Violation("another record stands at \(index)") }
                records[index] = record
            } else {
                fresh.append((index, record))
            }
        }
        guard promised.isEmpty else { throw Violation("acknowledged records are missing: \(promised.keys.sorted())") }
        try explain(fresh)
        leaves = found
        unknown = []
    }

    /// Records that nobody was told of must be attempts of unknown outcome, each whole, and all of them or none: they
    /// were one commit.
    private mutating func explain(_ fresh: [(index: UInt64, record: ModelRecord)]) throws {
        var rest = fresh[...]
        var isAllThere = true
        for attempt in unknown {
            let candidate = rest.prefix(attempt.records.count)
            guard candidate.count == attempt.records.count, candidate.map(\.record) == attempt.records,
                let first = candidate.first?.index, candidate.last?.index == first + UInt64(attempt.records.count) - 1
            else {
                isAllThere = false
                continue
            }
            rest = rest.dropFirst(attempt.records.count)
            for (index, record) in candidate { records[index] = record }
            if let token = attempt.token { tokens[token] = (first, attempt) }
        }
        guard rest.isEmpty else { throw Violation("nobody's records stand at \(rest.map(\.index))") }
        guard isAllThere || fresh.isEmpty else { throw Violation("a part of one commit is in the log") }
    }

    /// Every size and root that anybody was told must be a prefix of this tree. One pass, with the textbook's stack of
    /// perfect subtrees.
    private func checkHeads(_ leaves: [Digest], _ root: Digest) throws {
        var wanted: [UInt64: Digest] = [:]
        for head in heads { wanted[head.size] = head.root }
        wanted[UInt64(leaves.count)] = root
        var stack: [Digest] = []
        for (index, leaf) in leaves.enumerated() {
            stack.append(leaf)
            var carry = index
            while carry & 1 == 1 {
                let right = stack.removeLast()
                stack.append(TreeHash.node(stack.removeLast(), right))
                carry >>= 1
            }
            guard let expected = wanted.removeValue(forKey: UInt64(index + 1)) else { continue }
            let peaks = stack.dropLast().reversed()
            let reached = peaks.reduce(stack[stack.count - 1]) { TreeHash.node($1, $0) }
            guard reached == expected else { throw Violation("the tree contradicts its root at size \(index + 1)") }
        }
        wanted[0] = nil
        guard wanted.isEmpty else { throw Violation("the tree does not reach sizes \(wanted.keys.sorted())") }
    }

    /// Forgets everything after damage that no store survives, so that what is still served can be compared by record
    /// alone.
    var allRecords: [UInt64: ModelRecord] { records.merging(promised) { $1 } }
}
