import Glibc

/// Waiting in tests that have nothing to wait on.
enum SimulationPause {
    static func brief() { usleep(1_000) }
}
