"""Frames, parts, segments, footers and segments.dir (frame.md, segment.md, footer.md, directory.md)."""

import re
import struct
from types import SimpleNamespace

import lz4.block

from .primitives import (
    BLOCK, Cursor, FRAME_ENTRIES, INDEX_END, Layout, MIB, PART_BYTES, Refusal, SEGMENT_END, SEGMENT_ENTRIES,
    ascends, checksummed_block, crc32c, is_zero, known_version, need, reserved, rest_is_zero, rows)

FRAME = Layout("magic:8s headerByteCount:I bodyCRC:I session:16s offset:Q frameByteCount:Q segment:Q generation:I "
               "entryCount:I firstIndex:Q treeSize:Q root:32s firstPart:Q entriesByteCount:I partCount:I groupCount:H "
               "tokenCount:H bodyFileCount:H zero:2s bodyByteCount:Q lastControl:Q")
GROUP_ROW = Layout("class_:I zero:4s slot:Q keyCommitment:32s")
TOKEN_ROW = Layout("class_:I tokenHash:16s contentHash:16s firstOrdinal:I recordCount:I")
BODY_ROW = Layout("id:16s ordinal:I zero:4s fileByteCount:Q digest:32s")
PART_ROW = Layout("class_:I recordCount:I ciphertextByteCount:I flags:I digest:32s")
SEGMENT = Layout("magic:8s version:I generation:I logID:32s segment:Q firstIndex:Q root:32s created:q crc:I")
FOOTER = Layout("magic:8s version:I generation:I footerByteCount:Q segment:Q firstIndex:Q entryCount:Q root:32s "
                "recordedFirst:q recordedLast:q skeletonDigest:32s frameCount:I groupCount:I bodyFileCount:I "
                "indexByteCount:I")
FOOTER_FRAME = Layout("offset:Q frameByteCount:Q firstIndex:Q entryCount:I skeletonByteCount:I partCount:I zero:4s "
                      "digest:32s")
FOOTER_GROUP = Layout("class_:I zero:4s slot:Q keyCommitment:32s recordCount:Q partCount:Q digest:32s")
FOOTER_BODY = Layout("id:16s index:Q fileByteCount:Q digest:32s")
SEGMENT_ROW = Layout("segment:Q generation:I flags:I firstIndex:Q entryCount:Q recordedFirst:q recordedLast:q "
                     "footerDigest:32s fileByteCount:Q")


def decode_frame_header(raw):
    """frame.md, "Header". `raw` starts with the header and may go on."""
    need(len(raw) >= 12, "truncated")
    need(raw[:8] == b"MUNFRAME", "wrongMagic")
    size = int.from_bytes(raw[8:12], "little")
    need(156 <= size <= min(4 * MIB, len(raw)), "outOfBounds", "header of %d bytes" % size)
    need(crc32c(raw[:size - 4]) == int.from_bytes(raw[size - 4:size], "little"), "checksum")
    h = reserved(FRAME.read(raw))
    need(h.bodyByteCount <= 64 * MIB, "outOfBounds", "body of %d bytes" % h.bodyByteCount)
    need(h.lastControl <= h.treeSize, "outOfBounds", "lastControl")
    h.lastControl = h.lastControl - 1 if h.lastControl else None
    c = Cursor(raw, FRAME.size, size - 4)
    h.groups, h.tokens = rows(c, GROUP_ROW, h.groupCount), rows(c, TOKEN_ROW, h.tokenCount)
    h.bodyFiles = rows(c, BODY_ROW, h.bodyFileCount)
    c.finish()
    def agree(condition, what): need(condition, "inconsistent", what)
    agree(h.frameByteCount == -(-(size + h.bodyByteCount) // BLOCK) * BLOCK <= 64 * MIB, "frameByteCount")
    agree(1 <= h.entryCount <= FRAME_ENTRIES, "entryCount")
    agree(h.firstIndex < INDEX_END and h.segment < SEGMENT_END, "firstIndex or segment")
    agree(h.treeSize == h.firstIndex + h.entryCount <= INDEX_END, "treeSize")
    agree(h.firstPart < 1 << 63, "firstPart")
    agree(h.partCount * 304 <= h.bodyByteCount, "partCount")
    agree(h.entriesByteCount + 48 * h.partCount <= h.bodyByteCount, "entriesByteCount")
    agree(h.offset and not h.offset % BLOCK and h.offset + h.frameByteCount <= 1 << 32, "offset")
    agree(all(t.recordCount and t.firstOrdinal + t.recordCount <= h.entryCount for t in h.tokens), "token row")
    agree(all(b.ordinal < h.entryCount for b in h.bodyFiles), "body file row")
    need(len({g.class_ for g in h.groups}) == h.groupCount, "notCanonical", "a class with two groups")
    need(ascends([b.ordinal for b in h.bodyFiles]), "notCanonical", "body files do not ascend")
    return h


def decode_part_row(raw):
    row = PART_ROW.read(raw)
    size = row.ciphertextByteCount
    need(256 <= size <= 65_792 and not size % 256, "outOfBounds", "ciphertext of %d bytes" % size)
    need(row.flags <= 1, "unknownValue", "part flags %d" % row.flags)
    need(row.recordCount <= FRAME_ENTRIES, "outOfBounds", "recordCount")
    need(bool(row.flags) != bool(row.recordCount), "inconsistent", "a continuation with records, or neither")
    return row


def decode_part_rows(h, raw):
    """frame.md, "Parts". `raw` is what follows the entries."""
    c, parts, before = Cursor(raw), [], None
    for _ in range(h.partCount):
        row = decode_part_row(c.take(48))
        need(not row.flags or before and before.class_ == row.class_ and (before.flags or before.recordCount == 1),
             "inconsistent", "a continuation of nothing")
        before = row
        parts.append(row)
    need(h.entriesByteCount + 48 * h.partCount + sum(p.ciphertextByteCount for p in parts) == h.bodyByteCount,
         "inconsistent", "parts do not fill the body")
    need(sum(p.recordCount for p in parts) <= h.entryCount, "inconsistent", "more records than entries")
    return parts


def decode_part(plain):
    """frame.md, "Plaintext": the content bytes."""
    need(len(plain) >= 8, "truncated")
    stored, count = struct.unpack_from("<II", plain)
    compressed, stored = not stored >> 31, stored & 0x7FFFFFFF
    need(1 <= count <= PART_BYTES and (compressed or stored == count), "outOfBounds", "contentByteCount")
    need(8 + stored <= len(plain), "truncated")
    need(len(plain) == 8 + stored + -(24 + stored) % 256 and is_zero(plain[8 + stored:]), "notCanonical", "padding")
    content = plain[8:8 + stored]
    if compressed:
        try: content = lz4.block.decompress(content, uncompressed_size=count)
        except (lz4.block.LZ4BlockError, ValueError): raise Refusal("inconsistent", "malformed LZ4 block") from None
        need(len(content) == count, "inconsistent", "the LZ4 block has another length")
    return SimpleNamespace(contentHex=content, compressed=compressed, storedByteCount=stored)


def decode_segment_name(name):
    """segment.md, "Names", without the directories."""
    match = re.fullmatch(r"([0-9]{12,15})-([0-9]{4,10})\.seg", name)
    need(match, "notCanonical")
    segment, generation = int(match[1]), int(match[2])
    need(segment < SEGMENT_END and generation < 1 << 32, "notCanonical")
    need(name == "%012d-%04d.seg" % (segment, generation), "notCanonical")
    return SimpleNamespace(segment=segment, generation=generation)


def decode_segment_path(path):
    name = decode_segment_name(path.rpartition("/")[2])
    number = name.segment
    need(path == "segments/%04d/%012d-%04d.seg" % (number // 4_096, number, name.generation), "notCanonical")
    return name


def decode_segment_header(raw):
    """segment.md, "File"."""
    need(raw[:8] == b"MUNSEGMT"[:len(raw)], "wrongMagic")
    h = SEGMENT.read(raw)
    known_version(h.version)
    need(crc32c(raw[:104]) == h.crc, "checksum")
    need(h.firstIndex < INDEX_END and h.segment < SEGMENT_END, "outOfBounds")
    need(len(raw) >= BLOCK, "truncated")
    need(is_zero(raw[SEGMENT.size:BLOCK]), "notCanonical", "zeros of the header block")
    return h


def decode_footer(raw):
    """footer.md."""
    need(len(raw) <= 64 * MIB, "outOfBounds")
    need(len(raw) >= 24, "truncated")
    need(raw[:8] == b"MUNFOOTR", "wrongMagic")
    known_version(int.from_bytes(raw[8:12], "little"))
    need(int.from_bytes(raw[16:24], "little") == len(raw), "inconsistent", "footerByteCount")
    need(len(raw) >= 160, "truncated")
    crc, length, magic = struct.unpack("<II8s", raw[-16:])
    need(crc32c(raw[:-16]) == crc, "checksum")
    f = FOOTER.read(raw)
    def agree(condition, what): need(condition, "inconsistent", what)
    size = 160 + 72 * f.frameCount + 96 * f.groupCount + 64 * f.bodyFileCount + f.indexByteCount
    agree(size == len(raw), "counts that do not fill the footer")
    c = Cursor(raw, FOOTER.size)
    f.frames, f.groups = rows(c, FOOTER_FRAME, f.frameCount), rows(c, FOOTER_GROUP, f.groupCount)
    f.bodyFiles, f.index = rows(c, FOOTER_BODY, f.bodyFileCount), c.take(f.indexByteCount)
    agree(length == len(raw) and magic == b"MUNFTEND", "end of the footer")
    agree(f.firstIndex < INDEX_END and f.segment < SEGMENT_END and f.entryCount <= SEGMENT_ENTRIES, "bounds")
    agree(f.recordedFirst <= f.recordedLast, "recorded times")
    offset, index = BLOCK, f.firstIndex
    for n, row in enumerate(f.frames):
        agree(row.offset == offset and row.firstIndex == index, "frame %d does not follow" % n)
        agree(0 < row.frameByteCount <= 64 * MIB and not row.frameByteCount % BLOCK, "frame %d" % n)
        agree(1 <= row.entryCount <= FRAME_ENTRIES and row.skeletonByteCount <= row.frameByteCount, "frame %d" % n)
        offset, index = offset + row.frameByteCount, index + row.entryCount
    agree(index == f.firstIndex + f.entryCount, "entryCount")
    agree(ascends([g.class_ for g in f.groups]), "groups do not ascend")
    agree(ascends([b.index for b in f.bodyFiles]), "body files do not ascend")
    agree(all(f.firstIndex <= b.index < index for b in f.bodyFiles), "a body file outside the segment")
    return f


def decode_segment_row(raw):
    """directory.md, "segments.dir"."""
    row = checksummed_block(raw, 128, SEGMENT_ROW)
    need(row.flags <= 1, "unknownValue")
    row.isSealed = bool(row.flags)
    need(row.firstIndex < INDEX_END and row.entryCount <= SEGMENT_ENTRIES, "outOfBounds")
    if not row.isSealed:
        need(not (row.entryCount or row.recordedFirst or row.recordedLast or any(row.footerDigest)), "notCanonical")
    rest_is_zero(raw, SEGMENT_ROW)
    return row


# ---------------------------------------------------------------------------- keys, bodies, control records
