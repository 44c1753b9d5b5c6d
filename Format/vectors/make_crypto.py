"""Writes the vectors of the cryptography: derivations, wrapping, passphrases, salts, commitments, parts, tokens, body files,
the signed note, and one whole small store with its keys.

    python3 make_crypto.py        writes the files

Every expected value is computed by primitives.py, whose implementations are not the engine's. So these files are a cross-check of
two implementations, and not a record of what the engine happened to do.
"""

import json
import pathlib

import example_store as x
from primitives import *
from structures import *

HERE = pathlib.Path(__file__).parent
EXAMPLES = {}
LOG_ID = x.LOG_ID
KEY = stand_in("a key")


def h(raw): return raw.hex()


def derivations():
    session = stand_in("session 0", 16)
    place = group_place(LOG_ID, 3, 7)
    part = part_context(LOG_ID, 3, 2, session)
    cases = [("part", part), ("salt", place), ("token", place), ("index", place), ("commitment", place), ("check", LOG_ID),
             ("body", b""), ("salt", group_place(LOG_ID, 2**48 - 1, 2**32 - 1))]
    contexts = {
        "epoch": epoch_context(LOG_ID, 5), "group": group_context(LOG_ID, 5, 9, 3, 7), "signer": signer_context(LOG_ID),
        "root": root_context(LOG_ID)}
    wraps = []
    for name, context in contexts.items():
        wrap_salt = stand_in("salt of " + name, 16 if name == "root" else 32)
        secret = stand_in("secret of " + name)
        wraps.append({
            "name": name, "key": h(KEY), "salt": h(wrap_salt), "context": h(context),
            "wrappingKey": h(hkdf(KEY, "wrap", context, wrap_salt)), "secret": h(secret),
            "wrapped": h(wrap(secret, KEY, wrap_salt, context))})
    passphrases = []
    for phrase, memory, passes in [(b"correct horse battery staple", 8_192, 1), (b"", 8_192, 3), ("p\u00e4ss".encode(), 65_536, 2)]:
        phrase_salt = stand_in("passphrase salt", 16)
        passphrases.append({"passphrase": h(phrase), "salt": h(phrase_salt), "memoryKiB": memory, "passes": passes,
                            "key": h(argon2id(phrase, phrase_salt, memory, passes))})
    info = b"muniment/1/salt\0" + place
    EXAMPLES["keys.json info of a salt key"] = [
        ("prefix", b"muniment/1/"), ("purpose", b"salt"), ("zero", b"\0"), ("log ID", LOG_ID), ("segment", u64(3)), ("class", u32(7))]
    assert join(EXAMPLES["keys.json info of a salt key"]) == info
    EXAMPLES["keys.json context of a group key"] = [
        ("kind", b"group"), ("log ID", LOG_ID), ("epoch", u64(5)), ("slot", u64(9)), ("segment", u64(3)), ("class", u32(7))]
    return {
        "page": "keys.md", "logID": h(LOG_ID), "epoch": 5, "slot": 9, "segment": 3, "class": 7, "generation": 2,
        "session": h(session), "key": h(KEY),
        "derivations": [{"purpose": p, "context": h(c), "derived": h(hkdf(KEY, p, c))} for p, c in cases],
        "wraps": wraps, "passphrases": passphrases}


def commitments():
    salt_key = stand_in("salt key")
    positions = [(0, 0), (1, 0), (3, 0), (4, 0), (5, 1), (127, 0), (128, 8), (2**34 + 1, 0), (2**62 - 1, 4_096)]
    records = []
    for count, payload in [(0, b""), (0, b"hello"), (1, b"hello"), (3, b'{"a":1}' * 9), (8, b"x" * 55), (9, b"x" * 56),
                           (12, bytes(1_000))]:
        names = sorted(join(attribute("a%02d" % n, 1, "value %d" % n)) for n in range(count))
        for explicit in (False, True):
            index = 1_000 + len(records)
            salts = [stand_in("explicit %d" % n, 16) if explicit else salt(salt_key, index, n) for n in range(1 + count)]
            commitment, p, a, c = content_commitment(names, payload, salts)
            raw = join(content(names, payload, b"".join(salts) if explicit else b""))
            records.append({"index": index, "attributes": [h(n) for n in names], "payload": h(payload), "explicit": explicit,
                            "salts": [h(s) for s in salts], "content": h(raw), "P": h(p), "c": [h(n) for n in c], "A": h(a),
                            "commitment": h(commitment)})
    p, salts = x.SECOND[1], x.SECOND[1].salts
    EXAMPLES["commitment.json P"] = [("tag", b"\x12"), ("salt, slot 0", salts[0]), ("payload", p.payload), ("=> P", b"")]
    EXAMPLES["commitment.json c0"] = [("tag", b"\x13"), ("salt, slot 1", salts[1]), ("attribute 0", p.attributes[0])]
    EXAMPLES["commitment.json A"] = [("tag", b"\x11"), ("attributeCount", b"\x03")] + [("c%d" % n, c) for n, c in enumerate(p.c)]
    EXAMPLES["commitment.json content commitment"] = [("tag", b"\x10"), ("A", p.a), ("P", p.p)]
    EXAMPLES["commitment.json P"].pop()
    return {"page": "commitment.md", "saltKey": h(salt_key),
            "salts": [{"index": i, "slot": s, "salt": h(salt(salt_key, i, s))} for i, s in positions], "records": records}


def tokens():
    key = stand_in("token key")
    cases = []
    attributes = [join(attribute("a", 1, "b"))]
    for records in [[(None, [], b"hello", False)], [(x.T0, attributes, b"", False), (None, [], bytes(70_000), False)],
                    [(x.T0, attributes, b"the payload of a body file", True)]]:
        cases.append({"records": [{"occurred": o, "attributes": [h(n) for n in names], "payload": spell(p), "isBodyFile": b}
                                  for o, names, p, b in records], "hash": h(token_content_hash(key, records))})
    return {"page": "frame.md", "key": h(key), "contents": cases,
            "tokens": [{"token": h(t), "hash": h(token_hash(key, t))} for t in [b"", b"upload-0001", bytes(100)]]}


def body_files():
    """A body file whose payload fills two chunks and a bit. (A store makes one only above 8 MiB; the layout is the same.)"""
    body_id, key, payload_salt = stand_in("body id", 16), stand_in("body key"), stand_in("body salt", 16)
    payload = b"".join(b"line %06d of a long payload\n" % n for n in range(5_000))
    sealing = hkdf(key, "body", b"")
    raw, chunks = join(body_header(LOG_ID, body_id)), [payload[n:n + 65_536] for n in range(0, len(payload), 65_536)]
    for n, chunk in enumerate(chunks):
        ad = body_associated_data(LOG_ID, body_id, n, n == len(chunks) - 1)
        block = seal(sealing, n, join(ad), join(part_plaintext(chunk, lz4_block(chunk))))
        if n == 0: EXAMPLES["body-file.json associated data"] = ad
        raw += u32(len(block)) + block
    return {"page": "body.md", "logID": h(LOG_ID), "id": h(body_id), "key": h(key), "salt": h(payload_salt),
            "payload": "`line %06d of a long payload` and a newline, for 0 to 4999", "payloadByteCount": len(payload),
            "sealingKey": h(sealing), "P": h(sha256(b"\x12", payload_salt, payload)), "fileByteCount": len(raw),
            "digest": h(sha256(raw)), "file": spell(raw)}


def notes(store):
    public = ed25519_public(x.SEED)
    EXAMPLES["checkpoint.json key ID"] = [("name", x.ORIGIN.encode()), ("newline", b"\n"), ("type", b"\x01"), ("public key", public)]
    good = store.checkpoint.decode()
    bad = {
        "no blank line": good.replace("\n\n", "\n"), "no last newline": good[:-1], "another key ID": good.replace(" 610n", " 710n"),
        "another signature": good[:-20] + ("B" if good[-20] == "A" else "A") + good[-19:],
        "hyphen for the dash": good.replace("\u2014", "-"), "carriage return": good.replace("\n5\n", "\r\n5\n"),
        "size with a zero before it": good.replace("\n5\n", "\n05\n"), "size changed": good.replace("\n5\n", "\n6\n"),
        "root cut off": good.replace("=\n\n", "\n\n"), "another origin": good.replace("muniment\n", "muniments\n", 1)}
    assert all(text != good for text in bad.values())
    return {"page": "checkpoint.md", "seed": h(x.SEED), "publicKey": h(public), "origin": x.ORIGIN, "vkey": x.VKEY,
            "keyID": h(key_id(x.ORIGIN, public)), "good": [
                {"name": "size 5", "treeSize": 5, "root": h(store.root), "note": good},
                {"name": "empty tree", "treeSize": 0, "root": h(tree_root([])),
                 "note": checkpoint(x.ORIGIN, 0, tree_root([]), x.SEED).decode()}],
            "bad": [{"name": name, "note": text} for name, text in bad.items()]}


def whole_store(store):
    groups = [{"slot": g.slot, "segment": g.segment, "class": g.class_id, "key": h(g.key), "keyCommitment": h(g.commitment),
               "saltKey": h(g.salt_key), "tokenKey": h(g.token_key)} for g in x.GROUPS]
    records = [{"index": r.index, "class": r.group.class_id, "recorded": r.recorded, "occurred": r.occurred, "entry": h(r.entry),
                "leaf": h(leaf_hash(r.entry)), "attributes": [h(a) for a in r.attributes], "payload": h(r.payload),
                "salts": [h(s) for s in r.salts], "commitment": h(r.commitment)} for r in store.records]
    parts = [{"segment": f.fields["segment"], "frame": f.offset, "part": f.fields["firstPart"], "class": f.records[0].group.class_id,
              "partKey": h(f.records[0].group.part_key(0, f.fields["session"])), "associatedData": h(join(f.ad)),
              "ciphertext": h(f.ciphertext), "plaintext": spell(join(f.plaintext)),
              "contents": h(b"".join(r.content for r in f.records))} for f in store.frames]
    files = {
        "muniment.json": x.MANIFEST, "checkpoint": store.checkpoint, "checkpoints": join(store.journal),
        "segments/0000/000000000000-0000.seg": store.segments[0], "segments/0000/000000000001-0000.seg": store.segments[1],
        "segments.dir": b"".join(join(r) for r in store.rows), "lock": b""}
    signer = join(store.signer_block) + b"".join(join(s) for s in store.signer_states)
    keys = {"root.key": join(store.root_file), "groups": join(store.groups_header) + b"".join(join(r) for r in store.group_rows),
            "signer": signer}
    return {"page": "README.md", "origin": x.ORIGIN, "logID": h(LOG_ID), "vkey": x.VKEY, "rootKey": h(x.ROOT_KEY),
            "epochKey": h(x.EPOCH_KEY), "seed": h(x.SEED), "groups": groups, "records": records, "parts": parts,
            "token": {"token": h(x.TOKEN), "hash": h(store.frames[1].fields["tokens"][0][1]),
                      "contentHash": h(store.frames[1].fields["tokens"][0][2])},
            "frameDigests": [h(f.digest) for f in store.frames], "footerDigest": h(store.footer_digest), "root": h(store.root),
            "files": {k: spell(v) for k, v in files.items()}, "keyFiles": {k: spell(v) for k, v in keys.items()}}


def outputs(store):
    values = {"keys.json": derivations(), "commitment.json": commitments(), "token.json": tokens(), "body-file.json": body_files(),
              "checkpoint.json": notes(store), "store.json": whole_store(store)}
    return {HERE / name: json.dumps(value, indent=1, ensure_ascii=False) + "\n" for name, value in values.items()}


if __name__ == "__main__":
    for path, text in outputs(x.build()).items():
        path.write_text(text)
        print("wrote " + path.name)
