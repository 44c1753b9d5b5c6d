// The store's one door to the disk. Everything in this module that touches a file does it through these two protocols,
// so that a seeded simulated disk can stand in for the real one (`SimulatedDisk`, against `POSIXFileSystem`).
//
// Calls are synchronous and may block for as long as the device likes: never make one on a cooperative thread.
// Paths are taken as they are, relative ones from the process's working directory; symbolic links are followed.
// No call here makes anything durable but `File.synchronize` and `synchronizeDirectory`, and each only its own half:
// a file's bytes and length are one thing, the name that leads to it is another.

/// A tree of files and directories.
package protocol FileSystem: Sendable {
    /// Opens a regular file. Anything else under that name is refused, without waiting for it (a FIFO has no end).
    ///
    /// - Throws: `.notFound`, `.exists` (for `.create`), `.isDirectory`, `.notRegularFile`, `.tooManyOpenFiles`,
    ///   `.permission`, `.readOnly`, `.noSpace`.
    func open(_ path: String, _ mode: OpenMode) throws(FileSystemError) -> any File

    /// Makes one directory of mode 0700. Its parent must exist; `.exists` when anything has that name already.
    func createDirectory(_ path: String) throws(FileSystemError)

    /// The names in a directory, without `.` and `..`, sorted by their UTF-8 bytes.
    ///
    /// A name that is not UTF-8 comes with replacement characters: it can be reported, but not opened.
    func names(in directory: String) throws(FileSystemError) -> [String]

    /// Gives `source` the name `target`, replacing a file of that name. At no instant, and after no crash, is neither or
    /// half of a file at `target`; which of the two it is after a crash is open until the directory is synchronized.
    func rename(_ source: String, to target: String) throws(FileSystemError)

    /// Takes away a file's name. Its bytes live on while a handle is open; `.isDirectory` for a directory.
    func remove(_ path: String) throws(FileSystemError)

    /// Removes an empty directory; `.notEmpty` otherwise.
    func removeDirectory(_ path: String) throws(FileSystemError)

    /// Makes the names in a directory durable: what was created, renamed or removed in it before this call.
    func synchronizeDirectory(_ path: String) throws(FileSystemError)

    /// What is at `path`; nil when nothing is (a dangling symbolic link included).
    func status(_ path: String) throws(FileSystemError) -> FileStatus?

    /// Bytes that this process may still fill on the file system that holds `path`.
    func availableByteCount(_ path: String) throws(FileSystemError) -> UInt64

    /// Whether `path` lies on a file system that other machines may share, where a lock held here may mean nothing.
    func isNetworkFileSystem(_ path: String) throws(FileSystemError) -> Bool
}

/// An open regular file. Any thread may call any method; reads and writes of disjoint ranges may overlap in time.
///
/// Offsets beyond what the system can address give an error; they never trap, since they may come from hostile bytes.
package protocol File: AnyObject, Sendable {
    /// The path that it was opened with. A later rename does not change it.
    var path: String { get }

    /// Whether reads and writes bypass the page cache. Their offsets, counts and addresses must then be multiples of
    /// `directAlignment`; anything else is a programmer's mistake and traps.
    var isDirect: Bool { get }

    /// Fills `buffer` from `offset` on. Returns the number of bytes read, which is less than asked only where the file
    /// ends; zero at or after its end.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(FileSystemError) -> Int

    /// Writes all of `bytes` at `offset`, growing the file when they reach past its end. After an error any part of them
    /// may be in the file.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileSystemError)

    /// Makes the file's bytes and length durable (fdatasync), not its name.
    ///
    /// After an error nothing written since the last success may be relied on, and trying again proves nothing: the
    /// system may have marked pages clean that never reached the device.
    func synchronize() throws(FileSystemError)

    /// Cuts the file, or lengthens it with zeros.
    func truncate(to byteCount: UInt64) throws(FileSystemError)

    /// Reserves space for a range and makes the file at least as long as the range's end; bytes that were not there
    /// before read as zero. Where the file system can't reserve, the file only becomes that long.
    func allocate(_ range: Range<UInt64>) throws(FileSystemError)

    /// Gives back the space under a range, which then reads as zeros; the length stays. `.unsupported` where the file
    /// system can't.
    func punchHole(_ range: Range<UInt64>) throws(FileSystemError)

    /// The file's length in bytes.
    func byteCount() throws(FileSystemError) -> UInt64

    /// Takes the lock on the whole file for this handle, without waiting. False when another handle holds it, in this
    /// process or another; true again when this one already does. The lock goes with the handle.
    func lockExclusively() throws(FileSystemError) -> Bool

    /// Asks the system to forget its clean cached pages of the file, so that a read comes from the device. Best effort.
    func dropCache()

    /// Closes the handle and drops its lock, once calls under way have ended; later calls fail with `.badHandle`.
    /// Closing twice is fine, and the last reference's end closes too.
    func close()
}

/// What offsets, counts and addresses of direct transfers are multiples of, in bytes.
package let directAlignment = 4096

/// How to open a file.
package struct OpenMode: Hashable, Sendable {
    enum Access: Sendable { case read, readWrite, create, createOrOpen }
    let access: Access
    /// Wishes for transfers that bypass the page cache; `File.isDirect` says whether the file system agreed.
    package let direct: Bool

    /// An existing file, for reading.
    package static let read = read(direct: false)
    /// An existing file, for reading and writing.
    package static let readWrite = readWrite(direct: false)
    /// A new file of mode 0600, for reading and writing; an error when the name is taken.
    package static let create = create(direct: false)
    /// A file for reading and writing, made with mode 0600 when there is none.
    package static let createOrOpen = createOrOpen(direct: false)

    /// As `.read`, bypassing the page cache if `direct`.
    package static func read(direct: Bool) -> OpenMode { OpenMode(access: .read, direct: direct) }
    /// As `.readWrite`, bypassing the page cache if `direct`.
    package static func readWrite(direct: Bool) -> OpenMode { OpenMode(access: .readWrite, direct: direct) }
    /// As `.create`, bypassing the page cache if `direct`.
    package static func create(direct: Bool) -> OpenMode { OpenMode(access: .create, direct: direct) }
    /// As `.createOrOpen`, bypassing the page cache if `direct`.
    package static func createOrOpen(direct: Bool) -> OpenMode { OpenMode(access: .createOrOpen, direct: direct) }

    var isWritable: Bool { access != .read }
}

/// What a path leads to.
package struct FileStatus: Hashable, Sendable {
    package enum Kind: Sendable { case file, directory, other }

    package var kind: Kind
    /// The length in bytes; of no meaning for a directory.
    package var byteCount: UInt64
    /// The bytes of space it takes, holes left out.
    package var allocatedByteCount: UInt64
    /// The permission bits, 0 to 0o7777.
    package var mode: UInt16
    /// With `inode`, the file's identity: two paths lead to one file exactly when both are equal.
    package var device: UInt64
    package var inode: UInt64
}

/// Each call through the door: in errors, in the simulator's log, and to say where a fault strikes.
package enum FileOperation: String, Hashable, Sendable, CaseIterable {
    case open, createDirectory, names, rename, remove, removeDirectory, synchronizeDirectory, status
    case availableByteCount, isNetworkFileSystem
    case read, write, synchronize, truncate, allocate, punchHole, byteCount, lock, dropCache, close
}

extension File {
    /// Traps when a transfer through a direct handle is not aligned.
    @inline(__always)
    func requireAlignment(_ buffer: UnsafeRawBufferPointer, _ offset: UInt64) {
        guard isDirect, !buffer.isEmpty else { return }
        let address = UInt(bitPattern: buffer.baseAddress)
        let bits = UInt64(address) | UInt64(buffer.count) | offset
        precondition(
            bits % UInt64(directAlignment) == 0,
            "direct transfers take offsets, counts and addresses in multiples of 4096")
    }
}
