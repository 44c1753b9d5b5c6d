"""Vectors of entries and of their column in a frame: entry.md, frame.md."""

from structures import *
from vector_file import D, T0, Vectors, h


def entries():
    v = Vectors("entry.json", "entry", "entry.md")
    def fields(kind, class_id, recorded, commitment, occurred=None, compliance=None, extensions=b""):
        return {"kind": kind, "class": class_id, "recorded": recorded, "occurred": occurred, "compliance": compliance,
                "commitment": h(commitment), "extensions": spell(extensions)}
    extension = join(extension_list([(1, 1, b"\x0d\1\0")]))
    odd = join(extension_list([(2, 0, b""), (9, 1, b"abc")]))
    for name, args in [
            ("plain", (0, 1, T0, D[0])), ("occurred", (0, 300, T0, D[1], T0 - 1)),
            ("compliance", (0, 1, T0, D[2], None, T0 - 7)), ("occurred and compliance", (0, 2**32 - 1, -1, D[3], -2**63, 2**63 - 1)),
            ("control", (1, 0, T0, D[4], None, None, extension)), ("other extensions", (0, 1, 0, D[5], None, None, odd)),
            ("everything", (1, 0, T0, D[6], T0, T0, extension))]:
        v.accept(name, entry(*args), **fields(*args))
    big = join(extension_list([(9, 0, bytes(65_535 - 44 - 1 - 1 - 3))]))
    raw = v.accept("65,535 bytes", entry(0, 1, T0, D[7], extensions=big), **fields(0, 1, T0, D[7], extensions=big))
    assert len(raw) == 65_535
    plain = join(entry(0, 1, T0, D[0]))
    v.refuse("nothing", b"", "truncated")
    for size in [1, 2, 3, 4, 11, 12, 43]: v.refuse("%d bytes" % size, plain[:size], "truncated")
    v.refuse("a byte after", plain + b"\0", "notCanonical")
    v.refuse("65,536 bytes", raw + b"\0", "outOfBounds")
    v.refuse("suite 2", entry(0, 1, T0, D[0], suite=2), "unknownValue")
    v.refuse("kind 2", entry(2, 1, T0, D[0]), "unknownValue")
    v.refuse("flag bit 3", entry(0, 1, T0, D[0], flags=8), "unknownValue")
    v.refuse("class not minimal", plain[:3] + b"\x81\x00" + plain[4:], "notCanonical")
    v.refuse("class 2^32", entry(0, 2**32, T0, D[0]), "outOfBounds")
    v.refuse("flag without extensions", entry(0, 1, T0, D[0], flags=4), "truncated")
    v.refuse("empty extension list", entry(0, 1, T0, D[0], extensions=b"\0"), "notCanonical")
    return v


def extensions():
    v = Vectors("entry-extensions.json", "entry extensions", "entry.md")
    for name, items in [("one", [(1, 1, b"abc")]), ("two", [(1, 1, b""), (2, 0, b"x")]),
                        ("greatest type", [(2**63 - 1, 1, b"z")]), ("64", [(n, 0, b"") for n in range(64)])]:
        v.accept(name, extension_list(items),
                 items=[{"type": t, "critical": bool(c), "bytes": h(b)} for t, c, b in items])
    good = join(extension_list([(1, 1, b"abc")]))
    v.refuse("nothing", b"", "truncated")
    v.refuse("none", b"\0", "notCanonical")
    v.refuse("65", extension_list([(n, 0, b"") for n in range(65)]), "outOfBounds")
    v.refuse("same type twice", extension_list([(1, 0, b""), (1, 1, b"")]), "notCanonical")
    v.refuse("types descend", extension_list([(2, 0, b""), (1, 0, b"")]), "notCanonical")
    v.refuse("cut off", good[:-1], "truncated")
    v.refuse("a byte after", good + b"\0", "notCanonical")
    v.refuse("length 65,536", b"\1\3" + varint(65_536) + bytes(64), "outOfBounds")
    v.refuse("count promised, none there", b"\2\3\0", "truncated")
    return v


def columns():
    v = Vectors("entry-columns.json", "frame entries", "frame.md")
    def run(count, kind, flags, class_id, recorded, compliance=0, occurred=(), extensions=()):
        return {"count": count, "kind": kind, "flags": flags, "class": class_id, "recorded": recorded,
                "compliance": compliance, "occurred": list(occurred), "extensions": list(extensions)}
    def accept(name, runs):
        count = sum(r["count"] for r in runs)
        digests = [stand_in("commitment %d" % n) for n in range(count)]
        entry_list, n = [], 0
        for r in runs:
            for place in range(r["count"]):
                entry_list.append(h(join(entry(
                    r["kind"], r["class"], r["recorded"], digests[n], r["occurred"][place] if r["flags"] & 1 else None,
                    r["compliance"] if r["flags"] & 2 else None, r["extensions"][place] if r["flags"] & 4 else b""))))
                n += 1
        shown = [dict(r, extensions=[h(e) for e in r["extensions"]]) for r in runs]
        return v.accept(name, entry_columns(runs, digests), count=count, runs=shown, entries=entry_list)
    extension = join(extension_list([(1, 1, b"\x0d\1\0")]))
    one = accept("one entry", [run(1, 0, 0, 1, T0)])
    accept("three in a run", [run(3, 0, 0, 1, T0)])
    accept("occurred times", [run(3, 0, 1, 1, T0, occurred=[T0 - 5, T0 + 5, -2**63])])
    accept("occurred times go on from run to run",
           [run(2, 0, 1, 1, T0, occurred=[5, 9]), run(1, 0, 0, 1, T0), run(2, 0, 1, 2, T0 - 3, occurred=[8, 7])])
    accept("compliance time", [run(2, 0, 2, 1, T0, T0 - 100), run(1, 0, 2, 1, T0, T0 - 101)])
    accept("control", [run(2, 1, 4, 0, T0, extensions=[extension, extension]), run(1, 0, 0, 1, T0)])
    accept("everything", [run(2, 1, 7, 0, T0, T0 + 1, [1, 2], [extension, extension])])
    accept("times wrap around", [run(1, 0, 0, 1, 2**63 - 1), run(1, 0, 0, 1, -2**63)])
    plain = run(1, 0, 0, 1, T0)
    def refuse(name, raw, error, count=1): v.bad.append({"name": name, "hex": spell(raw), "error": error, "count": count})
    refuse("nothing", b"", "truncated")
    refuse("no run", b"\0" + D[0], "inconsistent")
    refuse("more runs than entries", join(entry_columns([plain, run(1, 0, 0, 2, T0)], D[:1])), "outOfBounds")
    refuse("empty run", join(entry_columns([run(0, 0, 0, 1, T0)], D[:1])), "notCanonical")
    refuse("a run longer than the frame", join(entry_columns([run(2, 0, 0, 1, T0)], D[:1])), "outOfBounds")
    refuse("runs shorter than the frame", one, "inconsistent", 2)
    refuse("a commitment too few", one[:-32], "inconsistent")
    refuse("a commitment too many", one + D[0], "inconsistent")
    refuse("two runs could be one", join(entry_columns([plain, plain], D[:2])), "notCanonical", 2)
    refuse("suite 2", join(entry_columns([dict(plain, suite=2)], D[:1])), "unknownValue")
    refuse("kind 2", join(entry_columns([run(1, 2, 0, 1, T0)], D[:1])), "unknownValue")
    refuse("flag bit 3", join(entry_columns([run(1, 0, 8, 1, T0)], D[:1])), "unknownValue")
    refuse("class 2^32", join(entry_columns([run(1, 0, 0, 2**32, T0)], D[:1])), "outOfBounds")
    refuse("empty extension list", join(entry_columns([run(1, 1, 4, 0, T0, extensions=[b""])], D[:1])), "truncated")
    refuse("extension list of none", join(entry_columns([run(1, 1, 4, 0, T0, extensions=[b"\0"])], D[:1])), "notCanonical")
    big = join(extension_list([(9, 0, bytes(65_535 - 44 - 5 + 1))]))
    refuse("an entry of 65,536 bytes", join(entry_columns([run(1, 0, 4, 1, T0, extensions=[big])], D[:1])), "outOfBounds")
    return v


def outputs():
    return [entries(), extensions(), columns()]
