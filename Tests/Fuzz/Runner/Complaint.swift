// A second file, so that the module has no top-level code: libFuzzer's library brings the main function.

import Foundation

/// Ends the process with a sentence on standard error.
func complain(_ sentence: String) -> Never {
    FileHandle.standardError.write(Data("FuzzRunner: \(sentence)\n".utf8))
    exit(64)
}
