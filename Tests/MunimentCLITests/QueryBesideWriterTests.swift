import Foundation
import Testing

/// Queries in processes of their own while others append and purge: the script that `make nightly` runs for a minute, for some seconds.
@Suite struct QueryBesideWriterTests {
    private static let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Scripts/query_beside_writer.sh").path

    @Test func everyHitIsProved() throws {
        if try Command.shell("command -v python3").status != 0 { return print("skipped: python3 is not installed") }
        let result = try Command.shell("MUNIMENT_SECONDS=4 bash '\(Self.script)' '\(Command.binary)' 2>&1")
        #expect(result.status == 0 && result.text.contains("all proved"), "\(result.text)")
        print(result.lines.last ?? "")
    }
}
