"""Vectors of certificates of destruction: certificate.md. The lines are written out; nothing here derives them."""

import base64

import example_store as x
from primitives import checkpoint
from retention_structures import *
from structures import *
from vector_file import D, EXAMPLES, T0, Vectors

DAY = 86_400_000_000
NOTE = "What follows is the same for a machine, with the proofs. To check all of it: muniment verify FILE --key VKEY"


def control_entry(kind, previous, body, time):
    public = join(control_record(kind, previous, join(body)))
    return join(entry(1, 0, time, D[0], extensions=join(extension_list([(1, True, public)]))))


SEAL = (0, 1, 0, 6, D[1], bytes(32), None, [(0, D[2]), (2, D[3])])
ENTRIES = [
    control_entry(1, None, x.IDENTITY, T0), control_entry(3, 0, x.CLASS, T0),
    control_entry(3, 1, class_record(2, "mail <b>\u202e", 1, 0, 0, "P7D", "P1D", None), T0),
    *[join(entry(0, 2, T0 + n, D[4])) for n in range(3)],
    control_entry(5, 2, hold_record(None, [5], None, None, None, True), T0 + DAY),
    control_entry(8, 6, intent_record(T0 + 8 * DAY, 0, 0, 1, [(6, 1)], [(2, 2)], []), T0 + 8 * DAY),
    control_entry(9, 7, prepared_record(7, seal_record(*SEAL), 1, [3, 4]), T0 + 8 * DAY + 1),
    control_entry(10, 8, completed_record(7, 1, 3, 1, [8]), T0 + 8 * DAY + 2_000_000)]
LEAVES = [leaf_hash(raw) for raw in ENTRIES]
ROOT = base64.b64encode(tree_root(LEAVES)).decode()


def path(index, leaves):
    """RFC 6962, 2.1.1."""
    if len(leaves) == 1: return []
    split = 1
    while split * 2 < len(leaves): split *= 2
    if index < split: return path(index, leaves[:split]) + [tree_root(leaves[split:])]
    return path(index - split, leaves[split:]) + [tree_root(leaves[:split])]


def proof(index):
    text = lambda raw: base64.b64encode(raw).decode()
    lines = ["c2sp.org/tlog-proof@v1", "extra " + text(ENTRIES[index]), "index %d" % index]
    lines += [text(node) for node in path(index, LEAVES)] + ["", ""]
    return "\n".join(lines) + checkpoint(x.ORIGIN, len(LEAVES), tree_root(LEAVES), x.SEED).decode()


LINES = [
    ["Log", "example.org/muniment"], ["Disposition", "record 7"],
    ["Outcome", "contents destroyed: 2, in segments: 1; due, but kept because held: 1"],
    ["Begun", "2026-01-09T00:00:00Z"], ["Over", "2026-01-09T00:00:02Z (record 9)"],
    ["Clock", "2026-01-09T00:00:00Z, proved, by record 0"],
    ["Rule", "class 2 \"mail <b>\\u{202e}\": P7D since recorded, compliance mode (record 2)"],
    ["Hold in force", "matter 6, placed at 2026-01-02T00:00:00Z, scopes: 1; attested: a private predicate has a say in what it covers"],
    ["Destroyed", "segment 0, generation 1: 2 of 6 records: 3\u20134 (record 8)"],
    ["Keys", "epoch 1 began; the files that held the old keys were overwritten; the key-encryption key is destroyed"],
    ["Checkpoint", "size 10, root " + ROOT]]
PROOFS = [proof(index) for index in (0, 2, 6, 7, 8, 9)]


def string(text):
    out = ""
    for c in text:
        if c == "\n": out += "\\n"
        elif c < " " or c in '"\\<>&': out += "\\u%04x" % ord(c)
        else: out += c
    return '"%s"' % out


def as_json(lines=LINES, proofs=PROOFS, disposition=7):
    rows = ",\n".join("    [%s, %s]" % (string(label), string(value)) for label, value in lines)
    texts = ",\n".join("    " + string(text) for text in proofs)
    return ('{\n  "certificate": 1,\n  "origin": "example.org/muniment",\n  "disposition": %d,\n  "lines": [\n%s\n  ],\n'
            '  "proofs": [\n%s\n  ]\n}\n' % (disposition, rows, texts))


def as_text(lines=LINES, document=None):
    rows = ["%s: %s" % (label, value) for label, value in lines]
    return "\n".join(["Certificate of destruction", ""] + rows + ["", NOTE, "", ""]) + (document or as_json())


def certificates():
    v = Vectors("certificate.json", "certificate", "certificate.md")
    fields = {"disposition": 7, "lines": LINES, "proofs": PROOFS}
    v.accept("json", as_json().encode(), **fields)
    v.accept("text", as_text().encode(), **fields)
    v.refuse("nothing", b"", "wrongMagic")
    v.refuse("version 2", as_json().replace('": 1,', '": 2,', 1).encode(), "wrongMagic")
    v.refuse("cut off", as_json()[:-1].encode(), "notCanonical")
    v.refuse("a byte after", as_json().encode() + b"\n", "notCanonical")
    v.refuse("another space", as_json().replace("[\"Log\", ", "[\"Log\",  ", 1).encode(), "notCanonical")
    v.refuse("another escape", as_json().replace("\\u003c", "\\u003C", 1).encode(), "notCanonical")
    v.refuse("not escaped", as_json().replace("\\u003c", "<", 1).encode(), "notCanonical")
    v.refuse("a number with a zero before it", as_json().replace(": 7,", ": 07,", 1).encode(), "notCanonical")
    v.refuse("not UTF-8", as_json().encode().replace("\u2013".encode(), b"\xe2\x80", 1), "notCanonical")
    shorter = [["Outcome", "nothing was destroyed"] if label == "Outcome" else [label, value] for label, value in LINES]
    v.refuse("the text says something else", as_text(shorter).encode(), "notCanonical")
    v.refuse("the JSON says something else", as_text(LINES, as_json(shorter)).encode(), "notCanonical")
    return v


EXAMPLES["certificate.json shown"] = as_text().split(NOTE)[0]


def outputs(): return [certificates()]
