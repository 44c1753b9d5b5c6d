"""One segment file (segment.md, frame.md, footer.md)."""

import contextlib
import hashlib
from types import SimpleNamespace

from .contents import FrameContents
from .entries import decode_columns
from .index import SegmentIndex
from .primitives import BLOCK, MIB, Refusal, crc32c, is_zero, need, sha256
from .segments import decode_footer, decode_frame_header, decode_part_rows, decode_segment_header
FILE_END = (4 << 30) + 64 * MIB + 64 * MIB


class SegmentWalk:
    """Reads a segment file from its header to its last byte, and keeps what its footer, row and seal must say of it.

    `may_tear`: no later segment has a frame, so a crash may have left the last frame unfinished.
    """

    def __init__(self, store, file, path, number, generation, may_tear):
        self.store, self.report, self.file, self.path = store, store.report, file, path
        self.number, self.generation, self.may_tear = number, generation, may_tear
        self.first, self.frames, self.bodies, self.groups, self.sessions = store.size, [], [], {}, {}
        self.recorded, self.damaged, self.parts, self.unopened, self.tokens = [], False, 0, 0, 0
        self.missing, self.keyless = [], []                         # indexes whose content, or key, is not there
        self.skeleton, self.scan_budget = hashlib.sha256(b"\x21"), 4 * min(file.size, FILE_END) + 64 * MIB
        self.footer = self.footer_digest = self.bad_footer = None
        self.index = SegmentIndex(self)

    def run(self):
        with self.report.guard("segment.header", self.path, 0):
            block = self.file.read(0, BLOCK)
            self.skeleton.update(block)
            self.check_header(decode_segment_header(block))
        end, at = self.find_footer(), BLOCK
        while at < end:
            here, at = at, end
            with self.report.guard("frame.malformed", self.path, here, self.store.size): at = self.step(here, end)
        if self.footer:
            self.check_footer(self.footer, end)
            with self.report.guard("index.malformed", self.path, end): self.index.check()

    def check_header(self, h):
        store = self.store
        if store.broken: store.size = self.first = h.firstIndex
        need((h.segment, h.generation) == (self.number, self.generation), "inconsistent", "not the one its name says")
        need(store.log_id in (None, h.logID), "inconsistent", "another log's segment")
        store.log_id = h.logID
        need(h.firstIndex == store.size, "inconsistent", "it begins at %d, not at %d" % (h.firstIndex, store.size))
        need(store.broken or h.root == store.tree.root(), "inconsistent", "not the root of the tree before it")

    def find_footer(self):
        """Where the frames must end: at the index or the footer if the file ends with one, otherwise at the file's end."""
        if self.file.size > FILE_END:
            self.report.error("segment.header", "a file of %d bytes" % self.file.size, self.path, FILE_END)
            return FILE_END
        tail = self.file.read(self.file.size - 16, 16)
        if tail[8:] != b"MUNFTEND": return self.file.size
        size = int.from_bytes(tail[4:8], "little")
        start = self.file.size - size
        if not 160 <= size <= 64 * MIB or start < BLOCK or start % BLOCK:
            self.bad_footer = start, "footer.malformed", "its length is impossible"
            return self.file.size
        raw = self.file.read(start, size)
        self.footer_digest = sha256(b"\x22", raw)
        try: self.footer = decode_footer(raw)
        except Refusal as refusal:
            finding = "footer.checksum" if refusal.code == "checksum" else "footer.malformed"
            self.bad_footer = start, finding, str(refusal)
            return start
        return self.index.find(self.footer.index, start)

    def step(self, at, end):
        """Checks what stands at `at` and says where to go on."""
        block = self.file.read(at, min(BLOCK, end - at))
        if block.startswith(b"MUNFOOTR"):
            self.bad_footer = self.bad_footer or (at, "footer.malformed", "it does not end as a footer does")
            return end
        if is_zero(block):
            found = self.file.nonzero(at, end)
            if found is None: return end
            found = found // BLOCK * BLOCK
            if self.find_frame(found, end) is not None:
                return self.damage(at, end, "frame.missing", "zeros before a frame", found)
            return self.damage(found, end, "padding.nonzero", "bytes that belong to nothing", found)
        try: h, raw = self.frame_header(at, end)
        except Refusal as refusal:
            finding = "frame.headerChecksum" if refusal.code == "checksum" else "frame.malformed"
            return self.damage(at, end, finding, str(refusal), at + BLOCK)
        if not self.belongs(h, at):
            return self.damage(at, end, "frame.place", "a frame of another place", at + BLOCK)
        if at + h.frameByteCount > end:
            return self.damage(at, end, "frame.truncated", "the frame is cut off", at + BLOCK)
        body = self.file.read(at + h.headerByteCount, h.bodyByteCount)
        if crc32c(body) != h.bodyCRC:
            if self.is_torn(h.firstIndex, at + BLOCK, end):
                return self.damage(at, end, "frame.bodyChecksum", "the body's checksum is wrong", at + BLOCK)
            self.report.error("frame.bodyChecksum", "the body's checksum is wrong", self.path, at, h.firstIndex)
        padding = self.file.nonzero(at + h.headerByteCount + h.bodyByteCount, at + h.frameByteCount)
        if padding is not None:
            self.report.error("padding.nonzero", "padding after a frame", self.path, padding, h.firstIndex)
        self.frame(h, raw[:h.headerByteCount], body, at)
        return at + h.frameByteCount

    def frame_header(self, at, end):
        size = int.from_bytes(self.file.read(at + 8, 4), "little")
        raw = self.file.read(at, min(max(size, 12), 4 * MIB, end - at))
        return decode_frame_header(raw), raw

    def belongs(self, h, at): return (h.offset, h.segment, h.generation) == (at, self.number, self.generation)

    def is_torn(self, index, after, end):
        """Whether damage before `after` can be the one frame that a crash left unfinished."""
        tail = self.may_tear and not self.footer and index >= self.store.acknowledged
        return tail and self.find_frame(after, end) is None and self.scan_budget > 0

    def damage(self, at, end, finding, message, after):
        """Tells of what is no frame, and says where the next one is."""
        if self.is_torn(self.store.size, after, end):
            self.report.unattested("tail.torn", "an unfinished frame that no checkpoint covers: " + message, self.path, at,
                                   self.store.size)
            return end
        self.report.error(finding, message, self.path, at, self.store.size)
        self.damaged = self.store.broken = True
        following = self.find_frame(after, end)
        return end if following is None else following

    def find_frame(self, place, end):
        """The first valid frame header from `place` on. What it reads is bounded, whatever the bytes pretend."""
        while place < end and self.scan_budget > 0:
            chunk = self.file.read(place, min(MIB, end - place))
            self.scan_budget -= len(chunk) // 16 + 1
            for n in range(0, len(chunk), BLOCK):
                if chunk[n:n + 8] != b"MUNFRAME" or self.scan_budget <= 0: continue
                self.scan_budget -= min(4 * MIB, int.from_bytes(chunk[n + 8:n + 12], "little"))
                with contextlib.suppress(Refusal):
                    h, _ = self.frame_header(place + n, end)
                    if self.belongs(h, place + n): return place + n
            place += max(len(chunk), 1)
        return None

    def frame(self, h, raw, body, at):
        """What one frame says of itself, its entries, and then its contents."""
        store = self.store
        if h.firstIndex != store.size:
            if not store.broken:
                self.report.error("frame.index", "the frame begins at %d" % h.firstIndex, self.path, at, store.size)
            store.broken, store.size = True, h.firstIndex
        if h.firstPart < self.sessions.get(h.session, 0):
            self.report.error("frame.firstPart", "nonces of its session recur", self.path, at, h.firstIndex)
        self.sessions[h.session] = h.firstPart + h.partCount
        skeleton = h.entriesByteCount + 48 * h.partCount
        digest = sha256(b"\x20", raw, body[:skeleton])
        self.skeleton.update(digest)
        self.frames.append((at, h.frameByteCount, h.firstIndex, h.entryCount, len(raw) + skeleton, h.partCount, digest))
        columns = None
        try: columns = decode_columns(body[:h.entriesByteCount], h.entryCount)
        except Refusal as refusal:
            self.report.error("entry.malformed", str(refusal), self.path, at + len(raw), h.firstIndex)
            store.broken = True
        if columns:
            store.take_entries(self, h, columns, at)
            self.index.take_entries(h, columns)
        store.size = h.treeSize
        store.check_root(h, self.path, at)
        classes = {run.class_ for run in columns.runs} if columns else {row.class_ for row in h.groups}
        if at == BLOCK and 0 not in {row.class_ for row in h.groups}:
            self.report.error("group.row", "the first frame has no row for class 0", self.path, at, h.firstIndex)
        for row in h.groups: self.take_group(row, row.class_ in classes | {0}, h, at)
        with self.report.guard("part.malformed", self.path, at + len(raw) + h.entriesByteCount, h.firstIndex):
            FrameContents(self, h, columns, body, at).run(decode_part_rows(h, body[h.entriesByteCount:]))

    @property
    def end(self):
        """The index after the segment's last entry."""
        return self.frames[-1][2] + self.frames[-1][3] if self.frames else self.first

    def take_group(self, row, is_due, h, at):
        if row.class_ in self.groups or not is_due:
            message = "class %d has a second or an early group row" % row.class_
            self.report.error("group.row", message, self.path, at, h.firstIndex)
            if row.class_ in self.groups: return
        group = SimpleNamespace(row=row, records=0, parts=0, digest=hashlib.sha256(b"\x23"), key=None, lost=False)
        if self.store.keyring:
            group.key, group.lost = self.store.keyring.group(self.number, self.generation, row)
        self.groups[row.class_] = group

    def check_footer(self, f, start):
        """Compares the footer with what the frames said."""
        store = self.store

        def same(finding, found, said, what):
            if found != said: self.report.error(finding, what, self.path, start, self.first)

        same("footer.field", (f.segment, f.generation), (self.number, self.generation), "another segment's footer")
        end = f.frames[-1].offset + f.frames[-1].frameByteCount if f.frames else BLOCK
        same("footer.frame", end, start, "it does not follow the last frame")
        said = {row.offset: row for row in f.frames}
        for offset, *numbers, digest in self.frames:
            row = said.pop(offset, None)
            if not row:
                self.report.error("footer.frame", "no row for the frame at %d" % offset, self.path, start, self.first)
                continue
            counts = [row.frameByteCount, row.firstIndex, row.entryCount, row.skeletonByteCount, row.partCount]
            same("footer.frame", numbers, counts, "the row of the frame at %d disagrees with it" % offset)
            same("footer.frameDigest", digest, row.digest, "the digest of the frame at %d" % offset)
        for row in said.values():
            self.report.error("frame.missing", "the footer has a row for it", self.path, row.offset, row.firstIndex)
        if self.damaged: return
        same("footer.field", (self.first, store.size - self.first), (f.firstIndex, f.entryCount), "its entries")
        if self.recorded:
            recorded = min(self.recorded), max(self.recorded)
            same("footer.field", recorded, (f.recordedFirst, f.recordedLast), "the recorded times")
        same("footer.skeletonDigest", self.skeleton.digest(), f.skeletonDigest, "the skeleton digest")
        if not store.broken: same("footer.root", store.tree.root(), f.root, "the root")
        digests = {c: g.digest.digest() for c, g in sorted(self.groups.items())}
        groups = [(c, g.row.slot, g.row.keyCommitment, g.records, g.parts) for c, g in sorted(self.groups.items())]
        same("footer.groupDigest", digests, {g.class_: g.digest for g in f.groups}, "the group digests")
        said = [(g.class_, g.slot, g.keyCommitment, g.recordCount, g.partCount) for g in f.groups]
        same("footer.group", groups, said, "the groups")
        bodies = [(b.id, b.index, b.fileByteCount, b.digest) for b in f.bodyFiles]
        same("footer.bodyFile", self.bodies, bodies, "the body files")


# ---------------------------------------------------------------------------- the contents of one frame
