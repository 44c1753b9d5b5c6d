"""Vectors of what other structures are made of, and of the manifest: README.md, manifest.md."""

import example_store as x
from structures import *
from vector_file import D, LOG_ID, Vectors, h


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


def outputs():
    return [varints(), zigzags(), manifests()]
