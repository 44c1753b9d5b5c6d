// The C side of the file-system door, and its only importer: GNU calls that Swift's Glibc module hides.

import CMunimentKernels
import Glibc

/// Calls that return what the system returns and leave errno; those that can be interrupted are repeated.
enum SystemCalls {
    static let directFlag = mk_o_direct()

    static func open(_ path: String, _ flags: Int32) -> Int32 {
        retrying { mk_open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0o600) }
    }

    /// Allocates, growing the file when the range reaches past its end.
    static func allocate(_ descriptor: Int32, _ offset: off_t, _ count: off_t) -> Int32 {
        retrying { mk_fallocate(descriptor, 0, offset, count) }
    }

    static func punchHole(_ descriptor: Int32, _ offset: off_t, _ count: off_t) -> Int32 {
        retrying { mk_fallocate(descriptor, mk_falloc_fl_punch_hole() | mk_falloc_fl_keep_size(), offset, count) }
    }

    /// Takes the open-file-description lock on the whole file; -1 with EAGAIN when another handle holds it.
    static func lockExclusively(_ descriptor: Int32) -> Int32 { retrying { mk_lock_exclusive(descriptor) } }

    /// Gives up the lock.
    static func unlock(_ descriptor: Int32) { _ = retrying { mk_unlock(descriptor) } }

    /// The magic number of a file system, or -1. Of the field, which some machines extend by its sign, 32 bits count.
    static func fileSystemType(_ descriptor: Int32) -> Int64 {
        let type = mk_file_system_type(descriptor)
        return type == -1 ? -1 : type & 0xFFFF_FFFF
    }

    /// Repeats a call that returns -1 while a signal interrupts it.
    @inline(__always)
    static func retrying(_ call: () -> Int32) -> Int32 {
        while true {
            let result = call()
            if result != -1 || errno != EINTR { return result }
        }
    }
}
