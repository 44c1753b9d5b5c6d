// This command run again as a child: for memory that is one contender's alone, and for writers that are killed.

import Foundation

enum ChildProcess {
    /// Runs a subcommand and returns what it printed. Throws unless it ends as it must: by itself with status 0, or killed.
    @discardableResult
    static func run(_ arguments: [String], mustBeKilled: Bool = false) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let wasKilled = process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGKILL
        let isFine =
            mustBeKilled ? wasKilled : process.terminationReason == .exit && process.terminationStatus == 0
        try require(isFine, "The child \(arguments.joined(separator: " ")) ended with \(process.terminationStatus).")
        return data
    }
}
