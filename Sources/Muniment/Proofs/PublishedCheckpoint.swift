// The checkpoint that an archive has published, without opening the archive: all that a successor, or somebody who only
// compares, needs.

public import MunimentNote
public import MunimentStore

extension ArchiveReader {
    /// The newest published checkpoint of the archive at `path`, its signature verified with the key that the archive
    /// states. The archive itself may be damaged or cut off. Throws `absent` where there is no archive or it has none,
    /// and `damaged` where the note does not verify.
    public static func publishedCheckpoint(at path: String) throws(ArchiveError) -> VerifiedCheckpoint {
        let paths = StorePaths(path)
        let recovery = Recovery(POSIXFileSystem(), paths)
        guard let (checkpoint, _) = try recovery.checkpoint(try recovery.manifest()) else {
            throw ArchiveError(.absent, "\(paths.root) has published no checkpoint: open it for writing once.")
        }
        return checkpoint
    }
}
