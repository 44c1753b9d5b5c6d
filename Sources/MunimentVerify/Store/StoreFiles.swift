// Where the files of a store are, and how they are opened: what can't be had becomes a finding.

internal import MunimentFormat

struct StoreFiles: Sendable {
    /// The store's directory.
    let root: String
    /// Whether one file was given and not the store: what else belongs to it need not be here.
    var isAlone = false

    /// The path of a file of the store.
    func path(_ name: String) -> String { root + "/" + name }

    /// The file `name` of the store; nil, with a finding if it is required or cannot be opened.
    func open(_ name: String, isRequired: Bool, _ findings: inout Findings) -> ReadOnlyFile? {
        do throws(FileFailure) {
            return try ReadOnlyFile(path(name))
        } catch {
            if error == .missing {
                if isRequired { findings.append(Finding(.fileMissing, .error, name, "The file is missing.")) }
            } else {
                findings.append(Finding(unreadable: name, error))
            }
            return nil
        }
    }

    /// The whole of a small file; nil, with a finding, where it is longer than `bound` or unreadable.
    func bytes(of file: ReadOnlyFile, _ name: String, atMost bound: Int, _ findings: inout Findings) -> [UInt8]? {
        guard file.byteCount <= UInt64(bound) else {
            findings.append(
                Finding(
                    .fileUnreadable, .error, name, offset: UInt64(bound),
                    "The file has \(file.byteCount) bytes, more than the \(bound) that it can have."))
            return nil
        }
        do throws(FileFailure) {
            return try file.bytes(Int(file.byteCount))
        } catch {
            findings.append(Finding(unreadable: name, error))
            return nil
        }
    }
}

extension Finding {
    /// A file that cannot be read. What the system refuses says nothing of the bytes; a link or a pipe in a file's
    /// place does.
    init(unreadable file: String, _ failure: FileFailure, offset: UInt64? = nil, index: UInt64? = nil) {
        self.init(
            .fileUnreadable, failure == .notRegular ? .error : .unattested, file, offset: offset, index: index,
            "The file can't be read: \(failure.description).")
    }
}
