// What stops a benchmark.

import Foundation

/// A measurement that can't be made, or a check that failed, in one sentence.
struct BenchmarkError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    /// With what the system says about the last call.
    static func system(_ what: String) -> BenchmarkError {
        BenchmarkError("\(what) failed: \(String(cString: strerror(errno))).")
    }
}

/// Throws unless `condition` holds.
func require(_ condition: Bool, _ what: @autoclosure () -> String) throws {
    if !condition { throw BenchmarkError(what()) }
}

/// Throws what the system says unless `condition` holds.
func requireSystem(_ condition: Bool, _ what: @autoclosure () -> String) throws {
    if !condition { throw BenchmarkError.system(what()) }
}
