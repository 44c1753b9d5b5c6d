// SIGINT and SIGTERM, for verbs that must not stop in the middle: the signal only marks itself, on a pipe that whoever
// waits for input watches. A second signal kills as usual.

import Glibc
import Synchronization

enum Interruption {
    /// The signal that arrived; 0 for none.
    private static let arrived = Atomic<Int32>(0)
    /// The pipe's ends; -1 until `watch`.
    private static let readEnd = Atomic<Int32>(-1)
    private static let writeEnd = Atomic<Int32>(-1)

    /// What is thrown where an interruption ends the reading of input.
    struct Interrupted: Error, CustomStringConvertible {
        var description: String { "interrupted" }
    }

    /// The signal that asked to stop, if one did.
    static var signal: Int32? {
        let number = arrived.load(ordering: .acquiring)
        return number == 0 ? nil : number
    }

    /// From here on, the first SIGINT or SIGTERM asks to stop rather than kills.
    static func watch() {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        readEnd.store(ends[0], ordering: .releasing)
        writeEnd.store(ends[1], ordering: .releasing)
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { number in
            // Only what is allowed in a handler: atomics and write(2).
            let saved = errno
            Interruption.arrived.store(number, ordering: .releasing)
            var byte: UInt8 = 0
            _ = write(Interruption.writeEnd.load(ordering: .acquiring), &byte, 1)
            errno = saved
        }
        action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND)) | SA_RESTART
        var both = sigset_t()
        sigemptyset(&both)
        for number in [SIGINT, SIGTERM] {
            // A signal that the parent has ignored, as a shell does for its background jobs, stays ignored.
            var inherited = sigaction()
            sigaction(number, nil, &inherited)
            if unsafeBitCast(inherited.__sigaction_handler.sa_handler, to: Int.self) == 1 { continue }
            sigaction(number, &action, nil)
            sigaddset(&both, number)
        }
        // One that it has merely blocked would never arrive.
        pthread_sigmask(SIG_UNBLOCK, &both, nil)
    }

    /// Blocks until `descriptor` has input or has ended. Throws `Interrupted` when a signal asked to stop.
    static func waitForInput(_ descriptor: Int32) throws {
        let wakeUp = readEnd.load(ordering: .acquiring)
        guard wakeUp >= 0 else { return }
        while true {
            if signal != nil { throw Interrupted() }
            var requests = [
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: wakeUp, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&requests, 2, -1)
            // What poll can't tell, the read will.
            if count < 0 && errno != EINTR { return }
            if count > 0 && requests[0].revents != 0 && requests[1].revents == 0 { return }
        }
    }
}
