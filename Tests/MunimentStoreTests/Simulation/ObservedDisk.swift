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
    private let nonces: NonceLedger
    private let heard = Guarded<[Head]>([])

    init(_ disk: SimulatedDisk, _ nonces: NonceLedger) { (self.disk, self.nonces) = (disk, nonces) }

    /// The notes that were published, or nearly, since the last call.
    func takeNotes() -> [Head] {
        heard.withLock { heard in
            defer { heard = [] }
            return heard
        }
    }

    func open(_ path: String, _ mode: OpenMode) throws(FileSystemError) -> any File {
        let file = try disk.open(path, mode)
        if path.hasSuffix("/checkpoint" + TemporaryFile.suffix) { return OverheardFile(file, hear: hear) }
        let isSegment = path.hasSuffix(".seg") || path.hasSuffix(".seg" + TemporaryFile.suffix)
        return isSegment ? OverheardFile(file, see: nonces.take) : file
    }

    private func hear(_ bytes: [UInt8]) {
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

/// A file whose writes are looked at: each as it comes, or the last one once it is synced. A note counts from then on.
private final class OverheardFile: File {
    private let file: any File
    private let see: (@Sendable (UnsafeRawBufferPointer) -> Void)?
    private let hear: (@Sendable ([UInt8]) -> Void)?
    private let written = Guarded<[UInt8]>([])

    init(
        _ file: any File, see: (@Sendable (UnsafeRawBufferPointer) -> Void)? = nil,
        hear: (@Sendable ([UInt8]) -> Void)? = nil
    ) {
        (self.file, self.see, self.hear) = (file, see, hear)
    }

    var path: String { file.path }
    var isDirect: Bool { file.isDirect }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileSystemError) {
        see?(bytes)
        if hear != nil { written.withLock { $0 = Array(bytes) } }
        try file.write(bytes, at: offset)
    }

    func synchronize() throws(FileSystemError) {
        try file.synchronize()
        hear?(written.withLock { $0 })
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

/// Every part that was ever sealed in a run, whatever became of its frame: the same session and number with other bytes would be a nonce used
/// twice under one key.
final class NonceLedger: Sendable {
    private struct Nonce: Hashable {
        var session: [UInt8]
        var part: UInt64
    }

    private struct State {
        var frames: [Nonce: FrameHeader] = [:]
        var violation: String?
    }

    private let state = Guarded(State())

    /// What was done wrong, if anything.
    var violation: String? { state.withLock { $0.violation } }

    /// Looks at a write to a segment file: a frame, perhaps with zeros after it, or something else.
    func take(_ bytes: UnsafeRawBufferPointer) {
        guard let header = try? FrameHeader(decoding: bytes) else { return }
        state.withLock { state in
            for part in header.firstPart..<header.firstPart + UInt64(header.partCount) {
                let nonce = Nonce(session: header.session, part: part)
                if let other = state.frames.updateValue(header, forKey: nonce), other != header {
                    state.violation = "part \(part) of one session was sealed twice"
                }
            }
        }
    }
}
