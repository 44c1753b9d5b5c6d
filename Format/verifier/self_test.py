"""Runs the vectors: what is good must give the fields they name, what is bad be refused, and a flipped bit be found."""

import base64
import contextlib
import hmac
import json
import pathlib
import tempfile
from types import SimpleNamespace

from . import (
    certificate, contents, control, entries, evidence, index, keys, notes, primitives, retention, segments, tree)
from .bodies import body_chunks
from .findings import File
from .primitives import Cursor, Refusal, sha256

VECTORS = pathlib.Path(__file__).parent.parent / "vectors"


def unspell(text):
    """The bytes of a hexadecimal string in which `00x40` stands for 40 zero bytes."""
    return b"".join(bytes(int(word[3:])) if word.startswith("00x") else bytes.fromhex(word) for word in text.split())


def agrees(ours, theirs):
    """Whether a decoded value has every field that a vector names."""
    if isinstance(theirs, dict):
        fields = {name.rstrip("_"): value for name, value in vars(ours).items()}
        return all(agrees(fields.get(name), value) for name, value in theirs.items())
    if isinstance(ours, retention.IndexSet): ours = ours.runs
    if isinstance(theirs, list): return len(ours) == len(theirs) and all(map(agrees, ours, theirs))
    if isinstance(ours, tuple): return list(ours) == theirs
    return ours == unspell(theirs) if isinstance(ours, bytes) else ours == theirs


def number(raw, signed=False):
    c = Cursor(raw)
    value = c.signed() if signed else c.varint()
    return SimpleNamespace(value=value, next=c.at)


def frame_header(raw):
    h = segments.decode_frame_header(raw)
    h.next = h.headerByteCount
    return h


def frame_parts(raw):
    h = segments.decode_frame_header(raw)
    return SimpleNamespace(parts=segments.decode_part_rows(h, raw[h.headerByteCount + h.entriesByteCount:]))


def part_row(raw):
    row = segments.decode_part_row(raw)
    row.next = 48
    return row


def segment_header(raw):
    h = segments.decode_segment_header(raw)
    h.next = 4_096
    return h


def journal(raw):
    found, end = [], len(raw)
    for at, note in notes.journal_notes(lambda place, count: raw[place:place + count], len(raw)):
        if note: found.append(note)
        else: end = at
    return SimpleNamespace(notes=found, next=end)


def segment_name(raw):
    try: name = raw.decode("ascii")
    except UnicodeDecodeError: raise Refusal("notCanonical") from None
    return segments.decode_segment_path(name) if "/" in name else segments.decode_segment_name(name)


def evidence_record(raw):
    """With the payload's bytes in the place of its salt or commitment, as a vector names them."""
    record = evidence.decode_record(raw)
    record.payload = record.bytes
    return record


DECODERS = {
    "attribute": entries.decode_attribute, "body-header": keys.decode_body_header,
    "body-reference": entries.decode_body_reference, "checkpoint-journal": journal,
    "certificate": lambda raw: SimpleNamespace(**certificate.decode_certificate(raw)),
    "class-record": control.decode_class, "content": entries.decode_content,
    "control-record": control.decode_control, "entry": entries.decode_entry,
    "entry-extensions": lambda raw: SimpleNamespace(items=entries.decode_extensions(raw)),
    "evidence": lambda raw: SimpleNamespace(chunks=[kind for kind, _ in evidence.decode_file(raw)]),
    "evidence-custody": evidence.decode_custody, "evidence-log": evidence.decode_log,
    "evidence-record": evidence_record, "export-record": control.decode_export,
    "footer": segments.decode_footer, "frame-header": frame_header, "frame-parts": frame_parts,
    "group-key-row": keys.decode_key_row, "groups-header": keys.decode_groups_header,
    "identity-record": control.decode_identity, "index-directory": index.decode_index_directory,
    "index-page": index.decode_term_page, "manifest": entries.decode_manifest, "part": segments.decode_part,
    "part-row": part_row, "root-key": keys.decode_root_key, "seal-record": control.decode_seal,
    "segment-header": segment_header, "segment-name": segment_name, "segment-row": segments.decode_segment_row,
    "clock-record": retention.decode_clock, "completed-record": retention.decode_completed,
    "erasure-record": retention.decode_erasure, "event-record": retention.decode_event,
    "hold-record": retention.decode_hold, "index-set": retention.decode_index_set,
    "intent-record": retention.decode_intent, "predicate": retention.decode_predicate,
    "prepared-record": retention.decode_prepared, "private-part": retention.decode_private_part,
    "release-record": retention.decode_release, "signed-varint": lambda raw: number(raw, True), "signer-key-block": keys.decode_signer_key,
    "signer-state": keys.decode_signer_state, "varint": number}


class SelfTest:
    """Counts what was checked and says what failed."""

    def __init__(self): self.checked, self.failures, self.other_codes = 0, [], []

    def expect(self, condition, what):
        self.checked += 1
        if not condition: self.failures.append(what)

    def structure(self, name, vectors, decode):
        for case in vectors["good"]:
            what = "%s: good: %s" % (name, case["name"])
            try: self.expect(agrees(decode(unspell(case["hex"]), *counts(case["fields"])), case["fields"]), what)
            except Refusal as refusal: self.expect(False, "%s: refused: %s" % (what, refusal))
        for case in vectors["bad"]:
            what = "%s: bad: %s" % (name, case["name"])
            try:
                decode(unspell(case["hex"]), *counts(case))
                self.expect(False, what + " was accepted")
            except Refusal as refusal:
                self.expect(True, what)
                if refusal.code != case["error"]:
                    self.other_codes.append("%s as %s, not %s" % (what, refusal.code, case["error"]))
        for case in vectors.get("goodWithJunk", []):
            record = decode(unspell(case["hex"]))
            self.expect(record.next == case["byteCount"], "%s: with junk: %s" % (name, case["name"]))

    def keys(self, v):
        key = bytes.fromhex(v["key"])
        for case in v["derivations"]:
            derived = keys.hkdf(key, case["purpose"].encode(), bytes.fromhex(case["context"]))
            self.expect(derived.hex() == case["derived"], "keys: " + case["purpose"])
        for case in v["wraps"]:
            key, context, salt, wrapped = (bytes.fromhex(case[name]) for name in ("key", "context", "salt", "wrapped"))
            secret = keys.unwrap(key, context, salt, wrapped)
            self.expect(secret == bytes.fromhex(case["secret"]), "keys: wrap " + case["name"])
        for case in v["passphrases"]:
            phrase, salt = bytes.fromhex(case["passphrase"]), bytes.fromhex(case["salt"])
            derived = keys.passphrase_key(phrase, salt, case["memoryKiB"], case["passes"])
            self.expect(derived.hex() == case["key"], "keys: passphrase")

    def commitments(self, v):
        group = keys.Group(bytes(32), bytes(32), 0, 0)
        group.salt_key = bytes.fromhex(v["saltKey"])
        for case in v["salts"]:
            salt = group.salt(case["index"], case["slot"])
            self.expect(salt.hex() == case["salt"], "commitment: salt %d" % case["index"])
        for case in v["records"]:
            record = entries.decode_content(bytes.fromhex(case["content"]))
            salts = record.salts or [group.salt(case["index"], slot) for slot in range(1 + len(record.attributes))]
            made = keys.content_commitment(record, salts)
            self.expect(made.hex() == case["commitment"], "commitment of record %d" % case["index"])

    def tokens(self, v):
        for case in v["contents"]:
            row = SimpleNamespace(firstOrdinal=0, recordCount=len(case["records"]))
            token = contents.Token(row, SimpleNamespace(token_key=bytes.fromhex(v["key"])))
            for ordinal, record in reversed(list(enumerate(case["records"]))):
                attributes, payload = list(map(bytes.fromhex, record["attributes"])), unspell(record["payload"])
                spelling = primitives.minimal_varint(len(attributes))
                spelling += b"".join(primitives.minimal_varint(len(a)) + a for a in attributes)
                body = record.get("isBodyFile", False)
                item = SimpleNamespace(spelling=spelling, isBodyFile=body, payload=bytes(72) if body else payload)
                token.take(ordinal, record["occurred"], item, sha256(payload))
            self.expect(token.is_whole() and token.hash.hexdigest()[:32] == case["hash"], "token: content hash")
        for case in v["tokens"]:
            made = hmac.digest(bytes.fromhex(v["key"]), b"\1" + bytes.fromhex(case["token"]), "sha256")
            self.expect(made.hex()[:32] == case["hash"], "token: hash")

    def body_file(self, v, folder):
        (folder / "body").write_bytes(unspell(v["file"]))
        payload, sealing = b"", keys.hkdf(bytes.fromhex(v["key"]), b"body")
        with File(folder, "body") as file:
            for n, (chunk, is_last) in enumerate(body_chunks(file)):
                place = bytes.fromhex(v["logID"] + v["id"]) + n.to_bytes(8, "little") + bytes([is_last])
                payload += segments.decode_part(keys.open_sealed(sealing, n, chunk, b"MUNBODYC" + place)).contentHex
        self.expect(len(payload) == v["payloadByteCount"], "body file: length")
        self.expect(sha256(b"\x12", bytes.fromhex(v["salt"]), payload).hex() == v["P"], "body file: P")

    def checkpoints(self, v):
        key = [notes.decode_vkey(v["vkey"])]
        for case in v["good"]:
            note = notes.decode_note(case["note"].encode(), v["origin"], key)
            same = (note.treeSize, note.root.hex()) == (case["treeSize"], case["root"])
            self.expect(same, "checkpoint: " + case["name"])
        for case in v["bad"]:
            with contextlib.suppress(Refusal):
                notes.decode_note(case["note"].encode(), v["origin"], key)
                self.expect(False, "checkpoint: bad: %s was accepted" % case["name"])

    def index(self, v):
        """A whole index: the pages open, list the records and are their only spelling; one that lists others is found."""
        directory = index.decode_index_directory(bytes.fromhex(v["directory"]))
        self.expect(sha256(b"\x25", bytes.fromhex(v["directory"])).hex() == v["root"], "index: root")
        sealed = [unspell(page) for page in v["pages"]]
        group = index.GroupIndex(directory.groups[0], lambda n: sealed[n], bytes.fromhex(v["logID"]), v["segment"])
        self.expect(group.digest() == directory.groups[0].digest, "index: digest")
        plain = group.open(bytes.fromhex(v["groupKey"]))
        self.expect(plain == [unspell(page) for page in v["plain"]], "index: pages")
        listed = index.Listed()
        for record in v["records"]:
            ordinal, time, attributes = record.split(" ")
            listed.take_time(int(ordinal), int(time))
            listed.take_content(int(ordinal), [bytes.fromhex(a) for a in attributes.split(",")])
        try: group.check(plain, listed)
        except Refusal as refusal: self.expect(False, "index: %s" % refusal)
        listed.take_content(5, [bytes.fromhex("0161016b")])
        try:
            group.check(plain, listed)
            self.expect(False, "index: a record that it does not list")
        except Refusal as refusal: self.expect(refusal.code == "terms", "index: another finding")

    def certificate(self, v, folder):
        """A certificate whose lines and proofs fit is intact; one that leaves a proof out is not."""
        case = v["good"][0]
        key = [notes.decode_vkey(json.loads((VECTORS / "checkpoint.json").read_text())["vkey"])]
        for drop in (None, 0, 3, 5):
            changed = dict(case["fields"], origin="example.org/muniment", certificate=1)
            changed["proofs"] = [proof for n, proof in enumerate(changed["proofs"]) if n != drop]
            (folder / "certificate").write_text(certificate.spell(changed))
            code = self.verify(str(folder / "certificate"), lambda line: None, key)
            self.expect(code == (0 if drop is None else 1), "certificate: without proof %s" % drop)

    def tree(self, v):
        leaves, nodes = [tree.leaf_hash(b"entry %d" % n) for n in range(len(v["leaves"]))], {}
        for step in (1, 3, 20):
            made = tree.Tree(range(21), lambda level, first, new: nodes.setdefault(level, []).extend(new))
            nodes.clear()
            for at in range(0, len(leaves), step): made.append(leaves[at:at + step])
            self.expect([made.roots[n].hex() for n in range(21)] == v["roots"], "tree: roots, %d at a time" % step)
            for name, raw in v["files"].items():
                self.expect(b"".join(nodes[int(name[-2:])]).hex() == raw.replace(" ", ""), "tree: " + name)

    def store(self, v, verify, folder):
        """The whole store is intact, and a change of any one byte of it is found; every 61st is tried."""
        root, keys_root = str(folder / "store"), str(folder / "store.keys")
        for base, files in ((root, v["files"]), (keys_root, v["keyFiles"])):
            for name, raw in files.items():
                path = pathlib.Path(base, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(unspell(raw))

        def judge(keys_folder=keys_root):
            lines = []
            return verify(root, lines.append, [notes.decode_vkey(v["vkey"])], keys_folder), lines

        code, lines = judge()
        root_text = base64.b64encode(bytes.fromhex(v["root"])).decode()
        self.expect((code, len(lines), root_text) == (0, 1, lines[-1]["root"]), "store: intact: %s" % lines)
        code, lines = judge(None)
        self.expect(code == 2 and lines[0]["finding"] == "content.unattested", "store: not established without keys")
        for name, raw in v["files"].items():
            path, whole = pathlib.Path(root, name), unspell(raw)
            for at in range(0, len(whole), 61):
                path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1:])
                code, lines = judge()
                found = code == 1 or code == 2 and name == "checkpoints" and lines[0]["finding"] == "journal.damaged"
                internal = any(line.get("finding") == "verifier.internal" for line in lines)
                self.expect(found and not internal, "store: byte %d of %s: %s" % (at, name, lines))
            path.write_bytes(whole)


    def evidence(self, v, vkey, verify, folder):
        """Whole files are what they say, and a change of any one byte is found, with the digest at the end made right too."""
        path, lines, key = folder / "evidence", [], [notes.decode_vkey(vkey)]

        def judge(raw):
            path.write_bytes(raw)
            lines.clear()
            return verify(str(path), lines.append, key)

        for case in v["good"]:
            raw = unspell(case["hex"])
            self.expect(judge(raw) == (2 if "said" in case["name"] else 0), "evidence: %s: %s" % (case["name"], lines))
            logged = "unlogged" not in case["name"] and "entries" not in case["name"]
            for at in range(0, len(raw), 1 if "one attribute" in case["name"] else 37):
                changed = raw[:at] + bytes([raw[at] ^ 1 << at % 8]) + raw[at + 1:]
                self.expect(judge(changed) in (1, 65), "evidence: byte %d of %s" % (at, case["name"]))
                if not logged or at >= len(raw) - 32: continue
                self.expect(judge(changed[:-32] + sha256(changed[:-41])) in (1, 65),
                            "evidence: byte %d of %s, digest made right" % (at, case["name"]))
                internal = any(line.get("finding") == "verifier.internal" for line in lines)
                self.expect(not internal, "evidence: byte %d: %s" % (at, lines))


def counts(fields): return [fields["count"]] if "count" in fields else []


def run(verify):
    """Runs every vector file; returns the exit code."""
    test = SelfTest()
    load = lambda name: json.loads((VECTORS / (name + ".json")).read_text())
    for name, decode in DECODERS.items(): test.structure(name, load(name), decode)
    test.structure("entry-columns", load("entry-columns"), entries.decode_columns)
    test.structure("index-top", load("index-top"), index.decode_top)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name, check in [("keys", test.keys), ("commitment", test.commitments), ("token", test.tokens),
                            ("checkpoint", test.checkpoints), ("index", test.index), ("tree", test.tree)]: check(load(name))
        test.body_file(load("body-file"), folder)
        test.verify = verify
        test.certificate(load("certificate"), folder)
        test.store(load("store"), verify, folder)
        test.evidence(load("evidence"), load("store")["vkey"], verify, folder)
    missing = {path.stem for path in VECTORS.glob("*.json")} - set(DECODERS) - {
        "entry-columns", "index", "index-top", "keys", "commitment", "token", "checkpoint", "tree", "body-file", "store"}
    test.expect(not missing, "vectors that nothing reads: %s" % missing)
    for code in test.other_codes: print("another code: " + code)
    for failure in test.failures: print("FAILED: " + failure)
    print("%d checks, %d failures" % (test.checked, len(test.failures)))
    return 1 if test.failures else 0
