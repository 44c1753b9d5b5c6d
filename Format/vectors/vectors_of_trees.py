"""Vectors of the tree's stored nodes and of the kept checkpoints: tree.md, checkpoint.md."""

import example_store as x
from structures import *
from vector_file import EXAMPLES, Document, Vectors, flip, h, store


def trees():
    leaves = [leaf_hash(b"entry %d" % n) for n in range(20)]
    levels = {level: [tree_root(leaves[n << level:n + 1 << level]) for n in range(20 >> level)] for level in range(3, 5)}
    for n, node in enumerate(levels[3]): EXAMPLES.setdefault("tree.json tree/03 of 20 leaves", []).append(
        ("leaves %d to %d" % (8 * n, 8 * n + 7), node))
    return Document("tree.json", {
        "structure": "tree", "page": "tree.md", "entries": "entry n is the ASCII text `entry n`, n in decimal",
        "leaves": [h(leaf) for leaf in leaves], "roots": [h(tree_root(leaves[:n])) for n in range(21)],
        "files": {"tree/%02d" % level: "".join(h(n) for n in nodes) for level, nodes in levels.items()}})


def journals():
    v = Vectors("checkpoint-journal.json", "checkpoints", "checkpoint.md")
    first = x.checkpoint(x.ORIGIN, 4, tree_root(store.leaves[:4]), x.SEED)
    one, two = join(journal_note(first)), join(store.journal)
    EXAMPLES["checkpoint-journal.json one note"] = store.journal
    for name, raw, notes in [("nothing", b"", []), ("one note", two, [store.checkpoint]),
                             ("two notes", one + two, [first, store.checkpoint])]:
        v.good.append({"name": name, "fields": {"notes": [h(n) for n in notes]}, "hex": spell(raw)})
    v.take("torn length", one + two[:3], len(one))
    v.take("torn note", one + two[:-1], len(one))
    v.take("damaged note, a good one after it", one + flip(two, 20) + one, len(one))
    v.take("zeros after it", one + bytes(4_096), len(one))
    v.take("a note of no bytes", one + bytes(8) + two, len(one))
    v.take("a note over 1 MiB", one + u32((1 << 20) + 1) + bytes(64), len(one))
    return v


def outputs():
    return [trees(), journals()]
