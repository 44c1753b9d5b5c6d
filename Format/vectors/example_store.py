"""One small store, whole: the bytes that the pages show and that store.json holds.

Two segments, five entries: identity, class 1, two user records in a sealed segment 0; its seal record in segment 1. What would be
random is a named stand-in, so the bytes never change.
"""

from primitives import *
from structures import *
import structures as s

ORIGIN = "example.org/muniment"
T0 = 1_767_225_600_000_000
LOG_ID = stand_in("log ID")
ROOT_KEY, EPOCH_KEY, SEED = stand_in("root key"), stand_in("epoch key"), stand_in("signing seed")
SESSIONS = [stand_in("session 0", 16), stand_in("session 1", 16)]
EPOCH = 1
VKEY = vkey(ORIGIN, SEED)
MANIFEST = manifest(ORIGIN, LOG_ID, VKEY)
# slot: (segment, class)
SLOTS = [(0, 0), (0, 1), (1, 0)]
GROUP_KEYS = [stand_in("group key %d" % n) for n in range(len(SLOTS))]


class Group:
    """A group key in its place, with what it derives."""

    def __init__(self, slot):
        self.slot, (self.segment, self.class_id), self.key = slot, SLOTS[slot], GROUP_KEYS[slot]
        place = group_place(LOG_ID, self.segment, self.class_id)
        self.commitment = hkdf(self.key, "commitment", place)
        self.salt_key = hkdf(self.key, "salt", place)
        self.token_key = hkdf(self.key, "token", place)

    def part_key(self, generation, session):
        return hkdf(self.key, "part", part_context(LOG_ID, self.segment, generation, session))

    def salts(self, index, attributes):
        return [salt(self.salt_key, index, n) for n in range(1 + len(attributes))]


GROUPS = [Group(n) for n in range(len(SLOTS))]


class Record:
    """One record of the store: what was appended, its entry and its content."""

    def __init__(self, group, index, recorded, payload=b"", attributes=(), occurred=None, control=None):
        self.group, self.index, self.payload, self.attributes = group, index, payload, list(attributes)
        self.occurred, self.recorded, self.control = occurred, recorded, control
        self.salts = group.salts(index, self.attributes)
        self.commitment, self.p, self.a, self.c = content_commitment(self.attributes, payload, self.salts)
        extensions = join(extension_list([(1, 1, control)])) if control else b""
        self.entry = join(entry(1 if control else 0, group.class_id, recorded, self.commitment, occurred,
                                extensions=extensions))
        self.extensions = extensions
        self.content = join(content(self.attributes, payload))

    @property
    def run(self):
        run = {"count": 1, "kind": self.entry[1], "flags": self.entry[2], "class": self.group.class_id,
               "recorded": self.recorded}
        if self.occurred is not None: run["occurred"] = [self.occurred]
        if self.extensions: run["extensions"] = [self.extensions]
        return run


IDENTITY = identity_record(LOG_ID, sha256(MANIFEST), ORIGIN, VKEY)
CLASS = class_record(1, "default", 0, 0, 0, "forever", "P1D", None)
ATTRIBUTES = sorted(join(a) for a in [
    attribute("@stream", 1, "general"), attribute("from", 1, "alice@example.org"), attribute("size", 2, 42)])
FIRST = [
    Record(GROUPS[0], 0, T0, control=join(control_record(1, None, join(IDENTITY)))),
    Record(GROUPS[0], 1, T0, control=join(control_record(3, 0, join(CLASS)))),
]
SECOND = [
    Record(GROUPS[1], 2, T0 + 1_500_000, b"The minutes of the meeting. The minutes of the last meeting."),
    Record(GROUPS[1], 3, T0 + 1_500_000, b'{"text":"signed and sealed"}', ATTRIBUTES, occurred=T0 - 60_000_000),
]
TOKEN = b"upload-0001"


class Frame:
    """One frame with its bytes in pieces."""

    def __init__(self, records, leaves, offset, segment, generation, session, first_part, groups, compress, token=None):
        self.records = records
        runs = []
        for run in (r.run for r in records):
            shared = ["kind", "flags", "class", "recorded"]
            if runs and all(runs[-1][k] == run[k] for k in shared):
                runs[-1]["count"] += 1
                for column in ("occurred", "extensions"):
                    if column in run: runs[-1][column] = runs[-1][column] + run[column]
            else:
                runs.append(run)
        self.columns = entry_columns(runs, [r.commitment for r in records])
        group = records[0].group
        contents = b"".join(r.content for r in records)
        self.plaintext = part_plaintext(contents, lz4_block(contents) if compress else None)
        self.ad = associated_data(LOG_ID, segment, generation, group.class_id, session, first_part, len(records), 0,
                                  records[0].index)
        self.ciphertext = seal(group.part_key(generation, session), first_part, join(self.ad), join(self.plaintext))
        self.part_row = part_row(group.class_id, len(records), len(self.ciphertext), 0, sha256(self.ciphertext))
        body = join(self.columns) + join(self.part_row) + self.ciphertext
        controls = [r.index for r in FIRST + records if r.control]
        tokens = []
        if token:
            hashes = (token_hash(GROUPS[0].token_key, token),
                      token_content_hash(group.token_key, [(r.occurred, r.attributes, r.payload, False) for r in records]))
            tokens = [(group.class_id, *hashes, 0, len(records))]
        first = records[0].index
        self.root = tree_root(leaves[:first + len(records)])
        self.fields = {
            "session": session, "offset": offset, "segment": segment, "generation": generation,
            "entryCount": len(records), "firstIndex": first, "root": self.root, "firstPart": first_part,
            "entriesByteCount": len(join(self.columns)), "partCount": 1, "bodyByteCount": len(body),
            "bodyCRC": crc32c(body), "lastControl": controls[-1] + 1, "groups": [(g.class_id, g.slot, g.commitment) for g in groups], "tokens": tokens}
        self.header = frame_header(self.fields)
        self.skeleton = join(self.header) + join(self.columns) + join(self.part_row)
        self.digest = sha256(b"\x20", self.skeleton)
        raw = self.skeleton + self.ciphertext
        self.padding = -len(raw) % BLOCK
        self.bytes = raw + bytes(self.padding)
        self.offset = offset

    @property
    def footer_row(self):
        return (self.offset, len(self.bytes), self.records[0].index, len(self.records), len(self.skeleton), 1, self.digest)


def build():
    """Everything that the vectors need, by name."""
    store = type("Store", (), {})()
    leaves = [leaf_hash(r.entry) for r in FIRST + SECOND]
    store.headers = [segment_header(0, LOG_ID, 0, 0, tree_root([]), T0)]
    frames = [Frame(FIRST, leaves, BLOCK, 0, 0, SESSIONS[0], 0, [GROUPS[0]], False)]
    frames.append(Frame(SECOND, leaves, BLOCK + len(frames[0].bytes), 0, 0, SESSIONS[0], 1, [GROUPS[1]], True, TOKEN))
    group_rows = []
    for group, frame in zip(GROUPS[:2], frames):
        group_rows.append((group.class_id, group.slot, group.commitment, len(frame.records), 1,
                           sha256(b"\x23", sha256(frame.ciphertext))))
    store.skeleton_digest = sha256(b"\x21", join(store.headers[0]), *[f.digest for f in frames])
    store.footer_fields = {
        "generation": 0, "segment": 0, "firstIndex": 0, "entryCount": 4, "root": tree_root(leaves),
        "recordedFirst": T0, "recordedLast": T0 + 1_500_000, "skeletonDigest": store.skeleton_digest,
        "frames": [f.footer_row for f in frames], "groups": group_rows}
    store.footer = footer(store.footer_fields)
    store.footer_digest = sha256(b"\x22", join(store.footer))
    store.seal = seal_record(0, 0, 0, 4, store.footer_digest, bytes(32), 1, [(g[0], g[5]) for g in group_rows])
    sealing = Record(GROUPS[2], 4, T0 + 2_000_000, control=join(control_record(11, 1, join(store.seal))))
    leaves.append(leaf_hash(sealing.entry))
    store.headers.append(segment_header(0, LOG_ID, 1, 4, tree_root(leaves[:4]), T0 + 2_000_000))
    frames.append(Frame([sealing], leaves, BLOCK, 1, 0, SESSIONS[1], 0, [GROUPS[2]], False))
    store.frames, store.leaves, store.records = frames, leaves, FIRST + SECOND + [sealing]
    store.segments = [join(store.headers[0]) + frames[0].bytes + frames[1].bytes + join(store.footer),
                      join(store.headers[1]) + frames[2].bytes]
    store.root = tree_root(leaves)
    store.checkpoint = checkpoint(ORIGIN, 5, store.root, SEED)
    store.journal = journal_note(store.checkpoint)
    store.rows = [
        segment_row(0, 0, 1, 0, 4, T0, T0 + 1_500_000, store.footer_digest, len(store.segments[0])),
        segment_row(1, 0, 0, 4, 0, 0, 0, bytes(32), 0)]
    keys(store)
    return store


def keys(store):
    check = hkdf(ROOT_KEY, "check", LOG_ID)
    store.root_file = root_key_file(0, 0, 0, bytes(16), LOG_ID, ROOT_KEY + bytes(16), check)
    passphrase_salt = stand_in("passphrase salt", 16)
    derived = argon2id(b"correct horse battery staple", passphrase_salt, 8192, 1)
    store.root_file_passphrase = root_key_file(
        1, 8192, 1, passphrase_salt, LOG_ID, wrap(ROOT_KEY, derived, passphrase_salt, root_context(LOG_ID)), check)
    epoch_salt = stand_in("epoch salt")
    store.groups_header = groups_header(
        LOG_ID, EPOCH, epoch_salt, wrap(EPOCH_KEY, ROOT_KEY, epoch_salt, epoch_context(LOG_ID, EPOCH)))
    store.group_rows = []
    for group in GROUPS:
        row_salt = stand_in("group salt %d" % group.slot)
        context = group_context(LOG_ID, EPOCH, group.slot, group.segment, group.class_id)
        store.group_rows.append(group_key_row(
            group.slot, group.segment, group.class_id, 1, row_salt, wrap(group.key, EPOCH_KEY, row_salt, context)))
    signer_salt = stand_in("signer salt")
    store.signer_block = signer_key_block(LOG_ID, signer_salt, wrap(SEED, ROOT_KEY, signer_salt, signer_context(LOG_ID)))
    store.signer_states = [signer_state(2, 5, store.root), signer_state(1, 4, tree_root(store.leaves[:4]))]
