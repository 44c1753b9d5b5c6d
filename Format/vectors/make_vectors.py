"""Writes the vectors of the structures, one JSON file each, and the hexadecimal examples of the pages.

    python3 make_vectors.py           writes the files and fills the pages
    python3 make_vectors.py --check   changes nothing; fails if a file or a page would change

Shape of a file: structure, page; `good` (name, fields, hex), `bad` (name, hex, error: the code of FormatError) and, where a decoder
takes a prefix, `goodWithJunk` (name, hex, byteCount). In hex, `00x40` between spaces stands for 40 zero bytes.
"""

import json
import pathlib
import re
import sys

import example_store as x
import index_vectors
import make_crypto
from structures import *

HERE = pathlib.Path(__file__).parent
store = x.build()
EXAMPLES = {}
T0, LOG_ID = x.T0, x.LOG_ID
D = [stand_in("digest %d" % n) for n in range(8)]


class Vectors:
    def __init__(self, file, structure, page):
        self.file, self.structure, self.page = file, structure, page
        self.good, self.bad, self.junk = [], [], []

    def accept(self, title, encoded, **fields):
        """`encoded` is a list of fields, so that a page can show it, or plain bytes."""
        if isinstance(encoded, list):
            EXAMPLES["%s %s" % (self.file, title)] = encoded
            encoded = join(encoded)
        self.good.append({"name": title, "fields": fields, "hex": spell(encoded)})
        return encoded

    def refuse(self, name, encoded, error):
        raw = join(encoded) if isinstance(encoded, list) else bytes(encoded)
        self.bad.append({"name": name, "hex": spell(raw), "error": error})

    def refuse_block(self, raw, at=None, magic=True):
        """What every checksummed block refuses. `at` is a byte among the zeros."""
        self.refuse("one byte short", raw[:-1], "truncated")
        self.refuse("one byte long", raw + b"\0", "truncated")
        self.refuse("flipped bit", flip(raw, len(raw) // 2), "checksum")
        self.refuse("all zero", bytes(len(raw)), "wrongMagic" if magic else "checksum")
        if at is not None: self.refuse("a reserved byte is not zero", recrc(patch(raw, at, b"\1")), "notCanonical")

    def take(self, name, encoded, byte_count):
        self.junk.append({"name": name, "hex": spell(encoded), "byteCount": byte_count})

    def text(self):
        value = {"structure": self.structure, "page": self.page, "good": self.good, "bad": self.bad}
        if self.junk: value["goodWithJunk"] = self.junk
        return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def flip(raw, at): return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1:]
def patch(raw, at, value): return raw[:at] + value + raw[at + len(value):]
def recrc(raw): return raw[:-4] + u32(crc32c(raw[:-4]))
def h(raw): return raw.hex()


def varints():
    v = Vectors("varint.json", "varint", "README.md")
    for value in [0, 1, 127, 128, 300, 16383, 16384, 2**32 - 1, 2**63, 2**64 - 1]:
        v.accept(str(value), [("varint", varint(value))], value=value)
    v.refuse("nothing", b"", "truncated")
    v.refuse("no end", b"\x80\x80", "truncated")
    v.refuse("not minimal: 0", b"\x80\x00", "notCanonical")
    v.refuse("not minimal: 1", b"\x81\x80\x00", "notCanonical")
    v.refuse("bit 64", b"\xff" * 9 + b"\x02", "outOfBounds")
    v.refuse("eleven bytes", b"\x80" * 10 + b"\x01", "outOfBounds")
    v.take("one byte after", b"\xac\x02\xff", 2)
    return v


def zigzags():
    v = Vectors("signed-varint.json", "signed varint", "README.md")
    for value in [0, -1, 1, -2, 63, -64, 64, 2**63 - 1, -2**63]:
        v.accept(str(value), [("signed varint", zigzag(value))], value=value)
    v.refuse("not minimal", b"\x80\x00", "notCanonical")
    return v


def names():
    v = Vectors("segment-name.json", "segment file name", "segment.md")
    for segment, generation, path in [
            (0, 0, "segments/0000/000000000000-0000.seg"), (12, 1, "segments/0000/000000000012-0001.seg"),
            (4095, 0, "segments/0000/000000004095-0000.seg"), (4096, 0, "segments/0001/000000004096-0000.seg"),
            (40_960_000, 12_345, "segments/10000/000040960000-12345.seg"),
            (2**48 - 1, 2**32 - 1, "segments/68719476735/281474976710655-4294967295.seg")]:
        v.accept(path, path.encode(), segment=segment, generation=generation)
    for name in ["12-1.seg", "000000000012-0001.tmp", "000000000012-0001.seg2", "0000000000012-0001.seg",
                 "+00000000012-0001.seg", "000000000012-00001.seg", "000000000012.seg", "000000000012-0001-0001.seg",
                 "00000000001\u00b2-0001.seg", ".seg", ""]:
        v.refuse(name, name.encode(), "notCanonical")
    return v


def manifests():
    v = Vectors("manifest.json", "manifest", "manifest.md")
    good = v.accept("example", x.MANIFEST, origin=x.ORIGIN, logID=h(LOG_ID), key=x.VKEY)
    v.accept("shortest origin", manifest("a", D[0], "a+00000000+AAAA"), origin="a", logID=h(D[0]), key="a+00000000+AAAA")
    v.refuse("nothing", b"", "wrongMagic")
    v.refuse("not UTF-8", b"\xff\xfe", "outOfBounds")
    v.refuse("too long", good + b" " * 16_384, "outOfBounds")
    v.refuse("version 2", manifest(x.ORIGIN, LOG_ID, x.VKEY, version=2), "newerVersion")
    v.refuse("a feature", manifest(x.ORIGIN, LOG_ID, x.VKEY, features='["zoned"]'), "newerVersion")
    v.refuse("version 0", manifest(x.ORIGIN, LOG_ID, x.VKEY, version=0), "notCanonical")
    v.refuse("no last newline", good[:-1], "notCanonical")
    v.refuse("CRLF", good.replace(b"\n", b"\r\n"), "wrongMagic")
    v.refuse("a space more", good.replace(b": ", b":  ", 1), "wrongMagic")
    v.refuse("a line more", good.replace(b"\n}", b',\n  "x": 1\n}'), "notCanonical")
    v.refuse("keys in another order", good.replace(b'"origin"', b'"TEMP"').replace(b'"logID"', b'"origin"')
             .replace(b'"TEMP"', b'"logID"'), "outOfBounds")
    v.refuse("no log ID", good.replace(b'"logID"', b'"log"'), "truncated")
    v.refuse("log ID in capitals", good.replace(h(LOG_ID).encode(), h(LOG_ID).upper().encode()), "notCanonical")
    v.refuse("log ID of 31 bytes", good.replace(h(LOG_ID).encode(), h(LOG_ID[1:]).encode()), "outOfBounds")
    for name, origin in [("space in origin", "a b"), ("plus in origin", "a+b"), ("quote in origin", 'a"b'),
                         ("empty origin", ""), ("origin of 256 bytes", "a" * 256), ("origin not ASCII", "\u00e9")]:
        v.refuse(name, manifest(origin, LOG_ID, x.VKEY), "outOfBounds")
    v.refuse("quote in key", manifest(x.ORIGIN, LOG_ID, 'a"b'), "outOfBounds")
    v.refuse("carriage return in key", manifest(x.ORIGIN, LOG_ID, "a\r\n"), "outOfBounds")
    v.refuse("empty key", manifest(x.ORIGIN, LOG_ID, ""), "outOfBounds")
    return v


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


def attributes():
    v = Vectors("attribute.json", "attribute", "content.md")
    for title, name, kind, value in [
            ("text", "from", 1, "alice@example.org"), ("empty text", "x", 1, ""), ("integer 42", "size", 2, 42),
            ("integer -1", "size", 2, -1), ("least integer", "n", 2, -2**63), ("greatest integer", "n", 2, 2**63 - 1),
            ("bytes", "hash", 3, b"\0\xff"), ("empty bytes", "hash", 3, b""), ("stream", "@stream", 1, "general"),
            ("composed", "caf\u00e9", 1, "\u00e9"), ("decomposed", "cafe\u0301", 1, "e\u0301"),
            ("longest name", "n" * 255, 1, "v")]:
        shown = value if kind == 2 else h(value.encode() if kind == 1 else value)
        v.accept(title, attribute(name, kind, value), nameBytes=h(name.encode()), type=kind, value=shown)
    raw = v.accept("longest value", attribute("n", 3, bytes(65_535)), nameBytes=h(b"n"), type=3, value="00x65535")
    v.refuse("nothing", b"", "truncated")
    v.refuse("no name", attribute("", 1, "x"), "outOfBounds")
    v.refuse("name of 256 bytes", attribute("n" * 256, 1, "x"), "outOfBounds")
    v.refuse("name cut off", b"\5abc", "truncated")
    v.refuse("name not UTF-8", attribute(b"\xff", 1, "x"), "notCanonical")
    v.refuse("name is a surrogate", attribute(b"\xed\xa0\x80", 1, "x"), "notCanonical")
    v.refuse("name count not minimal", b"\x81\0n\1x", "notCanonical")
    v.refuse("no type", b"\1n", "truncated")
    v.refuse("type 0", b"\1n\0x", "unknownValue")
    v.refuse("type 4", b"\1n\4x", "unknownValue")
    v.refuse("text not UTF-8", attribute("n", 1, b"\xc0\x80"), "notCanonical")
    v.refuse("integer of 7 bytes", b"\1n\2" + bytes(7), "outOfBounds")
    v.refuse("integer of 9 bytes", b"\1n\2" + bytes(9), "outOfBounds")
    v.refuse("value of 65,536 bytes", raw + b"\0", "outOfBounds")
    return v


def contents():
    v = Vectors("content.json", "content", "content.md")
    abc = [join(attribute(n, 1, "v")) for n in "abc"]
    reference = join(body_reference(D[0][:16], 9_000_000, D[1], D[2][:16]))
    salts = [stand_in("salt %d" % n, 16) for n in range(4)]
    def accept(name, attrs, payload, salts=(), is_body=False):
        raw = join(content(attrs, payload, b"".join(salts), is_body))
        v.accept(name, content(attrs, payload, b"".join(salts), is_body), attributes=[h(a) for a in attrs],
                 payload=h(payload), salts=[h(s) for s in salts], isBodyFile=is_body)
        v.take(name + ", another after it", raw + join(content([], b"next")), len(raw))
        return raw
    accept("empty", [], b"")
    plain = accept("payload alone", [], b"hello")
    three = accept("attributes and payload", abc, b'{"a":1}')
    accept("explicit salts", abc, b"hello", salts)
    accept("explicit salts, no attribute", [], b"hello", salts[:1])
    accept("body file", abc[:1], reference, is_body=True)
    accept("body file, explicit salts", abc[:1], reference, [D[2][:16], salts[1]], True)
    v.refuse("nothing", b"", "truncated")
    v.refuse("body of 0 bytes", b"\0", "truncated")
    v.refuse("body of 0 bytes, more after it", b"\0\0\0", "truncated")
    v.refuse("body of 1 byte", b"\1\0", "truncated")
    v.refuse("payload cut off", plain[:-1], "truncated")
    v.refuse("bodyCount not minimal", b"\x87\0" + plain[1:], "notCanonical")
    v.refuse("bodyCount over the bound", varint((8 << 20) + (1 << 20) + (128 << 10) + 1) + bytes(64), "outOfBounds")
    v.refuse("bodyCount 2^64 - 1", b"\xff" * 9 + b"\1" + bytes(64), "outOfBounds")
    v.refuse("flag bit 2", content([], b"x", flags=4), "unknownValue")
    v.refuse("4,097 attributes", content([b"\1n\3" + struct.pack(">H", n) for n in range(4_097)], b""), "outOfBounds")
    v.refuse("an attribute reaches past the content", b"\4\0\1\3ab" + bytes(16), "truncated")
    v.refuse("salts reach past the content", b"\5\1\0abc" + bytes(32), "truncated")
    v.refuse("body reference of 71 bytes", content([], reference[:-1], is_body=True), "outOfBounds")
    v.refuse("body reference of 73 bytes", content([], reference + b"\0", is_body=True), "outOfBounds")
    v.refuse("the two payload salts differ", content([], reference, salts[0], True), "inconsistent")
    v.refuse("an attribute twice", content(abc[:1] * 2, b""), "notCanonical")
    v.refuse("attributes descend", content(abc[1::-1], b""), "notCanonical")
    v.refuse("a prefix after the longer", content([b"\1a\3xy", b"\1a\3x"], b""), "notCanonical")
    assert three
    return v


def body_references():
    v = Vectors("body-reference.json", "body reference", "content.md")
    raw = v.accept("example", body_reference(D[0][:16], 9_000_000, D[1], D[2][:16]), id=h(D[0][:16]),
                   payloadByteCount=9_000_000, key=h(D[1]), salt=h(D[2][:16]))
    v.refuse("one byte short", raw[:-1], "truncated")
    v.refuse("one byte long", raw + b"\0", "notCanonical")
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


def part_rows():
    v = Vectors("part-row.json", "part row", "frame.md")
    for name, row in [("records", (1, 40, 512, 0, D[0])), ("continues a record", (1, 0, 256, 1, D[1])),
                      ("longest", (0, 65_536, 65_792, 0, D[2]))]:
        raw = v.accept(name, part_row(*row), **{"class": row[0]}, recordCount=row[1], ciphertextByteCount=row[2],
                       flags=row[3], digest=h(row[4]))
        v.take(name + ", a byte after", raw + b"\0", 48)
    v.refuse("47 bytes", raw[:47], "truncated")
    v.refuse("ciphertext of 0 bytes", part_row(1, 1, 0, 0, D[0]), "outOfBounds")
    v.refuse("ciphertext of 257 bytes", part_row(1, 1, 257, 0, D[0]), "outOfBounds")
    v.refuse("ciphertext of 66,048 bytes", part_row(1, 1, 66_048, 0, D[0]), "outOfBounds")
    v.refuse("65,537 records", part_row(1, 65_537, 512, 0, D[0]), "outOfBounds")
    v.refuse("flag bit 1", part_row(1, 1, 256, 2, D[0]), "unknownValue")
    v.refuse("no record", part_row(1, 0, 256, 0, D[0]), "inconsistent")
    v.refuse("records and a continuation", part_row(1, 1, 256, 1, D[0]), "inconsistent")
    return v


def parts():
    v = Vectors("part.json", "part", "frame.md")
    def accept(name, raw, stored=None):
        v.accept(name, part_plaintext(raw, stored), contentHex=spell(raw), compressed=stored is not None,
                 storedByteCount=len(raw if stored is None else stored))
    one = join(content([], b"hello"))
    accept("as it is", one)
    accept("fills 256 bytes exactly", bytes(232))
    accept("one byte into the next 256", bytes(233))
    text = b"The quick brown fox. The quick brown fox. The quick brown fox."
    accept("compressed", text, x.lz4_block(text))
    accept("65,536 bytes", bytes(65_536), x.lz4_block(bytes(65_536)))
    accept("65,536 bytes as they are", bytes(65_536))
    def refuse(name, stored, count, rest, error): v.refuse(name, u32(stored) + u32(count) + rest, error)
    asis = 0x80000000
    v.refuse("nothing", b"", "truncated")
    refuse("no content", asis, 0, bytes(232), "outOfBounds")
    refuse("content of 65,537 bytes", 100, 65_537, bytes(232), "outOfBounds")
    refuse("stored and content differ", asis | 7, 8, bytes(232), "outOfBounds")
    refuse("stored bytes cut off", asis | 233, 233, bytes(232), "truncated")
    refuse("2^31 - 1 stored bytes", 2**31 - 1, 8, bytes(232), "truncated")
    refuse("too little padding", asis | 8, 8, b"\2\0\0" + bytes(205), "notCanonical")
    refuse("256 bytes too much padding", asis | 8, 8, bytes(232 + 256), "notCanonical")
    refuse("padding not zero", asis | 8, 8, bytes(231) + b"\1", "notCanonical")
    return v


def frame_headers():
    v = Vectors("frame-header.json", "frame header", "frame.md")
    def shown(f):
        out = {k: h(f[k]) if isinstance(f[k], bytes) else f[k] for k in
               ["session", "offset", "segment", "generation", "entryCount", "firstIndex", "root", "firstPart",
                "entriesByteCount", "partCount", "bodyByteCount", "bodyCRC"]}
        out["lastControl"] = f["lastControl"] - 1 if f["lastControl"] else None
        out["groups"] = [{"class": c, "slot": s, "keyCommitment": h(k)} for c, s, k in f.get("groups", [])]
        out["tokens"] = [{"class": c, "tokenHash": h(t), "contentHash": h(k), "firstOrdinal": o, "recordCount": n}
                         for c, t, k, o, n in f.get("tokens", [])]
        out["bodyFiles"] = [{"id": h(i), "ordinal": o, "fileByteCount": n, "digest": h(d)}
                            for i, o, n, d in f.get("bodyFiles", [])]
        return out
    f = store.frames[1].fields
    raw = v.accept("example", store.frames[1].header, **shown(f))
    v.take("example, its frame after it", store.frames[1].bytes, len(raw))
    bare = dict(f, groups=[], tokens=[])
    raw = v.accept("no rows", frame_header(bare), **shown(bare))
    full = dict(f, groups=[(7, 5, D[1]), (1, 1, D[0])], tokens=[(1, D[2][:16], D[3][:16], 0, 1), (7, D[2][16:], D[3][16:], 1, 1)],
                bodyFiles=[(D[4][:16], 0, 9_000_000, D[5]), (D[4][16:], 1, 9_500_000, D[6])])
    v.accept("rows of every kind", frame_header(full), **shown(full))
    free = dict(bare, lastControl=0)
    v.accept("no control record", frame_header(free), **shown(free))
    last = dict(bare, firstIndex=2**62 - 2)
    v.accept("the last index", frame_header(last), **shown(last))
    v.refuse("nothing", b"", "truncated")
    v.refuse("zeros", bytes(4_096), "wrongMagic")
    v.refuse("header cut off", raw[:-1], "outOfBounds")
    v.refuse("fifteen bytes", raw[:15], "outOfBounds")
    v.refuse("flipped bit", flip(raw, 60), "checksum")
    v.refuse("flipped bit in the checksum", flip(raw, len(raw) - 1), "checksum")
    v.refuse("header of 155 bytes", patch(raw, 8, u32(155)), "outOfBounds")
    v.refuse("header over 4 MiB", patch(raw, 8, u32((4 << 20) + 1)), "outOfBounds")
    def bad(name, error, **changes): v.refuse(name, frame_header(dict(bare, **changes)), error)
    bad("reserved bytes not zero", "notCanonical", zero=b"\0\1")
    bad("body of 64 MiB and a byte", "outOfBounds", bodyByteCount=(64 << 20) + 1)
    bad("frame over 64 MiB", "inconsistent", bodyByteCount=64 << 20)
    bad("frameByteCount of another body", "inconsistent", frameByteCount=8_192)
    bad("no entries", "inconsistent", entryCount=0)
    bad("65,537 entries", "inconsistent", entryCount=65_537)
    bad("first index 2^62", "inconsistent", firstIndex=2**62)
    bad("first index 2^64 - 1", "inconsistent", firstIndex=2**64 - 1, lastControl=0)
    bad("tree size past 2^62", "inconsistent", firstIndex=2**62 - 1)
    bad("treeSize of another count", "inconsistent", treeSize=9)
    bad("first part 2^63", "inconsistent", firstPart=2**63)
    bad("parts that can't fit", "inconsistent", partCount=bare["bodyByteCount"] // 304 + 1)
    bad("entries that can't fit", "inconsistent", entriesByteCount=bare["bodyByteCount"])
    bad("offset 0", "inconsistent", offset=0)
    bad("offset not a multiple of 4,096", "inconsistent", offset=4_097)
    bad("past the end of a segment", "inconsistent", offset=4 << 30)
    bad("segment 2^48", "inconsistent", segment=2**48)
    bad("a class twice", "notCanonical", groups=[(1, 1, D[0]), (7, 5, D[1]), (1, 2, D[1])])
    bad("a control record still to come", "outOfBounds", lastControl=5)
    bad("token past the entries", "inconsistent", tokens=[(1, D[2][:16], D[3][:16], 2, 1)])
    bad("token reaches past the entries", "inconsistent", tokens=[(1, D[2][:16], D[3][:16], 1, 2)])
    bad("token with counts of 2^32 - 1", "inconsistent", tokens=[(1, D[2][:16], D[3][:16], 2**32 - 1, 2**32 - 1)])
    bad("token of no record", "inconsistent", tokens=[(1, D[2][:16], D[3][:16], 0, 0)])
    bad("body file past the entries", "inconsistent", bodyFiles=[(D[4][:16], 2, 9_000_000, D[5])])
    bad("body files do not ascend", "notCanonical", bodyFiles=[(D[4][:16], 1, 9, D[5]), (D[4][16:], 1, 9, D[6])])
    short = bytearray(raw)
    short[8:12] = u32(len(raw) + 48)
    v.refuse("rows missing", recrc(bytes(short) + bytes(48)), "notCanonical")
    counted_rows = bytearray(raw)
    counted_rows[128:130] = u16(1)
    v.refuse("a row promised, none there", recrc(bytes(counted_rows)), "truncated")
    return v


def frame_parts():
    v = Vectors("frame-parts.json", "frame parts", "frame.md")
    frame = store.frames[1]
    v.accept("example", frame.skeleton, parts=[{"class": 1, "recordCount": 2, "ciphertextByteCount": len(frame.ciphertext),
                                                "flags": 0, "digest": h(sha256(frame.ciphertext))}])
    def skeleton(rows, size=None):
        body = join(frame.columns) + b"".join(join(part_row(*r)) for r in rows)
        total = len(body) + sum(r[2] for r in rows) if size is None else size
        return join(frame_header(dict(frame.fields, partCount=len(rows), bodyByteCount=total))) + body
    chain = [(1, 1, 65_792, 0, D[0]), (1, 0, 65_792, 1, D[1]), (1, 0, 256, 1, D[2]), (2, 1, 256, 0, D[3])]
    v.accept("a record in three parts", skeleton(chain), parts=[
        {"class": c, "recordCount": n, "ciphertextByteCount": s, "flags": f, "digest": h(d)} for c, n, s, f, d in chain])
    v.refuse("rows cut off", skeleton(chain)[:-1], "truncated")
    v.refuse("parts do not fill the body", skeleton(chain, 300_000), "inconsistent")
    v.refuse("a continuation first", skeleton(chain[1:]), "inconsistent")
    v.refuse("a continuation in another class", skeleton([chain[0], (2, 0, 256, 1, D[1])]), "inconsistent")
    v.refuse("a continuation after two records", skeleton([(1, 2, 256, 0, D[0]), (1, 0, 256, 1, D[1])]), "inconsistent")
    v.refuse("more records than entries", skeleton([(1, 3, 256, 0, D[0])]), "inconsistent")
    return v


def segment_headers():
    v = Vectors("segment-header.json", "segment header", "segment.md")
    def accept(name, *a):
        return v.accept(name, segment_header(*a), generation=a[0], logID=h(a[1]), segment=a[2], firstIndex=a[3],
                        root=h(a[4]), created=a[5])
    raw = accept("example", 0, LOG_ID, 0, 0, tree_root([]), T0)
    accept("later", 3, LOG_ID, 2**48 - 1, 2**62 - 1, D[0], -1)
    v.take("frames after it", raw + b"MUNFRAME", 4_096)
    v.refuse("one byte short", raw[:-1], "truncated")
    v.refuse("zeros", bytes(4_096), "wrongMagic")
    v.refuse("version 2", segment_header(0, LOG_ID, 0, 0, D[0], T0, version=2), "newerVersion")
    v.refuse("version 0", segment_header(0, LOG_ID, 0, 0, D[0], T0, version=0), "unknownValue")
    v.refuse("flipped bit", flip(raw, 50), "checksum")
    v.refuse("segment 2^48", segment_header(0, LOG_ID, 2**48, 0, D[0], T0), "outOfBounds")
    v.refuse("first index 2^62", segment_header(0, LOG_ID, 0, 2**62, D[0], T0), "outOfBounds")
    v.refuse("rest not zero", raw[:-1] + b"\1", "notCanonical")
    return v


def footers():
    v = Vectors("footer.json", "footer", "footer.md")
    def accept(name, f):
        out = {k: h(f[k]) if isinstance(f[k], bytes) else f[k] for k in
               ["generation", "segment", "firstIndex", "entryCount", "root", "recordedFirst", "recordedLast",
                "skeletonDigest"]}
        out["index"] = h(f.get("index", b""))
        out["frames"] = [{"offset": a, "frameByteCount": b, "firstIndex": c, "entryCount": d, "skeletonByteCount": e,
                          "partCount": g, "digest": h(i)} for a, b, c, d, e, g, i in f["frames"]]
        out["groups"] = [{"class": a, "slot": b, "keyCommitment": h(c), "recordCount": d, "partCount": e, "digest": h(g)}
                         for a, b, c, d, e, g in f["groups"]]
        out["bodyFiles"] = [{"id": h(a), "index": b, "fileByteCount": c, "digest": h(d)}
                            for a, b, c, d in f.get("bodyFiles", [])]
        return v.accept(name, footer(f), **out)
    f = store.footer_fields
    raw = accept("example", f)
    accept("body files and index", dict(f, bodyFiles=[(D[0][:16], 1, 9_000_000, D[1]), (D[0][16:], 3, 9, D[2])],
                                        index=b"an index of any bytes"))
    def bad(name, error, **changes): v.refuse(name, footer(dict(f, **changes)), error)
    v.refuse("nothing", b"", "truncated")
    v.refuse("another magic", patch(raw, 0, b"MUNFRAME"), "wrongMagic")
    v.refuse("one byte short", raw[:-1], "inconsistent")
    v.refuse("one byte long", raw + b"\0", "inconsistent")
    v.refuse("159 bytes", patch(raw, 16, u64(159))[:159], "truncated")
    v.refuse("flipped bit", flip(raw, 200), "checksum")
    v.refuse("flipped bit in the checksum", flip(raw, len(raw) - 16), "checksum")
    v.refuse("another end magic", flip(raw, len(raw) - 1), "inconsistent")
    bad("version 2", "newerVersion", version=2)
    bad("version 0", "unknownValue", version=0)
    bad("trailer with another length", "inconsistent", trailerByteCount=160)
    bad("a frame promised, none there", "inconsistent", frameCount=3)
    bad("2^32 - 1 frames", "inconsistent", frameCount=2**32 - 1)
    one, two = f["frames"]
    bad("frames with a gap", "inconsistent", frames=[one, (two[0] + 4_096,) + two[1:]])
    bad("frames in another order", "inconsistent", frames=[two, one])
    bad("first frame not in the second block", "inconsistent", frames=[(0,) + one[1:], two])
    bad("a frame of 4,095 bytes", "inconsistent", frames=[(one[0], 4_095) + one[2:], two])
    bad("a frame of no bytes", "inconsistent", frames=[(one[0], 0) + one[2:], two])
    bad("a frame over 64 MiB", "inconsistent", frames=[(one[0], (64 << 20) + 4_096) + one[2:], two])
    bad("a frame without entries", "inconsistent", frames=[one[:3] + (0,) + one[4:], two])
    bad("a frame of 65,537 entries", "inconsistent", frames=[one[:3] + (65_537,) + one[4:], two])
    bad("a skeleton longer than its frame", "inconsistent", frames=[one[:4] + (4_097,) + one[5:], two])
    bad("entries do not add up", "inconsistent", entryCount=5)
    bad("first index 2^64 - 1", "inconsistent", firstIndex=2**64 - 1,
        frames=[one[:2] + (2**64 - 1,) + one[3:], two[:2] + (1,) + two[3:]])
    bad("first index 2^62", "inconsistent", firstIndex=2**62,
        frames=[one[:2] + (2**62,) + one[3:], two[:2] + (2**62 + 2,) + two[3:]])
    bad("segment 2^48", "inconsistent", segment=2**48)
    bad("times in another order", "inconsistent", recordedFirst=2, recordedLast=1)
    g0, g1 = f["groups"]
    bad("groups do not ascend", "inconsistent", groups=[g1, g0])
    bad("a group twice", "inconsistent", groups=[g0, g0])
    bad("body file outside the segment", "inconsistent", bodyFiles=[(D[0][:16], 4, 9, D[1])])
    bad("body files do not ascend", "inconsistent", bodyFiles=[(D[0][:16], 3, 9, D[1]), (D[0][16:], 3, 9, D[2])])
    return v


def segment_rows():
    v = Vectors("segment-row.json", "segment row", "directory.md")
    def accept(name, *a):
        return v.accept(name, segment_row(*a), segment=a[0], generation=a[1], isSealed=a[2] == 1, firstIndex=a[3],
                        entryCount=a[4], recordedFirst=a[5], recordedLast=a[6], footerDigest=h(a[7]), fileByteCount=a[8])
    raw = accept("sealed", 0, 0, 1, 0, 4, T0, T0 + 1_500_000, store.footer_digest, len(store.segments[0]))
    accept("unsealed", 1, 0, 0, 4, 0, 0, 0, bytes(32), 0)
    accept("rewritten", 9, 2, 1, 2**62 - 262_144, 262_144, -5, 5, D[0], 4 << 30)
    v.refuse_block(raw, 100, magic=False)
    v.refuse("flag bit 1", segment_row(0, 0, 3, 0, 4, 0, 0, D[0], 0), "unknownValue")
    v.refuse("first index 2^62", segment_row(0, 0, 1, 2**62, 4, 0, 0, D[0], 0), "outOfBounds")
    v.refuse("262,145 entries", segment_row(0, 0, 1, 0, 262_145, 0, 0, D[0], 0), "outOfBounds")
    v.refuse("unsealed with counts", segment_row(1, 0, 0, 4, 4, 0, 0, bytes(32), 0), "notCanonical")
    return v


def root_keys():
    v = Vectors("root-key.json", "root key file", "keys.md")
    check = x.hkdf(x.ROOT_KEY, "check", LOG_ID)
    raw = v.accept("file", store.root_file, protection=0, memoryKiB=0, passes=0, salt="00" * 16, logID=h(LOG_ID),
                   secret=h(x.ROOT_KEY + bytes(16)), keyCheck=h(check))
    passphrase = join(store.root_file_passphrase)
    salt, secret = passphrase[24:40], passphrase[72:120]
    v.accept("passphrase", store.root_file_passphrase, protection=1, memoryKiB=8_192, passes=1, salt=h(salt),
             logID=h(LOG_ID), secret=h(secret), keyCheck=h(check))
    v.refuse_block(raw, 200)
    def bad(name, error, protection, memory, passes, salt=bytes(16), secret=x.ROOT_KEY + bytes(16)):
        v.refuse(name, root_key_file(protection, memory, passes, salt, LOG_ID, secret, check), error)
    bad("protection 2", "unknownValue", 2, 0, 0)
    bad("file with parameters", "outOfBounds", 0, 8_192, 1)
    bad("file with a salt", "notCanonical", 0, 0, 0, salt=D[0][:16])
    bad("file with a longer secret", "notCanonical", 0, 0, 0, secret=x.ROOT_KEY + D[0][:16])
    bad("memory below the bound", "outOfBounds", 1, 8_191, 1)
    bad("memory above the bound", "outOfBounds", 1, 1_048_577, 1)
    bad("no passes", "outOfBounds", 1, 8_192, 0)
    bad("17 passes", "outOfBounds", 1, 8_192, 17)
    return v


def groups_headers():
    v = Vectors("groups-header.json", "group keys header", "keys.md")
    raw = join(store.groups_header)
    v.accept("example", store.groups_header, logID=h(LOG_ID), epoch=x.EPOCH, salt=h(raw[56:88]), wrapped=h(raw[88:136]))
    v.refuse_block(raw, 200)
    v.refuse("version 2", groups_header(LOG_ID, 1, D[0], raw[88:136], version=2), "newerVersion")
    v.refuse("version 0", groups_header(LOG_ID, 1, D[0], raw[88:136], version=0), "unknownValue")
    return v


def group_key_rows():
    v = Vectors("group-key-row.json", "group key row", "keys.md")
    for n, row in enumerate(store.group_rows):
        raw = join(row)
        v.accept("example %d" % n, row, slot=n, segment=x.SLOTS[n][0], **{"class": x.SLOTS[n][1]}, isPresent=True,
                 salt=h(raw[24:56]), wrapped=h(raw[56:104]))
    v.accept("destroyed", group_key_row(1, 0, 1, 0, bytes(32), bytes(48)), slot=1, segment=0, **{"class": 1},
             isPresent=False, salt="00" * 32, wrapped="00" * 48)
    v.refuse_block(raw, 110, magic=False)
    v.refuse("state 2", group_key_row(1, 0, 1, 2, bytes(32), bytes(48)), "unknownValue")
    v.refuse("destroyed, salt left", group_key_row(1, 0, 1, 0, D[0], bytes(48)), "notCanonical")
    v.refuse("destroyed, key left", group_key_row(1, 0, 1, 0, bytes(32), raw[56:104]), "notCanonical")
    return v


def signers():
    v = Vectors("signer-key-block.json", "signer key block", "keys.md")
    raw = join(store.signer_block)
    v.accept("example", store.signer_block, logID=h(LOG_ID), salt=h(raw[48:80]), wrapped=h(raw[80:128]))
    v.refuse_block(raw, 200)
    v.refuse("version 2", signer_key_block(LOG_ID, D[0], raw[80:128], version=2), "newerVersion")
    s = Vectors("signer-state.json", "signer state", "keys.md")
    for name, fields in [("example", (2, 5, store.root)), ("nothing signed", (0, 0, tree_root([]))),
                         ("greatest", (2**64 - 1, 2**62 - 1, D[0]))]:
        raw = s.accept(name, signer_state(*fields), sequence=fields[0], treeSize=fields[1], root=h(fields[2]))
    s.refuse_block(raw, 100)
    s.refuse("size 2^62", signer_state(1, 2**62, D[0]), "outOfBounds")
    return [v, s]


def journals():
    v = Vectors("checkpoint-journal.json", "checkpoints", "checkpoint.md")
    first = x.checkpoint(x.ORIGIN, 4, tree_root(store.leaves[:4]), x.SEED)
    one, two = join(journal_note(first)), join(store.journal)
    EXAMPLES["checkpoint-journal.json one note"] = store.journal
    for name, raw, notes in [("nothing", b"", []), ("one note", two, [store.checkpoint]),
                             ("two notes", one + two, [first, store.checkpoint])]:
        v.good.append({"name": name, "fields": {"notes": [h(n) for n in notes]}, "hex": spell(raw)})
    v.take("torn length", one + two[:3], len(one))
    v.take("torn note", one + two[:-1], len(one))
    v.take("damaged note, a good one after it", one + flip(two, 20) + one, len(one))
    v.take("zeros after it", one + bytes(4_096), len(one))
    v.take("a note of no bytes", one + bytes(8) + two, len(one))
    v.take("a note over 1 MiB", one + u32((1 << 20) + 1) + bytes(64), len(one))
    return v


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

    i = Vectors("identity-record.json", "identity record", "control.md")
    note = store.checkpoint
    for name, predecessor in [("example", b""), ("successor", note)]:
        raw = i.accept(name, identity_record(LOG_ID, sha256(x.MANIFEST), x.ORIGIN, x.VKEY, predecessor), logID=h(LOG_ID),
                       manifestDigest=h(sha256(x.MANIFEST)), origin=x.ORIGIN, key=x.VKEY, predecessor=h(predecessor))
    i.refuse("cut off", raw[:-1], "truncated")
    i.refuse("a byte after", raw + b"\0", "notCanonical")
    i.refuse("origin of 1,025 bytes", identity_record(LOG_ID, D[0], "a" * 1_025, x.VKEY), "outOfBounds")
    i.refuse("key of 4,097 bytes", identity_record(LOG_ID, D[0], "a", "a" * 4_097), "outOfBounds")
    i.refuse("predecessor of 32,769 bytes", identity_record(LOG_ID, D[0], "a", "a", bytes(32_769)), "outOfBounds")
    i.refuse("origin not UTF-8", raw[:64] + b"\1\xff\1a\0", "notCanonical")

    c = Vectors("class-record.json", "class record", "control.md")
    for name, a in [("default", (1, "default", 0, 0, 0, "forever", "P1D", None)),
                    ("mail", (2, "mail", 1, 1, 1, "P7Y", "P30D", ["from", "to"])),
                    ("nothing indexed", (1_000, "n" * 64, 0, 2, 2, "P90D", "P0D", []))]:
        raw = c.accept(name, class_record(*a), **{"class": a[0]}, name=a[1], mode=a[2], basis=a[3], compression=a[4],
                       period=a[5], grace=a[6], indexed=a[7])
    good = (2, "mail", 0, 0, 0, "P7Y", "P1D", ["from"])
    def bad(name, error, at, value): c.refuse(name, class_record(*(good[:at] + (value,) + good[at + 1:])), error)
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
    c.refuse("a byte after", raw + b"\0", "notCanonical")
    c.refuse("cut off", raw[:-1], "truncated")
    at = len(raw) - 7
    assert raw[at:at + 2] == b"\0\1"
    c.refuse("all and a list", patch(raw, at, b"\1"), "notCanonical")
    c.refuse("all is 2", patch(raw, at, b"\2"), "notCanonical")

    s = Vectors("seal-record.json", "seal record", "control.md")
    groups = [(g[0], g[5]) for g in store.footer_fields["groups"]]
    for name, a in [("example", (0, 0, 0, 4, store.footer_digest, bytes(32), 1, groups)),
                    ("no other control record", (0, 0, 0, 4, D[0], D[1], None, [])),
                    ("later", (2**48 - 1, 2**32 - 1, 2**62 - 1, 262_144, D[0], D[1], 2**62 - 1, [(n, D[n % 8]) for n in range(200)]))]:
        raw = s.accept(name, seal_record(*a), segment=a[0], generation=a[1], firstIndex=a[2], entryCount=a[3],
                       footerDigest=h(a[4]), indexRoot=h(a[5]), policy=a[6],
                       groups=[{"class": c, "digest": h(d)} for c, d in a[7]])
    s.refuse("cut off", raw[:-1], "truncated")
    s.refuse("a byte after", raw + b"\0", "notCanonical")
    s.refuse("segment 2^48", seal_record(2**48, 0, 0, 4, D[0], D[1], 1, []), "outOfBounds")
    s.refuse("generation 2^32", seal_record(0, 2**32, 0, 4, D[0], D[1], 1, []), "outOfBounds")
    s.refuse("first index 2^62", seal_record(0, 0, 2**62, 4, D[0], D[1], 1, []), "outOfBounds")
    s.refuse("262,145 entries", seal_record(0, 0, 0, 262_145, D[0], D[1], 1, []), "outOfBounds")
    s.refuse("1,002 groups", seal_record(0, 0, 0, 4, D[0], D[1], 1, [(n, D[0]) for n in range(1_002)]), "outOfBounds")
    s.refuse("groups do not ascend", seal_record(0, 0, 0, 4, D[0], D[1], 1, groups[::-1]), "notCanonical")
    s.refuse("policy 2^62", seal_record(0, 0, 0, 4, D[0], D[1], 2**62, []), "outOfBounds")
    return [v, i, c, s]


def body_headers():
    v = Vectors("body-header.json", "body file header", "body.md")
    raw = v.accept("example", body_header(LOG_ID, D[0][:16]), logID=h(LOG_ID), id=h(D[0][:16]),
                   path="bodies/%s/%s.body" % (h(D[0][:1]), h(D[0][:16])))
    v.refuse_block(raw, 200)
    v.refuse("version 2", body_header(LOG_ID, D[0][:16], version=2), "newerVersion")
    v.refuse("version 0", body_header(LOG_ID, D[0][:16], version=0), "unknownValue")
    return v


def trees():
    v = Vectors("tree.json", "tree", "tree.md")
    leaves = [leaf_hash(b"entry %d" % n) for n in range(20)]
    levels = {level: [tree_root(leaves[n << level:n + 1 << level]) for n in range(20 >> level)] for level in range(3, 5)}
    for n, node in enumerate(levels[3]): EXAMPLES.setdefault("tree.json tree/03 of 20 leaves", []).append(
        ("leaves %d to %d" % (8 * n, 8 * n + 7), node))
    return v.file, json.dumps({
        "structure": "tree", "page": "tree.md", "entries": "entry n is the ASCII text `entry n`, n in decimal",
        "leaves": [h(leaf) for leaf in leaves], "roots": [h(tree_root(leaves[:n])) for n in range(21)],
        "files": {"tree/%02d" % level: "".join(h(n) for n in nodes) for level, nodes in levels.items()}}, indent=1) + "\n"


def examples_of_the_store():
    frame = store.frames[1]
    EXAMPLES["manifest.json example text"] = x.MANIFEST.decode()
    EXAMPLES["checkpoint.json note"] = store.checkpoint.decode()
    EXAMPLES["store.json associated data"] = frame.ad
    EXAMPLES["store.json part plaintext"] = frame.plaintext
    EXAMPLES["store.json columns"] = frame.columns
    EXAMPLES["store.json part row"] = frame.part_row
    EXAMPLES["store.json content 3"] = content(x.SECOND[1].attributes, x.SECOND[1].payload)


def fill(page, text):
    """Replaces what stands between `<!-- example: FILE NAME -->` and `<!-- end -->`."""
    def example(match):
        value = EXAMPLES[match.group(1)]
        text = value if isinstance(value, str) else "\n".join(dump(value)) + "\n"
        return "<!-- example: %s -->\n```\n%s```\n<!-- end -->" % (match.group(1), text)
    return re.sub(r"<!-- example: (.*?) -->\n.*?<!-- end -->", example, text, flags=re.S)


def outputs():
    found = [varints(), zigzags(), names(), manifests(), entries(), extensions(), attributes(), contents(), body_references(),
             columns(), part_rows(), parts(), frame_headers(), frame_parts(), segment_headers(), footers(), segment_rows(),
             root_keys(), groups_headers(), group_key_rows(), *signers(), journals(), *control_records(), body_headers()]
    indexed, others = index_vectors.structures(Vectors, LOG_ID, T0, attribute, EXAMPLES)
    found += indexed
    examples_of_the_store()
    files = {HERE / v.file: v.text() for v in found}
    name, text = trees()
    files[HERE / name] = text
    files.update({HERE / name: text for name, text in others.items()})
    files.update(make_crypto.outputs(store))
    EXAMPLES.update(make_crypto.EXAMPLES)
    for page in sorted(HERE.parent.glob("*.md")): files[page] = fill(page.name, page.read_text())
    return files


if __name__ == "__main__":
    changed = [(p, t) for p, t in outputs().items() if not p.exists() or p.read_text() != t]
    for path, text in changed:
        print(("differs: " if "--check" in sys.argv else "wrote ") + path.name)
        if "--check" not in sys.argv: path.write_text(text)
    sys.exit(1 if changed and "--check" in sys.argv else 0)
