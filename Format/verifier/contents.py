"""The contents of one frame (frame.md, "Parts", "Sealing" and "Tokens"; content.md; commitment.md)."""

import bisect
import hmac
import struct
from types import SimpleNamespace

from .entries import decode_content
from .keys import content_commitment, open_sealed
from .primitives import CONTENT_BYTES, MIB, PART_BYTES, Refusal, minimal_varint, sha256
from .segments import decode_part

PART_AD = struct.Struct("<8s32sQII16sQIIQ")


class Token:
    """A token row, and the hash of the records that it speaks of. Records of several classes do not come in order."""

    def __init__(self, row, group):
        self.row, self.next, self.hash = row, row.firstOrdinal, hmac.new(group.token_key, b"\2", "sha256")
        self.early, self.early_bytes, self.given_up = {}, 0, False

    def take(self, ordinal, occurred, content, payload_digest):
        """One record. Without its payload's digest, or with too much that comes early, the hash is given up."""
        self.given_up = self.given_up or content.isBodyFile and not payload_digest or self.early_bytes > 64 * MIB
        if self.given_up: return
        payload = payload_digest if content.isBodyFile else content.payload
        message = struct.pack("<Bq", occurred is not None, occurred or 0)
        message += minimal_varint(1 + len(content.spelling) + len(content.payload)) + bytes([2 * content.isBodyFile])
        self.early[ordinal] = message + content.spelling + payload
        self.early_bytes += len(self.early[ordinal])
        while self.next in self.early:
            self.early_bytes -= len(self.early[self.next])
            self.hash.update(self.early.pop(self.next))
            self.next += 1

    def is_whole(self): return not self.given_up and self.next == self.row.firstOrdinal + self.row.recordCount


class FrameContents:
    """The parts and contents of one frame, and what else in its header speaks of them: body files and tokens."""

    def __init__(self, walk, h, columns, body, at):
        self.walk, self.store, self.report = walk, walk.store, walk.report
        self.h, self.columns, self.body, self.at = h, columns, body, at
        self.ordinals, self.occurred = {}, {}                       # class: places in the frame; place: occurred time
        for run in columns.runs if columns else []:
            places = range(run.first, run.first + run.count)
            self.ordinals.setdefault(run.class_, []).extend(places)
            self.occurred.update(zip(places, run.occurred))
        self.bodies = {row.ordinal: row for row in h.bodyFiles}
        self.begun, self.total, self.tokens = {}, {}, {}

    def finding(self, finding, message, offset, ordinal=0):
        self.report.error(finding, message, self.walk.path, offset, self.h.firstIndex + ordinal)

    def run(self, parts):
        h = self.h
        for row in parts: self.total[row.class_] = self.total.get(row.class_, 0) + row.recordCount
        for row in h.bodyFiles:
            self.walk.bodies.append((row.id, h.firstIndex + row.ordinal, row.fileByteCount, row.digest))
            self.store.bodies.check(row, h.firstIndex + row.ordinal)
        for row in h.tokens: self.take_token(row)
        place, long = h.entriesByteCount + 48 * len(parts), None
        for n, row in enumerate(parts):
            ciphertext, offset = self.body[place:place + row.ciphertextByteCount], self.at + h.headerByteCount + place
            place += row.ciphertextByteCount
            if sha256(ciphertext) != row.digest:
                self.finding("part.digest", "part %d is not what its row says" % n, offset)
            content = self.open_part(n, row, ciphertext, offset)
            continues = n + 1 < len(parts) and parts[n + 1].flags == 1
            if row.flags or continues: long = self.take_long(row, content, long, continues, offset)
            elif content is not None: self.split(row, content, offset)
            self.begun[row.class_] = self.begun.get(row.class_, 0) + row.recordCount
        for class_ in self.ordinals.keys() | self.total.keys(): self.count_contents(class_)
        for token in {id(token): token for token in self.tokens.values() if token}.values(): self.check_token(token)

    def open_part(self, n, row, ciphertext, offset):
        """The part's contents, or None where they were not opened."""
        group, h = self.walk.groups.get(row.class_), self.h
        self.walk.parts += 1
        self.walk.unopened += 1
        if not group:
            if self.walk.damaged: return None
            return self.finding("group.row", "class %d has parts and no group row" % row.class_, offset)
        group.parts, group.records = group.parts + 1, group.records + row.recordCount
        group.digest.update(row.digest)
        if group.lost:
            first = self.begun.get(row.class_, 0)
            places = self.ordinals.get(row.class_, [])[first:first + row.recordCount]
            self.walk.keyless += [h.firstIndex + place for place in places]
        if not group.key: return None
        self.walk.unopened -= 1
        associated = PART_AD.pack(b"MUNPART1", group.key.log_id, h.segment, h.generation, row.class_, h.session,
                                  h.firstPart + n, row.recordCount, row.flags, h.firstIndex)
        key = group.key.part_key(h.generation, h.session)
        plain = open_sealed(key, h.firstPart + n, ciphertext, associated)
        if plain is None: return self.finding("part.sealed", "part %d does not open" % n, offset)
        try: return decode_part(plain).contentHex
        except Refusal as refusal: return self.finding("part.malformed", str(refusal), offset)

    def take_long(self, row, content, long, continues, offset):
        """Gathers a content that has parts to itself. `long` is what is there of it; None once something was wrong."""
        if not row.flags: long = bytearray()
        if long is None or content is None: return None
        long += content
        if continues and len(content) == PART_BYTES and len(long) <= CONTENT_BYTES + 10: return long
        if continues or len(long) <= PART_BYTES:
            return self.finding("content.malformed", "a long content with a part of %d bytes" % len(content), offset)
        self.begun[row.class_] -= 1
        self.split(SimpleNamespace(class_=row.class_, recordCount=1), bytes(long), offset)
        self.begun[row.class_] += 1

    def split(self, row, raw, offset):
        """Splits a part into contents and checks each one against its entry."""
        at, k = 0, self.begun.get(row.class_, 0)
        for n in range(row.recordCount):
            if self.walk.generation and raw[at:at + 1] == b"\0":   # the place of a purged one
                places = self.ordinals.get(row.class_, [])
                if k + n < len(places): self.walk.missing.append(self.h.firstIndex + places[k + n])
                at += 1
                continue
            try: content = decode_content(raw, at)
            except Refusal as refusal: return self.finding("content.malformed", str(refusal), offset)
            at = content.next
            self.match(row.class_, k + n, content, offset)
        if at != len(raw): self.finding("content.malformed", "bytes after the last content of a part", offset)

    def match(self, class_, k, content, offset):
        """The k-th content of a class belongs to its k-th entry."""
        ordinals = self.ordinals.get(class_, [])
        if k < len(ordinals) and not self.fits(class_, ordinals[k], content, offset):
            self.finding("content.commitment", "not what the entry commits to", offset, ordinals[k])

    def fits(self, class_, ordinal, content, offset):
        """Whether a content is what an entry commits to."""
        index, key = self.h.firstIndex + ordinal, self.walk.groups[class_].key
        salts = content.salts or [key.salt(index, slot) for slot in range(1 + len(content.attributes))]
        token, opened = self.tokens.get(ordinal), None
        if content.isBodyFile:
            row = self.bodies.pop(ordinal, None)
            if not row or row.id != content.reference.id: return False
            opened = self.store.bodies.open(content.reference, index)
        known = opened or not content.isBodyFile
        p, digest = opened or (None, None)
        if known and content_commitment(content, salts, p) != self.columns.commitments[ordinal]: return False
        if token: token.take(ordinal, self.occurred.get(ordinal), content, digest)
        self.walk.index.take_content(class_, index, content.attributes)
        return True

    def count_contents(self, class_):
        """Every entry has a content, or a place for one, unless a rewrite left the whole class out of the frame."""
        entries, contents = len(self.ordinals.get(class_, [])), self.total.get(class_, 0)
        if not self.columns or entries == contents: return
        if not contents and self.walk.generation:
            self.walk.missing += [self.h.firstIndex + place for place in self.ordinals[class_]]
        else:
            message = "%d contents for %d entries of class %d" % (contents, entries, class_)
            self.finding("content.missing", message, self.at)

    def take_token(self, row):
        """Notes which records a token speaks of: as many as it says, one after another."""
        group, ordinals = self.walk.groups.get(row.class_), self.ordinals.get(row.class_, [])
        at = bisect.bisect_left(ordinals, row.firstOrdinal)
        if self.columns and ordinals[at:at + 1] != [row.firstOrdinal]:
            return self.finding("token.row", "the first of its records is not of its class", self.at, row.firstOrdinal)
        places = range(row.firstOrdinal, row.firstOrdinal + row.recordCount)
        if any(place in self.tokens for place in places):
            return self.finding("token.row", "a record with two tokens", self.at, row.firstOrdinal)
        self.walk.tokens += 1
        self.tokens.update(dict.fromkeys(places, Token(row, group.key) if group and group.key else None))

    def check_token(self, token):
        if token.is_whole() and token.hash.digest()[:16] != token.row.contentHash:
            self.finding("token.contentHash", "not the hash of its records", self.at, token.row.firstOrdinal)


# ---------------------------------------------------------------------------- a store
