"""The keys directory (keys.md, "From the root key to a payload")."""

import contextlib
import os
import struct

from .findings import File, printable, read_file
from .keys import (
    Group, decode_groups_header, decode_key_row, decode_root_key, decode_signer_key, decode_signer_state,
    hkdf, passphrase_key, unwrap)
from .primitives import BLOCK, Refusal, need

class Keyring:
    """The keys directory. `group` unwraps a group key and checks what binds it; `signed` is what was signed last."""

    def __init__(self, root, log_id, passphrase, report):
        self.root, self.log_id, self.report, self.passphrase = root, log_id, report, passphrase
        self.name = printable(os.path.basename(os.path.normpath(root)))
        self.epoch_key = self.header = self.rows = self.signed = None
        self.states = []                                        # what the signer's two blocks state, in their order
        with report.guard("key.malformed", self.path("root.key")):
            root_key = self.unlock()
            if root_key:
                with report.guard("key.malformed", self.path("groups")): self.open_groups(root_key)
                with report.guard("signer.malformed", self.path("signer")): self.open_signer(root_key)

    def path(self, name): return self.name + "/" + name

    def unlock(self):
        """The root key, or None where it cannot be had, which is no fault of the store."""
        file = self.path("root.key")
        try: key = decode_root_key(read_file(self.root, "root.key", 256))
        except FileNotFoundError:
            return self.report.unattested("key.missing", "there is no root key, so no content was opened", file)
        need(self.log_id in (None, key.logID), "inconsistent", "another log's root key")
        self.log_id, root_key = key.logID, key.secret[:32]
        if key.protection:
            if self.passphrase is None:
                return self.report.unattested("key.locked", "the root key needs a passphrase", file)
            derived = passphrase_key(self.passphrase, key.salt, key.memoryKiB, key.passes)
            root_key = unwrap(derived, b"root" + key.logID, key.salt, key.secret)
        if root_key and hkdf(root_key, b"check", key.logID) == key.keyCheck: return root_key
        self.report.unattested("key.locked", "the passphrase, or the root key, is not the right one", file)

    def open_groups(self, root_key):
        self.rows = File(self.root, "groups")
        self.header = decode_groups_header(self.rows.read(0, 256))
        need(self.header.logID == self.log_id, "inconsistent", "another log's group keys")
        context = b"epoch" + self.log_id + struct.pack("<Q", self.header.epoch)
        self.epoch_key = unwrap(root_key, context, self.header.salt, self.header.wrapped)
        need(self.epoch_key, "inconsistent", "the epoch key does not unwrap")

    def open_signer(self, root_key):
        raw = read_file(self.root, "signer", 3 * BLOCK)
        need(len(raw) == 3 * BLOCK, "truncated")
        key = decode_signer_key(raw[:BLOCK])
        need(key.logID == self.log_id, "inconsistent", "another log's signer")
        seed = unwrap(root_key, b"signer" + self.log_id, key.salt, key.wrapped)
        need(seed, "inconsistent", "the signing key does not unwrap")
        for n in (0, 1):
            with contextlib.suppress(Refusal):
                state = decode_signer_state(raw[(n + 1) * BLOCK:(n + 2) * BLOCK])
                newer = not self.signed or state.sequence > self.signed.sequence
                if state.sequence % 2 != n: continue
                self.states.append(state)
                if newer: self.signed = state
        need(self.signed, "inconsistent", "neither block tells what was signed last")

    def present(self):
        """(slot, row) of every key that is there and can be read."""
        for slot in range(max(0, self.rows.size - 256) // 128):
            with contextlib.suppress(Refusal):
                row = decode_key_row(self.rows.read(256 + 128 * slot, 128))
                if row.isPresent: yield slot, row

    def group(self, segment, generation, announced):
        """(Group or None, whether its key was destroyed) for a group row of a frame."""
        class_, slot, commitment = announced.class_, announced.slot, announced.keyCommitment
        file, at = self.path("groups"), 256 + 128 * slot
        if self.epoch_key is None: return None, False
        with self.report.guard("key.malformed", file, at):
            if at + 128 > self.rows.size:
                self.report.unattested("key.missing", "there is no slot %d" % slot, file, at)
                return None, False
            row = decode_key_row(self.rows.read(at, 128))
            need((row.slot, row.segment, row.class_) == (slot, segment, class_), "inconsistent", "another group's row")
            need(row.generation <= generation, "inconsistent", "a key of a later generation")
            if not row.isPresent: return None, True
            context = b"group" + self.log_id + struct.pack("<QQQI", self.header.epoch, slot, segment, class_)
            key = unwrap(self.epoch_key, context, row.salt, row.wrapped)
            need(key, "inconsistent", "the group key does not unwrap")
            group = Group(key, self.log_id, segment, class_)
            if group.commitment == commitment: return group, False
            self.report.error("key.commitment", "not the key that class %d of segment %d was sealed with"
                              % (class_, segment), file, at)
        return None, False


# ---------------------------------------------------------------------------- one segment file
