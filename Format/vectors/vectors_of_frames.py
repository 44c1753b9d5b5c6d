"""Vectors of frames and their parts: frame.md."""

import example_store as x
from structures import *
from vector_file import D, Vectors, flip, h, patch, recrc, store


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


def outputs():
    return [part_rows(), parts(), frame_headers(), frame_parts()]
