"""Control records (control.md)."""

from types import SimpleNamespace

from .primitives import Cursor, INDEX_END, SEGMENT_END, SEGMENT_ENTRIES, ascends, known_version, need

def decode_control(raw):
    """control.md, "Public part"."""
    c = Cursor(raw)
    kind, = c.take(1)
    need(1 <= kind <= 13, "unknownValue", "control record type %d" % kind)
    known_version(c.take(1)[0])
    previous = c.varint(INDEX_END)
    return SimpleNamespace(type=kind, previous=previous - 1 if previous else None, body=c.take(c.left))


def decode_identity(raw):
    c = Cursor(raw)
    record = SimpleNamespace(logID=c.take(32), manifestDigest=c.take(32), origin=c.text(1_024), key=c.text(4_096),
                             predecessor=c.counted(32_768), bootID=c.take(16),
                             boot=int.from_bytes(c.take(8), "little", signed=True))
    need(record.boot >= 0, "outOfBounds", "a time before the boot")
    c.finish()
    return record


def decode_class(raw):
    c = Cursor(raw)
    record = SimpleNamespace(class_=c.varint(1_000), name=c.text(64))
    need(record.name, "outOfBounds", "empty class name")
    for name, limit in [("mode", 1), ("basis", 2), ("compression", 2)]:
        value, = c.take(1)
        need(value <= limit, "unknownValue", "%s %d" % (name, value))
        setattr(record, name, value)
    record.period, record.grace = c.text(64), c.text(64)
    every, = c.take(1)
    names = [c.text(255) for _ in range(c.varint(256))]
    need(every <= 1 and not (every and names), "notCanonical", "indexed attributes")
    record.indexed = None if every else names
    c.finish()
    return record


def decode_seal(raw):
    c = Cursor(raw)
    record = SimpleNamespace(segment=c.varint(SEGMENT_END - 1), generation=c.varint(0xFFFFFFFF),
                             firstIndex=c.varint(INDEX_END - 1), entryCount=c.varint(SEGMENT_ENTRIES),
                             footerDigest=c.take(32), indexRoot=c.take(32))
    policy = c.varint(INDEX_END)
    record.policy = policy - 1 if policy else None
    count = c.varint(1_001)
    record.groups = [SimpleNamespace(class_=c.varint(0xFFFFFFFF), digest=c.take(32)) for _ in range(count)]
    need(ascends([g.class_ for g in record.groups]), "notCanonical", "groups do not ascend")
    c.finish()
    return record


def decode_export(raw):
    c = Cursor(raw)
    record = SimpleNamespace(recordCount=c.varint(1 << 22), statement=c.take(32))
    c.finish()
    return record


CONTROL_BODIES = {1: decode_identity, 3: decode_class, 11: decode_seal, 12: decode_export}


# ---------------------------------------------------------------------------- signed notes (checkpoint.md)
