"""The vectors of evidence files (evidence.md) and of the export record (control.md), written from the pages."""

import example_store as x
from structures import *
from primitives import *
from retention_structures import completed_record, intent_record, prepared_record
from vector_file import *

KINDS = {"custody": 1, "record": 2, "control": 3, "log": 4, "checkpoint": 5, "proof": 6, "end": 7}
T0 = x.T0


def header(version=1, zero=0): return [("magic", b"MUNEVID1"), ("version", u32(version)), ("zero", u32(zero))]


def chunk(kind, body, size=None):
    """`body` is a list of fields; `kind` a name or a number."""
    number = KINDS.get(kind, kind)
    size = len(join(body)) if size is None else size
    return [("%s: type" % kind, u8(number)), ("byteCount", u64(size))] + body


def custody(exported, exporter, tool, selection, disclosure, names=()):
    fields = [("exported", i64(exported)), ("exporter", counted(exporter)), ("tool", counted(tool)),
              ("selection", counted(selection)), ("disclosure", u8(disclosure)), ("nameCount", varint(len(names)))]
    return fields + [("name", counted(name)) for name in names]


def record_head(index, state, entry_bytes, pieces=None, payload=None):
    """`pieces` and `payload`: (salt, attribute) or (salt, None) where disclosed, a digest where not."""
    fields = [("index", u64(index)), ("state", u8(state)), ("entryByteCount", u16(len(entry_bytes))), ("entry", entry_bytes)]
    if pieces is not None:
        fields.append(("attributeCount", varint(len(pieces))))
        for n, piece in enumerate(pieces):
            if isinstance(piece, bytes): fields += [("attribute %d: withheld" % n, u8(0)), ("c%d" % n, piece)]
            else: fields += [("attribute %d: disclosed" % n, u8(1)), ("salt", piece[0]), ("attribute", counted(piece[1]))]
        if isinstance(payload, bytes): fields += [("payload: withheld", u8(0)), ("P", payload)]
        else: fields += [("payload: disclosed", u8(1)), ("salt", payload[0])]
    return fields


def record(head, payload=b""):
    return [("headByteCount", u32(len(join(head))))] + head + ([("payload", payload)] if payload else [])


def control(index, entry_bytes): return [("index", u64(index)), ("entry", entry_bytes)]


def logged(index, salt_bytes, entry_bytes):
    return [("logged", u8(1)), ("index", u64(index)), ("salt", salt_bytes), ("entry", entry_bytes)]


def export_record(count, statement): return [("recordCount", varint(count)), ("statement", statement)]
def statement(salt_bytes, prefix): return sha256(b"\x40", salt_bytes, sha256(prefix))


def multi_proof(leaves, indexes):
    """evidence.md, "Proof": the subtrees without an entry, left before right."""
    def walk(low, high):
        inside = [i for i in indexes if low <= i < high]
        if not inside: return [tree_root(leaves[low:high])]
        if len(inside) == high - low: return []
        split = 1
        while split * 2 < high - low: split *= 2
        return walk(low, low + split) + walk(low + split, high)
    return walk(0, len(leaves))


def pieces_of(rec, only):
    """A record's pieces and payload, of which those named in `only` are disclosed; None discloses all."""
    def told(name): return only is None or name in only
    names = [a[1:1 + a[0]].decode() for a in rec.attributes]
    pieces = [(s, a) if told(n) else c for n, s, a, c in zip(names, rec.salts[1:], rec.attributes, rec.c)]
    return pieces, ((rec.salts[0], None) if told("@payload") else rec.p)


class File:
    """A whole evidence file over the example store: records by index, what is disclosed, whether it is logged."""

    def __init__(self, store, indexes, only=None, is_logged=True, disclosure=None, states=None, later=()):
        states = states or {}
        kind = disclosure if disclosure is not None else (0 if only is None else 1)
        words = custody(T0 + 10_000_000, b"examiner@example.org", b"muniment 0.1.0", b"--index 3", kind,
                        [name.encode() for name in only or ()])
        fields = header() + chunk("custody", words)
        for index in indexes:
            rec = store.records[index]
            state = states.get(index, 0)
            told = [] if state else list(pieces_of(rec, only))
            payload = b"" if state or isinstance(told[1], bytes) else rec.payload
            fields += chunk("record", record(record_head(index, state, rec.entry, *told), payload))
        # `later`: control records after those of the store, as (type, body).
        known = list(store.records)
        for kind, body in later:
            part = control_record(kind, len(known) - 1, join(body))
            known.append(x.Record(x.GROUPS[2], len(known), T0 + 5_000_000, control=join(part)))
        controls = [0, 1] + list(range(len(store.records), len(known)))
        for index in controls: fields += chunk("control", control(index, known[index].entry))
        leaves, seats = [leaf_hash(record.entry) for record in known], sorted(set(controls) | set(indexes))
        if is_logged:
            salt_bytes = stand_in("export salt", 16)
            body = export_record(len(indexes), statement(salt_bytes, join(fields)))
            private = salt_bytes + join(words)
            at = len(known)
            told = x.Record(x.GROUPS[2], at, T0 + 11_000_000, private, control=join(control_record(12, at - 1, join(body))))
            leaves.append(leaf_hash(told.entry))
            seats.append(at)
            fields += chunk("log", logged(at, salt_bytes, told.entry))
            self.export = body
        else: fields += chunk("log", [("logged", u8(0))])
        note = checkpoint(x.ORIGIN, len(leaves), tree_root(leaves), x.SEED)
        fields += chunk("checkpoint", [("note", note)])
        fields += chunk("proof", [("node %d" % n, raw) for n, raw in enumerate(multi_proof(leaves, seats))])
        self.fields = fields + chunk("end", [("SHA-256", sha256(join(fields)))])
        self.bytes = join(self.fields)

    def chunks(self):
        """(type, where its heading starts, where it ends) of each chunk."""
        at, found = 16, []
        while at < len(self.bytes):
            end = at + 9 + int.from_bytes(self.bytes[at + 1:at + 9], "little")
            found.append((self.bytes[at], at, end))
            at = end
        return found


def files(v, store):
    chosen = File(store, [3], ["from"])
    groups = [(g[0], g[5]) for g in store.footer_fields["groups"]]
    renewed = seal_record(0, 1, 0, 4, stand_in("new footer"), bytes(32), None, groups)
    disposition = [(8, intent_record(T0, 0, 0, 2, [], [(1, 1)], [])), (9, prepared_record(5, renewed, 0, [2])),
                   (10, completed_record(5, 1, 1, 2, [6]))]
    for name, file in [("one attribute, logged", chosen), ("two records whole, logged", File(store, [2, 3])),
                       ("unlogged", File(store, [2, 3], is_logged=False)),
                       ("payload alone", File(store, [2, 3], ["@payload"])),
                       ("entries alone", File(store, [2, 3], disclosure=2, states={2: 1, 3: 1})),
                       ("said to be purged", File(store, [2, 3], states={2: 2})),
                       ("purged, with its disposition", File(store, [2, 3], states={2: 2}, later=disposition))]:
        v.accept(name, file.fields, chunks=[kind for kind, _, _ in file.chunks()])
    raw, places = chosen.bytes, chosen.chunks()
    by = {kind: (start, end) for kind, start, end in places}
    def without(kind): return raw[:by[kind][0]] + raw[by[kind][1]:]
    def doubled(kind): return raw[:by[kind][1]] + raw[by[kind][0]:]
    v.refuse("nothing", b"", "wrongMagic")
    v.refuse("magic alone", raw[:8], "truncated")
    v.refuse("version 2", join(header(version=2)) + raw[16:], "newerVersion")
    v.refuse("version 0", join(header(version=0)) + raw[16:], "unknownValue")
    v.refuse("reserved", join(header(zero=1)) + raw[16:], "notCanonical")
    v.refuse("no chunk", raw[:16], "truncated")
    v.refuse("cut in a heading", raw[:by[4][0] + 5], "truncated")
    v.refuse("cut in a body", raw[:by[4][0] + 20], "truncated")
    v.refuse("no end", raw[:by[7][0]], "truncated")
    v.refuse("bytes after the end", raw + b"\0", "notCanonical")
    v.refuse("type 0", raw[:16] + b"\0" + raw[17:], "unknownValue")
    v.refuse("type 8", raw[:16] + b"\x08" + raw[17:], "unknownValue")
    for name, kind in [("custody", 1), ("record", 2), ("control", 3), ("log", 4), ("checkpoint", 5), ("proof", 6)]:
        if kind != 3: v.refuse("no " + name, without(kind), "inconsistent")
        if kind not in (2, 3): v.refuse("%s twice" % name, doubled(kind), "inconsistent")
    v.refuse("records after controls", raw[:by[2][0]] + raw[by[2][1]:by[4][0]] + raw[by[2][0]:by[2][1]] + raw[by[4][0]:],
             "inconsistent")
    v.refuse("a proof of 33 bytes", raw[:by[6][0]] + join(chunk("proof", [("", bytes(33))])) + raw[by[6][1]:], "outOfBounds")
    v.refuse("an end of 31 bytes", raw[:by[7][0]] + join(chunk("end", [("", bytes(31))])), "outOfBounds")
    v.refuse("a record of 2^62 + 1 bytes", raw[:by[2][0]] + join(chunk("record", [], 2**62 + 1)), "outOfBounds")
    v.refuse("a checkpoint over 1 MiB", raw[:by[5][0]] + join(chunk("checkpoint", [], 2**20 + 1)), "outOfBounds")
    return v


def custodies(v):
    names = [b"@payload", b"date", b"from"]
    for title, a in [("whole", (T0, b"examiner@example.org", b"muniment 0.1.0", b"--index 2-3", 0)),
                     ("pieces", (T0 + 1, b"examiner@example.org", b"muniment 0.1.0", b"--class mail", 1, names)),
                     ("entries", (-1, b"", b"", b"", 2)),
                     ("longest", (2**63 - 1, b"e" * 1_024, b"t" * 256, b"s" * 300, 1, [b"n" * 255]))]:
        raw = v.accept(title, custody(*a), exported=a[0], exporter=a[1].decode(), tool=a[2].decode(),
                       selection=a[3].decode(), disclosure=a[4], names=[n.decode() for n in (a[5] if len(a) > 5 else [])])
    v.refuse("nothing", b"", "truncated")
    v.refuse("a byte after", raw + b"\0", "notCanonical")
    v.refuse("cut off", raw[:-1], "truncated")
    v.refuse("exporter of 1,025 bytes", custody(0, b"e" * 1_025, b"", b"", 0), "outOfBounds")
    v.refuse("exporter not UTF-8", custody(0, b"\xff", b"", b"", 0), "notCanonical")
    v.refuse("tool of 257 bytes", custody(0, b"", b"t" * 257, b"", 0), "outOfBounds")
    v.refuse("selection of 65,536 bytes", bytes(10) + varint(65_536), "outOfBounds")
    v.refuse("disclosure 3", custody(0, b"", b"", b"", 3), "unknownValue")
    v.refuse("whole, and a name", custody(0, b"", b"", b"", 0, [b"a"]), "notCanonical")
    v.refuse("pieces, and no name", custody(0, b"", b"", b"", 1), "notCanonical")
    v.refuse("257 names", custody(0, b"", b"", b"", 1, [b"n%03d" % n for n in range(257)]), "outOfBounds")
    v.refuse("an empty name", custody(0, b"", b"", b"", 1, [b""]), "outOfBounds")
    v.refuse("a name of 256 bytes", custody(0, b"", b"", b"", 1, [b"n" * 256]), "outOfBounds")
    v.refuse("names that do not ascend", custody(0, b"", b"", b"", 1, [b"b", b"a"]), "notCanonical")
    v.refuse("a name twice", custody(0, b"", b"", b"", 1, [b"a", b"a"]), "notCanonical")
    return v


def records(v, store):
    rec = store.records[3]
    def fields(state, told, payload):
        pieces = [] if told is None else [p.hex() if isinstance(p, bytes) else {"salt": p[0].hex(), "attribute": p[1].hex()}
                                          for p in told[0]]
        return {"index": 3, "state": state, "entry": rec.entry.hex(), "attributes": pieces, "payload": payload.hex()}
    for title, state, only in [("whole", 0, None), ("one attribute", 0, ["from"]), ("payload alone", 0, ["@payload"]),
                               ("nothing of it", 0, ["no such name"]), ("withheld", 1, ()), ("purged", 2, ())]:
        told = None if state else pieces_of(rec, only)
        payload = b"" if state or isinstance(told[1], bytes) else rec.payload
        v.accept(title, record(record_head(3, state, rec.entry, *(told or ())), payload), **fields(state, told, payload))
    whole = pieces_of(rec, None)
    good = join(record(record_head(3, 0, rec.entry, *whole), rec.payload))
    head = record_head(3, 0, rec.entry, *whole)
    v.refuse("nothing", b"", "truncated")
    v.refuse("the head cut off", good[:40], "truncated")
    v.refuse("a head over 2 MiB", u32(2_097_153) + bytes(64), "outOfBounds")
    v.refuse("index 2^62", record(record_head(2**62, 1, rec.entry)), "outOfBounds")
    v.refuse("state 3", record(record_head(3, 3, rec.entry)), "unknownValue")
    v.refuse("withheld, with a content", record(record_head(3, 1, rec.entry, *whole)), "notCanonical")
    v.refuse("withheld, with a payload", record(record_head(3, 1, rec.entry), b"x"), "notCanonical")
    v.refuse("payload withheld, and there", record(record_head(3, 0, rec.entry, [], rec.p), b"x"), "notCanonical")
    v.refuse("opened, without a content", record(record_head(3, 0, rec.entry)), "truncated")
    v.refuse("a byte more in the head", record(head + [("", b"\0")]), "notCanonical")
    v.refuse("4,097 attributes", record(record_head(3, 0, rec.entry)[:-1] + [("", rec.entry), ("", varint(4_097))]), "outOfBounds")
    v.refuse("attributes that do not ascend", record(record_head(3, 0, rec.entry, whole[0][::-1], whole[1])), "notCanonical")
    v.refuse("an attribute twice", record(record_head(3, 0, rec.entry, whole[0][:1] * 2, whole[1])), "notCanonical")
    base = record_head(3, 0, rec.entry)
    v.refuse("a piece marked 2", record(base + [("", varint(1)), ("", u8(2)), ("", bytes(32))]), "unknownValue")
    v.refuse("a payload marked 2", record(base + [("", varint(0)), ("", u8(2)), ("", bytes(32))]), "unknownValue")
    v.refuse("an attribute over 1 MiB", record(base + [("", varint(1)), ("", u8(1)), ("", bytes(16)), ("", varint(1_048_577))]),
             "outOfBounds")
    return v


def logs(v, store):
    salt_bytes, raw = stand_in("export salt", 16), store.records[4].entry
    v.accept("unlogged", [("logged", u8(0))], logged=0)
    good = v.accept("logged", logged(5, salt_bytes, raw), logged=1, index=5, salt=salt_bytes.hex(), entry=raw.hex())
    v.refuse("nothing", b"", "truncated")
    v.refuse("unlogged, and a byte", b"\0\0", "notCanonical")
    v.refuse("2", b"\2" + good[1:], "unknownValue")
    v.refuse("no entry", good[:25], "outOfBounds")
    v.refuse("cut in the salt", good[:24], "truncated")
    v.refuse("index 2^62", logged(2**62, salt_bytes, raw), "outOfBounds")
    v.refuse("an entry of 65,536 bytes", logged(5, salt_bytes, bytes(65_536)), "outOfBounds")
    return v


def exports(v, store):
    digest = stand_in("statement")
    for title, count in [("example", 1), ("most", 4_194_304), ("none", 0)]:
        raw = v.accept(title, export_record(count, digest), recordCount=count, statement=digest.hex())
    v.refuse("nothing", b"", "truncated")
    v.refuse("cut off", raw[:-1], "truncated")
    v.refuse("a byte after", raw + b"\0", "notCanonical")
    v.refuse("4,194,305 records", export_record(4_194_305, digest), "outOfBounds")
    v.refuse("count not minimal", b"\x81\0" + digest, "notCanonical")
    return v


def outputs():
    return [files(Vectors("evidence.json", "evidence file", "evidence.md"), store),
            custodies(Vectors("evidence-custody.json", "evidence custody", "evidence.md")),
            records(Vectors("evidence-record.json", "evidence record", "evidence.md"), store),
            logs(Vectors("evidence-log.json", "evidence log", "evidence.md"), store),
            exports(Vectors("export-record.json", "export record", "control.md"), store)]
