"""What every decoder is made of (README.md, "Conventions" and "Bounds")."""

import functools
import hashlib
import struct
from types import SimpleNamespace

BLOCK, MIB = 4096, 1 << 20
INDEX_END, SEGMENT_END = 1 << 62, 1 << 48
PART_BYTES, CONTENT_BYTES = 65_536, 9_568_256
SEGMENT_ENTRIES, FRAME_ENTRIES = 262_144, 65_536


class Refusal(Exception):
    """Bytes that break a rule of the format. `code` is one of README.md's words."""

    def __init__(self, code, message=""):
        super().__init__("%s (%s)" % (message, code) if message else code)
        self.code = code


def need(condition, code, message=""):
    """Refuses unless `condition` holds."""
    if not condition: raise Refusal(code, message)


def sha256(*parts): return hashlib.sha256(b"".join(parts)).digest()
def is_zero(data): return data.count(0) == len(data)
def wrap64(value): return (value + (1 << 63)) % (1 << 64) - (1 << 63)


def _crc_table():
    for n in range(256):
        for _ in range(8): n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
        yield n


_CRC = list(_crc_table())


@functools.cache
def _power_of_x(n):
    """The exponents of the terms of x^n modulo the polynomial of CRC-32C; n is a power of two."""
    power = 1 << 30
    while n > 1:
        a, b, power, n = power, power, 0, n // 2
        for e in range(32):
            if b >> 31 - e & 1: power ^= a
            a = a >> 1 ^ (0x82F63B78 if a & 1 else 0)
    return [e for e in range(32) if power >> 31 - e & 1]


def crc32c(data):
    """CRC-32C. Many bytes are one polynomial, whose high terms are folded onto the low ones by `_power_of_x`."""
    crc = 0xFFFFFFFF
    for at in range(0, len(data), 1 << 17):
        piece = data[at:at + (1 << 17)]
        if len(piece) > 256:
            value, bits, crc = int.from_bytes(piece, "little") ^ crc, 8 * len(piece), 0
            while bits > 2_048:
                distance = 1 << (bits - 1).bit_length() - 1
                folded = min(distance - 32, bits - distance)
                high = value & (1 << folded) - 1
                value, bits = value >> folded, bits - folded
                for e in _power_of_x(distance): value ^= high << distance - folded - e
            piece = value.to_bytes(bits // 8, "little")
        for byte in piece: crc = _CRC[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


class Layout:
    """Fields of fixed sizes: words `name:format`. Those whose names begin with `zero` are reserved."""

    def __init__(self, words):
        pairs = [word.split(":") for word in words.split()]
        self.names = [name for name, _ in pairs]
        self.struct = struct.Struct("<" + "".join(form for _, form in pairs))
        self.size = self.struct.size

    def read(self, data, at=0):
        need(len(data) - at >= self.size, "truncated")
        return SimpleNamespace(**dict(zip(self.names, self.struct.unpack_from(data, at))))


def reserved(record):
    """Refuses reserved fields that are not zero."""
    for name, value in vars(record).items():
        if name.startswith("zero"): need(not value or value == bytes(len(value)), "notCanonical", "reserved bytes")
    return record


def known_version(value):
    need(value <= 1, "newerVersion", "version %d" % value)
    need(value == 1, "unknownValue", "version 0")


def checksummed_block(data, size, layout, magic=b""):
    """README.md, "Checksummed block". The caller checks the fields, and then calls `rest_is_zero`."""
    need(len(data) == size, "truncated")
    need(data.startswith(magic), "wrongMagic")
    need(crc32c(data[:-4]) == int.from_bytes(data[-4:], "little"), "checksum")
    record = layout.read(data)
    if hasattr(record, "version"): known_version(record.version)
    return reserved(record)


def rest_is_zero(data, layout): need(is_zero(data[layout.size:-4]), "notCanonical", "bytes after the last field")


class Cursor:
    """Reads bytes in order and refuses to pass their end."""

    def __init__(self, data, at=0, end=None): self.data, self.at, self.end = data, at, len(data) if end is None else end

    @property
    def left(self): return self.end - self.at

    def take(self, count):
        need(count <= self.left, "truncated")
        self.at += count
        return self.data[self.at - count:self.at]

    def varint(self, limit=(1 << 64) - 1):
        value = shift = 0
        while True:
            byte, = self.take(1)
            need(shift < 63 or byte <= 1, "outOfBounds", "varint")
            value |= (byte & 0x7F) << shift
            if byte < 0x80: break
            shift += 7
        need(byte or not shift, "notCanonical", "varint is not minimal")
        need(value <= limit, "outOfBounds", "%d is above %d" % (value, limit))
        return value

    def signed(self):
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def counted(self, limit): return self.take(self.varint(limit))
    def text(self, limit): return utf8(self.counted(limit))
    def finish(self): need(not self.left, "notCanonical", "bytes after the end")


def utf8(raw):
    try: return str(raw, "utf-8")
    except UnicodeDecodeError: raise Refusal("notCanonical", "not UTF-8") from None


# ---------------------------------------------------------------------------- entries and content


def minimal_varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def ascends(values): return all(a < b for a, b in zip(values, values[1:]))


def rows(c, layout, count):
    """`count` rows of one layout, one after another, with their reserved bytes checked."""
    return [reserved(layout.read(c.take(layout.size))) for _ in range(count)]
