"""Static logs and proofs (c2sp.org/tlog-tiles, c2sp.org/tlog-proof)."""

import re
from types import SimpleNamespace

from .entries import decode_entry, judge_extensions
from .findings import files_below, printable, read_file, take_note
from .notes import canonical_base64
from .primitives import Cursor, MIB, Refusal, need, sha256
from .tree import Tree, leaf_hash, root_of_path

PROOF_MAGIC = b"c2sp.org/tlog-proof@v1\n"


def tile_path(level, number, width=256):
    """tile/L/N, N in groups of three digits, with .p/W for a partial tile."""
    digits = "%03d" % (number % 1_000)
    while number := number // 1_000: digits = "x%03d/%s" % (number % 1_000, digits)
    return "tile/%s/%s%s" % (level, digits, "" if width == 256 else ".p/%d" % width)


def split_bundle(raw, path):
    c, entries = Cursor(raw), []
    while c.left: entries.append(c.take(int.from_bytes(c.take(2), "big")))
    return entries


class Tiles:
    """A static log: entries, from which all hash tiles and the root are made again."""

    def __init__(self, root, report, keys):
        self.root, self.report, self.keys, self.records, self.known = root, report, keys, 0, {"checkpoint"}
        self.files, self.open_tiles = set(files_below(root)), {}

    def run(self):
        if not self.keys: self.report.untrusted()
        note, self.tree = None, Tree((), self.take_nodes)
        with self.report.guard("checkpoint.malformed", "checkpoint"):
            note = take_note(self.report, read_file(self.root, "checkpoint", MIB), "checkpoint", None, None, self.keys)
        if note:
            for n in range(-(-note.treeSize // 256)):
                with self.report.guard("entry.malformed", tile_path("entries", n), None, 256 * n):
                    self.take_bundle(n, min(256, note.treeSize - 256 * n))
                if self.tree.size < min(256 * n + 256, note.treeSize): break
            for (level, n), nodes in list(self.open_tiles.items()): self.check_tile(level, n, nodes)
            if (note.treeSize, note.root) != (self.tree.size, self.tree.root()):
                self.report.error("checkpoint.root", "the root does not follow from the entries", "checkpoint", None,
                                  note.treeSize)
        for path in sorted(self.files - self.known):
            self.report.unattested("file.foreign", "it belongs to no structure", printable(path))
        return self.report.conclude(self.tree.size, self.tree.root(), self.records)

    def choose(self, level, n, width):
        """The paths of a tile's files up to `width` that are there. The widest must be; a full one stands for any."""
        paths = [path for w in range(1, width + 1) if (path := tile_path(level, n, w)) in self.files]
        if width < 256 and tile_path(level, n) in self.files: paths.append(tile_path(level, n))
        self.known.update(paths)
        if not paths or paths[-1] not in (tile_path(level, n, width), tile_path(level, n)):
            self.report.error("file.missing", "the tile is not there", tile_path(level, n, width))
        return paths

    def take_bundle(self, n, width):
        paths = self.choose("entries", n, width)
        entries = split_bundle(read_file(self.root, paths[-1], 256 * 65_537), paths[-1]) if paths else []
        for path in paths[:-1]:
            partial = split_bundle(read_file(self.root, path, 256 * 65_537), path)
            if partial != entries[:int(path.rpartition("/")[2])]:
                self.report.error("tile.mismatch", "it disagrees with a wider one", path, None, 256 * n)
        need(width <= len(entries) <= 256, "inconsistent", "%d entries" % len(entries))
        for m, entry in enumerate(entries[:width]):
            try:
                decoded = decode_entry(entry)
                self.records += not decoded.kind
                judge_extensions(decoded.kind, decoded.items, self.report, paths[-1], None, 256 * n + m)
            except Refusal as refusal:
                message = "no entry of a Muniment log: %s" % refusal
                self.report.unattested("entry.malformed", message, paths[-1], None, 256 * n + m)
        self.tree.append([leaf_hash(entry) for entry in entries[:width]])

    def take_nodes(self, level, first, nodes):
        """Sorts the nodes of every eighth level into tiles, and checks those that are full."""
        if level % 8: return
        for place, node in enumerate(nodes, first):
            tile = self.open_tiles.setdefault((level // 8, place >> 8), [])
            tile.append(node)
            if len(tile) == 256: self.check_tile(level // 8, place >> 8, self.open_tiles.pop((level // 8, place >> 8)))

    def check_tile(self, level, n, nodes):
        for path in self.choose(level, n, len(nodes)):
            with self.report.guard("tile.mismatch", path):
                raw, made = read_file(self.root, path, 8_192), b"".join(nodes)
                width = int(path.rpartition("/")[2]) if ".p/" in path else 256
                need(len(raw) == 32 * width, "inconsistent", "a tile of %d bytes" % len(raw))
                need(raw[:len(made)] == made[:len(raw)], "inconsistent", "not the hashes of the entries")


def verify_proof(raw, name, report, keys, entry):
    """A tlog-proof. The entry is its extra data unless it is given."""
    if not keys: report.untrusted()
    note, records = SimpleNamespace(treeSize=0, root=sha256()), 0
    with report.guard("proof.malformed", name):
        head, _, tail = raw.partition(b"\n\n")
        lines = str(head[len(PROOF_MAGIC):], "ascii", "replace").split("\n")
        if lines[0].startswith("extra "):
            extra = canonical_base64(lines.pop(0)[6:])
            entry = extra if entry is None else entry
        need(entry is not None, "truncated", "no entry: it has no extra data and --entry was not given")
        index = re.fullmatch("index (0|[1-9][0-9]{0,18})", lines[0] if lines else "")
        need(index and len(lines) <= 64, "notCanonical", "no index, or too many hashes")
        path = [canonical_base64(line) for line in lines[1:]]
        need(all(len(node) == 32 for node in path), "outOfBounds", "a hash that has not 32 bytes")
        found = take_note(report, tail, name, len(head) + 2, None, keys)
        if found:
            note, index = found, int(index[1])
            if index >= note.treeSize or root_of_path(leaf_hash(entry), index, note.treeSize, path) != note.root:
                report.error("proof.root", "the proof does not lead from the entry to the root", name, 0, index)
            decoded = decode_entry(entry)
            records = int(not decoded.kind)
            judge_extensions(decoded.kind, decoded.items, report, name, None, index)
    return report.conclude(note.treeSize, note.root, records)


# ---------------------------------------------------------------------------- the command line
