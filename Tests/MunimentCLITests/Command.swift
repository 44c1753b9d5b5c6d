// Running the built command as its users do: another process, its streams, its exit code. The binary stands beside the
// test bundle.

import Foundation
import Testing

/// A directory that goes with the test that made it.
final class Workspace {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "muniment-cli-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        // Tests take permissions away; root or not, the directory must go.
        _ = try? Command.shell("chmod -R u+rwX '\(path)'")
        try? FileManager.default.removeItem(atPath: path)
    }

    func file(_ name: String) -> String { path + "/" + name }

    @discardableResult
    func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
        return file(name)
    }

    func read(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: file(name)))) }

    /// Makes an archive there; returns its path and its vkey.
    func archive(_ name: String = "archive", origin: String = "example.com/test") throws -> (path: String, key: String)
    {
        let result = try Command.run(["init", file(name), "--origin", origin])
        #expect(result.status == 0, "\(result.errors)")
        return (file(name), result.text.trimmingCharacters(in: .newlines))
    }
}

enum Command {
    struct Result {
        var status: Int32
        var output: [UInt8]
        var errors: String
        /// The greatest resident set that was seen, in bytes; about a hundredth of a second at the end is not seen.
        var peakByteCount: Int

        var text: String { String(decoding: output, as: UTF8.self) }
        var lines: [String] { text.split(separator: "\n").map(String.init) }
        /// The lines of the output as JSON objects.
        var objects: [[String: Any]] {
            get throws {
                try lines.map { line in
                    let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
                    return try #require(object as? [String: Any])
                }
            }
        }
        /// The last of them.
        var last: [String: Any] {
            get throws {
                let objects = try objects
                return try #require(objects.last)
            }
        }
    }

    static let binary: String = {
        let own =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        // The bundle itself, or a tool that loaded it.
        let candidates = [own, Bundle(for: Marker.self).bundlePath, CommandLine.arguments[0]].map {
            URL(fileURLWithPath: $0).deletingLastPathComponent().path + "/muniment"
        }
        return candidates.first { FileManager.default.isExecutableFile(atPath: $0) } ?? candidates[0]
    }()

    private final class Marker {}

    /// Runs the command to its end.
    static func run(_ arguments: [String], input: [UInt8]? = nil) throws -> Result {
        let running = try Running(arguments, input: input)
        return try running.finish()
    }

    /// Runs a line of shell; for what belongs to the system.
    @discardableResult
    static func shell(_ line: String) throws -> Result {
        try Running(["-c", line], input: nil, executable: "/bin/sh").finish()
    }

    /// A command under way. Its streams are files, so that it never waits for the test.
    final class Running {
        private let process = Process()
        private let directory: String
        /// What stands open for writing to its standard input; nil where a file is it.
        private(set) var inputHandle: FileHandle?

        /// With `keepsInputOpen` the test writes to `inputHandle` and closes it.
        init(_ arguments: [String], input: [UInt8]?, keepsInputOpen: Bool = false, executable: String = Command.binary)
            throws
        {
            directory = NSTemporaryDirectory() + "muniment-run-" + UUID().uuidString
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            process.executableURL = URL(fileURLWithPath: executable)
            process.arguments = arguments
            for name in ["in", "out", "err"] {
                try Data(name == "in" ? input ?? [] : []).write(to: URL(fileURLWithPath: "\(directory)/\(name)"))
            }
            process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: directory + "/out"))
            process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: directory + "/err"))
            if keepsInputOpen {
                let pipe = Pipe()
                process.standardInput = pipe
                inputHandle = pipe.fileHandleForWriting
            } else {
                process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: directory + "/in"))
            }
            try process.run()
        }

        deinit { try? FileManager.default.removeItem(atPath: directory) }

        var identifier: Int32 { process.processIdentifier }

        /// What it has printed so far.
        var outputSoFar: String { (try? String(contentsOfFile: directory + "/out", encoding: .utf8)) ?? "" }

        func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

        /// Waits until `condition` holds; false after ten seconds.
        func wait(until condition: () -> Bool) -> Bool {
            for _ in 0..<1_000 {
                if condition() { return true }
                usleep(10_000)
            }
            return false
        }

        func finish() throws -> Result {
            try? inputHandle?.close()
            var peak = 0
            while process.isRunning {
                peak = max(peak, Running.peakByteCount(process.processIdentifier))
                usleep(5_000)
            }
            process.waitUntilExit()
            let status =
                process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
            return Result(
                status: status, output: [UInt8](try Data(contentsOf: URL(fileURLWithPath: directory + "/out"))),
                errors: try String(decoding: Data(contentsOf: URL(fileURLWithPath: directory + "/err")), as: UTF8.self),
                peakByteCount: peak)
        }

        /// VmHWM of a process; 0 when it has gone.
        private static func peakByteCount(_ process: Int32) -> Int {
            guard let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8),
                let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") })
            else { return 0 }
            return (Int(line.split(separator: " ").dropLast().last ?? "0") ?? 0) * 1024
        }
    }
}
