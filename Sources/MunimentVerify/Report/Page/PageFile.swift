// The one file that this module writes: the page, where the caller names it. Written beside its place, synced, and put
// there at once, never over something that is there.

internal import Glibc

/// A file on its way. One thread uses it.
final class PageFile {
    private let path: String
    private let temporary: String
    private var descriptor: Int32

    /// Refuses a path at which there is anything.
    static func requireFree(_ path: String) throws(VerifyError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        throw VerifyError(.usage, "\(path) exists already: choose another name, or remove it.")
    }

    /// Begins a file that will be at `path`.
    init(_ path: String) throws(VerifyError) {
        try PageFile.requireFree(path)
        self.path = path
        temporary = path + ".part"
        // What a run that was cut off left. Never through a link.
        unlink(temporary)
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw PageFile.failure(path) }
        // Whatever the mask of the process.
        guard fchmod(descriptor, 0o600) == 0 else {
            let error = PageFile.failure(path)
            abandon()
            throw error
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func append(_ bytes: [UInt8]) throws(VerifyError) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { raw in
                raw.baseAddress.map { Glibc.write(descriptor, $0 + done, raw.count - done) } ?? 0
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw PageFile.failure(path) }
            done += count
        }
    }

    /// Puts the file in its place.
    func finish() throws(VerifyError) {
        guard fsync(descriptor) == 0 else { throw PageFile.failure(path) }
        if link(temporary, path) == 0 {
            unlink(temporary)
        } else if [EPERM, ENOTSUP, ENOSYS, EMLINK].contains(errno) {
            // A file system without hard links: between the look and the rename another could come.
            try PageFile.requireFree(path)
            guard rename(temporary, path) == 0 else { throw PageFile.failure(path) }
        } else {
            if errno == EEXIST { try PageFile.requireFree(path) }
            throw PageFile.failure(path)
        }
        close(descriptor)
        descriptor = -1
        let parent = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let directory = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { return }
        fsync(directory)
        close(directory)
    }

    /// Gives it up; nothing is left.
    func abandon() { unlink(temporary) }

    private static func failure(_ path: String) -> VerifyError {
        let reason = String(cString: strerror(errno)).lowercased()
        return VerifyError(.io, "\(path) can't be written: \(reason).")
    }
}

extension VerifyPage {
    /// Refuses, before hours of work, a place where the page can't or must not stand: where something is already, or
    /// inside of what is verified, which must stay as it is. `inputs` are the paths of that. Throws `usage`.
    public static func check(_ file: String, inputs: [String]) throws(VerifyError) {
        try PageFile.requireFree(file)
        let parent = file.lastIndex(of: "/").map { String(file[...$0]) } ?? "."
        guard let place = resolved(parent) else {
            throw VerifyError(.usage, "\(file) can't be written: its directory is not there.")
        }
        for input in inputs {
            guard let root = resolved(input), place == root || place.hasPrefix(root + "/") else { continue }
            throw VerifyError(
                .usage, "\(file) is inside of \(input), which must stay as it is: write the report elsewhere.")
        }
    }

    private static func resolved(_ path: String) -> String? {
        guard let raw = realpath(path, nil) else { return nil }
        defer { free(raw) }
        return String(cString: raw)
    }
}
