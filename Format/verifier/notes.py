"""Signed notes (checkpoint.md)."""

import base64
import binascii
import re
import struct
from types import SimpleNamespace

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .primitives import INDEX_END, MIB, Refusal, crc32c, need, sha256

def canonical_base64(text):
    try: raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError): raise Refusal("notCanonical", "not base64") from None
    need(base64.b64encode(raw).decode() == text, "notCanonical", "base64 is not canonical")
    return raw


def decode_vkey(text):
    """A verifier key: its name, key ID and Ed25519 key."""
    parts = text.split("+", 2)
    need(len(parts) == 3 and parts[0] and not re.search(r"\s", parts[0]), "notCanonical", "not NAME+KEYID+KEY")
    raw = canonical_base64(parts[2])
    need(len(raw) == 33 and raw[0] == 1, "unknownValue", "not an Ed25519 key")
    key_id = sha256(parts[0].encode(), b"\n", raw)[:4]
    need(parts[1] == key_id.hex(), "inconsistent", "another key ID")
    return SimpleNamespace(name=parts[0], id=key_id, public=Ed25519PublicKey.from_public_bytes(raw[1:]))


def decode_note(raw, origin=None, keys=()):
    """A checkpoint. With `keys`, one named like the origin must have signed; without, no signature is judged."""
    try: note = raw.decode()
    except UnicodeDecodeError: raise Refusal("notCanonical", "not UTF-8") from None
    need(not any(byte < 0x20 and byte != 0x0A for byte in raw), "notCanonical", "control character")
    at = note.rfind("\n\n")
    need(at >= 0 and note.endswith("\n") and len(note) > at + 2, "truncated", "no signature lines")
    text, signers, verified = note[:at + 1].encode(), set(), set()
    for line in note[at + 2:-1].split("\n"):
        match = re.fullmatch("\u2014 ([^\\s+]+) ([A-Za-z0-9+/=]+)", line)
        need(match, "notCanonical", "signature line")
        blob = canonical_base64(match[2])
        need(len(blob) >= 5, "truncated", "signature")
        for key in keys:
            if (key.name, key.id) != (match[1], blob[:4]) or line in verified: continue
            try: key.public.verify(blob[4:], text)
            except InvalidSignature: raise Refusal("signature", "%s's signature does not verify" % key.name) from None
            verified.add(line)
            signers.add(key.name)
    lines = text.decode()[:-1].split("\n")
    need(len(lines) >= 3 and all(lines), "truncated", "fewer than three lines, or an empty one")
    need(origin is None or lines[0] == origin, "inconsistent", "the origin is %s" % lines[0])
    need(re.fullmatch("0|[1-9][0-9]{0,18}", lines[1]) and int(lines[1]) <= INDEX_END, "outOfBounds", "tree size")
    root = canonical_base64(lines[2])
    need(len(root) == 32 and (lines[1] != "0" or root == sha256()), "outOfBounds", "root")
    need(not keys or lines[0] in signers, "signature", "no given key has signed it as %s" % lines[0])
    return SimpleNamespace(origin=lines[0], treeSize=int(lines[1]), root=root)


def journal_notes(read, size):
    """The notes of `checkpoints` with their offsets; then (offset, None) if the journal ends before its bytes do."""
    at = 0
    while at < size:
        head = read(at, 8)
        count, crc = struct.unpack("<II", head) if len(head) == 8 else (0, 0)
        note = read(at + 8, count) if 1 <= count <= MIB else b""
        if not note or len(note) != count or crc32c(note) != crc:
            yield at, None
            return
        yield at, note
        at += 8 + count


# ---------------------------------------------------------------------------- cryptography (keys.md)
