// All that a simulated disk knows: inodes, names, handles, faults to come and calls that were. A plain value, so that
// a restart, or a look at what a power loss would leave, is a copy. `SimulatedDisk` guards it with a lock.

import Glibc

/// A simulated disk's state.
struct SimulatedState: Sendable {
    var configuration: SimulatedDisk.Configuration
    var random: SeededGenerator
    var inodes: [Int: Inode] = [rootInode: Inode(isDirectory: true)]
    var journal: NameJournal
    var handles: [Int: Handle] = [:]
    var death: Death?
    private(set) var calls: [SimulatedCall] = []
    private(set) var changeCount = 0
    private var armed: [(entry: FaultPlan.Entry, count: Int)] = []
    private var usedPageCount = 0
    private var lastNumber = rootInode

    static let rootInode = 1

    /// What ended the disk's life.
    enum Death: Sendable {
        case power, process

        init?(_ fault: Fault) {
            switch fault {
            case .powerLoss: self = .power
            case .processDeath: self = .process
            default: return nil
            }
        }
    }

    struct Inode: Sendable {
        let isDirectory: Bool
        var directory = SimulatedDirectory()
        var content = SimulatedContent()
        /// Whether a name leads to it, as programs see it; there is never more than one.
        var isNamed = true
        var handleCount = 0
        var lockHolder: Int?
    }

    struct Handle: Sendable {
        let inode: Int
        let path: String
        let isWritable: Bool
        let isDirect: Bool
    }

    init(_ configuration: SimulatedDisk.Configuration, faults: FaultPlan) {
        self.configuration = configuration
        random = SeededGenerator(seed: configuration.seed)
        journal = NameJournal(order: configuration.nameOrder)
        arm(faults)
    }

    var freePageCount: Int {
        let total = configuration.capacityByteCount / UInt64(SparseBytes.pageByteCount)
        return max(0, Int(clamping: total) - usedPageCount)
    }

    // MARK: Calls and faults

    mutating func arm(_ plan: FaultPlan) { armed = plan.entries.map { ($0, 0) } }

    /// Counts and logs a call, and finds the fault that is to strike it. The first in the plan wins.
    mutating func begin(_ call: SimulatedCall) throws(FileSystemError) -> Fault? {
        guard death == nil else { throw FileSystemError(call.operation, call.path, errno: EIO, code: .powerLost) }
        var call = call
        for index in armed.indices where armed[index].entry.counts(call) {
            armed[index].count += 1
            let (entry, count) = armed[index]
            let strikes = entry.repeats ? count >= entry.occurrence : count == entry.occurrence
            if strikes, call.fault == nil { call.fault = entry.fault }
        }
        calls.append(call)
        if call.isChange { changeCount += 1 }
        return call.fault
    }

    // MARK: Paths

    /// The inode that a path leads to; nil when only its last name is missing.
    func lookUp(_ path: String, _ operation: FileOperation) throws(FileSystemError) -> Int? {
        let (inodes, missing) = try walk(path, operation)
        return missing == nil ? inodes.last : nil
    }

    func existing(_ path: String, _ operation: FileOperation) throws(FileSystemError) -> Int {
        guard let inode = try lookUp(path, operation) else { throw FileSystemError(operation, path, errno: ENOENT) }
        return inode
    }

    func directory(_ path: String, _ operation: FileOperation) throws(FileSystemError) -> Int {
        let inode = try existing(path, operation)
        guard inodes[inode]!.isDirectory else { throw FileSystemError(operation, path, errno: ENOTDIR) }
        return inode
    }

    func file(_ path: String, _ operation: FileOperation) throws(FileSystemError) -> Int {
        let inode = try existing(path, operation)
        guard !inodes[inode]!.isDirectory else { throw FileSystemError(operation, path, errno: EISDIR) }
        return inode
    }

    /// The directory that holds the last name of a path, and that name, whether or not anything has it.
    func parent(
        _ path: String, _ operation: FileOperation
    ) throws(FileSystemError) -> (directory: Int, name: FileName) {
        let components = path.utf8.split(separator: UInt8(ascii: "/"))
        guard let last = components.last, !last.elementsEqual(".".utf8), !last.elementsEqual("..".utf8) else {
            throw FileSystemError(operation, path, errno: EBUSY)
        }
        let (inodes, missing) = try walk(path, operation)
        return (missing == nil ? inodes[inodes.count - 2] : inodes[inodes.count - 1], FileName(Substring(last)))
    }

    /// Follows a path from the root: the inodes on the way, the root first, and the last name if nothing has it.
    private func walk(
        _ path: String, _ operation: FileOperation
    ) throws(FileSystemError) -> (inodes: [Int], missing: FileName?) {
        guard !path.utf8.contains(0) else { throw FileSystemError(operation, path, errno: EINVAL) }
        guard !path.isEmpty else { throw FileSystemError(operation, path, errno: ENOENT) }
        var trail = [Self.rootInode]
        let names = path.utf8.split(separator: UInt8(ascii: "/")).map { FileName(Substring($0)) }
        for (index, name) in names.enumerated() where name.text != "." {
            let current = inodes[trail[trail.count - 1]]!
            guard current.isDirectory else { throw FileSystemError(operation, path, errno: ENOTDIR) }
            guard name.bytes.count <= 255 else { throw FileSystemError(operation, path, errno: ENAMETOOLONG) }
            if name.text == ".." {
                if trail.count > 1 { trail.removeLast() }
            } else if let next = current.directory.entries[name] {
                trail.append(next)
            } else if index == names.count - 1 {
                return (trail, name)
            } else {
                throw FileSystemError(operation, path, errno: ENOENT)
            }
        }
        return (trail, nil)
    }

    // MARK: Names

    mutating func makeInode(isDirectory: Bool) -> Int {
        lastNumber += 1
        inodes[lastNumber] = Inode(isDirectory: isDirectory)
        return lastNumber
    }

    /// Makes names lead elsewhere, all at once, and notes it as not durable yet.
    mutating func setEntries(_ entries: [NameJournal.Entry]) {
        for entry in entries {
            let old = inodes[entry.directory]!.directory.entries[entry.name]
            inodes[entry.directory]!.directory.entries[entry.name] = entry.inode
            if let old { setNamed(old, false) }
        }
        for case let inode? in entries.map(\.inode) { setNamed(inode, true) }
        journal.append(entries)
    }

    private mutating func setNamed(_ inode: Int, _ isNamed: Bool) {
        let wasHeld = isHeld(inode)
        inodes[inode]!.isNamed = isNamed
        accountForHolding(inode, wasHeld)
    }

    /// Makes durable the changes with an entry that `isWanted`, and what they can't be without.
    mutating func commitNames(where isWanted: (NameJournal.Entry) -> Bool) {
        for entry in journal.take(where: isWanted).flatMap(\.entries) {
            inodes[entry.directory]!.directory.device[entry.name] = entry.inode
        }
    }

    mutating func remove(_ path: String, _ operation: FileOperation, isDirectory: Bool) throws(FileSystemError) {
        let (directory, name) = try parent(path, operation)
        guard let inode = inodes[directory]!.directory.entries[name] else {
            throw FileSystemError(operation, path, errno: ENOENT)
        }
        guard inodes[inode]!.isDirectory == isDirectory else {
            throw FileSystemError(operation, path, errno: isDirectory ? ENOTDIR : EISDIR)
        }
        guard inodes[inode]!.directory.entries.isEmpty else {
            throw FileSystemError(operation, path, errno: ENOTEMPTY)
        }
        setEntries([.init(directory: directory, name: name, inode: nil)])
    }

    mutating func rename(_ source: String, _ target: String) throws(FileSystemError) {
        let from = try parent(source, .rename)
        let to = try parent(target, .rename)
        guard let moved = inodes[from.directory]!.directory.entries[from.name] else {
            throw FileSystemError(.rename, source, errno: ENOENT)
        }
        let replaced = inodes[to.directory]!.directory.entries[to.name]
        if replaced == moved { return }
        // Linux's order: first where the two lie, then what they are.
        guard try !walk(target, .rename).inodes.contains(moved) else {
            throw FileSystemError(.rename, source, errno: EINVAL)
        }
        if let replaced {
            guard try !walk(source, .rename).inodes.contains(replaced) else {
                throw FileSystemError(.rename, target, errno: ENOTEMPTY)
            }
            try checkReplacing(replaced, with: moved, target)
        }
        setEntries([
            .init(directory: from.directory, name: from.name, inode: nil),
            .init(directory: to.directory, name: to.name, inode: moved),
        ])
    }

    private func checkReplacing(_ old: Int, with new: Int, _ target: String) throws(FileSystemError) {
        switch (inodes[new]!.isDirectory, inodes[old]!.isDirectory) {
        case (true, false): throw FileSystemError(.rename, target, errno: ENOTDIR)
        case (false, true): throw FileSystemError(.rename, target, errno: EISDIR)
        default: break
        }
        guard inodes[old]!.directory.entries.isEmpty else {
            throw FileSystemError(.rename, target, errno: ENOTEMPTY)
        }
    }

    // MARK: Handles

    mutating func open(
        _ path: String, _ mode: OpenMode, isFull: Bool
    ) throws(FileSystemError) -> (handle: Int, isDirect: Bool) {
        var found = try lookUp(path, .open)
        if found != nil, mode.access == .create { throw FileSystemError(.open, path, errno: EEXIST) }
        if found == nil, mode.access == .create || mode.access == .createOrOpen {
            if isFull { throw FileSystemError(.open, path, errno: ENOSPC) }
            let (directory, name) = try parent(path, .open)
            let inode = makeInode(isDirectory: false)
            setEntries([.init(directory: directory, name: name, inode: inode)])
            found = inode
        }
        guard let inode = found else { throw FileSystemError(.open, path, errno: ENOENT) }
        guard !inodes[inode]!.isDirectory else { throw FileSystemError(.open, path, errno: EISDIR) }
        let isDirect = mode.direct && configuration.allowsDirect
        lastNumber += 1
        handles[lastNumber] = Handle(inode: inode, path: path, isWritable: mode.isWritable, isDirect: isDirect)
        inodes[inode]!.handleCount += 1
        return (lastNumber, isDirect)
    }

    /// The handle with this number, unless it is closed or can't be used so.
    func handle(
        _ number: Int, _ path: String, _ operation: FileOperation, writing: Bool = false
    ) throws(FileSystemError) -> Handle {
        guard let handle = handles[number], handle.isWritable || !writing else {
            throw FileSystemError(operation, path, errno: EBADF)
        }
        return handle
    }

    mutating func close(_ number: Int) {
        guard let inode = handles.removeValue(forKey: number)?.inode else { return }
        if inodes[inode]!.lockHolder == number { inodes[inode]!.lockHolder = nil }
        let wasHeld = isHeld(inode)
        inodes[inode]!.handleCount -= 1
        accountForHolding(inode, wasHeld)
    }

    // MARK: Space

    /// Changes a file's bytes, and keeps account of the space.
    mutating func changeContent<Result>(
        of inode: Int, _ change: (inout SimulatedContent) -> Result
    ) -> Result {
        let before = inodes[inode]!.content.cached.pageCount
        let result = change(&inodes[inode]!.content)
        if isHeld(inode) { usedPageCount += inodes[inode]!.content.cached.pageCount - before }
        return result
    }

    private func isHeld(_ inode: Int) -> Bool { inodes[inode]!.isNamed || inodes[inode]!.handleCount > 0 }

    private mutating func accountForHolding(_ inode: Int, _ wasHeld: Bool) {
        let count = inodes[inode]!.content.cached.pageCount
        switch (wasHeld, isHeld(inode)) {
        case (true, false): usedPageCount -= count
        case (false, true): usedPageCount += count
        default: break
        }
    }

    /// Starts a new life with these inodes: no handles, no locks, nothing that only a handle kept alive.
    func restarted(inodes restored: [Int: Inode], seed: UInt64, faults: FaultPlan) -> SimulatedState {
        var configuration = configuration
        configuration.seed = seed
        var next = SimulatedState(configuration, faults: faults)
        next.inodes = restored.mapValues {
            var inode = $0
            inode.handleCount = 0
            inode.lockHolder = nil
            return inode
        }
        next.lastNumber = lastNumber
        next.usedPageCount = next.inodes.values.reduce(0) { $0 + ($1.isNamed ? $1.content.cached.pageCount : 0) }
        return next
    }
}
