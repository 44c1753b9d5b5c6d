"""Vectors of events, holds, erasures, the clock and dispositions: retention.md."""

from retention_structures import *
from vector_file import D, T0, Vectors, h

DAY = 86_400_000_000
LAST = 2**62 - 1


def runs_of(indexes):
    """[first, count] of each run."""
    runs = []
    for index in sorted(indexes):
        if runs and sum(runs[-1]) == index: runs[-1][1] += 1
        else: runs.append([index, 1])
    return runs


def refuse_ends(v, raw):
    """What every body refuses at its end."""
    v.refuse("cut off", raw[:-1], "truncated")
    v.refuse("a byte after", raw + b"\0", "notCanonical")


def index_sets():
    v = Vectors("index-set.json", "index set", "retention.md")
    for name, indexes in [
            ("one index", [7]), ("index 0", [0]), ("the last index", [LAST]), ("three runs", [2, 3, 4, 9, 300, 301]),
            ("far apart", [0, LAST]), ("every other", range(100, 132, 2)), ("a bitmap of full bytes", [0, 2, 4, 5, 7]),
            ("as long as a bitmap", [0, 24]), ("a bitmap is one byte shorter", list(range(0, 30, 3))),
            ("a whole segment", range(262_144)), ("a thousand runs", [n * n for n in range(1_000)])]:
        raw = v.accept(name, index_set(indexes), runs=runs_of(indexes))
    v.refuse("nothing", b"", "truncated")
    v.refuse("no span", varint(7), "truncated")
    v.refuse("no form", varint(7) + varint(0), "truncated")
    v.refuse("first 2^62", varint(2**62) + varint(0) + u8(0) + varint(1) + varint(0), "outOfBounds")
    v.refuse("last 2^62", varint(LAST) + varint(1) + u8(0) + varint(1) + varint(1), "outOfBounds")
    v.refuse("first not minimal", b"\x87\0\0\0\1\0", "notCanonical")
    v.refuse("form 2", varint(7) + varint(0) + u8(2) + varint(1) + varint(0), "unknownValue")
    v.refuse("no run", varint(7) + varint(0) + u8(0) + varint(0), "notCanonical")
    v.refuse("a run past the end", varint(7) + varint(4) + u8(0) + varint(1) + varint(5), "outOfBounds")
    v.refuse("a gap past the end", varint(7) + varint(4) + u8(0) + varint(2) + varint(0) + varint(3) + varint(0), "outOfBounds")
    v.refuse("a run after the end", varint(7) + varint(4) + u8(0) + varint(2) + varint(4) + varint(0) + varint(0), "outOfBounds")
    v.refuse("it ends before its end", varint(7) + varint(4) + u8(0) + varint(1) + varint(3), "inconsistent")
    v.refuse("60,001 runs", varint(0) + varint(200_000) + u8(0) + varint(60_001) + bytes(120_001), "outOfBounds")
    v.refuse("runs, and a bitmap is shorter", index_set(range(100, 132, 2), 0), "notCanonical")
    v.refuse("a bitmap, and runs are shorter", index_set(range(100), 1), "notCanonical")
    v.refuse("a bitmap where runs are as long", index_set([0, 24], 1), "notCanonical")
    v.refuse("a bitmap without its first", varint(100) + varint(15) + u8(1) + b"\xaa\xaa", "inconsistent")
    v.refuse("a bitmap without its last", varint(100) + varint(15) + u8(1) + b"\x55\x55", "inconsistent")
    v.refuse("a bitmap with a bit after its last", varint(100) + varint(14) + u8(1) + b"\x55\xd5", "inconsistent")
    v.refuse("a bitmap cut off", varint(100) + varint(31) + u8(1) + b"\x55\x55\x55", "truncated")
    v.refuse("a bitmap of 60,001 bytes", varint(0) + varint(480_000) + u8(1) + b"\x55" * 60_001, "outOfBounds")
    v.refuse("a bitmap of 2^59 bytes", varint(0) + varint(LAST) + u8(1) + b"\x55" * 20, "outOfBounds")
    v.refuse("60,006 bytes", index_set([n * 300 for n in range(20_001)], 0), "outOfBounds")
    v.take("a byte after", raw + b"\0", len(raw))
    return v


def predicates():
    v = Vectors("predicate.json", "predicate", "retention.md")
    sender = ["attribute", 1, [["exactly", join(attribute("from", 1, "alice@example.org"))]]]
    deep = ["class", 1]
    for _ in range(31): deep = ["not", deep]
    size = [["between", join(attribute("size", 2, 10)), join(attribute("size", 2, 99))], ["beginning", b"\4size\1"]]
    for name, node in [
            ("sender", ["all", sender, ["not", ["time", T0, T0 + DAY]]]), ("nothing of all", ["all"]),
            ("one of none", ["any"]), ("indexes", ["any", ["index", 0, LAST], ["index", 5, 5]]),
            ("times", ["any", ["time", None, None], ["time", T0, None], ["time", None, -T0]]),
            ("class and sizes", ["all", ["class", 1_000], ["attribute", 0, size]]), ("no test", ["attribute", 0, []]),
            ("32 deep", deep), ("1,024 nodes", ["all"] + [["class", 1]] * 1_024)]:
        raw = v.accept(name, predicate_fields(node), text=spoken(node))
    v.refuse("nothing", b"", "truncated")
    v.refuse("cut off", predicate(["all", sender])[:-1], "truncated")
    v.refuse("a byte after", predicate(sender) + b"\0", "notCanonical")
    v.refuse("kind 7", u8(7), "unknownValue")
    v.refuse("33 deep", predicate(["not", deep]), "outOfBounds")
    v.refuse("1,025 nodes", predicate(["all"] + [["class", 1]] * 1_025), "outOfBounds")
    v.refuse("1,025 tests", u8(6) + u8(0) + varint(1_025), "outOfBounds")
    v.refuse("2^64 - 1 nodes", u8(1) + varint(2**64 - 1), "outOfBounds")
    v.refuse("a range that ends before it begins", predicate(["index", 6, 5]), "inconsistent")
    v.refuse("index 2^62", predicate(["index", 0, 2**62]), "outOfBounds")
    v.refuse("flags of a time", u8(4) + u8(4), "unknownValue")
    v.refuse("class 1,001", predicate(["class", 1_001]), "outOfBounds")
    v.refuse("another comparison", predicate(["attribute", 2, []]), "unknownValue")
    v.refuse("another test", u8(6) + u8(0) + varint(1) + u8(3) + counted(b"a"), "unknownValue")
    v.refuse("65,536 bytes", predicate(["attribute", 0, [["exactly", bytes(65_529)]]]), "outOfBounds")
    return v


def spoken(node):
    """The node as text, so that decoders of any kind can be compared: words between parentheses."""
    if node[0] == "attribute":
        tests = "".join(" (%s)" % " ".join([test[0]] + [h(raw) or "-" for raw in test[1:]]) for test in node[2])
        return "(attribute %s%s)" % ("folded" if node[1] else "bytes", tests)
    return "(%s)" % " ".join([node[0]] + [spoken(n) if isinstance(n, list) else "-" if n is None else str(n) for n in node[1:]])


def private_parts():
    v = Vectors("private-part.json", "private part", "retention.md")
    everything = [("matter", "2027-04 Müller / SEC".encode()), ("custodian", b"alice"), ("actor", b"counsel"),
                  ("reason", b"subpoena"), ("predicate", predicate(["class", 1])), ("selection", b"--class mail")]
    for name, fields in [("nothing", []), ("all fields", everything), ("a matter", everything[:1]),
                         ("empty text", [("reason", b"")]), ("16,384 bytes", [("reason", b"r" * 16_384)])]:
        said = {key: h(raw) if key == "predicate" else raw.decode() for key, raw in fields}
        v.accept(name, private_part(fields), **{key: said.get(key) for key in PRIVATE_FIELDS})
    v.refuse("cut off", join(private_part(everything))[:-1], "truncated")
    v.refuse("type 0", private_part([(0, b"")]), "unknownValue")
    v.refuse("type 7", private_part([(7, b"")]), "unknownValue")
    v.refuse("types that descend", private_part([("custodian", b"a"), ("matter", b"b")]), "notCanonical")
    v.refuse("a type twice", private_part([("actor", b"a"), ("actor", b"b")]), "notCanonical")
    v.refuse("not UTF-8", private_part([("matter", b"\xc0\x80")]), "notCanonical")
    v.refuse("16,385 bytes", private_part([("reason", b"r" * 16_385)]), "outOfBounds")
    v.refuse("a bad predicate", private_part([("predicate", u8(7))]), "unknownValue")
    v.refuse("a predicate with a byte after", private_part([("predicate", predicate(["class", 1]) + b"\0")]), "notCanonical")
    return v


def events():
    v = Vectors("event-record.json", "event record", "retention.md")
    for name, at, indexes in [("example", T0, [2, 3, 4, 9]), ("long before", -2**63, [LAST])]:
        raw = v.accept(name, event_record(at, indexes), at=at, indexes=runs_of(indexes))
    refuse_ends(v, raw)
    v.refuse("no index", i64(T0), "truncated")
    return v


def holds():
    v = Vectors("hold-record.json", "hold record", "retention.md")
    for name, a in [("example", (None, None, [1, 2], T0, T0 + DAY, True)), ("everything", (12, None, None, None, None, False)),
                    ("indexes", (LAST, [5, 6, 7], None, None, None, False)), ("from", (0, None, None, T0, None, False)),
                    ("to", (None, [1], [0, 1_000], None, T0, True)),
                    ("all classes", (None, None, list(range(1, 1_001)), None, None, False))]:
        raw = v.accept(name, hold_record(*a), matter=a[0], indexes=None if a[1] is None else runs_of(a[1]),
                       classes=a[2], **{"from": a[3]}, to=a[4], restricted=a[5])
    refuse_ends(v, raw)
    v.refuse("matter 2^62", hold_record(2**62), "outOfBounds")
    v.refuse("flag 5", hold_record(None, flags=32), "unknownValue")
    v.refuse("no class", hold_record(None, classes=[]), "notCanonical")
    v.refuse("class 1,001", hold_record(None, classes=[1_001]), "outOfBounds")
    v.refuse("1,001 classes", hold_record(None, classes=list(range(1_001))), "outOfBounds")
    v.refuse("classes do not ascend", hold_record(None, classes=[2, 2]), "notCanonical")
    v.refuse("half a time", join(hold_record(None, start=T0))[:-4], "truncated")
    return v


def lone_indexes():
    r = Vectors("release-record.json", "release record", "retention.md")
    e = Vectors("erasure-record.json", "erasure record", "retention.md")
    for v, encode, field in [(r, release_record, "matter"), (e, erasure_record, "index")]:
        for name, index in [("example", 17), ("the last index", LAST)]: raw = v.accept(name, encode(index), **{field: index})
        refuse_ends(v, raw)
        v.refuse("nothing", b"", "truncated")
        v.refuse("index 2^62", encode(2**62), "outOfBounds")
        v.refuse("not minimal", b"\x91\0", "notCanonical")
    return [r, e]


def clocks():
    v = Vectors("clock-record.json", "clock record", "retention.md")
    boot_id = stand_in("second boot", 16)
    for name, a in [("example", (0, T0, T0 + DAY, boot_id, 12_000_000)), ("catch-up", (1, T0, T0 + DAY, boot_id, 0)),
                    ("evidence", (2, -2**63, 2**63 - 1, boot_id, 2**63 - 1)), ("confirmed", (3, T0, T0, boot_id, 1))]:
        raw = v.accept(name, clock_record(*a), kind=a[0], compliance=a[1], wall=a[2], bootID=h(a[3]), boot=a[4])
    refuse_ends(v, raw)
    v.refuse("kind 4", clock_record(4, T0, T0, boot_id, 1), "unknownValue")
    v.refuse("before the boot", clock_record(0, T0, T0, boot_id, -1), "outOfBounds")
    return v


def intents():
    v = Vectors("intent-record.json", "intent record", "retention.md")
    full = list(range(4_096))
    for name, a in [("example", (T0 + 9 * DAY, 21, 1, 2, [(7, 0), (12, 1)], [(1, 1), (2, 5)], [19])),
                    ("nothing", (T0, 0, 0, 1, [], [], [])),
                    ("much", (T0, LAST, 0, 2**64 - 1, [(n, n % 2) for n in range(300)], [(n, n) for n in range(1_001)], full))]:
        raw = v.accept(name, intent_record(*a), compliance=a[0], clock=a[1], evidence=a[2], epoch=a[3],
                       holds=[{"matter": m, "decided": d} for m, d in a[4]],
                       rules=[{"class": c, "record": r} for c, r in a[5]], erasures=a[6])
    refuse_ends(v, raw)
    good = (T0, 0, 0, 1, [(7, 0)], [(1, 1)], [19])
    def bad(name, error, at, value): v.refuse(name, intent_record(*(good[:at] + (value,) + good[at + 1:])), error)
    bad("clock 2^62", "outOfBounds", 1, 2**62)
    bad("evidence 2", "unknownValue", 2, 2)
    bad("4,097 holds", "outOfBounds", 4, [(n, 0) for n in range(4_097)])
    bad("matter 2^62", "outOfBounds", 4, [(2**62, 0)])
    bad("decided 2", "unknownValue", 4, [(7, 2)])
    bad("matters do not ascend", "notCanonical", 4, [(7, 0), (7, 1)])
    bad("4,097 rules", "outOfBounds", 5, [(n, 0) for n in range(4_097)])
    bad("class 1,001", "outOfBounds", 5, [(1_001, 0)])
    bad("classes do not ascend", "notCanonical", 5, [(2, 1), (1, 1)])
    bad("class record 2^62", "outOfBounds", 5, [(1, 2**62)])
    bad("4,097 erasures", "outOfBounds", 6, list(range(4_097)))
    bad("erasures do not ascend", "notCanonical", 6, [4, 4])
    return v


def preparations():
    v = Vectors("prepared-record.json", "prepared record", "retention.md")
    seal = (3, 1, 100, 50, D[0], D[1], None, [(0, D[2]), (2, D[3])])
    for name, a in [("example", (40, seal, 2, [100, 101, 140])), ("a whole segment", (LAST, seal, 0, range(100, 150))),
                    ("all held but one", (40, seal, 262_144, [149]))]:
        s = a[1]
        raw = v.accept(name, prepared_record(a[0], seal_record(*s), a[2], a[3]), disposition=a[0], held=a[2],
                       seal={"segment": s[0], "generation": s[1], "firstIndex": s[2], "entryCount": s[3],
                             "footerDigest": h(s[4]), "indexRoot": h(s[5]), "policy": None,
                             "groups": [{"class": c, "digest": h(d)} for c, d in s[7]]}, purged=runs_of(a[3]))
    refuse_ends(v, raw)
    def bad(name, error, disposition=40, seal=seal, held=0, purged=[100]):
        v.refuse(name, prepared_record(disposition, seal_record(*seal), held, purged), error)
    bad("disposition 2^62", "outOfBounds", disposition=2**62)
    bad("a policy", "notCanonical", seal=seal[:6] + (1, seal[7]))
    bad("262,145 held", "outOfBounds", held=262_145)
    bad("purged before the segment", "inconsistent", purged=[99, 100])
    bad("purged after the segment", "inconsistent", purged=[100, 150])
    v.refuse("a seal with a byte after", varint(40) + counted(join(seal_record(*seal)) + b"\0") + varint(0) +
             join(index_set([100])), "notCanonical")
    v.refuse("a seal of 65,536 bytes", varint(40) + counted(bytes(65_536)) + varint(0), "outOfBounds")
    return v


def completions():
    v = Vectors("completed-record.json", "completed record", "retention.md")
    for name, a in [("example", (40, 1, 3, 2, [41, 42])), ("aborted", (40, 0, 0, 1, [])),
                    ("much", (LAST, 1, 7, 2**64 - 1, list(range(8_192))))]:
        raw = v.accept(name, completed_record(*a), disposition=a[0], outcome=a[1], strength=a[2], epoch=a[3], prepared=a[4])
    refuse_ends(v, raw)
    v.refuse("disposition 2^62", completed_record(2**62, 1, 3, 2, [41]), "outOfBounds")
    v.refuse("outcome 2", completed_record(40, 2, 3, 2, [41]), "unknownValue")
    v.refuse("strength 8", completed_record(40, 1, 8, 2, [41]), "unknownValue")
    v.refuse("8,193 prepared", completed_record(40, 1, 3, 2, list(range(8_193))), "outOfBounds")
    v.refuse("prepared do not ascend", completed_record(40, 1, 3, 2, [42, 41]), "notCanonical")
    v.refuse("aborted, with strength", completed_record(40, 0, 1, 2, []), "inconsistent")
    v.refuse("aborted, with prepared", completed_record(40, 0, 0, 2, [41]), "inconsistent")
    return v


def outputs():
    return [index_sets(), private_parts(), predicates(), events(), holds(), *lone_indexes(), clocks(), intents(),
            preparations(), completions()]
