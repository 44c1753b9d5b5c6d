// A handle on a simulated disk. It holds nothing but a number: what the handle may do, and whether it is still open, the
// disk's state says, under the disk's lock.

import Glibc

/// An open file of a simulated disk.
final class SimulatedFile: File {
    let path: String
    let isDirect: Bool
    private let disk: SimulatedDisk
    private let number: Int

    init(_ disk: SimulatedDisk, handle number: Int, path: String, isDirect: Bool) {
        self.disk = disk
        self.number = number
        self.path = path
        self.isDirect = isDirect
    }

    deinit { disk.state.withLock { $0.close(number) } }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(FileSystemError) -> Int {
        requireAlignment(UnsafeRawBufferPointer(buffer), offset)
        return try perform(.read, offset, UInt64(buffer.count)) { state, handle, fault throws(FileSystemError) in
            if fault == .bitRot { state.rotBit(of: handle.inode, offset, buffer.count) }
            var armed = fault
            do throws(TransferFailure) {
                return try Transfer.read(into: buffer, at: offset, isDirect: isDirect) { rest, position in
                    switch armed.take() {
                    case .interrupted: return -Int(EINTR)
                    case .shortTransfer:
                        let part = UnsafeMutableRawBufferPointer(
                            rebasing: rest[..<state.shortened(rest.count, isDirect)])
                        return state.inodes[handle.inode]!.content.read(into: part, at: position, isDirect: isDirect)
                    default:
                        return state.inodes[handle.inode]!.content.read(into: rest, at: position, isDirect: isDirect)
                    }
                }
            } catch {
                throw FileSystemError(.read, path, errno: error.errno, offset: error.offset)
            }
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileSystemError) {
        requireAlignment(bytes, offset)
        try perform(.write, offset, UInt64(bytes.count), writing: true) {
            state, handle, fault throws(FileSystemError) in
            // A write that fails has first moved a part of its bytes, in a system call of its own.
            var armed = fault
            var failure: Int32 = 0
            do throws(TransferFailure) {
                try Transfer.write(bytes, at: offset, isDirect: isDirect) { rest, position in
                    if failure != 0 { return -Int(failure) }
                    var count = rest.count
                    switch armed.take() {
                    case .interrupted: return -Int(EINTR)
                    case .shortTransfer: count = state.shortened(count, isDirect)
                    case .inputOutput:
                        failure = EIO
                        count = state.cut(count, isDirect)
                    case .noSpace:
                        failure = ENOSPC
                        count = state.cut(count, isDirect)
                    default: break
                    }
                    let moved = state.write(
                        UnsafeRawBufferPointer(rebasing: rest[..<count]), to: handle.inode, at: position,
                        isDirect: isDirect)
                    return moved == 0 && failure != 0 ? -Int(failure) : moved
                }
                if failure != 0 { throw TransferFailure(errno: failure, offset: offset) }
            } catch {
                throw FileSystemError(.write, path, errno: error.errno, offset: error.offset)
            }
        }
    }

    func synchronize() throws(FileSystemError) {
        try perform(.synchronize) { state, handle, fault throws(FileSystemError) in
            guard state.synchronize(handle.inode, fault) else {
                throw FileSystemError(.synchronize, path, errno: EIO)
            }
        }
    }

    func truncate(to byteCount: UInt64) throws(FileSystemError) {
        try perform(.truncate, byteCount, writing: true) { state, handle, _ throws(FileSystemError) in
            guard byteCount <= UInt64(Int64.max) else {
                throw FileSystemError(.truncate, path, errno: EFBIG, offset: byteCount)
            }
            state.changeContent(of: handle.inode) { $0.resize(to: byteCount) }
        }
    }

    func allocate(_ range: Range<UInt64>) throws(FileSystemError) {
        if range.isEmpty { return }
        let count = range.upperBound - range.lowerBound
        try perform(.allocate, range.lowerBound, count, writing: true) { state, handle, fault throws(FileSystemError) in
            guard range.upperBound <= UInt64(Int64.max) else {
                throw FileSystemError(.allocate, path, errno: EFBIG, offset: range.lowerBound)
            }
            if fault == .unsupported {
                let length = max(range.upperBound, state.inodes[handle.inode]!.content.cached.byteCount)
                state.changeContent(of: handle.inode) { $0.resize(to: length) }
            } else if !state.allocate(range, of: handle.inode) {
                throw FileSystemError(.allocate, path, errno: ENOSPC, offset: range.lowerBound)
            }
        }
    }

    func punchHole(_ range: Range<UInt64>) throws(FileSystemError) {
        if range.isEmpty { return }
        let count = range.upperBound - range.lowerBound
        try perform(.punchHole, range.lowerBound, count, writing: true) { state, handle, _ throws(FileSystemError) in
            guard range.upperBound <= UInt64(Int64.max) else {
                throw FileSystemError(.punchHole, path, errno: EFBIG, offset: range.lowerBound)
            }
            state.changeContent(of: handle.inode) { $0.punchHole(range) }
        }
    }

    func byteCount() throws(FileSystemError) -> UInt64 {
        try perform(.byteCount) { state, handle, _ throws(FileSystemError) in
            state.inodes[handle.inode]!.content.cached.byteCount
        }
    }

    func lockExclusively() throws(FileSystemError) -> Bool {
        try perform(.lock, writing: true) { state, handle, _ throws(FileSystemError) in
            let holder = state.inodes[handle.inode]!.lockHolder
            guard holder == nil || holder == number else { return false }
            state.inodes[handle.inode]!.lockHolder = number
            return true
        }
    }

    func dropCache() {
        try? perform(.dropCache) { state, handle, _ throws(FileSystemError) in
            state.changeContent(of: handle.inode) { $0.dropCache() }
        }
    }

    func close() {
        disk.state.withLock { state in
            // No fault strikes a close, and on a dead disk there is nothing to log.
            if state.handles[number] != nil { _ = try? state.begin(SimulatedCall(.close, path)) }
            state.close(number)
        }
    }

    private func perform<Result: Sendable>(
        _ operation: FileOperation, _ offset: UInt64 = 0, _ byteCount: UInt64 = 0, writing: Bool = false,
        _ body: (inout SimulatedState, SimulatedState.Handle, Fault?) throws(FileSystemError) -> Result
    ) throws(FileSystemError) -> Result {
        let call = SimulatedCall(operation, path, offset: offset, byteCount: byteCount)
        return try disk.perform(call) { state, fault throws(FileSystemError) in
            let handle = try state.handle(number, path, operation, writing: writing)
            return try body(&state, handle, fault)
        }
    }
}

extension SimulatedState {
    /// What a transfer of so many bytes moves when it falls short: at least something, and not all if that can be.
    fileprivate mutating func shortened(_ count: Int, _ isDirect: Bool) -> Int {
        let unit = isDirect ? 512 : 1
        return count <= unit ? count : Int.random(in: 1..<count / unit, using: &random) * unit
    }

    /// How much of so many bytes is moved before a failure: often none or all, otherwise anything between. All is the case to fear: a whole
    /// frame that its writer was told had failed.
    fileprivate mutating func cut(_ count: Int, _ isDirect: Bool) -> Int {
        switch random.next() % 4 {
        case 0: return 0
        case 1: return count
        default: break
        }
        let unit = isDirect ? directAlignment : 1
        return Int.random(in: 0...count / unit, using: &random) * unit
    }

    /// Writes as much as there is space for; an errno, negated, when that is nothing.
    fileprivate mutating func write(
        _ bytes: UnsafeRawBufferPointer, to inode: Int, at offset: UInt64, isDirect: Bool
    ) -> Int {
        guard !bytes.isEmpty else { return 0 }
        let end = offset + UInt64(bytes.count)
        let fittingEnd = spaceEnd(offset..<end, of: inode)
        guard fittingEnd > offset else { return -Int(ENOSPC) }
        let count = Int(min(end, fittingEnd) - offset)
        changeContent(of: inode) {
            $0.write(UnsafeRawBufferPointer(rebasing: bytes[..<count]), at: offset, isDirect: isDirect)
        }
        return count
    }

    /// Where the space for a range ends: at the first page that is neither there nor free, or past the range.
    private func spaceEnd(_ range: Range<UInt64>, of inode: Int) -> UInt64 {
        let pages = SparseBytes.pageRange(range)
        let content = inodes[inode]!.content.cached
        var free = freePageCount
        if pages.count <= free { return range.upperBound }
        for page in pages where content.page(page) == nil {
            if free == 0 { return page * UInt64(SparseBytes.pageByteCount) }
            free -= 1
        }
        return range.upperBound
    }

    fileprivate mutating func allocate(_ range: Range<UInt64>, of inode: Int) -> Bool {
        let pages = SparseBytes.pageRange(range)
        let present = inodes[inode]!.content.cached.presentPages(in: pages).count
        guard pages.count - present <= freePageCount else { return false }
        changeContent(of: inode) { $0.allocate(range) }
        return true
    }

    /// False when the sync fails.
    fileprivate mutating func synchronize(_ inode: Int, _ fault: Fault?) -> Bool {
        switch fault {
        case .falseSuccess:
            return true
        case .lostPages, .partlyLostPages:
            var random = random
            let forgets = random.flip()
            changeContent(of: inode) { content in
                content.failSync(
                    reachesDevice: { fault == .partlyLostPages && random.flip() }, deviceForgets: { forgets })
            }
            self.random = random
            return false
        default:
            changeContent(of: inode) { $0.synchronize() }
            if configuration.nameOrder == .journal { commitNames { $0.inode == inode } }
            return true
        }
    }

    /// Flips a bit of the device under a range of a file, if the file has bytes there.
    fileprivate mutating func rotBit(of inode: Int, _ offset: UInt64, _ count: Int) {
        let length = inodes[inode]!.content.cached.byteCount
        guard offset < length, count > 0 else { return }
        let end = min(length, offset + min(UInt64(count), length - offset))
        let bit = UInt64.random(in: offset * 8..<end * 8, using: &random)
        changeContent(of: inode) { $0.flipBit(bit) }
    }
}
