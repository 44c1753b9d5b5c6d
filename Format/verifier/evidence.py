"""Evidence files (evidence.md), read once from the first byte to the last; a payload is never held in memory."""

import hashlib
from types import SimpleNamespace

from .control import decode_class, decode_control, decode_export, decode_identity
from .entries import decode_attribute, decode_entry, judge_extensions
from .findings import take_note
from .primitives import Cursor, INDEX_END, MIB, Refusal, ascends, known_version, minimal_varint, need, sha256, utf8
from .retention import RETENTION_BODIES
from .tree import leaf_hash, node_hash

EVIDENCE_MAGIC = b"MUNEVID1"
CUSTODY, RECORD, CONTROL, LOG, CHECKPOINT, PROOF, END = range(1, 8)
# type: the longest body, the most chunks
BOUNDS = {CUSTODY: (262_144, 1), RECORD: (1 << 62, 1 << 22), CONTROL: (65_543, 1 << 16), LOG: (65_560, 1),
          CHECKPOINT: (MIB, 1), PROOF: (1 << 38, 1), END: (32, 1)}
WHOLE, PIECES, ENTRIES = range(3)
OPENED, WITHHELD, PURGED = range(3)
HEAD_BYTES = 2 * MIB
EXPORT = 12


# ---------------------------------------------------------------------------- decoders

def check_header(raw):
    need(raw[:8] == EVIDENCE_MAGIC, "wrongMagic")
    need(len(raw) >= 16, "truncated")
    known_version(int.from_bytes(raw[8:12], "little"))
    need(raw[12:16] == bytes(4), "notCanonical", "reserved bytes")


class Order:
    """Which chunk may come next."""

    def __init__(self): self.last, self.count = 0, 0

    def take(self, raw):
        """The type and the length of the next chunk, from its heading."""
        need(len(raw) == 9, "truncated")
        kind, size = raw[0], int.from_bytes(raw[1:], "little")
        need(kind in BOUNDS, "unknownValue", "chunk type %d" % kind)
        longest, most = BOUNDS[kind]
        again = kind == self.last and self.count < most
        need(again or kind == self.last + 1, "inconsistent", "a chunk of type %d may not stand here" % kind)
        self.last, self.count = kind, self.count + 1 if again else 1
        need(size <= longest and (kind != END or size == 32) and (kind != PROOF or size % 32 == 0), "outOfBounds",
             "a chunk of %d bytes" % size)
        return kind, size


def decode_file(raw):
    """The chunks of a whole file that is in memory: (type, body)."""
    check_header(raw)
    c, order, chunks = Cursor(raw, 16), Order(), []
    while order.last != END:
        kind, size = order.take(c.take(9))
        chunks.append((kind, c.take(size)))
    c.finish()
    return chunks


def decode_custody(raw):
    c = Cursor(raw)
    custody = SimpleNamespace(exported=int.from_bytes(c.take(8), "little", signed=True), exporter=c.text(1_024),
                              tool=c.text(256), selection=c.text(65_535), disclosure=c.take(1)[0])
    need(custody.disclosure <= ENTRIES, "unknownValue", "disclosure")
    count = c.varint(256)
    need(bool(count) == (custody.disclosure == PIECES), "notCanonical", "names that do not fit the disclosure")
    names = []
    for _ in range(count):
        names.append(c.counted(255))
        need(names[-1], "outOfBounds", "an empty name")
        utf8(names[-1])
        need(ascends(names[-2:]), "notCanonical", "names do not ascend")
    c.finish()
    custody.names = [utf8(name) for name in names]
    return custody


def decode_record_head(raw, payload_size):
    """A record's head, behind which `payload_size` bytes stand."""
    c = Cursor(raw)
    record = SimpleNamespace(index=int.from_bytes(c.take(8), "little"), attributes=[], payload=None)
    need(record.index < INDEX_END, "outOfBounds", "index")
    record.state, = c.take(1)
    need(record.state <= PURGED, "unknownValue", "state")
    record.entry = c.take(int.from_bytes(c.take(2), "little"))
    if record.state == OPENED:
        record.attributes = decode_pieces(c)
        record.payload = SimpleNamespace(salt=c.take(16)) if disclosed(c) else c.take(32)
    c.finish()
    need(not payload_size or isinstance(record.payload, SimpleNamespace), "notCanonical", "a payload that is not disclosed")
    return record


def disclosed(c):
    flag, = c.take(1)
    need(flag <= 1, "unknownValue", "neither disclosed nor withheld")
    return flag


def decode_pieces(c):
    pieces, size, last = [], 0, []
    for _ in range(c.varint(4_096)):
        if not disclosed(c):
            pieces.append(c.take(32))
            continue
        piece = SimpleNamespace(salt=c.take(16), attribute=c.counted(MIB))
        size += len(piece.attribute) + len(minimal_varint(len(piece.attribute)))
        need(size <= MIB, "outOfBounds", "attributes of %d bytes" % size)
        last = last[-1:] + [piece.attribute]
        need(ascends(last), "notCanonical", "attributes do not ascend")
        pieces.append(piece)
    return pieces


def decode_record(raw):
    """A whole record chunk."""
    c = Cursor(raw)
    size = int.from_bytes(c.take(4), "little")
    need(size <= HEAD_BYTES, "outOfBounds", "a head of %d bytes" % size)
    head = c.take(size)
    record = decode_record_head(head, c.left)
    record.bytes = c.take(c.left)
    return record


def decode_control_chunk(raw):
    c = Cursor(raw)
    record = SimpleNamespace(index=int.from_bytes(c.take(8), "little"))
    need(record.index < INDEX_END, "outOfBounds", "index")
    record.entry = c.take(c.left)
    need(1 <= len(record.entry) <= 65_535, "outOfBounds", "entry")
    return record


def decode_log(raw):
    c = Cursor(raw)
    log = SimpleNamespace(logged=c.take(1)[0])
    need(log.logged <= 1, "unknownValue", "neither logged nor not")
    if log.logged:
        log.index = int.from_bytes(c.take(8), "little")
        need(log.index < INDEX_END, "outOfBounds", "index")
        log.salt, log.entry = c.take(16), c.take(c.left)
        need(1 <= len(log.entry) <= 65_535, "outOfBounds", "entry")
    c.finish()
    return log


# ---------------------------------------------------------------------------- the tree

def proof_root(leaves, size, nodes):
    """The root from {index: leaf hash} and the nodes, in the proof's order; refused where their number is another."""
    indexes, left = sorted(leaves), iter(nodes)

    def walk(low, high, targets):
        if not targets: return next(left)
        if high - low == 1: return leaves[low]
        middle = low + (1 << (high - low - 1).bit_length() - 1)
        at = next((n for n, index in enumerate(targets) if index >= middle), len(targets))
        return node_hash(walk(low, middle, targets[:at]), walk(middle, high, targets[at:]))

    need(indexes[-1] < size, "outOfBounds", "an entry past the checkpoint")
    try: root = walk(0, size, indexes)
    except StopIteration: raise Refusal("truncated", "too few nodes") from None
    need(next(left, None) is None, "notCanonical", "too many nodes")
    return root


# ---------------------------------------------------------------------------- verification

class Evidence:
    """One pass over an evidence file."""

    def __init__(self, file, name, report, keys):
        self.file, self.name, self.report, self.keys = file, name, report, keys
        self.at, self.hash, self.last_index = 0, hashlib.sha256(), -1
        self.leaves, self.classes, self.used, self.greatest = {}, set(), {}, -1
        self.custody = self.identity = self.note = None
        self.unexplained, self.prepared = set(), {}
        self.records = self.purged = 0
        self.is_proved = False

    def error(self, finding, message, index=None): self.report.error(finding, message, self.name, self.start, index)

    def take(self, count):
        raw = self.file.read(self.at, count)
        need(len(raw) == count, "truncated")
        self.at += count
        self.hash.update(raw)
        return raw

    def run(self):
        if not self.keys: self.report.untrusted()
        self.start = 0
        with self.report.guard("evidence.malformed", self.name):
            self.walk()
        root = self.note.root if self.is_proved else sha256()
        return self.report.conclude(self.note.treeSize if self.note else 0, root, self.records, self.purged)

    def walk(self):
        check_header(self.take(min(16, self.file.size)))
        order, last = Order(), 0
        steps = {CUSTODY: self.take_custody, CONTROL: self.take_control, LOG: self.take_log,
                 CHECKPOINT: self.take_checkpoint, END: self.take_end}
        while order.last != END:
            self.start, self.prefix = self.at, self.hash.digest()
            kind, size = order.take(self.take(min(9, self.file.size - self.at)))
            need(size <= self.file.size - self.at, "truncated", "a chunk is cut off")
            if kind != last:
                self.last_index = -1
                if last == CONTROL: self.conclude()
            last, end = kind, self.at + size
            with self.report.guard("evidence.malformed", self.name, self.start):
                if kind == RECORD: self.take_record(size)
                elif kind == PROOF: self.take_proof(size)
                else: steps[kind](self.take(size))
            while self.at < end: self.take(min(MIB, end - self.at))
        need(self.at == self.file.size, "notCanonical", "bytes after the end chunk")

    def take_entry(self, index, raw, kind):
        """Notes an entry for the proof, and decodes it; None where that cannot be done."""
        if index <= self.last_index: self.error("evidence.indexes", "it stands out of order, or twice", index)
        if index in self.leaves: self.error("evidence.indexes", "it stands in the file twice", index)
        self.last_index, self.greatest = index, max(index, self.greatest)
        self.leaves[index] = leaf_hash(raw)
        try: entry = decode_entry(raw)
        except Refusal as refusal:
            unknown = refusal.code == "unknownValue"
            (self.report.unattested if unknown else self.report.error)(
                "entry.unknown" if unknown else "entry.malformed", str(refusal), self.name, self.start, index)
            return None
        if entry.kind != kind: self.error("entry.malformed", "an entry of the other kind", index)
        judge_extensions(entry.kind, entry.items, self.report, self.name, self.start, index)
        return entry

    def take_custody(self, raw): self.custody = decode_custody(raw)

    def take_record(self, size):
        end = self.at + size
        head_size = int.from_bytes(self.take(4), "little") if size >= 4 else HEAD_BYTES + 1
        need(head_size <= HEAD_BYTES, "outOfBounds", "a head of %d bytes" % head_size)
        need(4 + head_size <= size, "truncated", "the head")
        head = self.take(head_size)
        record = decode_record_head(head, end - self.at)
        self.records += 1
        self.purged += record.state == PURGED
        payload = None
        if isinstance(record.payload, SimpleNamespace):
            p = hashlib.sha256(b"\x12" + record.payload.salt)
            while self.at < end: p.update(self.take(min(MIB, end - self.at)))
            payload = p.digest()
        entry = self.take_entry(record.index, record.entry, 0)
        if entry: self.used.setdefault(entry.class_, record.index)
        if record.state == PURGED: self.unexplained.add(record.index)
        if record.state == OPENED and entry: self.check_content(record, entry, payload)
        if self.custody: self.check_disclosure(record, payload is not None)

    def check_content(self, record, entry, payload):
        c = [sha256(b"\x13", piece.salt, piece.attribute) if isinstance(piece, SimpleNamespace) else piece
             for piece in record.attributes]
        a = sha256(b"\x11", minimal_varint(len(c)), *c)
        if sha256(b"\x10", a, record.payload if payload is None else payload) != entry.commitment:
            self.error("content.commitment", "what is disclosed is not what the entry commits to", record.index)

    def check_disclosure(self, record, has_payload):
        kind, names = self.custody.disclosure, self.custody.names
        if record.state != OPENED:
            if record.state == WITHHELD and kind == WHOLE:
                self.error("evidence.disclosure", "withheld, though all is said to be disclosed", record.index)
            return
        for piece in record.attributes:
            if not isinstance(piece, SimpleNamespace):
                if kind == WHOLE: self.error("evidence.disclosure", "an attribute is withheld", record.index)
                continue
            try: name = utf8(decode_attribute(piece.attribute).nameBytes)
            except Refusal as refusal: self.error("content.malformed", str(refusal), record.index)
            else:
                if kind == ENTRIES or kind == PIECES and name not in names:
                    self.error("evidence.disclosure", "an attribute that custody does not name", record.index)
        if has_payload != (kind == WHOLE or "@payload" in names):
            self.error("evidence.disclosure", "the payload is not disclosed as custody says", record.index)

    def take_control(self, raw):
        record = decode_control_chunk(raw)
        entry = self.take_entry(record.index, record.entry, 1)
        public = entry and next((item for item in entry.items if item.type == 1 and item.critical), None)
        if not public: return entry and self.error("control.malformed", "no public part", record.index)
        with self.report.guard("control.malformed", self.name, self.start, record.index):
            control = decode_control(public.bytes)
            if control.type == 1:
                need(record.index == 0, "inconsistent", "an identity record that is not entry 0")
                self.identity = decode_identity(control.body)
            elif control.type == 3: self.classes.add(decode_class(control.body).class_)
            elif control.type in RETENTION_BODIES: self.take_retention(record.index, control)
            else:
                self.report.unattested("control.unknown", "type %d has no rules here" % control.type, self.name,
                                       self.start, record.index)

    def take_retention(self, index, control):
        """evidence.md, "Checks", 9: a purged record stands in a prepared record that a completed one carried out."""
        body = RETENTION_BODIES[control.type](control.body)
        if control.type == 9:
            covered = {i for first, count in body.purged.runs for i in self.within(first, count)}
            self.prepared[index] = covered & self.unexplained
            self.unexplained -= covered
        if control.type == 10:
            for prepared in body.prepared: self.prepared.pop(prepared, None)

    def within(self, first, count):
        """The purged records of a run, whatever its length."""
        if count <= len(self.unexplained): return range(first, first + count)
        return [index for index in self.unexplained if first <= index < first + count]

    def conclude(self):
        """What can be said once records and control records are there."""
        if not self.identity: self.error("evidence.identity", "entry 0 does not say what the log is", 0)
        for class_, index in self.used.items():
            if class_ not in self.classes: self.error("evidence.class", "no record declares class %d" % class_, index)

        for index in sorted(self.unexplained.union(*self.prepared.values())):
            self.report.unattested("evidence.purgeUnproved", "said to be purged, and no disposition shows it", self.name,
                                   self.start, index)

    def take_log(self, raw):
        log = decode_log(raw)
        if not log.logged:
            message = "the log does not tell of this export: custody and completeness are the file's own words"
            return self.report.notice("evidence.unlogged", message, self.name, self.start)
        if log.index <= self.greatest: self.error("evidence.statement", "logged before what it exports", log.index)
        entry = self.take_entry(log.index, log.entry, 1)
        public = entry and next((item for item in entry.items if item.type == 1 and item.critical), None)
        if not public: return entry and self.error("control.malformed", "no public part", log.index)
        with self.report.guard("control.malformed", self.name, self.start, log.index):
            control = decode_control(public.bytes)
            if control.type != EXPORT: return self.error("evidence.statement", "not an export record", log.index)
            export = decode_export(control.body)
            if (export.recordCount, export.statement) != (self.records, sha256(b"\x40", log.salt, self.prefix)):
                self.error("evidence.statement", "the log tells of another export", log.index)

    def take_checkpoint(self, raw):
        origin = self.identity.origin if self.identity else None
        self.note = take_note(self.report, raw, self.name, self.start, origin, self.keys)

    def take_proof(self, size):
        nodes = [self.take(32) for _ in range(size // 32)]
        if not self.note: return
        with self.report.guard("evidence.proof", self.name, self.start):
            root = proof_root(self.leaves, self.note.treeSize, nodes)
            need(root == self.note.root, "inconsistent", "the proof does not lead to the checkpoint's root")
            self.is_proved = True

    def take_end(self, raw):
        if raw != self.prefix: self.error("evidence.digest", "the file has another digest than the one at its end")
