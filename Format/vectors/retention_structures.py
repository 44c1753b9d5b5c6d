"""Encoders for the bodies of retention.md, written from the page and sharing no code with the engine."""

from structures import *


def index_set(indexes, form=None):
    """The bytes of a set of indexes; `form` forces one that is not the shorter."""
    indexes = sorted(indexes)
    first, last = indexes[0], indexes[-1]
    runs = []
    for index in indexes:
        if runs and runs[-1][1] + 1 == index: runs[-1][1] = index
        else: runs.append([index, index])
    said = [("count", varint(len(runs)))]
    for n, (low, high) in enumerate(runs):
        said.append(("run %d: length - 1" % n, varint(high - low)))
        if n + 1 < len(runs): said.append(("gap - 1", varint(runs[n + 1][0] - high - 2)))
    size = (last - first) // 8 + 1
    if form is None: form = 1 if len(join(said)) > size else 0
    if form == 1:
        bitmap = bytearray(size)
        for index in indexes: bitmap[(index - first) // 8] |= 1 << (index - first) % 8
        said = [("bitmap", bytes(bitmap))]
    return [("first", varint(first)), ("span", varint(last - first)), ("form", u8(form))] + said


def named(name, fields): return (name, join(fields))


PRIVATE_FIELDS = ["matter", "custodian", "actor", "reason", "predicate", "selection"]


def private_part(fields):
    """`fields` are pairs of a name, or a type's number, and bytes."""
    out = []
    for name, raw in fields:
        kind = PRIVATE_FIELDS.index(name) + 1 if isinstance(name, str) else name
        out += [("type", u8(kind)), (name if isinstance(name, str) else "value", counted(raw))]
    return out


def predicate(node): return join(predicate_fields(node))


def predicate_fields(node):
    """A node is a list: its kind's name, and what belongs to it."""
    kind, rest = node[0], node[1:]
    if kind in ("all", "any"):
        fields = [(kind, u8(kind == "any")), ("count", varint(len(rest)))]
        for child in rest: fields += predicate_fields(child)
        return fields
    if kind == "not": return [(kind, u8(2))] + predicate_fields(rest[0])
    if kind == "index": return [(kind, u8(3)), ("first", varint(rest[0])), ("last", varint(rest[1]))]
    if kind == "time":
        fields = [(kind, u8(4)), ("flags", u8((rest[0] is not None) | (rest[1] is not None) << 1))]
        return fields + [(name, i64(time)) for name, time in zip(("from", "to"), rest) if time is not None]
    if kind == "class": return [(kind, u8(5)), ("class", varint(rest[0]))]
    fields = [(kind, u8(6)), ("foldsCase", u8(rest[0])), ("count", varint(len(rest[1])))]
    for test, *values in rest[1]:
        fields.append((test, u8(["exactly", "beginning", "between"].index(test))))
        fields += [("value", counted(raw)) for raw in values]
    return fields


def event_record(at, indexes): return [("at", i64(at)), named("indexes", index_set(indexes))]


def hold_record(matter, indexes=None, classes=None, start=None, end=None, restricted=False, flags=None):
    if flags is None:
        flags = (indexes is not None) | (classes is not None) << 1 | (start is not None) << 2 | (end is not None) << 3
        flags |= restricted << 4
    fields = [("matter", varint(0 if matter is None else matter + 1)), ("flags", u8(flags))]
    if indexes is not None: fields.append(named("indexes", index_set(indexes)))
    if classes is not None:
        fields += [("count", varint(len(classes)))] + [("class", varint(number)) for number in classes]
    if start is not None: fields.append(("from", i64(start)))
    if end is not None: fields.append(("to", i64(end)))
    return fields


def release_record(matter): return [("matter", varint(matter))]
def erasure_record(index): return [("index", varint(index))]


def clock_record(kind, compliance, wall, boot_id, boot):
    return [("kind", u8(kind)), ("compliance", i64(compliance)), ("wall", i64(wall)), ("boot ID", boot_id),
            ("boot", i64(boot))]


def intent_record(compliance, clock, evidence, epoch, holds, rules, erasures):
    fields = [("compliance", i64(compliance)), ("clock", varint(clock)), ("evidence", u8(evidence)),
              ("epoch", varint(epoch)), ("holdCount", varint(len(holds)))]
    for matter, decided in holds: fields += [("matter", varint(matter)), ("decided", u8(decided))]
    fields.append(("ruleCount", varint(len(rules))))
    for class_id, record in rules: fields += [("class", varint(class_id)), ("record", varint(record))]
    fields.append(("erasureCount", varint(len(erasures))))
    return fields + [("erasure", varint(index)) for index in erasures]


def prepared_record(disposition, seal, held, purged):
    return [("disposition", varint(disposition)), ("seal", counted(join(seal))), ("held", varint(held)),
            named("purged", index_set(purged))]


def completed_record(disposition, outcome, strength, epoch, prepared):
    return [("disposition", varint(disposition)), ("outcome", u8(outcome)), ("strength", u8(strength)),
            ("epoch", varint(epoch)), ("count", varint(len(prepared)))] + [("prepared", varint(n)) for n in prepared]
