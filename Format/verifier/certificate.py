"""Certificates of destruction (certificate.md)."""

import base64
import html
import json
import re
from datetime import datetime, timedelta
from types import SimpleNamespace

from .control import CONTROL_BODIES, decode_control
from .entries import decode_entry, judge_extensions
from .findings import take_note
from .notes import canonical_base64
from .primitives import MIB, Refusal, need, sha256
from .retention import RETENTION_BODIES
from .tree import leaf_hash, root_of_path

TITLE = "Certificate of destruction"
HTML_START = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>" + TITLE + "</title>\n"
HTML_MARK, HTML_END = "<script type=\"application/json\" id=\"certificate\">\n", "</script>\n</body>\n</html>\n"
NOTE = "What follows is the same for a machine, with the proofs. To check all of it: muniment verify FILE --key VKEY"
JSON_START = "{\n  \"certificate\": 1,\n"
PROOF_MAGIC = "c2sp.org/tlog-proof@v1\n"
BODIES = {**CONTROL_BODIES, **RETENTION_BODIES}
IDENTITY, CLASS, HOLD, ERASURE, INTENT, PREPARED, COMPLETED, CLOCK = 1, 3, 5, 7, 8, 9, 10, 13


def is_certificate(raw): return raw.startswith((JSON_START.encode(), TITLE.encode(), HTML_START.encode()))


def quoted(text):
    escape = lambda c: "\\n" if c == "\n" else "\\u%04x" % ord(c) if c < " " or c in "\"\\<>&" else c
    return '"%s"' % "".join(map(escape, text))


def spell(certificate):
    """The JSON, as the page says."""
    lines = ["    [%s, %s]" % tuple(map(quoted, line)) for line in certificate["lines"]]
    proofs = ["    " + quoted(proof) for proof in certificate["proofs"]]
    commas = lambda rows: [row + "," for row in rows[:-1]] + rows[-1:]
    rows = ["{", '  "certificate": 1,', '  "origin": %s,' % quoted(certificate["origin"]),
            '  "disposition": %d,' % certificate["disposition"], '  "lines": [', *commas(lines), "  ],", '  "proofs": [',
            *commas(proofs), "  ]", "}", ""]
    return "\n".join(rows)


def decode_certificate(raw):
    """Any spelling; what a person reads must be what the JSON says."""
    need(is_certificate(raw), "wrongMagic", "no certificate")
    need(len(raw) <= 64 * MIB, "outOfBounds")
    try: text = raw.decode()
    except UnicodeDecodeError: raise Refusal("notCanonical", "not UTF-8") from None
    shown = None
    if text.startswith(TITLE): before, mark, text = text.partition("\n\n" + JSON_START)
    elif text.startswith(HTML_START): before, mark, text = text.partition(HTML_MARK + JSON_START)
    else: before, mark = None, ""
    if before is not None: text = JSON_START + text
    if before is not None and before.startswith("<"):
        need(text.endswith(HTML_END), "notCanonical", "the page does not end as it must")
        text = text[:-len(HTML_END)]
        shown = [list(map(html.unescape, row)) for row in re.findall("<dt>([^<]*)</dt><dd>([^<]*)</dd>\n", before)]
        need("<script" not in before, "notCanonical", "a script before the certificate")
    try: certificate = json.loads(text)
    except ValueError: raise Refusal("notCanonical", "not JSON") from None
    try: need(spell(certificate) == text, "notCanonical", "not the one spelling")
    except (KeyError, TypeError): raise Refusal("notCanonical", "not a certificate") from None
    need(0 <= certificate["disposition"] < 1 << 62, "outOfBounds")
    if before is not None and shown is None:
        rows = [TITLE, ""] + ["%s: %s" % tuple(line) for line in certificate["lines"]] + ["", NOTE]
        need(before == "\n".join(rows), "notCanonical", "the text is not what the JSON says")
    need(shown is None or shown == certificate["lines"], "notCanonical", "the page is not what the JSON says")
    return certificate


# ---------------------------------------------------------------------------- the records, and what follows from them

def gather(disposition, records):
    """The records in their places; refuses what is missing, and what does not belong."""
    rest = dict(records)

    def take(index, *kinds):
        need(index in rest and rest[index].kind in kinds, "inconsistent", "record %d is missing or of another kind" % index)
        return rest.pop(index)

    facts = SimpleNamespace(begun=take(disposition, INTENT))
    facts.intent = facts.begun.body
    over = [index for index, record in rest.items() if record.kind == COMPLETED]
    need(over, "inconsistent", "the completed record is missing")
    facts.over = take(over[0], COMPLETED)
    need(facts.over.body.disposition == disposition < facts.over.index, "inconsistent", "another completed record")
    facts.prepared = [take(index, PREPARED) for index in facts.over.body.prepared]
    for record in facts.prepared:
        need(record.body.disposition == disposition < record.index < facts.over.index, "inconsistent", "another prepared record")
    facts.rules = [take(rule.record, CLASS) for rule in facts.intent.rules]
    for rule, record in zip(facts.intent.rules, facts.rules):
        need(record.body.class_ == rule.class_ and record.index < disposition, "inconsistent", "another class record")
    facts.erasures = [take(index, ERASURE) for index in facts.intent.erasures]
    facts.clock = take(facts.intent.clock, CLOCK, IDENTITY)
    facts.scopes = {}
    for hold in facts.intent.holds:
        need(hold.matter in rest and rest[hold.matter].kind == HOLD, "inconsistent", "hold %d is missing" % hold.matter)
        matter = lambda r: r.index if r.body.matter is None else r.body.matter
        scopes = [r for r in rest.values() if r.kind == HOLD and r.index < disposition and matter(r) == hold.matter]
        facts.scopes[hold.matter] = [rest.pop(r.index) for r in sorted(scopes, key=lambda r: r.index)]
        restricted = any(r.body.restricted for r in scopes)
        need(restricted == bool(hold.decided), "inconsistent", "matter %d is decided otherwise" % hold.matter)
    need(not rest, "inconsistent", "records that do not belong")
    return facts


def time_text(time):
    try: return (datetime(1970, 1, 1) + timedelta(seconds=time // 1_000_000)).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")
    except OverflowError: raise Refusal("outOfBounds", "a time that this program can't spell") from None


MISLEADING = re.compile("[\0-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def lines_of(facts, disposition, note):
    lines, intent, over = [], facts.intent, facts.over.body

    def add(label, *values):
        for value in values[:12]: lines.append([label, MISLEADING.sub(lambda c: "\\u{%x}" % ord(c[0]), value)])
        if len(values) > 12: lines.append([label, "and %d more, in the proofs" % (len(values) - 12)])

    purged, held = (sum(f(r.body) for r in facts.prepared) for f in (lambda b: len(b.purged), lambda b: b.held))
    add("Log", note.origin)
    add("Disposition", "record %d" % disposition)
    add("Outcome", "contents destroyed: %d, in segments: %d; due, but kept because held: %d"
        % (purged, len(facts.prepared), held) if over.outcome else "given up; nothing was destroyed")
    add("Begun", time_text(facts.begun.recorded))
    add("Over", "%s (record %d)" % (time_text(facts.over.recorded), facts.over.index))
    add("Clock", "%s, %s, by record %d" % (time_text(intent.compliance), ("proved", "attested")[intent.evidence], intent.clock))
    add("Rule", *["class %d \"%s\": %s since %s, %s mode (record %d)" % (
        r.body.class_, r.body.name, r.body.period, ("recorded", "occurred", "event")[r.body.basis],
        ("governance", "compliance")[r.body.mode], r.index) for r in facts.rules])
    add("Erasure", *["record %d, asked for at %s (record %d)" % (r.body.index, time_text(r.recorded), r.index)
                     for r in facts.erasures])
    how = ("proved: anyone can check what it covers", "attested: a private predicate has a say in what it covers")
    add("Hold in force", *[("matter %d, placed at %s, scopes: %d; %s" % (
        h.matter, time_text(facts.scopes[h.matter][0].recorded), len(facts.scopes[h.matter]), how[h.decided]))
        for h in intent.holds] or ["none"])
    add("Destroyed", *[destroyed(r) for r in facts.prepared])
    methods = ["epoch %d began" % over.epoch] + [words for bit, words in enumerate((
        "the files that held the old keys were overwritten", "the key-encryption key is destroyed", "a device attests it"))
        if over.strength >> bit & 1]
    if over.outcome: add("Keys", "; ".join(methods))
    add("Checkpoint", "size %d, root %s" % (note.treeSize, base64.b64encode(note.root).decode()))
    return lines


def destroyed(record):
    seal, runs = record.body.seal, record.body.purged.runs
    ranges = ["%d" % first if count == 1 else "%d\u2013%d" % (first, first + count - 1) for first, count in runs[:8]]
    if len(runs) > 8: ranges.append("and %d more ranges" % (len(runs) - 8))
    return "segment %d, generation %d: %d of %d records: %s (record %d)" % (
        seal.segment, seal.generation, len(record.body.purged), seal.entryCount, ", ".join(ranges), record.index)


# ---------------------------------------------------------------------------- the whole

class CertificateCheck:
    def __init__(self, raw, name, report, keys): self.raw, self.name, self.report, self.keys = raw, name, report, keys

    def run(self):
        if not self.keys: self.report.untrusted()
        self.note, self.purged = SimpleNamespace(treeSize=0, root=sha256()), 0
        with self.report.guard("certificate.malformed", self.name): self.check(decode_certificate(self.raw))
        return self.report.conclude(self.note.treeSize, self.note.root, 0, self.purged)

    def check(self, certificate):
        disposition, records, notes = certificate["disposition"], {}, set()
        for text in certificate["proofs"]:
            index, entry, path, note = self.proof(text)
            need(not records or index > max(records), "notCanonical", "proofs that do not ascend")
            if not notes:
                found = take_note(self.report, note, self.name, 0, certificate["origin"], self.keys)
                if not found: return
                self.note = found
            notes.add(note)
            need(len(notes) == 1, "inconsistent", "proofs against several checkpoints")
            if index >= self.note.treeSize or root_of_path(leaf_hash(entry), index, self.note.treeSize, path) != self.note.root:
                self.report.error("proof.root", "a proof does not lead to the root", self.name, 0, index)
                continue
            with self.report.guard("control.malformed", self.name, 0, index): records[index] = self.record(index, entry)
        need(notes, "truncated", "it proves nothing")
        with self.report.guard("certificate.records", self.name, 0, disposition):
            facts = gather(disposition, records)
            self.purged = sum(len(record.body.purged) for record in facts.prepared)
            if certificate["lines"] != lines_of(facts, disposition, self.note):
                self.report.error("certificate.lines", "not what the records say", self.name, 0, disposition)
            if facts.over.body.outcome and facts.over.body.epoch != facts.intent.epoch:
                self.report.error("disposition.facts", "it ends in another epoch", self.name, 0, disposition)

    def record(self, index, entry):
        decoded = decode_entry(entry)
        judge_extensions(decoded.kind, decoded.items, self.report, self.name, 0, index)
        need(decoded.kind == 1 and decoded.items and decoded.items[0].type == 1, "inconsistent", "not a control record")
        control = decode_control(decoded.items[0].bytes)
        need(control.type in BODIES, "unknownValue", "a record of type %d" % control.type)
        return SimpleNamespace(index=index, kind=control.type, recorded=decoded.recorded, body=BODIES[control.type](control.body))

    def proof(self, text):
        need(text.startswith(PROOF_MAGIC), "wrongMagic", "not a proof")
        head, _, note = text.partition("\n\n")
        lines = head[len(PROOF_MAGIC):].split("\n")
        need(lines[0].startswith("extra ") and len(lines) >= 2, "truncated", "a proof without its entry")
        index = re.fullmatch("index (0|[1-9][0-9]{0,18})", lines[1])
        need(index and len(lines) <= 65, "notCanonical", "no index, or too many hashes")
        path = [canonical_base64(line) for line in lines[2:]]
        need(all(len(node) == 32 for node in path), "outOfBounds", "a hash that has not 32 bytes")
        return int(index[1]), canonical_base64(lines[0][6:]), path, note.encode()
