// A file system in memory whose every misfortune a seed decides. The same seed and the same calls in the same order give
// the same bytes, the same errors and the same remains after a power loss, in any process.
//
// The laws of a power loss, each pending change having survived or vanished on its own unless a law says otherwise:
//
//  1. What a successful `File.synchronize` covered is durable: bytes and length. The file's name is not, except under
//     `NameOrder.journal`.
//  2. What a successful `synchronizeDirectory` covered is durable: the names in that directory, and what those changes of
//     names depend on under the order in force. The bytes that the names lead to are not.
//  3. A write that is not synchronized survives, vanishes, or is torn: each of its sectors by itself, in any order. A sector
//     is never torn. It holds a state that it had at some time since the last sync; when a later write to it survives, it
//     holds the earlier ones too.
//  4. A length that is not synchronized may be there without its bytes, which then read as zeros, and the bytes without
//     their length, which are then gone; but under `NameOrder.journal` a length grows only with a write that survives,
//     and what followed a change of length that vanished vanishes too.
//  5. A rename is atomic, within a directory and between two.
//  6. A file that no durable name leads to is gone, and so is all below such a directory.
//  7. After a failed sync of the kinds `lostPages` and `partlyLostPages`, nothing that it covered ever survives but what
//     reached the device then or is written again.
//  8. Locks and handles are gone; so they are when only the process dies, which spares the page cache.
//
// Not simulated: hard and symbolic links, permissions, times, and a device that reorders across a flush.

import Glibc

/// A simulated disk, with the computer around it: when the power goes or the process dies, this instance is dead, and
/// `restart` gives the next one.
package final class SimulatedDisk: FileSystem {
    /// How much of the order among changes of names a power loss respects.
    package enum NameOrder: Sendable, CaseIterable {
        /// Changes to one name keep their order; between names there is none. All that POSIX promises, and the harshest.
        case independent
        /// The changes in one directory survive up to some point and no further.
        case perDirectory
        /// All changes of names survive up to some point and no further, and syncing a file makes durable the changes up to
        /// the last that concerns it: ext4 with ordered data.
        case journal
    }

    /// What kind of disk it is.
    package struct Configuration: Sendable {
        package var seed: UInt64
        /// What the device writes whole, in bytes: 512 or 4096.
        package var sectorByteCount = 512
        package var capacityByteCount: UInt64 = 1 << 30
        /// Whether wishes for direct transfers are granted.
        package var allowsDirect = true
        package var nameOrder = NameOrder.independent
        package var isNetworkFileSystem = false

        package init(seed: UInt64) { self.seed = seed }
    }

    let state: Guarded<SimulatedState>

    /// An empty disk that has only the root directory. Relative paths start there too.
    package convenience init(_ configuration: Configuration, faults: FaultPlan = .none) {
        self.init(SimulatedState(configuration, faults: faults))
    }

    /// An empty disk with the default configuration.
    package convenience init(seed: UInt64, faults: FaultPlan = .none) {
        self.init(Configuration(seed: seed), faults: faults)
    }

    init(_ state: SimulatedState) {
        precondition([512, 4096].contains(state.configuration.sectorByteCount), "a sector has 512 or 4096 bytes")
        self.state = Guarded(state)
    }

    /// Replaces the plan of faults, and starts its counts from zero.
    package func arm(_ plan: FaultPlan) { state.withLock { $0.arm(plan) } }

    /// Changes the room on the disk; below what is used, every write that needs space fails.
    package func setCapacity(byteCount: UInt64) { state.withLock { $0.configuration.capacityByteCount = byteCount } }

    /// Every call so far, in order, those that failed included. Calls on a dead disk are not.
    package var calls: [SimulatedCall] { state.withLock { $0.calls } }

    /// How many calls so far count as changes; each of them is a crash point.
    package var changeCount: Int { state.withLock { $0.changeCount } }

    /// How often each kind of call was made so far.
    package var callCounts: [FileOperation: Int] {
        state.withLock { state in Dictionary(state.calls.map { ($0.operation, 1) }, uniquingKeysWith: +) }
    }

    /// Whether the power or the process is gone.
    package var isDead: Bool { state.withLock { $0.death != nil } }

    /// A file's bytes as programs would read them; nil when there is no such file. Not a call: nothing strikes or counts it.
    package func peek(_ path: String) -> [UInt8]? {
        state.withLock { state in
            guard let number = try? state.lookUp(path, .read), let inode = state.inodes[number], !inode.isDirectory
            else { return nil }
            var bytes = [UInt8](repeating: 0, count: Int(inode.content.cached.byteCount))
            _ = bytes.withUnsafeMutableBytes { inode.content.cached.read(into: $0, at: 0) }
            return bytes
        }
    }

    /// Flips one bit of a file, counted from its first byte's lowest bit, as it lies on the device. Traps when no such bit
    /// is there.
    package func flipBit(_ path: String, bit: UInt64) throws(FileSystemError) {
        try state.withLock { state throws(FileSystemError) in
            let inode = try state.file(path, .read)
            precondition(bit / 8 < state.inodes[inode]!.content.cached.byteCount, "no such bit in the file")
            state.changeContent(of: inode) { $0.flipBit(bit) }
        }
    }

    // MARK: FileSystem

    package func open(_ path: String, _ mode: OpenMode) throws(FileSystemError) -> any File {
        let mayCreate = mode.access == .create || mode.access == .createOrOpen
        let call = SimulatedCall(.open, path, isChange: mayCreate)
        let (handle, isDirect) = try perform(call) { state, fault throws(FileSystemError) in
            try state.open(path, mode, isFull: fault == .noSpace)
        }
        return SimulatedFile(self, handle: handle, path: path, isDirect: isDirect)
    }

    package func createDirectory(_ path: String) throws(FileSystemError) {
        try perform(SimulatedCall(.createDirectory, path)) { state, _ throws(FileSystemError) in
            let (directory, name) = try state.parent(path, .createDirectory)
            guard state.inodes[directory]!.directory.entries[name] == nil else {
                throw FileSystemError(.createDirectory, path, errno: EEXIST)
            }
            let inode = state.makeInode(isDirectory: true)
            state.setEntries([.init(directory: directory, name: name, inode: inode)])
        }
    }

    package func names(in directory: String) throws(FileSystemError) -> [String] {
        try perform(SimulatedCall(.names, directory)) { state, _ throws(FileSystemError) in
            let inode = try state.directory(directory, .names)
            return state.inodes[inode]!.directory.entries.keys.map(\.text).sortedByBytes()
        }
    }

    package func rename(_ source: String, to target: String) throws(FileSystemError) {
        try perform(SimulatedCall(.rename, source)) { state, _ throws(FileSystemError) in
            try state.rename(source, target)
        }
    }

    package func remove(_ path: String) throws(FileSystemError) {
        try perform(SimulatedCall(.remove, path)) { state, _ throws(FileSystemError) in
            try state.remove(path, .remove, isDirectory: false)
        }
    }

    package func removeDirectory(_ path: String) throws(FileSystemError) {
        try perform(SimulatedCall(.removeDirectory, path)) { state, _ throws(FileSystemError) in
            try state.remove(path, .removeDirectory, isDirectory: true)
        }
    }

    package func synchronizeDirectory(_ path: String) throws(FileSystemError) {
        try perform(SimulatedCall(.synchronizeDirectory, path)) { state, fault throws(FileSystemError) in
            let inode = try state.directory(path, .synchronizeDirectory)
            if fault != .falseSuccess { state.commitNames { $0.directory == inode } }
        }
    }

    package func status(_ path: String) throws(FileSystemError) -> FileStatus? {
        try perform(SimulatedCall(.status, path)) { state, _ throws(FileSystemError) in
            guard let number = try state.lookUp(path, .status) else { return nil }
            let inode = state.inodes[number]!
            return FileStatus(
                kind: inode.isDirectory ? .directory : .file, byteCount: inode.content.cached.byteCount,
                allocatedByteCount: UInt64(inode.content.cached.pageCount * SparseBytes.pageByteCount),
                mode: inode.isDirectory ? 0o700 : 0o600, device: 1, inode: UInt64(number))
        }
    }

    package func availableByteCount(_ path: String) throws(FileSystemError) -> UInt64 {
        try perform(SimulatedCall(.availableByteCount, path)) { state, _ throws(FileSystemError) in
            _ = try state.existing(path, .availableByteCount)
            return UInt64(state.freePageCount * SparseBytes.pageByteCount)
        }
    }

    package func isNetworkFileSystem(_ path: String) throws(FileSystemError) -> Bool {
        try perform(SimulatedCall(.isNetworkFileSystem, path)) { state, _ throws(FileSystemError) in
            _ = try state.existing(path, .isNetworkFileSystem)
            return state.configuration.isNetworkFileSystem
        }
    }

    /// Counts and logs a call, then lets it happen, or what its fault makes of it.
    func perform<Result: Sendable>(
        _ call: SimulatedCall, _ body: (inout SimulatedState, Fault?) throws(FileSystemError) -> Result
    ) throws(FileSystemError) -> Result {
        try state.withLock { state throws(FileSystemError) in
            let fault = try state.begin(call)
            if let fault, let death = SimulatedState.Death(fault) {
                // A process may die in the middle of a write, which then stops at any byte. The power's work comes later.
                let isCut = death == .process && call.operation == .write
                if isCut || state.random.flip() { _ = try? body(&state, isCut ? .inputOutput : nil) }
                state.death = death
                throw FileSystemError(call.operation, call.path, errno: EIO, code: .powerLost)
            }
            if let fault, let errno = fault.errno(refusing: call) {
                throw FileSystemError(call.operation, call.path, errno: errno)
            }
            return try body(&state, fault)
        }
    }
}

extension Fault {
    /// The error of a call that this fault refuses before it does anything; nil where the call itself acts it out.
    fileprivate func errno(refusing call: SimulatedCall) -> Int32? {
        switch (self, call.operation) {
        case (.inputOutput, .write), (.noSpace, .write), (.noSpace, .open), (.unsupported, .allocate): nil
        case (.inputOutput, _): EIO
        case (.noSpace, _): ENOSPC
        // An open that can create nothing works on a read-only file system, if it is for reading.
        case (.readOnly, .open): call.isChange ? EROFS : nil
        case (.readOnly, _): EROFS
        case (.tooManyOpenFiles, _): EMFILE
        case (.unsupported, _): EOPNOTSUPP
        default: nil
        }
    }
}

extension RandomNumberGenerator {
    /// True every other time.
    mutating func flip() -> Bool { next() >> 63 == 1 }

    /// True `percent` times in a hundred.
    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
}
