// Why a call to the disk failed, for the program (`code`) and for whoever reads the message (`description`).
// Codes are few on purpose: one for each thing that the store does differently. Everything else is `.other`, and keeps
// its errno.

import Glibc

/// A call through the file-system door that failed. Two are equal when their codes are.
package struct FileSystemError: Error, Sendable {
    package let code: Code
    package let operation: FileOperation
    /// The path as the caller gave it.
    package let path: String
    /// The system's number, or the nearest one where no system call was made.
    package let errno: Int32
    /// Where in the file, in bytes, if anywhere in particular.
    package let offset: UInt64?

    /// The error for an errno, its code the one that `Code.init(errno:)` finds unless given.
    package init(
        _ operation: FileOperation, _ path: String, errno: Int32, offset: UInt64? = nil, code: Code? = nil
    ) {
        self.code = code ?? Code(errno: errno)
        self.operation = operation
        self.path = path
        self.errno = errno
        self.offset = offset
    }

    /// What went wrong, as far as callers tell it apart. More may come: match with `==` and expect others.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        enum Value: String {
            case notFound, exists, noSpace, permission, readOnly, inputOutput, tooManyOpenFiles, unsupported
            case notDirectory, isDirectory, notEmpty, notRegularFile, tooLarge, badHandle, powerLost, other
        }
        let value: Value

        package static let notFound = Code(value: .notFound)
        package static let exists = Code(value: .exists)
        /// The device or a quota is full.
        package static let noSpace = Code(value: .noSpace)
        package static let permission = Code(value: .permission)
        /// The file system is mounted, or has become, read-only.
        package static let readOnly = Code(value: .readOnly)
        /// The device failed.
        package static let inputOutput = Code(value: .inputOutput)
        package static let tooManyOpenFiles = Code(value: .tooManyOpenFiles)
        /// The file system can't do this.
        package static let unsupported = Code(value: .unsupported)
        package static let notDirectory = Code(value: .notDirectory)
        package static let isDirectory = Code(value: .isDirectory)
        package static let notEmpty = Code(value: .notEmpty)
        /// A FIFO, a device, a socket, where a file should be.
        package static let notRegularFile = Code(value: .notRegularFile)
        /// Longer than the caller allows or the system can address.
        package static let tooLarge = Code(value: .tooLarge)
        /// The handle is closed, or does not allow this.
        package static let badHandle = Code(value: .badHandle)
        /// A simulated machine has lost its power or its process; no real file system gives this.
        package static let powerLost = Code(value: .powerLost)
        package static let other = Code(value: .other)

        package var description: String { value.rawValue }
    }
}

extension FileSystemError: Equatable {
    package static func == (a: FileSystemError, b: FileSystemError) -> Bool { a.code == b.code }
}

extension FileSystemError.Code {
    /// The code for an errno; `.other` for those that no caller tells apart.
    package init(errno: Int32) {
        value =
            switch errno {
            case ENOENT: .notFound
            case EEXIST: .exists
            case ENOSPC, EDQUOT: .noSpace
            case EACCES, EPERM: .permission
            case EROFS: .readOnly
            case EIO: .inputOutput
            case EMFILE, ENFILE: .tooManyOpenFiles
            case EOPNOTSUPP, ENOSYS, ENOLCK: .unsupported
            case ENOTDIR: .notDirectory
            case EISDIR: .isDirectory
            case ENOTEMPTY: .notEmpty
            case EFBIG, EOVERFLOW: .tooLarge
            case EBADF: .badHandle
            default: .other
            }
    }
}

extension FileSystemError: CustomStringConvertible {
    /// One sentence: what failed, where, why, and what to do. Control characters of the path are escaped.
    package var description: String {
        let place = offset.map { " at byte \($0)" } ?? ""
        return "Cannot \(operation.phrase) '\(path.escapingControls)'\(place): \(reason) (errno \(errno)); \(advice)."
    }

    private var reason: String {
        switch code {
        case .powerLost: "the simulated machine is off"
        case .notRegularFile: "it is not a regular file"
        case .tooLarge: "it is larger than allowed"
        case .badHandle: "the handle is closed or was opened for reading only"
        default: String(cString: strerror(errno)).lowercased()
        }
    }

    private var advice: String {
        switch code {
        case .notFound: "check the path"
        case .exists: "choose another name, or move away what has it"
        case .noSpace: "free some space or raise the quota, then try again"
        case .permission: "run as the owner, or correct the owner and mode"
        case .readOnly: "mount the file system for writing, or open for reading only"
        case .inputOutput: "check the device and the kernel's log, then open the store again"
        case .tooManyOpenFiles: "close some files or raise the limit (ulimit -n)"
        case .unsupported: "use a local file system such as ext4 or XFS"
        case .notDirectory, .isDirectory, .notEmpty, .notRegularFile: "check what is at this path"
        case .tooLarge: "check that this is the right file"
        case .badHandle: "open it again"
        case .powerLost: "restart the simulated disk"
        default: "see the system's documentation of this error"
        }
    }
}

extension FileOperation {
    fileprivate var phrase: String {
        switch self {
        case .open: "open"
        case .createDirectory: "create the directory"
        case .names: "list"
        case .rename: "rename"
        case .remove: "remove"
        case .removeDirectory: "remove the directory"
        case .synchronizeDirectory: "sync the directory"
        case .status, .byteCount: "examine"
        case .availableByteCount: "ask for the free space at"
        case .isNetworkFileSystem: "ask for the kind of file system at"
        case .read: "read"
        case .write: "write"
        case .synchronize: "sync"
        case .truncate: "set the length of"
        case .allocate: "reserve space for"
        case .punchHole: "free space inside"
        case .lock: "lock"
        case .dropCache: "drop the cache of"
        case .close: "close"
        }
    }
}

extension String {
    /// With what could steer a terminal or reorder a line written as `\u{…}`: a path may come from anywhere.
    fileprivate var escapingControls: String {
        var escaped = ""
        for scalar in unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
                escaped += scalar.escaped(asASCII: true)
            default:
                escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
