// Which file systems other machines may share. A store refuses to be written on them: two writers on two machines
// could each hold "the" lock. Unknown kinds count as local, except under FUSE, where most are not.

/// Kinds of file system, by the magic numbers of statfs(2) and the names of the mount table.
enum NetworkFileSystems {
    /// FUSE's number, whatever is behind it.
    static let fuse: Int64 = 0x6573_5546

    static let magicNumbers: Set<Int64> = [
        0x6969,  // NFS
        0x517B, 0xFF53_4D42, 0xFE53_4D42,  // SMB, CIFS, SMB2
        0x0102_1997,  // 9P
        0x00C3_6400,  // Ceph
        0x5346_414F, 0x6B41_4653,  // AFS, kAFS
        0x7375_7245,  // Coda
        0x564C,  // NCP
        0x0BD0_0BD0,  // Lustre
        0x4750_4653,  // GPFS
        0x0116_1970,  // GFS2
        0x7461_636F,  // OCFS2
        0xBEEF_DEAD, 0x1983_0326,  // Panasas, BeeGFS
    ]

    /// FUSE file systems that keep their files on this machine.
    private static let localFUSE: Set<String> = [
        "fuseblk", "fuse.bindfs", "fuse.encfs", "fuse.exfat", "fuse.ext2", "fuse.fuse-overlayfs", "fuse.fuse2fs",
        "fuse.gocryptfs", "fuse.mergerfs", "fuse.ntfs-3g", "fuse.securefs", "fuse.unionfs", "fuse.zfs-fuse",
    ]

    /// Whether the FUSE file system with this device number is one that others may share, by a mount table in the form of
    /// /proc/self/mountinfo: `id parent major:minor root mountpoint options [fields] - type source options`.
    /// A device that the table does not list counts as shared.
    static func isShared(device: UInt64, mountTable: [UInt8]) -> Bool {
        // The two parts of a device number lie interleaved in it, as in glibc's sys/sysmacros.h.
        let major = (device >> 8) & 0xFFF | (device >> 32) & ~0xFFF
        let minor = device & 0xFF | (device >> 12) & ~0xFF
        let wanted = "\(major & 0xFFFF_FFFF):\(minor & 0xFFFF_FFFF)"
        for line in mountTable.split(separator: UInt8(ascii: "\n")) {
            let fields = String(decoding: line, as: UTF8.self).split(separator: " ")
            guard fields.count > 2, fields[2] == wanted, let dash = fields.dropFirst(6).firstIndex(of: "-") else {
                continue
            }
            return dash + 1 >= fields.count || !localFUSE.contains(String(fields[dash + 1]))
        }
        return true
    }
}
