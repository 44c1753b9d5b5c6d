"""Vectors of control records: control.md."""

import example_store as x
from structures import *
from vector_file import D, LOG_ID, Vectors, h, patch, store


def control_records():
    v = Vectors("control-record.json", "control record", "control.md")
    for name, kind, previous, body in [
            ("identity", 1, None, join(x.IDENTITY)), ("class", 3, 0, join(x.CLASS)), ("seal", 11, 1, join(store.seal)),
            ("empty body", 13, 2**62 - 1, b"")]:
        raw = v.accept(name, control_record(kind, previous, body), type=kind, previous=previous, body=h(body))
    v.refuse("nothing", b"", "truncated")
    v.refuse("type 0", control_record(0, 1, b""), "unknownValue")
    v.refuse("type 14", control_record(14, 1, b""), "unknownValue")
    v.refuse("version 2", control_record(1, 1, b"", version=2), "newerVersion")
    v.refuse("version 0", control_record(1, 1, b"", version=0), "unknownValue")
    v.refuse("no previous", raw[:2], "truncated")
    v.refuse("previous 2^62", control_record(13, 2**62, b""), "outOfBounds")
    v.refuse("previous not minimal", b"\x0d\1\x81\0", "notCanonical")
    return v


def identities():
    v = Vectors("identity-record.json", "identity record", "control.md")
    note = store.checkpoint
    for name, predecessor in [("example", b""), ("successor", note)]:
        raw = v.accept(name, identity_record(LOG_ID, sha256(x.MANIFEST), x.ORIGIN, x.VKEY, predecessor), logID=h(LOG_ID),
                       manifestDigest=h(sha256(x.MANIFEST)), origin=x.ORIGIN, key=x.VKEY, predecessor=h(predecessor),
                       bootID=h(stand_in("boot", 16)), boot=90_000_000)
    v.refuse("cut off", raw[:-1], "truncated")
    v.refuse("a byte after", raw + b"\0", "notCanonical")
    v.refuse("origin of 1,025 bytes", identity_record(LOG_ID, D[0], "a" * 1_025, x.VKEY), "outOfBounds")
    v.refuse("key of 4,097 bytes", identity_record(LOG_ID, D[0], "a", "a" * 4_097), "outOfBounds")
    v.refuse("predecessor of 32,769 bytes", identity_record(LOG_ID, D[0], "a", "a", bytes(32_769)), "outOfBounds")
    v.refuse("origin not UTF-8", raw[:64] + b"\1\xff\1a\0" + bytes(24), "notCanonical")
    v.refuse("before the boot", raw[:-1] + b"\x80", "outOfBounds")
    return v


def classes():
    v = Vectors("class-record.json", "class record", "control.md")
    for name, a in [("default", (1, "default", 0, 0, 0, "forever", "P1D", None)),
                    ("mail", (2, "mail", 1, 1, 1, "P7Y", "P30D", ["from", "to"])),
                    ("nothing indexed", (1_000, "n" * 64, 0, 2, 2, "P90D", "P0D", []))]:
        raw = v.accept(name, class_record(*a), **{"class": a[0]}, name=a[1], mode=a[2], basis=a[3], compression=a[4],
                       period=a[5], grace=a[6], indexed=a[7])
    good = (2, "mail", 0, 0, 0, "P7Y", "P1D", ["from"])
    def bad(name, error, at, value): v.refuse(name, class_record(*(good[:at] + (value,) + good[at + 1:])), error)
    bad("class 1,001", "outOfBounds", 0, 1_001)
    bad("no name", "outOfBounds", 1, "")
    bad("name of 65 bytes", "outOfBounds", 1, "n" * 65)
    bad("mode 2", "unknownValue", 2, 2)
    bad("basis 3", "unknownValue", 3, 3)
    bad("compression 3", "unknownValue", 4, 3)
    bad("period of 65 bytes", "outOfBounds", 5, "P" * 65)
    bad("257 names", "outOfBounds", 7, ["n"] * 257)
    bad("a name of 256 bytes", "outOfBounds", 7, ["n" * 256])
    raw = join(class_record(*good))
    v.refuse("a byte after", raw + b"\0", "notCanonical")
    v.refuse("cut off", raw[:-1], "truncated")
    at = len(raw) - 7
    assert raw[at:at + 2] == b"\0\1"
    v.refuse("all and a list", patch(raw, at, b"\1"), "notCanonical")
    v.refuse("all is 2", patch(raw, at, b"\2"), "notCanonical")
    return v


def seals():
    v = Vectors("seal-record.json", "seal record", "control.md")
    groups = [(g[0], g[5]) for g in store.footer_fields["groups"]]
    for name, a in [("example", (0, 0, 0, 4, store.footer_digest, bytes(32), 1, groups)),
                    ("no other control record", (0, 0, 0, 4, D[0], D[1], None, [])),
                    ("later", (2**48 - 1, 2**32 - 1, 2**62 - 1, 262_144, D[0], D[1], 2**62 - 1, [(n, D[n % 8]) for n in range(200)]))]:
        raw = v.accept(name, seal_record(*a), segment=a[0], generation=a[1], firstIndex=a[2], entryCount=a[3],
                       footerDigest=h(a[4]), indexRoot=h(a[5]), policy=a[6],
                       groups=[{"class": c, "digest": h(d)} for c, d in a[7]])
    v.refuse("cut off", raw[:-1], "truncated")
    v.refuse("a byte after", raw + b"\0", "notCanonical")
    v.refuse("segment 2^48", seal_record(2**48, 0, 0, 4, D[0], D[1], 1, []), "outOfBounds")
    v.refuse("generation 2^32", seal_record(0, 2**32, 0, 4, D[0], D[1], 1, []), "outOfBounds")
    v.refuse("first index 2^62", seal_record(0, 0, 2**62, 4, D[0], D[1], 1, []), "outOfBounds")
    v.refuse("262,145 entries", seal_record(0, 0, 0, 262_145, D[0], D[1], 1, []), "outOfBounds")
    v.refuse("1,002 groups", seal_record(0, 0, 0, 4, D[0], D[1], 1, [(n, D[0]) for n in range(1_002)]), "outOfBounds")
    v.refuse("groups do not ascend", seal_record(0, 0, 0, 4, D[0], D[1], 1, groups[::-1]), "notCanonical")
    v.refuse("policy 2^62", seal_record(0, 0, 0, 4, D[0], D[1], 2**62, []), "outOfBounds")
    return v


def outputs():
    return [control_records(), identities(), classes(), seals()]
