"""Body files (body.md)."""

import hashlib
import struct

from .findings import File
from .keys import body_path, decode_body_header, hkdf, open_sealed
from .primitives import BLOCK, MIB, PART_BYTES, need
from .segments import decode_part


class Bodies:
    """The body files of a store. Each is read once for its digest, and once more if its payload can be opened."""

    def __init__(self, store): self.store, self.report, self.root, self.digests = store, store.report, store.root, {}

    def check(self, row, index):
        """A body file against the row of its frame, and its structure: all that needs no key."""
        path = body_path(row.id)
        self.store.known.add(path)
        with self.report.guard("body.malformed", path, 0, index):
            if row.id not in self.digests:
                self.digests[row.id] = None
                self.digests[row.id] = self.read(row, path)
            if self.digests[row.id] != row.digest:
                self.report.error("body.digest", "not the file that the frame refers to", path, None, index)

    def read(self, row, path):
        """The file's digest, or None if it has another length. Its structure is judged if it is the right file."""
        digest = hashlib.sha256()
        with File(self.root, path) as file:
            if file.size != row.fileByteCount: return None
            for at in range(0, file.size, MIB): digest.update(file.read(at, MIB))
            if digest.digest() == row.digest:
                with self.report.guard("body.malformed", path, 0):
                    header = decode_body_header(file.read(0, BLOCK))
                    need(header.id == row.id, "inconsistent", "another body's file")
                    need(self.store.log_id in (None, header.logID), "inconsistent", "another log's file")
                    for _ in body_chunks(file): pass
            return digest.digest()

    def open(self, reference, index):
        """(P, SHA-256) of a payload, or None with the finding made."""
        path, count = body_path(reference.id), 0
        payload, plainly = hashlib.sha256(b"\x12" + reference.salt), hashlib.sha256()
        if self.digests.get(reference.id):
            with self.report.guard("body.sealed", path, 0, index), File(self.root, path) as file:
                key = hkdf(reference.key, b"body")
                for n, (chunk, is_last) in enumerate(body_chunks(file)):
                    associated = b"MUNBODYC" + self.store.log_id + reference.id + struct.pack("<QB", n, is_last)
                    plain = open_sealed(key, n, chunk, associated)
                    need(plain is not None, "inconsistent", "chunk %d does not open" % n)
                    piece = decode_part(plain).contentHex
                    need(is_last or len(piece) == PART_BYTES, "inconsistent", "chunk %d is short" % n)
                    payload.update(piece)
                    plainly.update(piece)
                    count += len(piece)
                need(count == reference.payloadByteCount, "inconsistent", "a payload of %d bytes" % count)
                return payload.digest(), plainly.digest()
        return None


def body_chunks(file):
    """The ciphertext of every chunk, with whether it is the last."""
    at = BLOCK
    while at < file.size:
        head = file.read(at, 4)
        size = int.from_bytes(head, "little")
        need(len(head) == 4 and 256 <= size <= 65_792 and not size % 256, "outOfBounds", "chunk at %d" % at)
        chunk = file.read(at + 4, size)
        need(len(chunk) == size, "truncated", "chunk at %d" % at)
        at += 4 + size
        yield chunk, at >= file.size
