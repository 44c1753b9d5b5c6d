// On what a run was made: without it no figure means anything.

import Foundation

/// The machine and its state at the start of a run.
struct MachineDescription: Codable, Sendable {
    let processor: String
    let coreCount: Int
    let memoryGigabytes: Double
    let system: String
    let fileSystem: String
    /// The load average of the last minute before the run: above 0.3 or so somebody else was at work.
    let loadBefore: Double

    /// Describes this machine; `directory` is where the contenders write.
    init(directory: String) {
        let information = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let model = information.split(separator: "\n").first { $0.hasPrefix("model name") || $0.hasPrefix("CPU part") }
        processor =
            model?.split(separator: ":", maxSplits: 1).last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
        coreCount = ProcessInfo.processInfo.activeProcessorCount
        memoryGigabytes = Double(ProcessInfo.processInfo.physicalMemory) / 1e9
        var name = utsname()
        uname(&name)
        system = withUnsafeBytes(of: &name.release) {
            "Linux " + String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        fileSystem = MachineDescription.fileSystem(of: directory)
        var loads = [0.0, 0, 0]
        loadBefore = getloadavg(&loads, 3) > 0 ? loads[0] : .nan
    }

    /// The type of the file system with the longest mount point above `path`.
    private static func fileSystem(of path: String) -> String {
        let resolved = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        var best = (point: "", type: "unknown")
        let mounts = (try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)) ?? ""
        for line in mounts.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count >= 3 else { continue }
            let point = String(fields[1])
            let isAbove = point == "/" || resolved == point || resolved.hasPrefix(point + "/")
            if isAbove, point.utf8.count >= best.point.utf8.count { best = (point, String(fields[2])) }
        }
        return best.type
    }

    /// One line for tables and plots.
    var summary: String {
        "\(coreCount) cores (\(processor)), \(Int(memoryGigabytes.rounded())) GB, \(system), \(fileSystem), load before "
            + decimal(loadBefore, 1)
    }
}
