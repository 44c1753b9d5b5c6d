// `backup`: a consistent copy of an archive that may be in use, without its keys.

import ArgumentParser
import Muniment

struct Backup: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Copy an archive while it is in use, without its keys.",
        discussion: """
            Copies what the newest checkpoint states to a new directory, or brings an earlier backup up to date; files \
            that are there already are not copied again. The copy is an archive: it can be verified, read with --keys, \
            and opened.

              muniment backup mail /mnt/backup/mail
              muniment verify /mnt/backup/mail --key "$(cat mail.vkey)"
              muniment get /mnt/backup/mail 17 --keys mail.keys

            The keys are not copied. Back up their directory apart, to a place that you can erase: what retention \
            destroys must be destroyed in every copy of the keys, and in no copy of the archive.
            """)

    @OptionGroup var store: StoreArguments

    @Argument(help: "The directory to copy to.", completion: .directory)
    var directory: String

    func run() throws {
        var progress = Progress()
        defer { progress.clear() }
        let report = try ArchiveReader.backup(
            of: store.store, to: directory, keysDirectory: store.access.keysDirectory
        ) { byteCount in
            progress.update("\(Quantity.bytes(byteCount)) copied")
        }
        progress.clear()
        try Output.standard.line(
            "Copied the log up to its checkpoint of size \(Quantity.count(report.size)): "
                + "\(Quantity.things(report.copiedFileCount, "file")), \(Quantity.bytes(report.copiedByteCount)); "
                + "already there: \(Quantity.things(report.keptFileCount, "file")).")
        try Output.standard.line("The keys are not in the copy: keep them apart, where you can erase them.")
    }
}
