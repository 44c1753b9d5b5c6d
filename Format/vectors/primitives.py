"""The cryptography of the format from implementations that share nothing with the engine's.

The engine hashes with its own kernels, seals with swift-crypto (BoringSSL) and makes salts and passphrase keys with libsodium.
Here hashing and HMAC are CPython's hashlib and hmac, HKDF is written out from RFC 5869, and AES-GCM, ChaCha20, Ed25519 and Argon2id
are those of the Python package `cryptography` (OpenSSL). Where both give the same bytes, each has checked the other.
"""

import base64
import hashlib
import hmac
import struct

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from structures import body_reference, content, i64, join, sha256, u8, u32, u64, varint


def hkdf(key, purpose, context, salt=b"", count=32):
    """HKDF-SHA256 (RFC 5869) with the format's info string."""
    info = b"muniment/1/" + purpose.encode() + b"\0" + context
    secret = hmac.new(salt or bytes(32), key, hashlib.sha256).digest()
    out, previous, n = b"", b"", 1
    while len(out) < count:
        previous = hmac.new(secret, previous + info + bytes([n]), hashlib.sha256).digest()
        out, n = out + previous, n + 1
    return out[:count]


def nonce(count): return u64(count) + bytes(4)
def seal(key, count, associated_data, plaintext): return AESGCM(key).encrypt(nonce(count), plaintext, associated_data)


def wrap(secret, key, salt, context):
    return seal(hkdf(key, "wrap", context, salt), 0, context, secret)


def epoch_context(log_id, epoch): return b"epoch" + log_id + u64(epoch)
def signer_context(log_id): return b"signer" + log_id
def root_context(log_id): return b"root" + log_id


def group_context(log_id, epoch, slot, segment, class_id):
    return b"group" + log_id + u64(epoch) + u64(slot) + u64(segment) + u32(class_id)


def group_place(log_id, segment, class_id): return log_id + u64(segment) + u32(class_id)
def part_context(log_id, segment, generation, session): return log_id + u64(segment) + u32(generation) + session


def salt(salt_key, index, slot):
    """16 bytes of ChaCha20 with a 64-bit counter and a 64-bit nonce."""
    block = Cipher(ChaCha20(salt_key, u64(index >> 2) + u64(slot)), mode=None).encryptor().update(bytes(64))
    return block[16 * (index & 3):][:16]


def content_commitment(attributes, payload, salts):
    """(commitment, P, A, [c]). `salts`: the payload's, then one for each attribute."""
    p = sha256(b"\x12", salts[0], payload)
    c = [sha256(b"\x13", s, a) for s, a in zip(salts[1:], attributes)]
    a = sha256(b"\x11", varint(len(c)), *c)
    return sha256(b"\x10", a, p), p, a, c


def token_hash(token_key, token): return hmac.new(token_key, b"\1" + token, hashlib.sha256).digest()[:16]


def token_content_hash(token_key, records):
    """`records`: (occurred or None, encoded attributes, payload, whether the payload is a body file)."""
    message = b"\2"
    for occurred, attributes, payload, is_body in records:
        message += u8(occurred is not None) + i64(occurred or 0)
        if is_body:
            message += join(content(attributes, bytes(72), is_body=True))[:-72] + sha256(payload)
        else:
            message += join(content(attributes, payload))
    return hmac.new(token_key, message, hashlib.sha256).digest()[:16]


def argon2id(passphrase, salt_bytes, memory, passes):
    return Argon2id(salt=salt_bytes, length=32, iterations=passes, lanes=1, memory_cost=memory).derive(passphrase)


def ed25519_public(seed):
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(
        serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def key_id(name, public): return sha256(name.encode(), b"\n\x01", public)[:4]


def vkey(name, seed):
    public = ed25519_public(seed)
    return "%s+%s+%s" % (name, key_id(name, public).hex(), base64.b64encode(b"\x01" + public).decode())


def checkpoint(origin, size, root, seed):
    text = ("%s\n%d\n%s\n" % (origin, size, base64.b64encode(root).decode())).encode()
    signature = Ed25519PrivateKey.from_private_bytes(seed).sign(text)
    blob = base64.b64encode(key_id(origin, ed25519_public(seed)) + signature)
    return text + b"\n" + "\u2014 ".encode() + origin.encode() + b" " + blob + b"\n"


def lz4_block(raw):
    """One LZ4 block: greedy, the last match within 64 KiB, so that the bytes never depend on a library's version."""
    def sequence(literals, distance, count):
        low = min(len(literals), 15)
        high = 0 if count is None else min(count - 4, 15)
        out = bytearray([low << 4 | high])
        for value in ([len(literals) - 15] if low == 15 else []):
            out += b"\xff" * (value // 255) + bytes([value % 255])
        out += literals
        if count is not None:
            out += struct.pack("<H", distance)
            for value in ([count - 4 - 15] if high == 15 else []):
                out += b"\xff" * (value // 255) + bytes([value % 255])
        return bytes(out)

    out, seen, anchor, n = b"", {}, 0, 0
    while n < len(raw) - 12:
        key, at = raw[n:n + 4], seen.get(raw[n:n + 4])
        seen[key] = n
        if at is None or n - at > 65535:
            n += 1
            continue
        count = 4
        while n + count < len(raw) - 5 and raw[at + count] == raw[n + count]: count += 1
        out += sequence(raw[anchor:n], n - at, count)
        n += count
        anchor = n
    return out + sequence(raw[anchor:], 0, None)
