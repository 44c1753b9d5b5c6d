// The one buffer of a reader. Bytes are pulled behind `end` and consumed at `start`; what is left of an unfinished
// record moves to the front when room runs out, and only a record that needs it makes the buffer grow, up to
// `capacityMax`. So memory is bounded by `capacityMax` (while growing, one and a half times that), whatever the input
// holds. The capacity exceeds a part by a few bytes, so that the newline or the length field beside a largest part fits
// too.
//
//     base            start                     end          capacity
//     | consumed       | not yet consumed        | room       |

final class InputBuffer {
    private var source: any ByteSource
    private(set) var base: UnsafeMutableRawPointer
    private(set) var capacity: Int
    private let capacityMax: Int

    /// The most bytes that a reader hands out at once.
    let partByteCountMax: Int

    /// The index of the first byte not yet consumed.
    var start = 0

    /// The index after the last byte that was read.
    private(set) var end = 0

    /// Whether the source has ended.
    private(set) var hasEnded = false

    /// Why the source could not be read: it is not asked again, lest bytes be missing unnoticed.
    private var failure: InputError?

    /// The input's offset of the byte at index 0.
    private var baseOffset = 0

    private static let capacityAtFirst = 256 << 10
    private static let slackByteCount = 64

    init(source: any ByteSource, partByteCountMax: Int) {
        self.source = source
        self.partByteCountMax = partByteCountMax
        capacityMax = partByteCountMax + Self.slackByteCount
        capacity = min(capacityMax, Self.capacityAtFirst)
        base = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit { base.deallocate() }

    /// How many bytes wait to be consumed.
    var count: Int { end - start }

    /// Whether the unconsumed bytes fill the largest buffer there may be: nothing can be pulled.
    var isFull: Bool { count == capacityMax }

    /// The offset in the input of the byte at `index`.
    func offset(ofIndex index: Int) -> Int { baseOffset + index }

    func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count)
    }

    /// Pulls at least one byte; false at the end of the input, which consumes nothing and may be asked again. Indexes
    /// into the buffer mean nothing afterwards, distances from `start` still do. The buffer must not be full.
    func fill() throws(InputError) -> Bool {
        if let failure { throw failure }
        if hasEnded { return false }
        makeRoom()
        let room = UnsafeMutableRawBufferPointer(start: base + end, count: capacity - end)
        let count: Int
        do {
            count = try source.read(into: room)
        } catch {
            throw fail("\(error)")
        }
        guard (0...room.count).contains(count) else { throw fail("the source returned an impossible count") }
        end += count
        hasEnded = count == 0
        return count > 0
    }

    /// Pulls until at least `wanted` bytes, at most a part and a few more, wait or the input ends; true in the first
    /// case.
    func fill(to wanted: Int) throws(InputError) -> Bool {
        while count < wanted {
            guard try fill() else { return false }
        }
        return true
    }

    /// Removes `count` unconsumed bytes before index `tail`, moving what lies behind it down.
    func closeGap(before tail: Int, count: Int) {
        guard count > 0 else { return }
        (base + tail - count).copyMemory(from: base + tail, byteCount: end - tail)
        end -= count
        baseOffset += count
    }

    private func makeRoom() {
        precondition(!isFull, "a full buffer cannot be filled")
        if start == end {
            baseOffset += start
            start = 0
            end = 0
        } else if start > 0, capacity - end < capacity / 8 {
            base.copyMemory(from: base + start, byteCount: count)
            baseOffset += start
            end -= start
            start = 0
        }
        if end == capacity { grow() }
    }

    private func grow() {
        let grown = min(capacityMax, capacity * 2)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: grown, alignment: 16)
        larger.copyMemory(from: base, byteCount: end)
        base.deallocate()
        base = larger
        capacity = grown
    }

    private func fail(_ cause: String) -> InputError {
        let position = InputPosition(line: nil, offset: offset(ofIndex: end))
        let error = InputError(
            code: .read, position: position,
            message: "\(position): the input cannot be read: \(cause); check the file or the device and run it again",
            isRecoverable: false)
        failure = error
        return error
    }
}
