"""Vectors of segment files, from their name to their row in the directory: segment.md, footer.md, directory.md."""

from structures import *
from vector_file import D, LOG_ID, T0, Vectors, flip, h, patch, store


def segment_names():
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


def outputs():
    return [segment_names(), segment_headers(), footers(), segment_rows()]
