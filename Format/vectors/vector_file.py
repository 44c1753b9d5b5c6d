"""What every module of vectors builds with: one object for each file, and the store that the examples are taken from.

Shape of a file: structure, page; `good` (name, fields, hex), `bad` (name, hex, error: the code of FormatError) and, where a decoder
takes a prefix, `goodWithJunk` (name, hex, byteCount). In hex, `00x40` between spaces stands for 40 zero bytes.
"""

import json

import example_store as x
from structures import *

store = x.build()
# What the pages show, by file and title.
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


class Document:
    """A file of another shape."""

    def __init__(self, file, value): self.file, self.value = file, value

    def text(self): return json.dumps(self.value, indent=1) + "\n"


def flip(raw, at): return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1:]
def patch(raw, at, value): return raw[:at] + value + raw[at + len(value):]
def recrc(raw): return raw[:-4] + u32(crc32c(raw[:-4]))
def h(raw): return raw.hex()
