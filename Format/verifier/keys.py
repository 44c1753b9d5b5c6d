"""The key files, the cryptography, and body files (keys.md, commitment.md, body.md)."""

import hmac
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from .primitives import (
    BLOCK, INDEX_END, Layout, MIB, checksummed_block, is_zero, minimal_varint, need, rest_is_zero, sha256)

ROOT_KEY = Layout("magic:8s protection:I memoryKiB:I passes:I zero:4s salt:16s logID:32s secret:48s keyCheck:32s")
GROUPS = Layout("magic:8s version:I zero:4s logID:32s epoch:Q salt:32s wrapped:48s")
KEY_ROW = Layout("slot:Q segment:Q class_:I state:I salt:32s wrapped:48s generation:I")
SIGNER = Layout("magic:8s version:I zero:4s logID:32s salt:32s wrapped:48s")
SIGNED = Layout("magic:8s sequence:Q treeSize:Q root:32s")
BODY = Layout("magic:8s version:I zero:4s logID:32s id:16s")


def decode_root_key(raw):
    """keys.md, "root.key"."""
    key = checksummed_block(raw, 256, ROOT_KEY, b"MUNROOT1")
    need(key.protection <= 1, "unknownValue")
    rest_is_zero(raw, ROOT_KEY)
    if key.protection:
        need(8_192 <= key.memoryKiB <= MIB and 1 <= key.passes <= 16, "outOfBounds", "passphrase parameters")
    else:
        need(not key.memoryKiB and not key.passes, "outOfBounds", "passphrase parameters")
        need(is_zero(key.salt) and is_zero(key.secret[32:]), "notCanonical")
    return key


def simple_block(size, layout, magic):
    """The decoder of a checksummed block that has no rules of its own."""
    def decode(raw):
        record = checksummed_block(raw, size, layout, magic)
        rest_is_zero(raw, layout)
        return record
    return decode


decode_groups_header = simple_block(256, GROUPS, b"MUNGROUP")
decode_signer_key = simple_block(BLOCK, SIGNER, b"MUNSIGNR")


def decode_key_row(raw):
    row = checksummed_block(raw, 128, KEY_ROW)
    need(row.state <= 1, "unknownValue")
    row.isPresent = bool(row.state)
    need(row.isPresent or is_zero(row.salt + row.wrapped), "notCanonical", "a destroyed row that holds something")
    rest_is_zero(raw, KEY_ROW)
    return row


def decode_signer_state(raw):
    state = checksummed_block(raw, BLOCK, SIGNED, b"MUNSIGNS")
    need(state.treeSize < INDEX_END, "outOfBounds")
    rest_is_zero(raw, SIGNED)
    return state


def decode_body_header(raw):
    """body.md, "Layout"."""
    header = checksummed_block(raw, BLOCK, BODY, b"MUNBODY1")
    rest_is_zero(raw, BODY)
    header.path = body_path(header.id)
    return header


def body_path(body_id): return "bodies/%s/%s.body" % (body_id.hex()[:2], body_id.hex())


def hkdf(key, purpose, context=b"", salt=b""):
    """HKDF-SHA256 of RFC 5869 with 32 bytes of output, which is one block of its expansion."""
    secret = hmac.digest(salt or bytes(32), key, "sha256")
    return hmac.digest(secret, b"muniment/1/" + purpose + b"\0" + context + b"\1", "sha256")


def open_sealed(key, count, ciphertext, associated):
    """AES-256-GCM; None where the tag is wrong."""
    try: return AESGCM(key).decrypt(struct.pack("<QI", count, 0), ciphertext, associated)
    except InvalidTag: return None


def unwrap(key, context, salt, wrapped): return open_sealed(hkdf(key, b"wrap", context, salt), 0, wrapped, context)


def passphrase_key(passphrase, salt, memory, passes):
    return Argon2id(salt=salt, length=32, iterations=passes, lanes=1, memory_cost=memory).derive(passphrase)


class Group:
    """One group key with what it derives. Salts are made for 1,024 indexes at a time."""

    def __init__(self, key, log_id, segment, class_):
        place = log_id + struct.pack("<QI", segment, class_)
        self.key, self.log_id, self.segment, self.class_ = key, log_id, segment, class_
        self.commitment, self.salt_key = hkdf(key, b"commitment", place), hkdf(key, b"salt", place)
        self.token_key, self.part_keys, self.streams = hkdf(key, b"token", place), {}, {}

    def part_key(self, generation, session):
        place = (generation, session)
        if place not in self.part_keys:
            context = self.log_id + struct.pack("<QI", self.segment, generation) + session
            self.part_keys = {place: hkdf(self.key, b"part", context)}
        return self.part_keys[place]

    def salt(self, index, slot):
        window = (index >> 10, slot)
        if window not in self.streams:
            if len(self.streams) >= 64: self.streams.clear()
            self.streams[window] = keystream(self.salt_key, window[0] << 8, slot, 16 << 10)
        at = 16 * (index & 1023)
        return self.streams[window][at:at + 16]


def keystream(key, block, nonce, count):
    """ChaCha20 with a 64-bit counter and a 64-bit nonce, from block `block` on."""
    return Cipher(ChaCha20(key, struct.pack("<QQ", block, nonce)), mode=None).encryptor().update(bytes(count))


def content_commitment(content, salts, payload_commitment=None):
    """commitment.md. P is given for a body file, otherwise made from the payload."""
    p = payload_commitment or sha256(b"\x12", salts[0], content.payload)
    attributes = [sha256(b"\x13", salt, attribute) for salt, attribute in zip(salts[1:], content.attributes)]
    return sha256(b"\x10", sha256(b"\x11", minimal_varint(len(attributes)), *attributes), p)


# ---------------------------------------------------------------------------- the tree (tree.md)
