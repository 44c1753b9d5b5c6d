// Keys pass through this process: the one place that tells the system never to write its memory to a file.

internal import CMunimentKernels

enum CoreDumps {
    /// Forbids core dumps and tracing of this process. Where the system refuses, the engine's key pages are still
    /// excluded from them.
    static func disable() { _ = mk_disable_core_dumps() }
}
