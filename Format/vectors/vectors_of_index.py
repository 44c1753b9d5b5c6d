"""Encoders of an index (index.md), and its vectors: the directory, term pages, the top, and one whole index with its key."""

import hashlib
import hmac
import struct

from primitives import group_place, hkdf, seal
from structures import attribute, counted, join, sha256, spell, stand_in, tree_root, u16, u32, u64, i64, u8, varint
from vector_file import EXAMPLES, LOG_ID, T0, Document, Vectors

PAGE, PLAIN, BODY, FILTER = 4_096, 4_080, 4_076, 4_064
TERM = 512


def time_term(time): return b"\0" + struct.pack(">Q", time + (1 << 63))
def attribute_term(encoded): return (b"\1" + encoded)[:TERM]


def page(kind, body):
    assert len(body) <= BODY
    return [("kind", u8(kind)), ("zero", b"\0"), ("bodyByteCount", u16(len(body))), ("body", body),
            ("zeros", bytes(BODY - len(body)))]


def shared_count(a, b):
    n = 0
    while n < min(len(a), len(b)) and a[n] == b[n]: n += 1
    return n


def runs_of(ordinals):
    """[first, end) of neighbours."""
    runs = []
    for ordinal in sorted(set(ordinals)):
        if runs and runs[-1][1] == ordinal: runs[-1][1] += 1
        else: runs.append([ordinal, ordinal + 1])
    return runs


def spelt_run(run, end):
    step = run[0] if end is None else run[0] - end - 1
    count = run[1] - run[0]
    return varint(step << 1 | (count > 1)) + (varint(count - 2) if count > 1 else b"")


def entry(shared, term, postings): return varint(shared) + counted(term[shared:]) + counted(postings)


def term_pages(terms):
    """`terms`: sorted (term, runs). Returns the bodies and the separators."""
    bodies, separators, body, last = [], [], b"", b""

    def begin(term):
        separators.append(term[:shared_count(term, last) + 1] if separators else b"")

    for term, runs in terms:
        if not body: begin(term)
        shared = shared_count(term, last) if body else 0
        postings, end = b"", None
        for run in runs:
            more = spelt_run(run, end)
            if len(body) + len(entry(shared, term, postings + more)) > BODY:
                if postings:
                    body += entry(shared, term, postings)
                    last = term
                bodies.append(body)
                begin(term)
                body, shared, postings, more = b"", 0, b"", spelt_run(run, None)
            postings, end = postings + more, run[1]
        body, last = body + entry(shared, term, postings), term
    return bodies + [body], separators


def top(names, separators):
    raw, last = varint(len(names)) + b"".join(counted(name) for name in names), b""
    for separator in separators:
        shared = shared_count(last, separator)
        raw, last = raw + varint(shared) + counted(separator[shared:]), separator
    return raw


def filter_bodies(key, terms):
    """`key` is the index key."""
    count = -(-len(terms) * 10 // (FILTER * 8))
    pages = [bytearray(FILTER) for _ in range(count)]
    for term in terms:
        page, bits = filter_place(key, term, count)
        for bit in bits: pages[page][bit >> 3] |= 1 << (bit & 7)
    return [bytes(page) for page in pages]


def filter_place(key, term, count):
    """The page of `count`, and the bits in it."""
    first, second = struct.unpack_from("<QQ", sha256(b"\x26", key[:16], term))
    bits = [((second & 0xFFFFFFFF) + n * (second >> 32 | 1)) % (FILTER * 8) for n in range(7)]
    return ((first >> 32) * count) >> 32, bits


class Index:
    """The index of one group. `records`: (ordinal, time, encoded attributes); `names` None for all attributes."""

    def __init__(self, group_key, log_id, segment, class_id, records, names=None):
        place = group_place(log_id, segment, class_id)
        self.key, self.class_id = hkdf(group_key, "index", place), class_id
        listed = {}
        for ordinal, time, attributes in records:
            listed.setdefault(time_term(time), []).append(ordinal)
            for a in attributes:
                name = a[1:1 + a[0]]
                if names is None or name in names or name.startswith(b"@"):
                    listed.setdefault(attribute_term(a), []).append(ordinal)
        self.terms = [(term, runs_of(ordinals)) for term, ordinals in sorted(listed.items())]
        filters = filter_bodies(self.key, [term for term, _ in self.terms if term[0] == 1])
        bodies, separators = term_pages(self.terms)
        raw = top(sorted(names or []), separators)
        tops = [raw[n:n + BODY] for n in range(0, len(raw), BODY)]
        self.separators, self.top = separators, raw
        self.counts = len(filters), len(bodies), len(tops)
        plain = [join(page(kind, body)) for kind, group in [(1, filters), (2, bodies), (3, tops)] for body in group]
        self.plain = plain
        self.salt = hmac.new(self.key, b"".join(plain), hashlib.sha256).digest()
        page_key = hkdf(group_key, "index", place, self.salt)
        self.page_key = page_key
        self.ad = [[("purpose", b"MUNINDX1"), ("log ID", log_id), ("segment", u64(segment)), ("class", u32(class_id)),
                    ("page", u32(n)), ("pageCount", u32(len(plain)))] for n in range(len(plain))]
        self.pages = [seal(page_key, n, join(self.ad[n]), raw) for n, raw in enumerate(plain)]
        self.digest = tree_root([sha256(b"\x24", raw) for raw in self.pages])
        times = [time for _, time, _ in records]
        self.row = (class_id, int(names is None), min(times), max(times), *self.counts, self.salt, self.digest)


def directory(rows, version=1, magic=b"MUNINDEX"):
    fields = [("magic", magic), ("version", u32(version)), ("groupCount", u32(len(rows)))]
    for n, (class_id, flags, first, last, filters, terms, tops, salt, digest) in enumerate(rows):
        fields += [("group %d: class" % n, u32(class_id)), ("flags", u32(flags)), ("timeFirst", i64(first)),
                   ("timeLast", i64(last)), ("filterPageCount", u32(filters)), ("termPageCount", u32(terms)),
                   ("topPageCount", u32(tops)), ("zero", bytes(4)), ("salt", salt), ("digest", digest)]
    return fields


def example(log_id, time, attribute):
    """300 records whose terms fill several pages: some alike, some of their own, one too long."""
    records = []
    for n in range(300):
        attributes = [attribute("from", 1, "user%d@example.org" % (n % 7)), attribute("id", 1, "message-%04d" % (n * 37 % 1_000))]
        if n % 3 == 0: attributes.append(attribute("size", 2, n * 1_000 - 50_000))
        if n in (8, 9): attributes += [attribute("subject", 1, "x" * 600 + end) for end in ("a", "b")]
        if n >= 250: attributes.append(attribute("@stream", 1, "general"))
        when = time + (n // 100) * 1_000_000 if n % 2 else time - 5_000_000 + n
        records.append((n + 2, when, sorted(join(a) for a in attributes)))
    return records


def directories(log_id, time, indexes):
    v = Vectors("index-directory.json", "index directory", "index.md")
    h = lambda raw: raw.hex()
    fields = lambda row: dict(zip(["class", "flags", "timeFirst", "timeLast", "filterPageCount", "termPageCount",
                                   "topPageCount"], row[:7]), salt=h(row[7]), digest=h(row[8]))
    rows = [index.row for index in indexes]
    for name, listed in [("example", rows[:1]), ("two groups", rows),
                         ("purged", [rows[0], (9, 1, rows[0][2], rows[0][3], 0, 0, 0, bytes(32), bytes(32))]),
                         ("most pages", [(1_000, 0, -2**63, 2**63 - 1, 0, 1, 16_383, rows[0][7], rows[0][8])])]:
        raw = v.accept(name, directory(listed), groups=[fields(row) for row in listed])
    good = rows[0]
    def bad(name, error, at, value): v.refuse(name, directory([good[:at] + (value,) + good[at + 1:]]), error)
    v.refuse("nothing", b"", "truncated")
    v.refuse("another magic", directory(rows, magic=b"MUNINDEY"), "wrongMagic")
    v.refuse("version 2", directory(rows, version=2), "newerVersion")
    v.refuse("version 0", directory(rows, version=0), "unknownValue")
    v.refuse("no group", directory([]), "outOfBounds")
    v.refuse("cut off", join(directory(rows))[:-1], "truncated")
    v.refuse("a byte after", join(directory(rows)) + b"\0", "truncated")
    bad("class 0", "outOfBounds", 0, 0)
    bad("class 1,001", "outOfBounds", 0, 1_001)
    bad("flag bit 1", "unknownValue", 1, 2)
    bad("times run backwards", "inconsistent", 2, good[3] + 1)
    bad("no term page", "outOfBounds", 5, 0)
    bad("no top page", "outOfBounds", 6, 0)
    v.refuse("purged, digest left", directory([(9, 1, 0, 0, 0, 0, 0, bytes(32), good[8])]), "outOfBounds")
    bad("16,385 pages", "outOfBounds", 4, 16_385 - good[5] - good[6])
    bad("2^32 - 1 pages", "outOfBounds", 4, 2**32 - 1)
    v.refuse("groups do not ascend", directory(rows[::-1]), "notCanonical")
    raw = join(directory(rows[:1]))
    v.refuse("zero is not zero", raw[:52] + b"\1" + raw[53:], "notCanonical")
    return v


def pages(index):
    v = Vectors("index-page.json", "index term page", "index.md")
    def terms(listed): return [{"term": term.hex(), "runs": runs} for term, runs in listed]
    listed = [(time_term(1_767_225_600_000_000), [[2, 5], [9, 10]]), (attribute_term(b"\x04from\x01ann"), [[3, 4]]),
              (attribute_term(b"\x04from\x01anne"), [[0, 2], [3, 262_144]])]
    body = term_pages(listed)[0][0]
    fields = [("kind", u8(2)), ("zero", b"\0"), ("bodyByteCount", u16(len(body)))]
    last = b""
    for term, runs in listed:
        shared, end = shared_count(term, last), None
        fields += [("shared", varint(shared)), ("rest", counted(term[shared:]))]
        postings = b"".join(spelt_run(run, runs[n - 1][1] if n else None) for n, run in enumerate(runs))
        fields.append(("postings", counted(postings)))
        last = term
    fields.append(("zeros", bytes(BODY - len(body))))
    v.accept("example", fields, terms=terms(listed))
    assert join(fields) == join(page(2, body))
    long = [(b"\1" + bytes([n // 256, n % 256]) * 250, [[n, n + 1]]) for n in range(1, 9)]
    v.accept("long terms", join(page(2, term_pages(long[:7])[0][0])), terms=terms(long[:7]))
    def bad(name, raw, error): v.refuse(name, join(page(2, raw)), error)
    good = join(page(2, body))
    v.refuse("one byte short", good[:-1], "truncated")
    v.refuse("another kind", join(page(3, body)), "unknownValue")
    v.refuse("kind 0", join(page(0, body)), "unknownValue")
    v.refuse("zero is not zero", good[:1] + b"\1" + good[2:], "notCanonical")
    v.refuse("a body of 4,077 bytes", good[:2] + u16(4_077) + good[4:], "outOfBounds")
    v.refuse("bytes after the body", good[:-1] + b"\1", "notCanonical")
    bad("no term", b"", "outOfBounds")
    bad("the first term shares", entry(0, b"", b"\0")[:0] + b"\1\1a\1\0", "outOfBounds")
    bad("an empty term", b"\0\0\1\0", "outOfBounds")
    bad("terms do not ascend", entry(0, b"\1b", b"\0") + entry(0, b"\1a", b"\0"), "notCanonical")
    bad("a term twice", entry(0, b"\1b", b"\0") + entry(2, b"\1b", b"\0"), "notCanonical")
    bad("shares more than it says", entry(0, b"\1a", b"\0") + entry(0, b"\1b", b"\0"), "notCanonical")
    bad("shares more than there is", entry(0, b"\1a", b"\0") + b"\3\1b\1\0", "outOfBounds")
    bad("a term of 513 bytes", entry(0, b"\1" * 513, b"\0"), "outOfBounds")
    bad("no record", entry(0, b"\1a", b""), "outOfBounds")
    bad("ordinal 262,144", entry(0, b"\1a", varint(262_144 << 1)), "outOfBounds")
    bad("a run past the end", entry(0, b"\1a", varint(262_142 << 1 | 1) + b"\1"), "outOfBounds")
    bad("a run without a count", entry(0, b"\1a", b"\1"), "truncated")
    bad("postings past the body", b"\0\2\1a\5\0", "truncated")
    bad("a step not minimal", entry(0, b"\1a", b"\x80\0"), "notCanonical")
    return v


def tops(index):
    v = Vectors("index-top.json", "index top", "index.md")
    h = lambda items: [item.hex() for item in items]
    separators = [b"", b"\1\4from\1b", b"\1\4from\1b", b"\1\4size"]
    names = [b"from", b"size"]
    raw = v.accept("example", [("nameCount", varint(2)), ("name", counted(names[0])), ("name", counted(names[1])),
                               ("separator 0", b"\0\0"), ("separator 1", b"\0" + counted(separators[1])),
                               ("separator 2", b"\x08\0"), ("separator 3", b"\2" + counted(b"size"))],
                   count=4, names=h(names), separators=h(separators))
    assert raw == top(names, separators)
    v.accept("one page", top([], [b""]), count=1, names=[], separators=[""])
    v.accept("of the whole index", index.top, count=len(index.separators), names=[], separators=h(index.separators))
    def bad(name, raw, error, count=1):
        v.refuse(name, raw, error)
        v.bad[-1]["count"] = count
    bad("nothing", b"", "truncated")
    bad("257 names", varint(257) + counted(b"a") * 257 + b"\0\0", "outOfBounds")
    bad("a name of 256 bytes", b"\1" + counted(b"a" * 256) + b"\0\0", "outOfBounds")
    bad("names do not ascend", b"\2" + counted(b"b") + counted(b"a") + b"\0\0", "notCanonical")
    bad("the first separator is not empty", b"\0\0\1a", "notCanonical")
    bad("an empty separator", b"\0\0\0\0\0", "notCanonical", 2)
    bad("separators do not ascend", top([], [b"", b"b", b"a"]), "notCanonical", 3)
    bad("shares more than it says", b"\0\0\0\0\2ab\0\2ac", "notCanonical", 3)
    bad("one separator too few", raw, "truncated", 5)
    bad("one separator too many", raw, "notCanonical", 3)
    return v


def whole(index, group_key, log_id, segment, records):
    """One index, from the records to the sealed pages."""
    return {
        "page": "index.md", "logID": log_id.hex(), "segment": segment, "class": index.class_id, "groupKey": group_key.hex(),
        "records": ["%d %d %s" % (n, time, ",".join(a.hex() for a in attributes)) for n, time, attributes in records],
        "indexKey": index.key.hex(), "terms": ["%s %s" % (term.hex(), ",".join("%d-%d" % (a, b - 1) for a, b in runs))
                                               for term, runs in index.terms],
        "filterPlaces": [filter_case(index.key, term) for term, _ in index.terms[-12:]],
        "filterPageCount": index.counts[0], "termPageCount": index.counts[1], "topPageCount": index.counts[2],
        "plain": [spell(raw) for raw in index.plain], "salt": index.salt.hex(), "pageKey": index.page_key.hex(),
        "pages": [spell(raw) for raw in index.pages], "digest": index.digest.hex(),
        "directory": join(directory([index.row])).hex(), "root": sha256(b"\x25", join(directory([index.row]))).hex()}


def filter_case(key, term):
    pages = {str(count): filter_place(key, term, count)[0] for count in (1, 2, 7, 100, 16_384)}
    return {"term": term.hex(), "pages": pages, "bits": " ".join(map(str, filter_place(key, term, 1)[1]))}


def outputs():
    group_key, segment = stand_in("index group key"), 3
    records = example(LOG_ID, T0, attribute)
    index = Index(group_key, LOG_ID, segment, 7, records)
    second = Index(stand_in("another group key"), LOG_ID, segment, 9, records[:5], names=[b"from"])
    EXAMPLES["index.json associated data"] = index.ad[1]
    EXAMPLES["index.json time"] = [("kind", b"\0"), ("time", time_term(T0)[1:])]
    EXAMPLES["index.json attribute"] = [("kind", b"\1"), ("attribute", records[0][2][0])]
    return [directories(LOG_ID, T0, [index, second]), pages(index), tops(index),
            Document("index.json", whole(index, group_key, LOG_ID, segment, records))]
