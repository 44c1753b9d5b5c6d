// An archive to append to, open for the life of the process.

import Foundation
import Muniment

final class ScratchArchive: Sendable {
    static let shared = ScratchArchive()

    let archive: Archive

    private init() {
        let directory = NSTemporaryDirectory() + "/muniment-micro-\(UUID().uuidString.prefix(8))"
        ScratchArchive.directory = directory
        atexit { try? FileManager.default.removeItem(atPath: ScratchArchive.directory) }
        // A benchmark that can't make its archive has nothing to measure.
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            archive = try Archive.createBlocking(at: directory + "/archive", origin: "micro.example/scratch")
        } catch {
            fatalError("The archive of the benchmarks can't be made: \(error)")
        }
    }

    /// For `atexit`, which takes no context. Written once, before it is registered.
    nonisolated(unsafe) private static var directory = ""
}
