// Who runs this process, as the system names them.

import Glibc

package enum SystemUser {
    /// The user's name, or their number where the system has no name for it.
    package static func name() -> String {
        let number = geteuid()
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16_384)
        guard getpwuid_r(number, &entry, &buffer, buffer.count, &found) == 0, found != nil, let name = entry.pw_name
        else { return "user \(number)" }
        return String(cString: name)
    }
}
