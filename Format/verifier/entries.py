"""The manifest, entries and contents (manifest.md, entry.md, content.md; frame.md, "Entries")."""

import re
import struct
from types import SimpleNamespace

from .primitives import (
    CONTENT_BYTES, Cursor, Layout, MIB, Refusal, ascends, minimal_varint, need, utf8, wrap64)

def manifest_text(origin, log_id, key):
    return ('{\n  "muniment": 1,\n  "features": [],\n  "origin": "%s",\n  "logID": "%s",\n  "key": "%s"\n}\n'
            % (origin, log_id, key))


def decode_manifest(raw):
    """manifest.md."""
    need(len(raw) <= 16_384, "outOfBounds")
    try: text = raw.decode()
    except UnicodeDecodeError: raise Refusal("outOfBounds", "not UTF-8") from None
    version = re.match(r'\{\n  "muniment": ([0-9]{1,9})', text)
    need(version, "wrongMagic")
    features = re.search(r'\n  "features": \[(.*)\]', text)
    need(int(version[1]) <= 1 and not (features and features[1]), "newerVersion")
    values = [re.search(r'(?s)\n  "%s": "(.*?)"(?=,?\n)' % name, text) for name in ("origin", "logID", "key")]
    need(features and all(values), "truncated")
    origin, log_id, key = (value[1] for value in values)
    need(re.fullmatch("[0-9A-Fa-f]{64}", log_id), "outOfBounds", "log ID")
    need(re.fullmatch(r'[!-~]{1,255}', origin) and not set(origin) & set('+"\\'), "outOfBounds", "origin")
    need(re.fullmatch(r'[!-~]{1,4096}', key) and not set(key) & set('"\\'), "outOfBounds", "key")
    need(text == manifest_text(origin, log_id.lower(), key), "notCanonical")
    return SimpleNamespace(origin=origin, logID=bytes.fromhex(log_id), key=key)


def decode_extensions(raw):
    """entry.md, "Extensions": a list of (type, critical, bytes)."""
    c, items, last = Cursor(raw), [], -1
    count = c.varint()
    need(count <= 64, "outOfBounds")
    need(count, "notCanonical", "no extension")
    for _ in range(count):
        key = c.varint()
        need(key >> 1 > last, "notCanonical", "extension types do not ascend")
        last = key >> 1
        items.append(SimpleNamespace(type=last, critical=bool(key & 1), bytes=c.counted(65_535)))
    c.finish()
    return items


def decode_entry(raw):
    """entry.md."""
    need(len(raw) <= 65_535, "outOfBounds")
    c = Cursor(raw)
    (suite,), (kind,), (flags,) = c.take(1), c.take(1), c.take(1)
    need(suite == 1 and kind <= 1 and flags <= 7, "unknownValue", "suite %d, kind %d, flags %d" % (suite, kind, flags))
    entry = SimpleNamespace(kind=kind, class_=c.varint(0xFFFFFFFF), occurred=None, compliance=None, items=[])
    entry.recorded = int.from_bytes(c.take(8), "little", signed=True)
    if flags & 1: entry.occurred = int.from_bytes(c.take(8), "little", signed=True)
    if flags & 2: entry.compliance = int.from_bytes(c.take(8), "little", signed=True)
    entry.commitment = c.take(32)
    entry.extensions = c.take(c.left)
    need(flags & 4 or not entry.extensions, "notCanonical", "bytes after the commitment")
    if flags & 4: entry.items = decode_extensions(entry.extensions)
    return entry


def judge_extensions(kind, items, report, *place):
    """What holds wherever an entry is met (entry.md, "Rules")."""
    if any(item.critical for item in items if item.type != 1):
        report.unattested("entry.unknown", "a critical extension of an unknown type", *place)
    if not kind and any(item.type == 1 for item in items):
        report.error("entry.malformed", "a user's entry with the public part of a control record", *place)


def decode_columns(raw, entryCount):
    """frame.md, "Entries": the runs, and every entry spelt out."""
    c, runs, left, recorded, occurred, before = Cursor(raw), [], entryCount, 0, None, None
    for _ in range(c.varint(entryCount)):
        run = SimpleNamespace(first=entryCount - left, count=c.varint(left), compliance=0)
        run.occurred, run.extensions, run.items = [], [], []
        need(run.count, "notCanonical", "empty run")
        left -= run.count
        suite, run.kind, run.flags = c.take(3)
        need(suite == 1 and run.kind <= 1 and run.flags <= 7, "unknownValue", "suite, kind or flags of a run")
        run.class_ = c.varint(0xFFFFFFFF)
        run.recorded = recorded = wrap64(recorded + c.signed())
        if run.flags & 2: run.compliance = wrap64(recorded + c.signed())
        if run.flags & 1:
            for _ in range(run.count):
                occurred = wrap64((recorded if occurred is None else occurred) + c.signed())
                run.occurred.append(occurred)
        if run.flags & 4:
            for _ in range(run.count):
                run.extensions.append(c.counted(65_535))
                run.items.append(decode_extensions(run.extensions[-1]))
        run.head = bytes([suite, run.kind, run.flags]) + minimal_varint(run.class_) + struct.pack("<q", recorded)
        run.tail = struct.pack("<q", run.compliance) if run.flags & 2 else b""
        size = len(run.head) + 8 * (run.flags & 1) + len(run.tail) + 32 + max(map(len, run.extensions), default=0)
        need(size <= 65_535, "outOfBounds", "entry of %d bytes" % size)
        signature = (run.kind, run.flags, run.class_, run.recorded, run.compliance)
        need(signature != before, "notCanonical", "two runs that are one")
        before = signature
        runs.append(run)
    need(not left and c.left == 32 * entryCount, "inconsistent", "runs or commitments do not add up to the entries")
    commitments = [c.take(32) for _ in range(entryCount)]
    entries = []
    for run in runs:
        own = commitments[run.first:run.first + run.count]
        if not run.flags & 5:
            entries += [run.head + run.tail + commitment for commitment in own]
            continue
        for n, commitment in enumerate(own):
            time_bytes = struct.pack("<q", run.occurred[n]) if run.flags & 1 else b""
            extensions = run.extensions[n] if run.flags & 4 else b""
            entries.append(run.head + time_bytes + run.tail + commitment + extensions)
    return SimpleNamespace(count=entryCount, runs=runs, entries=entries, commitments=commitments)


def decode_attribute(raw):
    """content.md, "Attributes"."""
    c = Cursor(raw)
    count = c.varint()
    need(0 < count <= 255, "outOfBounds", "attribute name of %d bytes" % count)
    name = c.take(count)
    utf8(name)
    kind, = c.take(1)
    value = c.take(c.left)
    need(len(value) <= 65_535, "outOfBounds", "attribute value")
    if kind == 1: utf8(value)
    if kind == 2:
        need(len(value) == 8, "outOfBounds", "integer of %d bytes" % len(value))
        value = int.from_bytes(value, "big") - (1 << 63)
    need(1 <= kind <= 3, "unknownValue", "attribute type %d" % kind)
    return SimpleNamespace(nameBytes=name, type=kind, value=value)


BODY_REFERENCE = Layout("id:16s payloadByteCount:Q key:32s salt:16s")


def decode_body_reference(raw):
    need(len(raw) >= 72, "truncated")
    need(len(raw) == 72, "notCanonical")
    return BODY_REFERENCE.read(raw)


def decode_content(raw, at=0):
    """content.md; `next` is where another content may begin."""
    c = Cursor(raw, at)
    count = c.varint(CONTENT_BYTES)
    need(count <= c.left, "truncated")
    c.end = c.at + count
    flags, = c.take(1)
    need(flags <= 3, "unknownValue", "content flags %d" % flags)
    content = SimpleNamespace(attributes=[], salts=[], isBodyFile=bool(flags & 2), reference=None, next=c.end)
    attributeCount = c.varint(4_096)
    start = c.at
    for _ in range(attributeCount): content.attributes.append(c.counted(MIB))
    need(c.at - start <= MIB, "outOfBounds", "attributes of %d bytes" % (c.at - start))
    content.spelling = minimal_varint(attributeCount) + c.data[start:c.at]
    if flags & 1: content.salts = [c.take(16) for _ in range(attributeCount + 1)]
    content.payload = c.take(c.left)
    if content.isBodyFile:
        need(len(content.payload) == 72, "outOfBounds", "body reference")
        content.reference = decode_body_reference(content.payload)
        need(not flags & 1 or content.salts[0] == content.reference.salt, "inconsistent", "two payload salts")
    need(len(content.payload) <= 8 * MIB, "outOfBounds", "payload of %d bytes" % len(content.payload))
    need(ascends(content.attributes), "notCanonical", "attributes do not ascend")
    for attribute in content.attributes: decode_attribute(attribute)
    return content


# ---------------------------------------------------------------------------- frames, segments, footers
