// The codes of findings. A code is never reused for another meaning; new ones may be added.

extension Finding {
    /// What was found.
    public struct Code: Sendable, Hashable, RawRepresentable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
    }
}

extension Finding.Code {
    private init(_ rawValue: String) { self.init(rawValue: rawValue) }

    // MARK: Files

    /// A file or directory that is no part of the format, or stands where it should not.
    public static let fileForeign = Self("file.foreign")
    /// A file that must be there is not.
    public static let fileMissing = Self("file.missing")
    /// A file that cannot be read, or is no regular file.
    public static let fileUnreadable = Self("file.unreadable")
    /// Permissions other than 0700 for directories and 0600 for files.
    public static let fileMode = Self("file.mode")
    /// The lock file holds bytes.
    public static let lockNotEmpty = Self("lock.notEmpty")

    // MARK: Manifest

    /// The manifest cannot be decoded.
    public static let manifestMalformed = Self("manifest.malformed")
    /// Entry 0 holds another digest of the manifest, or other values than it.
    public static let manifestDigest = Self("manifest.digest")

    // MARK: Trust and checkpoints

    /// No key to trust was given, or none of this log.
    public static let verifierNotTrusted = Self("verifier.notTrusted")
    /// A note that is no checkpoint.
    public static let checkpointMalformed = Self("checkpoint.malformed")
    /// A checkpoint that no trusted key signed, or a signature that does not hold.
    public static let checkpointSignature = Self("checkpoint.signature")
    /// A checkpoint of another log.
    public static let checkpointOrigin = Self("checkpoint.origin")
    /// The entries give another root at the checkpoint's size.
    public static let checkpointRoot = Self("checkpoint.root")
    /// A checkpoint of a size that the log does not reach: it was cut off or rolled back.
    public static let checkpointAhead = Self("checkpoint.ahead")
    /// Two checkpoints of different sizes, without a proof that one extends the other.
    public static let checkpointUnproved = Self("checkpoint.unproved")
    /// A checkpoint that contradicts the one given from outside.
    public static let checkpointInconsistent = Self("checkpoint.inconsistent")
    /// The published checkpoint is older than a kept one, or the newest one than two that the key has signed.
    public static let checkpointReplayed = Self("checkpoint.replayed")
    /// The published checkpoint is not among the kept ones.
    public static let checkpointNotKept = Self("checkpoint.notKept")
    /// The journal of kept checkpoints does not decode to its end.
    public static let journalDamaged = Self("journal.damaged")
    /// Kept checkpoints whose sizes do not ascend.
    public static let journalOrder = Self("journal.order")

    // MARK: Segments

    /// The header block of a segment is malformed, or belongs elsewhere.
    public static let segmentHeader = Self("segment.header")
    /// A segment, or entries between two segments, are missing.
    public static let segmentGap = Self("segment.gap")
    /// A generation of a segment that no longer counts, or does not count yet.
    public static let segmentLeftover = Self("segment.leftover")
    /// A segment alone, with nothing trusted that binds it to a log.
    public static let segmentAlone = Self("segment.alone")

    // MARK: Frames and entries

    /// A frame's header has a wrong checksum.
    public static let frameHeaderChecksum = Self("frame.headerChecksum")
    /// A frame's header, entries or part rows do not decode, or contradict each other.
    public static let frameMalformed = Self("frame.malformed")
    /// A frame's body has a wrong checksum.
    public static let frameBodyChecksum = Self("frame.bodyChecksum")
    /// The bytes that fill a frame's last block are not zero.
    public static let framePadding = Self("frame.padding")
    /// A frame of another segment, generation or offset than its place, or one whose first index is not where the
    /// frame before ended.
    public static let framePlace = Self("frame.place")
    /// The entries give another root than the frame's header states.
    public static let frameRoot = Self("frame.root")
    /// The frame's header names another newest control record.
    public static let frameLastControl = Self("frame.lastControl")
    /// A session's parts are not counted on from frame to frame, so nonces might recur.
    public static let frameSession = Self("frame.session")
    /// A group row that is missing, stands twice, or stands where it may not.
    public static let frameGroups = Self("frame.groups")
    /// A part's ciphertext has another digest than its row.
    public static let partDigest = Self("part.digest")
    /// A class has other numbers of contents than of entries in a frame.
    public static let partRecords = Self("part.records")
    /// An entry that breaks a rule of the log: a class that was not declared, a control entry of another class.
    public static let entryMalformed = Self("entry.malformed")
    /// An entry with a critical extension, or another part, that this program does not know.
    public static let entryUnknown = Self("entry.unknown")

    // MARK: Control records

    /// A control record whose body does not decode, or breaks a rule.
    public static let controlMalformed = Self("control.malformed")
    /// A control record that does not name the one before it.
    public static let controlChain = Self("control.chain")
    /// A control record of a type or version that this program does not know.
    public static let controlUnknown = Self("control.unknown")

    /// A control record that names a record which is not there, or not of the kind that it must be.
    public static let controlReference = Self("control.reference")
    /// A class record that weakens a class in compliance mode.
    public static let classWeakened = Self("class.weakened")
    /// A record that sets the compliance clock back.
    public static let clockBackwards = Self("clock.backwards")
    /// A record that sets the compliance clock further ahead than the rules allow.
    public static let clockAhead = Self("clock.ahead")

    // MARK: Dispositions

    /// A record of a disposition out of its order, or one that may not stand between its records.
    public static let dispositionOrder = Self("disposition.order")
    /// A disposition that states what the log does not say: its clock, its rules, the holds in force, the epoch of the keys.
    public static let dispositionFacts = Self("disposition.facts")
    /// A disposition that was carried out; by which rules and clock, under which holds, and how strongly.
    public static let contentPurged = Self("content.purged")
    /// A disposition that is not completed.
    public static let purgeIncomplete = Self("purge.incomplete")
    /// A disposition that was given up before it destroyed anything.
    public static let purgeAborted = Self("purge.aborted")
    /// Records that a disposition purged before they were due by the log's own clock and rules.
    public static let purgeEarly = Self("purge.early")
    /// Records that a disposition purged while a hold with a public scope covered them.
    public static let purgeHeld = Self("purge.held")
    /// Contents that a disposition purged, and that are still there.
    public static let purgeSurvives = Self("purge.survives")

    // MARK: Footers and seals

    /// A footer that does not decode.
    public static let footerMalformed = Self("footer.malformed")
    /// A footer with a wrong checksum.
    public static let footerChecksum = Self("footer.checksum")
    /// A footer's frame row, or the digest in it, is not that of the frame.
    public static let footerFrameDigest = Self("footer.frameDigest")
    /// A footer's group row is not what the frames give.
    public static let footerGroups = Self("footer.groups")
    /// A footer's body file row is not what the frames give.
    public static let footerBodyFiles = Self("footer.bodyFiles")
    /// Another field of a footer is not what the frames give.
    public static let footerMismatch = Self("footer.mismatch")
    /// The seal record and the segment contradict each other.
    public static let sealMismatch = Self("seal.mismatch")
    /// A segment that must have been sealed has no seal record, or no footer.
    public static let sealMissing = Self("seal.missing")

    // MARK: The index

    /// The directory of an index, or an opened page of it, that does not decode or is not spelt as the format says.
    public static let indexMalformed = Self("index.malformed")
    /// Pages of an index that are not those which the footer binds, or that are gone.
    public static let indexDigest = Self("index.digest")
    /// The directory of an index has other classes than the entries, or other first or last times.
    public static let indexTimes = Self("index.times")
    /// A page of an index that was not sealed in its place with its key.
    public static let indexSealed = Self("index.sealed")
    /// An index that lists other records than the contents give: a query may miss some.
    public static let indexTerms = Self("index.terms")

    // MARK: The tail

    /// Bytes after the last whole frame: a commit that was cut off, or a frame that was damaged.
    public static let tailTorn = Self("tail.torn")
    /// Frames past the checkpoint, or in a segment that no seal under the checkpoint covers and whose contents were
    /// not opened.
    public static let tailUnattested = Self("tail.unattested")
    /// Idempotency tokens in frames that no seal covers: nothing else binds them.
    public static let tokenUnattested = Self("token.unattested")

    // MARK: Derived files

    /// A stored tree node that differs from the one that the entries give.
    public static let treeNode = Self("tree.node")
    /// Stored tree nodes that are missing, and can be made again.
    public static let treeMissing = Self("tree.missing")
    /// Bytes after the tree's last complete node.
    public static let treeTrailing = Self("tree.trailing")
    /// From here on the tree could not be computed, since entries before are lost.
    public static let treeLost = Self("tree.lost")
    /// A row of the segment directory that contradicts its segment, or does not decode.
    public static let directoryRow = Self("directory.row")
    /// A sealed segment without a row in the segment directory.
    public static let directoryMissing = Self("directory.missing")
    /// Bytes after the last row of the segment directory that can be.
    public static let directoryTrailing = Self("directory.trailing")

    // MARK: Contents (with keys)

    /// A part that was not sealed in its place with its key.
    public static let partSealed = Self("part.sealed")
    /// A content that does not decode, or is not spelt canonically.
    public static let contentMalformed = Self("content.malformed")
    /// A content that does not hash to its entry's commitment.
    public static let contentCommitment = Self("content.commitment")
    /// A content that is gone without a disposition.
    public static let contentMissing = Self("content.missing")

    // MARK: Body files

    /// A body file with another length or digest than its row.
    public static let bodyDigest = Self("body.digest")
    /// A body file that is gone.
    public static let bodyMissing = Self("body.missing")
    /// A body file whose header or chunks do not decode or open.
    public static let bodyMalformed = Self("body.malformed")
    /// A body file row without a record that refers to it, or the reverse.
    public static let bodyReference = Self("body.reference")
    /// A body file that no frame refers to.
    public static let bodyOrphan = Self("body.orphan")

    // MARK: Keys

    /// A key file that does not decode, or does not open with the key above it.
    public static let keyMalformed = Self("key.malformed")
    /// The root key cannot be had: no passphrase, or a wrong one.
    public static let keyLocked = Self("key.locked")
    /// A group's key that does not give the key commitment of its row.
    public static let keyCommitment = Self("key.commitment")
    /// A group's key that is not in the keys directory, or was destroyed.
    public static let keyMissing = Self("key.missing")
    /// A key that a disposition was to destroy, and that is still there.
    public static let keySurvives = Self("key.survives")
    /// Keys of an epoch before that of the newest disposition.
    public static let keyEpoch = Self("key.epoch")
    /// A key that no segment uses.
    public static let keyUnused = Self("key.unused")
    /// The signing key is not the log's, or what it signed last contradicts the log.
    public static let keySigner = Self("key.signer")

    // MARK: Tiles and proofs

    /// A tile or entry bundle that does not decode.
    public static let tileMalformed = Self("tile.malformed")
    /// A hash of a tile that is not the one that the entries give.
    public static let tileNode = Self("tile.node")
    /// A tile that the checkpoint's tree needs is missing.
    public static let tileMissing = Self("tile.missing")
    /// A tile past the checkpoint's tree.
    public static let tileUnattested = Self("tile.unattested")
    /// A proof file that does not decode.
    public static let proofMalformed = Self("proof.malformed")
    /// A proof that does not lead from the entry to the checkpoint's root.
    public static let proofPath = Self("proof.path")
    /// A proof file without the entry that it proves.
    public static let proofNoEntry = Self("proof.noEntry")

    // MARK: Certificates

    /// A certificate that does not decode, or is spelt in another way than its own content is.
    public static let certificateMalformed = Self("certificate.malformed")
    /// A certificate whose proofs are not those of the records of its disposition.
    public static let certificateRecords = Self("certificate.records")
    /// A certificate that says something else than the records that it proves.
    public static let certificateLines = Self("certificate.lines")

    // MARK: Evidence files

    /// An evidence file, or a chunk of it, that does not decode.
    public static let evidenceMalformed = Self("evidence.malformed")
    /// An evidence file with another digest than the one at its end.
    public static let evidenceDigest = Self("evidence.digest")
    /// An evidence file whose entry 0 does not say what the log is.
    public static let evidenceIdentity = Self("evidence.identity")
    /// Records or control records of an evidence file that stand out of order, or twice.
    public static let evidenceIndexes = Self("evidence.indexes")
    /// A record of a class that no control record of the evidence file declares.
    public static let evidenceClass = Self("evidence.class")
    /// A proof that does not lead from the entries of the evidence file to the checkpoint's root.
    public static let evidenceProof = Self("evidence.proof")
    /// A record of which an evidence file discloses something else than its custody says.
    public static let evidenceDisclosure = Self("evidence.disclosure")
    /// An export record of the log that tells of another export than the evidence file is.
    public static let evidenceStatement = Self("evidence.statement")
    /// An evidence file of which the log does not tell: its custody, and that nothing was left out, are its own words.
    public static let evidenceUnlogged = Self("evidence.unlogged")
    /// A record that an evidence file says was purged, without a disposition that shows it.
    public static let evidencePurgeUnproved = Self("evidence.purgeUnproved")
}
