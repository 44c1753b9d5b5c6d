// What can go wrong with an archive, for programs (`code`) and for people (`message`: what, where, what to do).

package import MunimentCrypto
package import MunimentFormat

/// An error of the store or of the engine above it. Two are equal when their codes are.
public struct ArchiveError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Stable codes; more may come.
    public enum Code: String, Sendable {
        /// A call that makes no sense: a programmer's or an operator's mistake.
        case usage
        /// Input that can't be stored as it is.
        case badInput
        /// No such record, store or file.
        case absent
        /// The record's content was destroyed on schedule.
        case purged
        /// The operating system refused or failed.
        case inputOutput
        /// No space is left for records.
        case full
        /// Another process writes to this store.
        case anotherWriter
        /// This handle, or this store, can't be written to.
        case readOnly
        /// Bytes of the store contradict each other, their checksums or the checkpoint.
        case damaged
        /// Written by a newer version of the format.
        case newerVersion
        /// A key is not there.
        case keyMissing
        /// The passphrase or the root key is not this store's.
        case wrongKey
        /// No retention class of that name.
        case unknownClass
        /// The idempotency token was used for other content.
        case tokenConflict
        /// The handle is closed.
        case closed
        /// An earlier I/O error on the write path: reopen the store.
        case previousFailure
        /// A rule or a hold forbids it.
        case refused
    }

    public let code: Code
    public let message: String
    /// Whether an append that failed may nevertheless be in the log; nil for errors that concern no append.
    public let appendOutcome: AppendOutcome?

    /// What is known of an append that did not succeed.
    public enum AppendOutcome: Sendable {
        /// Nothing of it is in the log, nor ever will be.
        case failed
        /// It may be in the log after the next open; a retry with the same token is safe.
        case unknown
    }

    public init(_ code: Code, _ message: String, appendOutcome: AppendOutcome? = nil) {
        (self.code, self.message, self.appendOutcome) = (code, message, appendOutcome)
    }

    public var description: String { message }

    public static func == (a: ArchiveError, b: ArchiveError) -> Bool { a.code == b.code }
    public func hash(into hasher: inout Hasher) { hasher.combine(code) }

    package init(_ error: FileSystemError) {
        switch error.code {
        case .noSpace: self.init(.full, error.description)
        case .notFound: self.init(.absent, error.description)
        case .readOnly, .permission: self.init(.readOnly, error.description)
        default: self.init(.inputOutput, error.description)
        }
    }

    package init(_ error: FormatError, in path: String, at offset: UInt64 = 0) {
        let place = offset == 0 ? path : "\(path), offset \(offset)"
        if error.code == .newerVersion {
            self.init(
                .newerVersion,
                "\(place): \(error.reason); this program reads version \(Limits.formatVersion), use a newer one.")
        } else {
            self.init(.damaged, "\(place): \(error); run verify on a copy of the store.")
        }
    }

    package init(_ error: KeyError, in path: String) {
        switch error {
        case .passphraseNeeded:
            self.init(.wrongKey, "\(path) is protected by a passphrase: give it with --passphrase-file.")
        case .wrongKey:
            self.init(
                .wrongKey, "\(path) does not open with this passphrase or key: check that it belongs to this store.")
        case .damaged:
            self.init(.damaged, "A key in \(path) does not open: restore the keys directory from its newest backup.")
        case .destroyed:
            self.init(.purged, "The key was destroyed by a purge; what it sealed is gone.")
        case .noMemory:
            self.init(.inputOutput, "\(path): not enough memory to derive the key from the passphrase.")
        }
    }

    package func with(_ outcome: AppendOutcome) -> ArchiveError { ArchiveError(code, message, appendOutcome: outcome) }
}

/// Runs `body`, turning what the layers below throw into `ArchiveError`s. `path` is what it concerns.
@inlinable
package func translating<T>(_ path: @autoclosure () -> String, _ body: () throws -> T) throws(ArchiveError) -> T {
    do {
        return try body()
    } catch {
        throw ArchiveError(translating: error, in: path())
    }
}

extension ArchiveError {
    /// What an error of the layers below means here.
    @usableFromInline
    package init(translating error: any Error, in path: String) {
        switch error {
        case let error as ArchiveError: self = error
        case let error as FileSystemError: self.init(error)
        case let error as FormatError: self.init(error, in: path)
        case let error as KeyError: self.init(error, in: path)
        default: self.init(.damaged, "\(path): \(error).")
        }
    }
}
