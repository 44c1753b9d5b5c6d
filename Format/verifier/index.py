"""The index of a sealed segment (index.md): its decoders, and whether it lists what the contents give."""

import hashlib
import hmac
import struct
from types import SimpleNamespace

from .keys import hkdf, open_sealed
from .primitives import BLOCK, SEGMENT_ENTRIES, Cursor, Layout, Refusal, ascends, known_version, minimal_varint, need, sha256
from .tree import Tree

DIRECTORY = Layout("magic:8s version:I groupCount:I")
GROUP = Layout("class_:I flags:I timeFirst:q timeLast:q filterPageCount:I termPageCount:I topPageCount:I zero:4s "
               "salt:32s digest:32s")
PLAIN, BODY, FILTER, TERM = 4_080, 4_076, 4_064, 512
TERMS, TOP = 2, 3


def decode_index_directory(raw):
    need(raw[:8] == b"MUNINDEX" or len(raw) < 8, "wrongMagic")
    d = DIRECTORY.read(raw)
    known_version(d.version)
    need(1 <= d.groupCount <= 1_000, "outOfBounds", "%d groups" % d.groupCount)
    need(len(raw) == 16 + 104 * d.groupCount, "truncated", "groups that do not fill the directory")
    c, d.groups, pages = Cursor(raw, 16), [], 0
    for _ in range(d.groupCount):
        group = GROUP.read(c.take(104))
        need(not any(group.zero), "notCanonical", "zeros")
        need(group.flags <= 1, "unknownValue", "flags %d" % group.flags)
        group.isPurged = not (group.filterPageCount or group.termPageCount or group.topPageCount or any(group.salt + group.digest))
        need(1 <= group.class_ <= 1_000, "outOfBounds", "class")
        need(group.isPurged or group.termPageCount and group.topPageCount, "outOfBounds", "group")
        need(group.timeFirst <= group.timeLast, "inconsistent", "times")
        group.first_page, group.pages = pages, group.filterPageCount + group.termPageCount + group.topPageCount
        pages += group.pages
        need(pages <= 16_384, "outOfBounds", "%d pages" % pages)
        d.groups.append(group)
    need(ascends([group.class_ for group in d.groups]), "notCanonical", "groups do not ascend")
    d.byteCount = pages * BLOCK
    return d


def page_body(raw, kind):
    need(len(raw) == PLAIN, "truncated")
    need(raw[0] == kind, "unknownValue", "a page of kind %d" % raw[0])
    need(not raw[1], "notCanonical", "zero")
    size = int.from_bytes(raw[2:4], "little")
    need(size <= BODY, "outOfBounds", "body of %d bytes" % size)
    need(not any(raw[4 + size:]), "notCanonical", "bytes after the body")
    return raw[4:4 + size]


def decode_runs(raw):
    """Postings as [first, end)."""
    c, runs, end = Cursor(raw), [], None
    need(c.left, "outOfBounds", "a term without records")
    while c.left:
        step = c.varint(2 * SEGMENT_ENTRIES + 1)
        first = step >> 1 if end is None else end + 1 + (step >> 1)
        end = first + (c.varint(SEGMENT_ENTRIES) + 2 if step & 1 else 1)
        need(end <= SEGMENT_ENTRIES, "outOfBounds", "ordinal")
        runs.append([first, end])
    return runs


def decode_term_page(raw):
    c, terms, last = Cursor(page_body(raw, TERMS)), [], b""
    need(c.left, "outOfBounds", "a page without terms")
    while c.left:
        shared = c.varint(len(last))
        rest = c.counted(TERM - shared)
        term = last[:shared] + rest
        need(term, "outOfBounds", "an empty term")
        need(not terms or last < term and last[shared:shared + 1] != rest[:1], "notCanonical", "terms do not ascend")
        terms.append(SimpleNamespace(term=term, runs=decode_runs(c.counted(BODY))))
        last = term
    return SimpleNamespace(terms=terms)


def decode_top(raw, count):
    c, last = Cursor(raw), b""
    names = [c.counted(255) for _ in range(c.varint(256))]
    need(ascends(names), "notCanonical", "names do not ascend")
    separators = []
    for n in range(count):
        shared = c.varint(len(last))
        rest = c.counted(TERM - shared)
        separator = last[:shared] + rest
        need(not rest or last[shared:shared + 1] != rest[:1], "notCanonical", "a separator shares more")
        need(bool(separator) == bool(n) and separator >= last, "notCanonical", "separators do not ascend")
        separators.append(separator)
        last = separator
    c.finish()
    return SimpleNamespace(count=count, names=names, separators=separators)


def time_term(time): return b"\0" + struct.pack(">Q", time + (1 << 63))
def attribute_term(attribute): return (b"\1" + attribute)[:TERM]


def common(a, b):
    """How many bytes two strings begin with in common."""
    n, bound = 0, min(len(a), len(b))
    while n < bound and a[n] == b[n]: n += 1
    return n


class Listed:
    """What the entries and contents of one class give: ordinals by time and by attribute."""

    def __init__(self): self.times, self.attributes = {}, {}

    def take_time(self, ordinal, time): self.times.setdefault(time, []).append(ordinal)

    def take_content(self, ordinal, attributes):
        for attribute in attributes: self.attributes.setdefault(bytes(attribute), []).append(ordinal)

    def terms(self, names):
        """{term: its records}. `names` None for all attributes."""
        found = {time_term(time): set(ordinals) for time, ordinals in self.times.items()}
        for attribute, ordinals in self.attributes.items():
            name = Cursor(attribute).counted(255)
            if names is None or name in names or name[:1] == b"@":
                found.setdefault(attribute_term(attribute), set()).update(ordinals)
        return found


def runs_of(ordinals):
    runs = []
    for ordinal in sorted(ordinals):
        if runs and runs[-1][1] == ordinal: runs[-1][1] += 1
        else: runs.append([ordinal, ordinal + 1])
    return runs


class GroupIndex:
    """The pages of one group, as they stand in a file, and the checks of them."""

    def __init__(self, row, read_page, log_id, segment):
        self.row, self.read_page = row, read_page
        self.place = log_id + struct.pack("<QI", segment, row.class_)

    def digest(self):
        """The root over the pages; of a purged group, which has none, zero."""
        if self.row.isPurged: return bytes(32)
        tree = Tree()
        for n in range(self.row.pages): tree.append([sha256(b"\x24", self.read_page(n))])
        return tree.root()

    def open(self, group_key):
        """The pages before they were sealed; None for those that do not open."""
        self.key = hkdf(group_key, b"index", self.place)
        page_key = hkdf(group_key, b"index", self.place, self.row.salt)
        def associated(n): return b"MUNINDX1" + self.place + struct.pack("<II", n, self.row.pages)
        return [open_sealed(page_key, n, self.read_page(n), associated(n)) for n in range(self.row.pages)]

    def check(self, plain, listed):
        """Refuses pages that are not the one spelling of what was listed."""
        row, filters = self.row, self.row.filterPageCount
        term_pages, tops = plain[filters:filters + row.termPageCount], plain[filters + row.termPageCount:]
        top = decode_top(b"".join(page_body(raw, TOP) for raw in tops), row.termPageCount)
        need(not row.flags or not top.names, "notCanonical", "names, though all are indexed")
        said, order = {}, []
        for raw in term_pages:
            for item in decode_term_page(raw).terms:
                if item.term not in said: order.append(item.term)
                else: need(order[-1] == item.term, "notCanonical", "terms do not ascend")
                runs = said.setdefault(item.term, [])
                need(not runs or runs[-1][1] < item.runs[0][0], "notCanonical", "runs do not ascend")
                runs += item.runs
        need(ascends(order), "notCanonical", "terms do not ascend")
        found = {term: runs_of(ordinals) for term, ordinals in
                 listed.terms(None if row.flags else set(map(bytes, top.names))).items()}
        if found != said:
            differing = sum(found.get(term) != said.get(term) for term in found.keys() | said.keys())
            raise Refusal("terms", "%d terms have other records than the contents give" % differing)
        self.check_spelling(plain, term_pages, order, said, top)

    def check_spelling(self, plain, term_pages, order, said, top):
        bodies, separators = cut_into_pages(order, said)
        need(bodies == [page_body(raw, TERMS) for raw in term_pages], "notCanonical", "cut into pages in another way")
        need(separators == top.separators, "notCanonical", "a separator")
        attributes = [term for term in order if term[0] == 1]
        count = -(-len(attributes) * 10 // (8 * FILTER))
        need(count == self.row.filterPageCount, "inconsistent", "the filter's length")
        pages = [bytearray(FILTER) for _ in range(count)]
        for term in attributes:
            a, b = struct.unpack_from("<QQ", sha256(b"\x26", self.key[:16], term))
            for n in range(7):
                bit = ((b & 0xFFFFFFFF) + n * (b >> 32 | 1)) % (8 * FILTER)
                pages[(a >> 32) * count >> 32][bit >> 3] |= 1 << (bit & 7)
        need(pages == [page_body(raw, 1) for raw in plain[:count]], "inconsistent", "the filter")
        need(hmac.digest(self.key, b"".join(plain), "sha256") == self.row.salt, "inconsistent", "the salt")


def cut_into_pages(order, said):
    """The bodies of term pages and their separators, as index.md cuts them."""
    bodies, separators, body, last = [], [b""], bytearray(), b""
    for term in order:
        runs = list(said[term])
        while runs:
            shared = common(term, last) if body else 0
            head = minimal_varint(shared) + minimal_varint(len(term) - shared) + term[shared:]
            postings, end, taken = b"", None, 0
            for first, after in runs:
                step = first if end is None else first - end - 1
                more = minimal_varint(2 * step + (after - first > 1))
                if after - first > 1: more += minimal_varint(after - first - 2)
                size = len(postings) + len(more)
                if len(body) + len(head) + len(minimal_varint(size)) + size > BODY: break
                postings, end, taken = postings + more, after, taken + 1
            if taken:
                body += head + minimal_varint(len(postings)) + postings
                last, runs = term, runs[taken:]
            if runs:
                need(body, "inconsistent", "a term that fits no page")
                separators.append(term[:common(term, last) + 1])
                bodies.append(bytes(body))
                body = bytearray()
    return bodies + [bytes(body)], separators


class SegmentIndex:
    """The index of one segment on its way through a walk: what it must say is gathered, then compared."""

    def __init__(self, walk): self.walk, self.listed, self.directory, self.start = walk, {}, None, None

    def find(self, raw, footer_start):
        """Where the frames end: before the pages of the index, if there is one."""
        if not raw: return footer_start
        with self.walk.report.guard("index.malformed", self.walk.path, footer_start):
            directory = decode_index_directory(raw)
            need(directory.byteCount <= footer_start - BLOCK, "inconsistent", "more pages than can be")
            self.directory, self.start = directory, footer_start - directory.byteCount
        return footer_start if self.start is None else self.start

    def take_entries(self, h, columns):
        for run in columns.runs:
            if run.kind: continue
            listed = self.listed.setdefault(run.class_, Listed())
            for n in range(run.count):
                time = run.occurred[n] if run.occurred else run.recorded
                listed.take_time(h.firstIndex + run.first + n - self.walk.first, time)

    def take_content(self, class_, index, attributes):
        if self.directory and class_ in self.listed:
            self.listed[class_].take_content(index - self.walk.first, attributes)

    def check(self):
        """After the last frame."""
        if not self.directory: return
        walk = self.walk
        said = {group.class_: (group.timeFirst, group.timeLast) for group in self.directory.groups}
        found = {class_: (min(listed.times), max(listed.times)) for class_, listed in self.listed.items()}
        if said != found and not walk.damaged:
            walk.report.error("index.times", "other classes or times than the entries'", walk.path, self.start, walk.first)
        for row in self.directory.groups:
            if row.isPurged: self.check_purged(row)
            else: self.check_group(row)

    def check_purged(self, row):
        """A purged group has no terms, so none of its contents may be there."""
        walk, group = self.walk, self.walk.groups.get(row.class_)
        if group and group.records:
            message = "class %d is said to be purged, and contents of it are there" % row.class_
            walk.report.error("index.terms", message, walk.path, self.start, walk.first)

    def check_group(self, row):
        walk, start = self.walk, self.start + BLOCK * row.first_page
        def read_page(n): return walk.file.read(start + BLOCK * n, BLOCK)
        index = GroupIndex(row, read_page, walk.store.log_id, walk.number)
        if index.digest() != row.digest:
            walk.report.error("index.digest", "not the pages that the footer binds", walk.path, start, walk.first)
        group = walk.groups.get(row.class_)
        if not group or not group.key or walk.damaged or row.class_ not in self.listed: return
        plain = index.open(group.key.key)
        if None in plain:
            message = "page %d of class %d does not open" % (plain.index(None), row.class_)
            walk.report.error("index.sealed", message, walk.path, start, walk.first)
            return
        try: index.check(plain, self.listed[row.class_])
        except Refusal as refusal:
            finding = "index.terms" if refusal.code == "terms" else "index.malformed"
            walk.report.error(finding, str(refusal), walk.path, start, walk.first)
