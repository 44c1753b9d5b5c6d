"""Encoders for every structure of the format, written from the pages and sharing no code with the engine.

Each encoder returns a list of (field, bytes) pairs, so that a page can show the same bytes that a vector holds. Nothing here
decodes; the second verifier next door has its own decoders.
"""

import hashlib
import struct

BLOCK = 4096


def u8(v): return struct.pack("<B", v)
def u16(v): return struct.pack("<H", v)
def u32(v): return struct.pack("<I", v)
def u64(v): return struct.pack("<Q", v)
def i64(v): return struct.pack("<q", v)
def zeros(n): return bytes(n)
def sha256(*parts): return hashlib.sha256(b"".join(parts)).digest()


def varint(v):
    out = bytearray()
    while v >= 0x80:
        out.append(v & 0x7F | 0x80)
        v >>= 7
    out.append(v)
    return bytes(out)


def zigzag(v):
    """Signed varint of a 64-bit two's complement value."""
    v = (v + (1 << 63)) % (1 << 64) - (1 << 63)
    return varint((v << 1) % (1 << 64) if v >= 0 else ((-v << 1) - 1))


def counted(raw): return varint(len(raw)) + raw


def _crc_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
        table.append(n)
    return table


_CRC = _crc_table()


def crc32c(data, crc=0):
    crc ^= 0xFFFFFFFF
    for byte in data:
        crc = _CRC[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def join(fields): return b"".join(raw for _, raw in fields)
def stand_in(label, count=32):
    """What would be random in a store: named, so that every run gives the same bytes."""
    out, n = b"", 0
    while len(out) < count:
        out += sha256(b"muniment example ", label.encode(), u32(n))
        n += 1
    return out[:count]


def with_crc(fields):
    return fields + [("CRC32C", u32(crc32c(join(fields))))]


def block(fields, size):
    fields = fields + [("zeros", zeros(size - 4 - len(join(fields))))]
    return with_crc([f for f in fields if f[1]])


# ------------------------------------------------------------------------------------------------ entries and content

def manifest(origin, log_id, key, version=1, features="[]"):
    text = ('{\n  "muniment": %d,\n  "features": %s,\n  "origin": "%s",\n  "logID": "%s",\n  "key": "%s"\n}\n'
            % (version, features, origin, log_id.hex(), key))
    return text.encode()


def entry(kind, class_id, recorded, commitment, occurred=None, compliance=None, extensions=b"", suite=1, flags=None):
    if flags is None:
        flags = (occurred is not None) | (compliance is not None) << 1 | bool(extensions) << 2
    fields = [("suite", u8(suite)), ("kind", u8(kind)), ("flags", u8(flags)), ("class", varint(class_id)),
              ("recorded", i64(recorded))]
    if occurred is not None: fields.append(("occurred", i64(occurred)))
    if compliance is not None: fields.append(("compliance", i64(compliance)))
    fields.append(("commitment", commitment))
    if extensions: fields.append(("extensions", extensions))
    return fields


def extension_list(items):
    fields = [("count", varint(len(items)))]
    for kind, critical, raw in items:
        fields += [("key: type %d%s" % (kind, ", critical" if critical else ""), varint(kind << 1 | critical)),
                   ("length", varint(len(raw))), ("bytes", raw)]
    return fields


def attribute(name, kind, value):
    raw = name if isinstance(name, bytes) else name.encode()
    if kind == 1: body = value if isinstance(value, bytes) else value.encode()
    elif kind == 2: body = struct.pack(">Q", (value + (1 << 63)) % (1 << 64))
    else: body = value
    return [("nameCount", varint(len(raw))), ("name", raw), ("type", u8(kind)), ("value", body)]


def content(attributes, payload, salts=b"", is_body=False, flags=None):
    """`attributes` are encoded and in order; `payload` is the body reference where `is_body`."""
    if flags is None: flags = bool(salts) | is_body << 1
    fields = [("flags", u8(flags)), ("attributeCount", varint(len(attributes)))]
    for n, raw in enumerate(attributes):
        fields += [("byteCount", varint(len(raw))), ("attribute %d" % n, raw)]
    if salts: fields.append(("salts", salts))
    if payload: fields.append(("body reference" if is_body else "payload", payload))
    return [("bodyCount", varint(len(join(fields))))] + fields


def body_reference(body_id, count, key, salt):
    return [("id", body_id), ("payloadByteCount", u64(count)), ("body key", key), ("payload salt", salt)]


def entry_columns(runs, commitments):
    """Runs are dicts: count, kind, flags, class, recorded, compliance, occurred, extensions."""
    fields = [("runCount", varint(len(runs)))]
    recorded, occurred = 0, None
    for n, run in enumerate(runs):
        fields += [("run %d: count" % n, varint(run["count"])), ("suite", u8(run.get("suite", 1))),
                   ("kind", u8(run["kind"])), ("flags", u8(run["flags"])), ("class", varint(run["class"])),
                   ("recorded, delta", zigzag(run["recorded"] - recorded))]
        recorded = run["recorded"]
        if run["flags"] & 2: fields.append(("compliance, delta", zigzag(run["compliance"] - recorded)))
        if run["flags"] & 1:
            for time in run["occurred"]:
                fields.append(("occurred, delta", zigzag(time - (recorded if occurred is None else occurred))))
                occurred = time
        if run["flags"] & 4:
            for raw in run["extensions"]:
                fields += [("byteCount", varint(len(raw))), ("extension list", raw)]
    return fields + [("commitment %d" % n, raw) for n, raw in enumerate(commitments)]


# ------------------------------------------------------------------------------------------------ frames and segments

def part_row(class_id, count, size, flags, digest):
    return [("class", u32(class_id)), ("recordCount", u32(count)), ("ciphertextByteCount", u32(size)),
            ("flags", u32(flags)), ("digest", digest)]


def part_plaintext(content_bytes, stored=None):
    """`stored` is the LZ4 block; None stores the content as it is."""
    raw = content_bytes if stored is None else stored
    fields = [("storedByteCount", u32(len(raw) | (0x80000000 if stored is None else 0))),
              ("contentByteCount", u32(len(content_bytes))), ("stored bytes", raw)]
    pad = -(len(join(fields)) + 16) % 256
    return fields + ([("zeros", zeros(pad))] if pad else [])


def associated_data(log_id, segment, generation, class_id, session, part, count, flags, first_index):
    return [("magic", b"MUNPART1"), ("log ID", log_id), ("segment", u64(segment)), ("generation", u32(generation)),
            ("class", u32(class_id)), ("session", session), ("part", u64(part)), ("recordCount", u32(count)),
            ("flags", u32(flags)), ("firstIndex of the frame", u64(first_index))]


def group_row(class_id, slot, commitment):
    return [("class", u32(class_id)), ("zero", zeros(4)), ("slot", u64(slot)), ("key commitment", commitment)]


def token_row(class_id, token_hash, content_hash, first, count):
    return [("class", u32(class_id)), ("token hash", token_hash), ("content hash", content_hash),
            ("firstOrdinal", u32(first)), ("recordCount", u32(count))]


def body_file_row(body_id, ordinal, size, digest):
    return [("id", body_id), ("ordinal", u32(ordinal)), ("zero", zeros(4)), ("fileByteCount", u64(size)),
            ("digest", digest)]


def frame_header(f):
    """A dict: session, offset, segment, generation, entryCount, firstIndex, root, firstPart, entriesByteCount, partCount,
    bodyByteCount, bodyCRC, lastControl (as it stands: index + 1), and the rows as lists of tuples; any field may be overridden to make a bad header."""
    rows = []
    for n, g in enumerate(f.get("groups", [])): rows += [("group %d: %s" % (n, k), v) for k, v in group_row(*g)]
    for n, t in enumerate(f.get("tokens", [])): rows += [("token %d: %s" % (n, k), v) for k, v in token_row(*t)]
    for n, b in enumerate(f.get("bodyFiles", [])):
        rows += [("body file %d: %s" % (n, k), v) for k, v in body_file_row(*b)]
    size = 152 + len(join(rows)) + 4
    frame_size = f.get("frameByteCount", -(-(size + f["bodyByteCount"]) // BLOCK) * BLOCK)
    return with_crc([
        ("magic", b"MUNFRAME"), ("headerByteCount", u32(f.get("headerByteCount", size))), ("bodyCRC", u32(f["bodyCRC"])),
        ("session", f["session"]), ("offset", u64(f["offset"])), ("frameByteCount", u64(frame_size)),
        ("segment", u64(f["segment"])), ("generation", u32(f["generation"])), ("entryCount", u32(f["entryCount"])),
        ("firstIndex", u64(f["firstIndex"])),
        ("treeSize", u64(f.get("treeSize", (f["firstIndex"] + f["entryCount"]) % (1 << 64)))),
        ("root", f["root"]), ("firstPart", u64(f["firstPart"])), ("entriesByteCount", u32(f["entriesByteCount"])),
        ("partCount", u32(f["partCount"])), ("groupCount", u16(len(f.get("groups", [])))),
        ("tokenCount", u16(len(f.get("tokens", [])))), ("bodyFileCount", u16(len(f.get("bodyFiles", [])))),
        ("zero", f.get("zero", zeros(2))), ("bodyByteCount", u64(f["bodyByteCount"])),
        ("lastControl", u64(f["lastControl"]))] + rows)


def segment_header(generation, log_id, segment, first_index, root, created, version=1):
    fields = with_crc([
        ("magic", b"MUNSEGMT"), ("version", u32(version)), ("generation", u32(generation)), ("log ID", log_id),
        ("segment", u64(segment)), ("firstIndex", u64(first_index)), ("root", root), ("created", i64(created))])
    return fields + [("zeros", zeros(BLOCK - len(join(fields))))]


def footer(f):
    """A dict: generation, segment, firstIndex, entryCount, root, recordedFirst, recordedLast, skeletonDigest, and frames
    (offset, frameByteCount, firstIndex, entryCount, skeletonByteCount, partCount, digest), groups (class, slot, key
    commitment, recordCount, partCount, digest), bodyFiles (id, index, fileByteCount, digest), index."""
    rows = []
    for n, (offset, size, first, count, skeleton, parts, digest) in enumerate(f["frames"]):
        rows += [("frame %d: offset" % n, u64(offset)), ("frameByteCount", u64(size)), ("firstIndex", u64(first)),
                 ("entryCount", u32(count)), ("skeletonByteCount", u32(skeleton)), ("partCount", u32(parts)),
                 ("zero", zeros(4)), ("digest", digest)]
    for n, (class_id, slot, commitment, records, parts, digest) in enumerate(f["groups"]):
        rows += [("group %d: class" % n, u32(class_id)), ("zero", zeros(4)), ("slot", u64(slot)),
                 ("key commitment", commitment), ("recordCount", u64(records)), ("partCount", u64(parts)),
                 ("digest", digest)]
    for n, (body_id, index, size, digest) in enumerate(f.get("bodyFiles", [])):
        rows += [("body file %d: id" % n, body_id), ("index", u64(index)), ("fileByteCount", u64(size)),
                 ("digest", digest)]
    if f.get("index"): rows.append(("index", f["index"]))
    size = 144 + len(join(rows)) + 16
    fields = with_crc([
        ("magic", b"MUNFOOTR"), ("version", u32(f.get("version", 1))), ("generation", u32(f["generation"])),
        ("footerByteCount", u64(f.get("footerByteCount", size))), ("segment", u64(f["segment"])),
        ("firstIndex", u64(f["firstIndex"])), ("entryCount", u64(f["entryCount"])), ("root", f["root"]),
        ("recordedFirst", i64(f["recordedFirst"])), ("recordedLast", i64(f["recordedLast"])),
        ("skeletonDigest", f["skeletonDigest"]), ("frameCount", u32(f.get("frameCount", len(f["frames"])))),
        ("groupCount", u32(len(f["groups"]))), ("bodyFileCount", u32(len(f.get("bodyFiles", [])))),
        ("indexByteCount", u32(len(f.get("index", b""))))] + rows)
    return fields + [("footerByteCount", u32(f.get("trailerByteCount", size))), ("magic", b"MUNFTEND")]


def segment_row(segment, generation, flags, first, count, earliest, latest, digest, size):
    return block([
        ("segment", u64(segment)), ("generation", u32(generation)), ("flags", u32(flags)), ("firstIndex", u64(first)),
        ("entryCount", u64(count)), ("recordedFirst", i64(earliest)), ("recordedLast", i64(latest)),
        ("footer digest", digest), ("fileByteCount", u64(size))], 128)


# ------------------------------------------------------------------------------------------------ keys, checkpoints, bodies

def root_key_file(protection, memory, passes, salt, log_id, secret, check):
    return block([
        ("magic", b"MUNROOT1"), ("protection", u32(protection)), ("memoryKiB", u32(memory)), ("passes", u32(passes)),
        ("zero", zeros(4)), ("salt", salt), ("log ID", log_id), ("secret", secret), ("key check", check)], 256)


def groups_header(log_id, epoch, salt, wrapped, version=1):
    return block([
        ("magic", b"MUNGROUP"), ("version", u32(version)), ("zero", zeros(4)), ("log ID", log_id), ("epoch", u64(epoch)),
        ("salt", salt), ("wrapped epoch key", wrapped)], 256)


def group_key_row(slot, segment, class_id, state, salt, wrapped, generation=0):
    return block([
        ("slot", u64(slot)), ("segment", u64(segment)), ("class", u32(class_id)), ("state", u32(state)), ("salt", salt),
        ("wrapped group key", wrapped), ("generation", u32(generation))], 128)


def signer_key_block(log_id, salt, wrapped, version=1):
    return block([
        ("magic", b"MUNSIGNR"), ("version", u32(version)), ("zero", zeros(4)), ("log ID", log_id), ("salt", salt),
        ("wrapped seed", wrapped)], BLOCK)


def signer_state(sequence, size, root):
    return block([("magic", b"MUNSIGNS"), ("sequence", u64(sequence)), ("treeSize", u64(size)), ("root", root)], BLOCK)


def journal_note(note):
    return [("byteCount", u32(len(note))), ("CRC32C", u32(crc32c(note))), ("note", note)]


def body_header(log_id, body_id, version=1):
    return block([
        ("magic", b"MUNBODY1"), ("version", u32(version)), ("zero", zeros(4)), ("log ID", log_id), ("id", body_id)], BLOCK)


def body_associated_data(log_id, body_id, chunk, is_last):
    return [("magic", b"MUNBODYC"), ("log ID", log_id), ("id", body_id), ("chunk", u64(chunk)), ("isLast", u8(is_last))]


# ------------------------------------------------------------------------------------------------ control records

def control_record(kind, previous, body, version=1):
    return [("type", u8(kind)), ("version", u8(version)),
            ("previous", varint(0 if previous is None else previous + 1)), ("body", body)]


def identity_record(log_id, manifest_digest, origin, key, predecessor=b"", boot_id=stand_in("boot", 16), boot=90_000_000):
    return [("log ID", log_id), ("manifest SHA-256", manifest_digest), ("origin", counted(origin.encode())),
            ("vkey", counted(key.encode())), ("predecessor", counted(predecessor)), ("boot ID", boot_id), ("boot", i64(boot))]


def class_record(class_id, name, mode, basis, compression, period, grace, indexed):
    fields = [("class", varint(class_id)), ("name", counted(name.encode())), ("mode", u8(mode)), ("basis", u8(basis)),
              ("compression", u8(compression)), ("period", counted(period.encode())), ("grace", counted(grace.encode())),
              ("all", u8(indexed is None)), ("count", varint(len(indexed or [])))]
    return fields + [("indexed name", counted(n.encode())) for n in indexed or []]


def seal_record(segment, generation, first, count, digest, index_root, policy, groups):
    fields = [("segment", varint(segment)), ("generation", varint(generation)), ("firstIndex", varint(first)),
              ("entryCount", varint(count)), ("footer digest", digest), ("index root", index_root),
              ("policy", varint(0 if policy is None else policy + 1)),
              ("groupCount", varint(len(groups)))]
    for class_id, digest in groups: fields += [("group: class", varint(class_id)), ("group digest", digest)]
    return fields


# ------------------------------------------------------------------------------------------------ tree

def leaf_hash(raw): return sha256(b"\0", raw)
def node_hash(left, right): return sha256(b"\1", left, right)


def tree_root(leaves):
    if not leaves: return sha256()
    if len(leaves) == 1: return leaves[0]
    split = 1
    while split * 2 < len(leaves): split *= 2
    return node_hash(tree_root(leaves[:split]), tree_root(leaves[split:]))


# ------------------------------------------------------------------------------------------------ text forms

def spell(raw):
    """Hexadecimal; a run of 32 or more zero bytes is `00xCOUNT` between spaces."""
    out, start, n = [], 0, 0
    while n < len(raw):
        if raw[n] == 0:
            end = n
            while end < len(raw) and raw[end] == 0: end += 1
            if end - n >= 32:
                if n > start: out.append(raw[start:n].hex())
                out.append("00x%d" % (end - n))
                start = end
            n = end
        else:
            n += 1
    if start < len(raw): out.append(raw[start:].hex())
    return " ".join(out)


def dump(fields):
    """The lines of a page's example: offset, bytes, field."""
    lines, offset = [], 0
    for name, raw in fields:
        if len(raw) >= 32 and not any(raw):
            lines.append("%6d  %-66s  %s" % (offset, "00x%d" % len(raw), name))
            offset += len(raw)
            continue
        if not raw: lines.append("%6d  %-66s  %s" % (offset, "", name + " (no bytes)"))
        for n in range(0, len(raw), 32):
            lines.append(("%6d  %-66s  %s" % (offset, raw[n:n + 32].hex(), name if n == 0 else "")).rstrip())
            offset += len(raw[n:n + 32])
    return lines
