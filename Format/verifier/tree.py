"""The Merkle tree (tree.md; RFC 6962 and RFC 9162)."""

import hashlib

from .primitives import sha256

def leaf_hash(entry): return hashlib.sha256(b"\0" + entry).digest()
def node_hash(left, right): return hashlib.sha256(b"\1" + left + right).digest()


class Tree:
    """An RFC 6962 tree of which the frontier is kept: peaks[L] is the node of level L that has no right sibling yet.

    `roots` gets the roots at the sizes in `wanted`; `on_nodes(level, first, nodes)` sees every complete node once.
    """

    def __init__(self, wanted=(), on_nodes=lambda level, first, nodes: None):
        self.size, self.peaks, self.on_nodes = 0, [], on_nodes
        self.wanted = sorted(set(wanted), reverse=True)
        self.roots = {0: sha256()}

    def append(self, leaves):
        while leaves:
            while self.wanted and self.wanted[-1] <= self.size: self.wanted.pop()
            count = self.wanted[-1] - self.size if self.wanted else len(leaves)
            self._push(leaves[:count])
            leaves = leaves[count:]
            if self.wanted and self.wanted[-1] == self.size: self.roots[self.size] = self.root()

    def _push(self, nodes):
        level, first = 0, self.size
        self.size += len(nodes)
        while nodes:
            self.on_nodes(level, first, nodes)
            if level == len(self.peaks): self.peaks.append(None)
            if self.peaks[level]: nodes, first = [self.peaks[level]] + nodes, first - 1
            self.peaks[level] = nodes[-1] if len(nodes) % 2 else None
            nodes = [node_hash(left, right) for left, right in zip(nodes[0::2], nodes[1::2])]
            level, first = level + 1, first // 2

    def root(self):
        root = None
        for peak in self.peaks:
            if peak: root = node_hash(peak, root) if root else peak
        return root or sha256()


def root_of_path(leaf, index, size, path):
    """The root that an inclusion proof leads to, or None where it has not the right length (RFC 9162, 2.1.3.2)."""
    node, last = leaf, size - 1
    for sibling in path:
        if not last: return None
        if index & 1 or index == last:
            node = node_hash(sibling, node)
            while index and not index & 1: index, last = index >> 1, last >> 1
        else: node = node_hash(node, sibling)
        index, last = index >> 1, last >> 1
    return node if not last else None
