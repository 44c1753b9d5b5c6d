"""Vectors of contents and of payloads in files of their own: content.md, body.md."""

from structures import *
from vector_file import D, LOG_ID, Vectors, h


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


def body_headers():
    v = Vectors("body-header.json", "body file header", "body.md")
    raw = v.accept("example", body_header(LOG_ID, D[0][:16]), logID=h(LOG_ID), id=h(D[0][:16]),
                   path="bodies/%s/%s.body" % (h(D[0][:1]), h(D[0][:16])))
    v.refuse_block(raw, 200)
    v.refuse("version 2", body_header(LOG_ID, D[0][:16], version=2), "newerVersion")
    v.refuse("version 0", body_header(LOG_ID, D[0][:16], version=0), "unknownValue")
    return v


def outputs():
    return [attributes(), contents(), body_references(), body_headers()]
