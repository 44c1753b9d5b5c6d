// From an error to the exit code of the contract and one sentence for a person. Nothing is printed unescaped: a message
// may quote a path that somebody else chose.

import ArgumentParser
import Muniment
import MunimentInput

/// What a failed run tells its caller.
struct Failure: Error {
    let exitCode: Int32
    /// Nil where silence is right.
    let sentence: String?

    init(exitCode: Int32, sentence: String?) { (self.exitCode, self.sentence) = (exitCode, sentence) }

    /// Nil for what the argument parser throws and explains itself.
    init?(_ error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as ArchiveError: self.init(exitCode: error.code.exitCode, sentence: error.message)
        case let error as InputError:
            self.init(
                exitCode: error.code == .read ? ExitStatus.inputOutput : ExitStatus.badInput, sentence: error.message)
        case let error as FormatError:
            self.init(exitCode: ExitStatus.inputOutput, sentence: "\(error); run verify on a copy.")
        case is Output.Closed: self.init(exitCode: 0, sentence: nil)
        case let error as Output.WriteError: self.init(exitCode: ExitStatus.inputOutput, sentence: error.description)
        case is Interruption.Interrupted:
            self.init(exitCode: 128 + (Interruption.signal ?? 2), sentence: "interrupted.")
        case is NoteError, is MerkleError:
            self.init(exitCode: ExitStatus.inputOutput, sentence: "\(error)")
        default: return nil
        }
    }
}

/// The exit codes of the contract; see `muniment --help`.
enum ExitStatus {
    static let usage: Int32 = 64
    static let badInput: Int32 = 65
    static let absent: Int32 = 66
    static let inputOutput: Int32 = 74
    static let unavailable: Int32 = 75
    static let refused: Int32 = 77
}

extension ArchiveError.Code {
    var exitCode: Int32 {
        switch self {
        case .usage: ExitStatus.usage
        case .badInput, .unknownClass, .tokenConflict: ExitStatus.badInput
        case .absent, .purged: ExitStatus.absent
        case .inputOutput, .damaged, .newerVersion, .previousFailure, .closed, .readOnly: ExitStatus.inputOutput
        case .full, .anotherWriter: ExitStatus.unavailable
        case .keyMissing, .wrongKey, .refused: ExitStatus.refused
        }
    }
}
