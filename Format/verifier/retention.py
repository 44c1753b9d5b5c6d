"""Events, holds, erasures, the clock and dispositions: their bytes (retention.md)."""

from types import SimpleNamespace

from .control import decode_seal
from .primitives import Cursor, INDEX_END, SEGMENT_ENTRIES, ascends, minimal_varint, need

SET_BYTES = 60_000


def index(c): return c.varint(INDEX_END - 1)


def optional_index(c):
    value = c.varint(INDEX_END)
    return value - 1 if value else None


def i64(c): return int.from_bytes(c.take(8), "little", signed=True)


def choice(c, limit, what):
    value, = c.take(1)
    need(value <= limit, "unknownValue", "%s %d" % (what, value))
    return value


def ascending(c, limit, take=index):
    values = [take(c) for _ in range(c.varint(limit))]
    need(ascends(values), "notCanonical", "a list does not ascend")
    return values


class IndexSet:
    """Indexes as ascending, separate [first, count] runs."""

    def __init__(self, runs): self.runs = runs

    def __contains__(self, index):
        low, high = 0, len(self.runs)
        while low < high:
            middle = (low + high) // 2
            if sum(self.runs[middle]) <= index: low = middle + 1
            else: high = middle
        return low < len(self.runs) and self.runs[low][0] <= index

    def __iter__(self):
        for first, count in self.runs: yield from range(first, first + count)

    def __len__(self): return sum(count for _, count in self.runs)

    @property
    def first(self): return self.runs[0][0]

    @property
    def last(self): return sum(self.runs[-1]) - 1


def said_in_runs(runs):
    pieces = [minimal_varint(len(runs))]
    for n, (first, count) in enumerate(runs):
        pieces.append(minimal_varint(count - 1))
        if n + 1 < len(runs): pieces.append(minimal_varint(runs[n + 1][0] - first - count - 1))
    return b"".join(pieces)


def take_index_set(c):
    """retention.md, "Index set"."""
    start, first = c.at, c.varint()
    span = c.varint()
    need(first < INDEX_END and span < INDEX_END - first, "outOfBounds", "an impossible index")
    form, runs, bitmap_size = choice(c, 1, "form"), [], span // 8 + 1
    if form == 0:
        count, at = c.varint(SET_BYTES), first
        need(count, "notCanonical", "a set without a run")
        for n in range(count):
            length = c.varint() + 1
            need(at + length <= first + span + 1, "outOfBounds", "a run past the end")
            runs.append((at, length))
            at += length
            if n + 1 < count:
                at += c.varint() + 1
                need(at <= first + span, "outOfBounds", "a run past the end")
    else:
        need(bitmap_size <= SET_BYTES, "outOfBounds", "a bitmap too long")
        bits = int.from_bytes(c.take(bitmap_size), "little")
        at = 0
        while bits:
            gap = (bits & -bits).bit_length() - 1
            bits >>= gap
            length = (~bits & bits + 1).bit_length() - 1
            runs.append((first + at + gap, length))
            at, bits = at + gap + length, bits >> length
    result = IndexSet(runs)
    need(runs and result.first == first and result.last == first + span, "inconsistent", "it does not end where it says")
    need(c.at - start <= SET_BYTES, "outOfBounds", "a set too long")
    need(form == (len(said_in_runs(runs)) > bitmap_size), "notCanonical", "the longer form")
    return result


def decode_index_set(raw):
    c = Cursor(raw)
    found = take_index_set(c)
    return SimpleNamespace(runs=found.runs, next=c.at)


# ---------------------------------------------------------------------------- private parts

def take_predicate(c, depth=1):
    """A node as [kind, what belongs to it], as the vectors' encoder takes it."""
    need(depth <= 32, "outOfBounds", "it is too deep")
    kind = choice(c, 6, "node")
    if kind <= 1: return ["any" if kind else "all"] + [take_predicate(c, depth + 1) for _ in range(c.varint(1_024))]
    if kind == 2: return ["not", take_predicate(c, depth + 1)]
    if kind == 3:
        first, last = index(c), index(c)
        need(first <= last, "inconsistent", "a range that ends before it begins")
        return ["index", first, last]
    if kind == 4:
        flags = choice(c, 3, "flags of a time")
        return ["time", i64(c) if flags & 1 else None, i64(c) if flags & 2 else None]
    if kind == 5: return ["class", c.varint(1_000)]
    folds, tests = choice(c, 1, "comparison"), []
    for _ in range(c.varint(1_024)):
        test = choice(c, 2, "test")
        tests.append([("exactly", "beginning", "between")[test]] + [c.counted(65_535) for _ in range(1 + (test == 2))])
    return ["attribute", folds, tests]


def spoken(node):
    """The words by which the vectors tell a predicate."""
    if node[0] == "attribute":
        tests = "".join(" (%s)" % " ".join([test[0]] + [raw.hex() or "-" for raw in test[1:]]) for test in node[2])
        return "(attribute %s%s)" % ("folded" if node[1] else "bytes", tests)
    return "(%s)" % " ".join([node[0]] + [spoken(n) if isinstance(n, list) else "-" if n is None else str(n) for n in node[1:]])


def decode_predicate(raw):
    need(len(raw) <= 65_535, "outOfBounds", "it is too long")
    c = Cursor(raw)
    node = take_predicate(c)
    c.finish()
    return SimpleNamespace(node=node, text=spoken(node))


def decode_private_part(raw):
    c, last = Cursor(raw), 0
    names = ("matter", "custodian", "actor", "reason", "predicate", "selection")
    part = SimpleNamespace(**dict.fromkeys(names))
    while c.left:
        kind, = c.take(1)
        need(1 <= kind <= 6, "unknownValue", "field %d" % kind)
        need(kind > last, "notCanonical", "fields do not ascend")
        last = kind
        if kind == 5:
            part.predicate = c.counted(65_535)
            decode_predicate(part.predicate)
        else: setattr(part, names[kind - 1], c.text(16_384))
    return part


# ---------------------------------------------------------------------------- bodies

def body(decode):
    """A decoder of a whole body from one that takes its fields."""
    def whole(raw):
        c = Cursor(raw)
        record = decode(c)
        c.finish()
        return record
    return whole


@body
def decode_event(c): return SimpleNamespace(at=i64(c), indexes=take_index_set(c))


@body
def decode_hold(c):
    matter, flags = optional_index(c), choice(c, 31, "flags")
    hold = SimpleNamespace(matter=matter, indexes=None, classes=None, restricted=bool(flags & 16))
    hold.from_ = hold.to = None
    if flags & 1: hold.indexes = take_index_set(c)
    if flags & 2:
        hold.classes = ascending(c, 1_000, lambda c: c.varint(1_000))
        need(hold.classes, "notCanonical", "no class")
    if flags & 4: hold.from_ = i64(c)
    if flags & 8: hold.to = i64(c)
    return hold


@body
def decode_release(c): return SimpleNamespace(matter=index(c))


@body
def decode_erasure(c): return SimpleNamespace(index=index(c))


@body
def decode_clock(c):
    record = SimpleNamespace(kind=choice(c, 3, "kind of clock record"), compliance=i64(c), wall=i64(c), bootID=c.take(16),
                             boot=i64(c))
    need(record.boot >= 0, "outOfBounds", "a time before the boot")
    return record


def pairs(c, first, second, names):
    found = [SimpleNamespace(**dict(zip(names, (first(c), second(c))))) for _ in range(c.varint(4_096))]
    need(ascends([getattr(item, names[0]) for item in found]), "notCanonical", "a list does not ascend")
    return found


@body
def decode_intent(c):
    return SimpleNamespace(
        compliance=i64(c), clock=index(c), evidence=choice(c, 1, "evidence"), epoch=c.varint(),
        holds=pairs(c, index, lambda c: choice(c, 1, "decision"), ("matter", "decided")),
        rules=pairs(c, lambda c: c.varint(1_000), index, ("class_", "record")), erasures=ascending(c, 4_096))


@body
def decode_prepared(c):
    record = SimpleNamespace(disposition=index(c), seal=decode_seal(c.counted(65_535)), held=c.varint(SEGMENT_ENTRIES),
                             purged=take_index_set(c))
    seal = record.seal
    need(seal.policy is None, "notCanonical", "a seal with a policy")
    inside = seal.firstIndex <= record.purged.first and record.purged.last < seal.firstIndex + seal.entryCount
    need(inside, "inconsistent", "purged records outside the segment")
    return record


@body
def decode_completed(c):
    record = SimpleNamespace(disposition=index(c), outcome=choice(c, 1, "outcome"), strength=choice(c, 7, "strength"),
                             epoch=c.varint(), prepared=ascending(c, 8_192))
    need(record.outcome or not (record.strength or record.prepared), "inconsistent", "aborted, yet something was destroyed")
    return record


RETENTION_BODIES = {4: decode_event, 5: decode_hold, 6: decode_release, 7: decode_erasure, 8: decode_intent,
                    9: decode_prepared, 10: decode_completed, 13: decode_clock}
