// The front page says how to begin, and says it truly.

import Foundation
import Testing

@Suite struct ReadmeTests {
    @Test(.enabled(if: SourceTree.exists("README.md"), "there is no README.md yet"))
    func namesHowToBegin() throws {
        let text = try SourceTree.text("README.md")
        for command in ["make demo", "make test"] {
            #expect(text.contains(command), "README.md does not name \(command)")
        }
    }

    /// What the README tells people to make can be made.
    @Test(
        .enabled(
            if: SourceTree.exists("README.md") && SourceTree.exists("Makefile"),
            "there is no README.md or no Makefile yet"))
    func namesTargetsThatExist() throws {
        let makefile = try SourceTree.text("Makefile")
        for match in try SourceTree.text("README.md").matches(of: /\bmake ([a-z][a-z-]*)/) {
            let target = match.output.1
            let isRule = makefile.split(separator: "\n").contains {
                $0.hasPrefix("\(target):") || $0.hasPrefix("\(target) :")
            }
            #expect(
                isRule || !makefile.contains(".PHONY"),
                "README.md names make \(target), which the Makefile does not have")
        }
    }
}
