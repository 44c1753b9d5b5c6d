// A simulated disk whose checkpoints are overheard: whatever note was about to be published counts as published, since
// a reader may have seen it in the instant before the power went.

import MunimentFormat
import MunimentNote
import MunimentStore

/// A tree's size and root, as somebody was told.
struct Head: Hashable, Sendable {
    var size: UInt64
    var root: Digest
}

final class ObservedDisk: FileSystem {
    let disk: SimulatedDisk
    private let heard = Guarded<[Head]>([])

    init(_ disk: SimulatedDisk) { self.disk = disk }

    /// The notes that were published, or nearly, since the last call.
    func takeNotes() -> [Head] {
        heard.withLock { heard in
            defer { heard = [] }
            return heard
        }
    }

    func open(_ path: String, _ mode: OpenMode) throws(FileSystemError) -> any File {
        let file = try disk.open(path, mode)
        return path.hasSuffix("/checkpoint" + TemporaryFile.suffix) ? NoteFile(file, self) : file
    }

    fileprivate func hear(_ bytes: [UInt8]) {
        guard let note = try? SignedNote(bytes), let checkpoint = try? Checkpoint(text: note.text) else { return }
        heard.withLock { $0.append(Head(size: checkpoint.size, root: checkpoint.root)) }
    }

    func createDirectory(_ path: String) throws(FileSystemError) { try disk.createDirectory(path) }
    func names(in directory: String) throws(FileSystemError) -> [String] { try disk.names(in: directory) }
    func rename(_ source: String, to target: String) throws(FileSystemError) { try disk.rename(source, to: target) }
    func remove(_ path: String) throws(FileSystemError) { try disk.remove(path) }
    func removeDirectory(_ path: String) throws(FileSystemError) { try disk.removeDirectory(path) }
    func synchronizeDirectory(_ path: String) throws(FileSystemError) { try disk.synchronizeDirectory(path) }
    func status(_ path: String) throws(FileSystemError) -> FileStatus? { try disk.status(path) }
    func availableByteCount(_ path: String) throws(FileSystemError) -> UInt64 { try disk.availableByteCount(path) }
    func isNetworkFileSystem(_ path: String) throws(FileSystemError) -> Bool { try disk.isNetworkFileSystem(path) }
}

/// The file that will be the newest checkpoint: once it is synced, it counts.
private final class NoteFile: File {
    private let file: any File
    private let owner: ObservedDisk
    private let written = Guarded<[UInt8]>([])

    init(_ file: any File, _ owner: ObservedDisk) { (self.file, self.owner) = (file, owner) }

    var path: String { file.path }
    var isDirect: Bool { file.isDirect }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileSystemError) {
        written.withLock { $0 = Array(bytes) }
        try file.write(bytes, at: offset)
    }

    func synchronize() throws(FileSystemError) {
        try file.synchronize()
        owner.hear(written.withLock { $0 })
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(FileSystemError) -> Int {
        try file.read(into: buffer, at: offset)
    }

    func truncate(to byteCount: UInt64) throws(FileSystemError) { try file.truncate(to: byteCount) }
    func allocate(_ range: Range<UInt64>) throws(FileSystemError) { try file.allocate(range) }
    func punchHole(_ range: Range<UInt64>) throws(FileSystemError) { try file.punchHole(range) }
    func byteCount() throws(FileSystemError) -> UInt64 { try file.byteCount() }
    func lockExclusively() throws(FileSystemError) -> Bool { try file.lockExclusively() }
    func dropCache() { file.dropCache() }
    func close() { file.close() }
}
