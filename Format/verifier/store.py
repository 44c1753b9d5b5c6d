"""A whole store."""

import contextlib
import os
from types import SimpleNamespace

from .bodies import Bodies
from .control import CONTROL_BODIES, decode_control
from .entries import decode_manifest
from .findings import File, files_below, printable, read_file, take_note
from .keyring import Keyring
from .notes import decode_note, journal_notes
from .policy import Policy
from .primitives import BLOCK, MIB, Refusal, need, sha256
from .purges import Purges
from .retention import RETENTION_BODIES
from .segments import decode_segment_header, decode_segment_path, decode_segment_row
from .tree import Tree, leaf_hash
from .walk import SegmentWalk

IDENTITY, CLASS, SEAL = 1, 3, 11
BODIES = {**CONTROL_BODIES, **RETENTION_BODIES}


class Store:
    """A whole store: reads every file once, in the order of the log, and then compares what must agree."""

    def __init__(self, root, report, keys, keys_folder, passphrase, against):
        self.root, self.report, self.keys, self.against = root, report, keys, against
        self.keys_folder, self.passphrase = keys_folder, passphrase
        self.keyring = self.manifest = self.log_id = self.last_control = self.policy = None
        self.size, self.broken, self.diverged, self.records = 0, False, False, 0
        self.classes, self.unknown_classes, self.claims, self.bodies = {0}, set(), [], Bodies(self)
        self.seals, self.walks, self.nodes = {}, {}, {}
        self.policy_ = Policy(self.tell)
        self.known = {"muniment.json", "checkpoint", "checkpoints", "segments.dir"}
        self.place = None                                           # where the control record at hand stands

    def tell(self, finding, message, index): self.report.error(finding, message, *self.place, index)

    def run(self):
        guard = self.report.guard
        self.read_manifest()
        with guard("key.malformed"): self.read_keys()           # before the checkpoints: a writer may go on
        with guard("checkpoint.malformed", "checkpoint"): self.read_checkpoints()
        with guard("tree.node", "tree"): self.open_nodes()
        self.acknowledged = max((note.treeSize for _, _, note, _ in self.claims), default=0)
        self.present = list(files_below(self.root))                 # before the segments: a writer may go on
        self.tree = Tree([note.treeSize for _, _, note, _ in self.claims], self.check_nodes)
        with guard("file.unreadable", "segments"): self.walk_segments()
        if not self.size: self.report.unattested("manifest.unattested", "there is no leaf 0", "muniment.json")
        covered = self.check_checkpoints()
        purges = Purges(self, covered)
        with guard("seal.mismatch"): self.check_seals(covered, purges)
        with guard("directory.row", "segments.dir"): self.check_directory()
        self.check_ends()
        purges.run()
        with guard("file.foreign"): self.check_foreign()
        return self.report.conclude(self.tree.size, self.tree.root(), self.records, purges.purged, purges.unexplained)

    # What is read before the segments

    def read_manifest(self):
        with self.report.guard("manifest.malformed", "muniment.json"):
            raw = read_file(self.root, "muniment.json", 16_384)
            self.manifest_digest = sha256(raw)
            self.manifest = decode_manifest(raw)
            self.log_id = self.manifest.logID

    def read_checkpoints(self):
        """Every checkpoint that there is: (file, offset, note, whether the store must be at least that long)."""
        origin = self.manifest.origin if self.manifest else None
        if not self.keys: self.report.untrusted()

        def take(raw, file, offset=None):
            note = take_note(self.report, raw, file, offset, origin, self.keys)
            if note: self.claims.append((file, offset, note, True))
            return note

        kept = published = None
        # The journal first: a store that is open for writing publishes before it keeps.
        with self.report.guard("journal.damaged", "checkpoints"), File(self.root, "checkpoints") as file:
            need(file.size, "truncated", "the journal is empty; the first checkpoint is kept for ever")
            for at, raw in journal_notes(file.read, file.size):
                note = take(raw, "checkpoints", at) if raw else self.end_journal(file, at)
                if note and kept and note.treeSize <= kept.treeSize:
                    message = "size %d follows size %d" % (note.treeSize, kept.treeSize)
                    self.report.error("journal.order", message, "checkpoints", at, note.treeSize)
                elif note: kept = note
        with self.report.guard("checkpoint.malformed", "checkpoint"):
            published = take(read_file(self.root, "checkpoint", MIB), "checkpoint")
        if kept and published and published.treeSize < kept.treeSize:
            message = "it is of size %d, and one of size %d was kept" % (published.treeSize, kept.treeSize)
            self.report.error("checkpoint.replayed", message, "checkpoint", None, published.treeSize)
        # What the key signed before the last was published before the last was written, unless the disk was full.
        newest = max((note.treeSize for note in (kept, published) if note), default=None)
        sizes = [state.treeSize for state in self.keyring.states] if self.keyring else []
        if newest is not None and len(sizes) == 2 and newest < min(sizes):
            message = "the newest is of size %d, and the key has signed one of size %d since" % (newest, min(sizes))
            self.report.unattested("checkpoint.replayed", message, "checkpoint", None, newest)
        if self.against: take(self.against, None)

    def end_journal(self, file, at):
        """What follows the last good note: zeros, a write that was cut off (a note holds no zero byte), or damage."""
        size, note = int.from_bytes(file.read(at, 4), "little"), b""
        if 1 <= size <= MIB: note = file.read(at + 8, size)
        is_cut = file.size - at < 8 or not size or b"\0" in note or size <= MIB and len(note) < size
        after = at + 8 + size                                       # a good note behind it shows that it was one too
        rest = journal_notes(lambda place, count: file.read(after + place, count), file.size - after)
        is_cut = is_cut and not next(rest, (0, None))[1]
        if file.nonzero(at, file.size) is None:
            self.report.notice("journal.damaged", "zeros follow the last note", "checkpoints", at)
        else:
            tell = self.report.unattested if is_cut else self.report.error
            tell("journal.damaged", "what follows is no note", "checkpoints", at)

    def read_keys(self):
        if not self.keys_folder: return
        self.keyring = Keyring(self.keys_folder, self.log_id, self.passphrase, self.report)
        for state in self.keyring.states:
            if state.treeSize: self.claims.append((self.keyring.path("signer"), None, state, False))

    def open_nodes(self):
        """Opens the files of stored nodes."""
        for level in range(3, 63):
            name = "tree/%02d" % level
            if not os.path.lexists(os.path.join(self.root, name)): continue
            self.known.add(name)
            with self.report.guard("tree.node", name): self.nodes[level] = File(self.root, name)

    def check_nodes(self, level, first, nodes):
        """Compares the nodes of one level, from number `first` on, with the stored ones, as far as there are any."""
        if level not in self.nodes: return
        stored, made = self.nodes[level].read(32 * first, 32 * len(nodes)), b"".join(nodes)
        if stored == made[:len(stored)]: return
        for n in range(len(stored) // 32):
            if stored[32 * n:32 * n + 32] != nodes[n]:
                self.report.error("tree.node", "node %d of level %d" % (first + n, level), "tree/%02d" % level,
                                  32 * (first + n), first + n << level)

    def check_ends(self):
        """Whether something follows the last complete node of a level."""
        for level, file in self.nodes.items():
            end = 32 * (self.size >> level)
            if file.size > end or file.size % 32:
                message = "bytes follow the last complete node of level %d" % level
                self.report.unattested("tree.trailing", message, "tree/%02d" % level, min(end, file.size // 32 * 32))

    # The log

    def segment_files(self):
        """{segment: {generation: path}} of the names that are spelt as the page says."""
        found = {}
        for path in files_below(os.path.join(self.root, "segments")):
            with contextlib.suppress(Refusal):
                name = decode_segment_path("segments/" + path)
                found.setdefault(name.segment, {})[name.generation] = "segments/" + path
                self.known.add("segments/" + path)
        return found

    def choose(self, generations):
        """The generation that counts: the greatest one that ends with a footer, otherwise the least."""
        def is_sealed(path):
            with contextlib.suppress(OSError), File(self.root, path) as file:
                return file.read(file.size - 8, 8) == b"MUNFTEND"
        sealed = [generation for generation, path in generations.items() if is_sealed(path)]
        chosen = max(sealed) if sealed else min(generations)
        for generation in sorted(generations.keys() - {chosen}):
            self.report.unattested("segment.leftover", "a generation that does not count; nothing covers its bytes",
                                   generations[generation])
        return chosen

    def has_frames(self, path):
        with contextlib.suppress(OSError), File(self.root, path) as file: return file.read(BLOCK, 8) == b"MUNFRAME"

    def walk_segments(self):
        found = {number: (chosen := self.choose(generations), generations[chosen])
                 for number, generations in sorted(self.segment_files().items())}
        last, expected = max((n for n, (_, path) in found.items() if self.has_frames(path)), default=0), 0
        for number, (generation, path) in found.items():
            if number != expected:
                self.report.error("file.missing", "segments %d to %d are not there" % (expected, number - 1),
                                  "segments", None, self.size)
                self.broken = True
            expected = number + 1
            with self.report.guard("segment.header", path), File(self.root, path) as file:
                if number > last and file.nonzero(0, file.size) is None:
                    self.report.notice("segment.prepared", "a file of zeros, prepared for what is to come", path)
                    continue
                walk = self.walks[number] = SegmentWalk(self, file, path, number, generation, number >= last)
                walk.file_size = file.size
                walk.run()
        if not found: self.report.error("file.missing", "there is no segment", "segments")

    def check_root(self, h, path, at):
        """Compares a frame's root with the tree. While they go on to differ, that is told once."""
        if self.broken: return
        differs = h.root != self.tree.root()
        if differs and not self.diverged:
            self.report.error("frame.root", "the root does not follow from the entries", path, at, h.firstIndex)
        self.diverged = differs

    def take_entries(self, walk, h, columns, at):
        """Adds a frame's entries to the tree, and judges what only a reader of the whole log can."""
        if not self.broken: self.tree.append([leaf_hash(entry) for entry in columns.entries])
        for run in columns.runs:
            index = h.firstIndex + run.first
            walk.recorded.append(run.recorded)
            if not run.kind: self.records += run.count
            if run.kind and (run.class_ or not run.flags & 4) or not run.kind and not run.class_:
                message = "an entry of kind %d in class %d" % (run.kind, run.class_)
                self.report.error("control.malformed", message, walk.path, at, index)
            elif run.class_ not in self.classes and run.class_ not in self.unknown_classes and not self.broken:
                self.unknown_classes.add(run.class_)
                self.report.error("class.undeclared", "class %d was never declared" % run.class_, walk.path, at, index)
            for n, items in enumerate(run.items):
                self.take_extensions(walk, run, items, at, index + n)
                self.policy_.saw(run)
            self.policy_.saw(run)
        self.policy_.whole = self.policy_.whole and not self.broken
        if h.lastControl != self.last_control and not self.broken:
            self.report.error("frame.lastControl", "it is not %s" % h.lastControl, walk.path, at, h.firstIndex)
        if not h.firstIndex and self.last_control is None:
            self.report.error("control.chain", "entry 0 is no control record", walk.path, at, 0)

    def take_extensions(self, walk, run, items, at, index):
        kind, public = run.kind, [item for item in items if item.type == 1]
        if any(item.critical for item in items if item.type != 1):
            self.report.unattested("entry.unknown", "a critical extension of an unknown type", walk.path, at, index)
        if bool(kind) != bool(public) or public and not public[0].critical:
            self.report.error("control.malformed", "extension 1 does not fit the entry's kind", walk.path, at, index)
        elif kind:
            with self.report.guard("control.malformed", walk.path, at, index):
                self.take_control(walk, decode_control(public[0].bytes), at, index, run)

    def take_control(self, walk, record, at, index, run):
        """One link of the control chain, and what the record says."""
        if record.previous != self.last_control and not self.broken:
            self.report.error("control.chain", "the record before it is not %s" % record.previous, walk.path, at, index)
        policy = self.policy
        self.last_control = index
        if record.type != SEAL: self.policy = index
        if {0: IDENTITY, 1: CLASS}.get(index, record.type) != record.type or (record.type == IDENTITY) != (index == 0):
            self.report.error("control.chain", "a record of type %d" % record.type, walk.path, at, index)
        if record.type not in BODIES:
            self.report.unattested("control.unknown", "a record of type %d" % record.type, walk.path, at, index)
            return
        body = BODIES[record.type](record.body)
        self.place = walk.path, at
        if record.type != IDENTITY or index == 0: self.policy_.take(record.type, body, index, run)
        if record.type == CLASS: self.classes.add(body.class_)
        if index == 1 and record.type == CLASS:
            need((body.class_, body.name) == (1, "default"), "inconsistent", "not class 1")
        if record.type == IDENTITY and self.manifest:
            same = (body.logID, body.origin, body.key) == (self.manifest.logID, self.manifest.origin, self.manifest.key)
            if body.manifestDigest != self.manifest_digest or not same:
                self.report.error("manifest.digest", "not what leaf 0 says of it", "muniment.json", 0, index)
        if record.type == SEAL:
            if body.policy != policy and not self.broken:
                message = "the newest control record before it that is no seal is not %s" % body.policy
                self.report.error("control.chain", message, walk.path, at, index)
            if body.segment in self.seals or body.segment != walk.number - 1:
                message = "a second or misplaced seal of segment %d" % body.segment
                self.report.error("seal.mismatch", message, walk.path, at, index)
            self.seals.setdefault(body.segment, (index, body))

    # What must agree once the log is read

    def check_checkpoints(self):
        """Compares every checkpoint with the tree, and returns the size up to which a trusted one covers it."""
        covered = 0
        for file, offset, note, is_note in self.claims:
            if note.treeSize > self.size:
                message = "it covers %d entries; %d are there" % (note.treeSize, self.size)
                self.report.error("checkpoint.ahead", message, file, offset, note.treeSize)
            elif note.treeSize > self.tree.size:
                message = "the tree could not be made past entry %d" % self.tree.size
                self.report.unattested("checkpoint.unchecked", message, file, offset, note.treeSize)
            elif note.root != self.tree.roots[note.treeSize]:
                message = "not the root of the first %d entries" % note.treeSize
                self.report.error("checkpoint.root", message, file, offset, note.treeSize)
            elif is_note: covered = max(covered, note.treeSize)
        if covered < self.size:
            message = "%d entries that no good checkpoint covers" % (self.size - covered)
            self.report.unattested("tail.unattested", message, None, None, covered)
        return covered

    def covered_by_now(self, covered):
        """The size that the published checkpoint covers after all has been read: a writer may have gone on."""
        with contextlib.suppress(OSError, Refusal):
            origin = self.manifest.origin if self.manifest else None
            covered = max(covered, decode_note(read_file(self.root, "checkpoint", MIB), origin, self.keys).treeSize)
        return covered

    def check_seals(self, covered, purges):
        """Compares footers with seal records, and tells of contents that nothing vouches for."""
        last = max((n for n, walk in self.walks.items() if walk.frames), default=0)
        for number, walk in self.walks.items():
            index, seal = self.seals.get(number, (None, None))
            if seal and walk.generation > seal.generation:          # a later one is as a disposition prepared it
                step = purges.step_of(walk)
                if step: index, seal = step.prepared.index, step.prepared.seal
            if walk.bad_footer:
                offset, finding, message = walk.bad_footer
                if seal or number < last - 1: self.report.error(finding, message, walk.path, offset)
                else: self.report.unattested("tail.torn", "an unfinished footer: " + message, walk.path, offset)
            elif not walk.footer and (seal or number < last - 1):
                self.report.error("footer.missing", "the segment has no footer", walk.path, None, walk.first)
            if walk.footer and not seal and number < last - 1:
                self.report.error("seal.missing", "no record seals the segment", walk.path, None, walk.first)
            if walk.footer and seal: self.check_seal(walk, walk.footer, seal, index)
            if walk.footer and seal and index < covered: continue
            if walk.unopened:
                message = "%d parts that neither a seal covers nor a key opened" % walk.unopened
                self.report.unattested("content.unattested", message, walk.path, None, walk.first)
            elif walk.tokens:
                message = "%d idempotency tokens that no seal covers" % walk.tokens
                self.report.notice("token.unattested", message, walk.path, None, walk.first)

    def check_seal(self, walk, f, seal, index):
        said = (seal.segment, seal.generation, seal.firstIndex, seal.entryCount, seal.footerDigest)
        found = (f.segment, f.generation, f.firstIndex, f.entryCount, walk.footer_digest)
        groups = {g.class_: g.digest for g in seal.groups} == {g.class_: g.digest for g in f.groups}
        root = sha256(b"\x25", f.index) if f.index else bytes(32)
        if said != found or not groups or root != seal.indexRoot:
            message = "the footer of segment %d is not the one that was sealed" % walk.number
            self.report.error("seal.mismatch", message, walk.path, walk.file_size - f.footerByteCount, index)

    def check_directory(self):
        """segments.dir against the segments."""
        try: file = File(self.root, "segments.dir")
        except FileNotFoundError: return
        last = max((n for n, walk in self.walks.items() if walk.frames), default=0)
        with file:
            listed = [n for n in sorted(self.walks) if n < file.size // 128]
            for n in listed:
                with self.report.guard("directory.row", "segments.dir", 128 * n):
                    row = decode_segment_row(file.read(128 * n, 128))
                    need(row.segment == n, "inconsistent", "the row of segment %d" % row.segment)
                    self.check_row(row, self.walks[n], n < last - 1)
            others = file.size // 128 - len(listed)
            need(not others, "inconsistent", "%d rows of segments that are not there" % others)

    def check_row(self, row, walk, must_be_sealed):
        number, f = walk.number, walk.footer
        need(row.generation == walk.generation, "inconsistent", "not segment %d's generation" % number)
        need(row.firstIndex == walk.first, "inconsistent", "segment %d begins elsewhere" % number)
        if not row.isSealed:
            need(not f or not must_be_sealed, "inconsistent", "segment %d is sealed" % number)
            if f: self.report.notice("directory.stale", "older than the footer", "segments.dir", 128 * number)
            return
        need(f, "inconsistent", "segment %d is not sealed" % number)
        said = row.entryCount, row.recordedFirst, row.recordedLast, row.footerDigest, row.fileByteCount
        found = f.entryCount, f.recordedFirst, f.recordedLast, walk.footer_digest, walk.file_size
        need(said == found, "inconsistent", "the row contradicts segment %d" % number)

    def check_foreign(self):
        for path in self.present:
            if path in self.known: continue
            with self.report.guard("file.foreign", printable(path)):
                if path in ("lock", "segments/prepared") and self.is_hollow(path): continue
                finding = "lock.notEmpty" if path == "lock" else "file.foreign"
                self.report.unattested(finding, "nothing covers its bytes", printable(path))

    def is_hollow(self, path):
        """Whether a file is what it must be: the lock empty, the prepared segment zeros, perhaps after a header block."""
        with contextlib.suppress(FileNotFoundError), File(self.root, path) as file:
            if path == "lock": return not file.size
            start = 0
            with contextlib.suppress(Refusal):
                decode_segment_header(file.read(0, BLOCK))
                start = BLOCK
            return file.nonzero(start, file.size) is None
        return True
