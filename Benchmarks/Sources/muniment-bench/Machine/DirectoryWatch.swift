// Tells when files of an archive come, go and change names, with inotify: so that what the engine did at a moment is known without a hook in it.

import Foundation

/// Watches directories from a thread of its own.
final class DirectoryWatch: @unchecked Sendable {
    enum Kind: String, Codable, Sendable {
        case created
        case renamedTo
        case renamedFrom
        case removed
        case written
    }

    struct Event: Sendable {
        let time: Nanoseconds
        let kind: Kind
        /// The file's name in its directory.
        let name: String
    }

    private let descriptor: Int32
    private let events = Guarded<[Event]>([])
    private let stop = StopFlag()
    // Set in init, once.
    private var thread: BackgroundThread?

    private static let mask = UInt32(IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CLOSE_WRITE)

    init(_ directories: [String]) throws {
        descriptor = inotify_init()
        try requireSystem(descriptor >= 0, "inotify_init")
        for directory in directories {
            try requireSystem(
                inotify_add_watch(descriptor, directory, DirectoryWatch.mask) >= 0, "Watching \(directory)")
        }
        thread = BackgroundThread { self.read() }
    }

    /// Ends the watch and returns what happened, in order.
    func end() -> [Event] {
        stop.set()
        try? thread?.join()
        close(descriptor)
        return events.withLock { $0 }
    }

    private func read() {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 8)
        defer { buffer.deallocate() }
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while !stop.isSet {
            guard poll(&waiting, 1, 50) > 0 else { continue }
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            guard count > 0 else { return }
            decode(UnsafeRawBufferPointer(rebasing: buffer[..<count]), at: monotonicNow())
        }
    }

    /// Each event: watch i32 · mask u32 · cookie u32 · length u32 · name, padded with zeros (inotify(7)).
    private func decode(_ bytes: UnsafeRawBufferPointer, at time: Nanoseconds) {
        var offset = 0
        while offset + 16 <= bytes.count {
            let mask = Int32(bitPattern: bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self))
            let length = Int(bytes.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self))
            let name = String(decoding: bytes[(offset + 16)..<(offset + 16 + length)].prefix { $0 != 0 }, as: UTF8.self)
            offset += 16 + length
            guard let kind = DirectoryWatch.kind(mask) else { continue }
            events.withLock { $0.append(Event(time: time, kind: kind, name: name)) }
        }
    }

    private static func kind(_ mask: Int32) -> Kind? {
        if mask & IN_CREATE != 0 { return .created }
        if mask & IN_MOVED_TO != 0 { return .renamedTo }
        if mask & IN_MOVED_FROM != 0 { return .renamedFrom }
        if mask & IN_DELETE != 0 { return .removed }
        return mask & IN_CLOSE_WRITE != 0 ? .written : nil
    }
}
