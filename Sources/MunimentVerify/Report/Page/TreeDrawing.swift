// The Merkle tree, drawn: the root at the top, complete subtrees as boxes with solid edges, those that change as the log
// grows with dashed ones. Of a large tree only the top is drawn; the table lists the whole frontier.

internal import MunimentFormat
internal import MunimentMerkle

extension VerifyPage {
    var treeSection: Markup {
        guard let tree = report.facts.tree else {
            guard [.store, .tiles, .segment].contains(report.subject) else { return "" }
            return VerifyPage.section(
                "tree", "The tree",
                report.subject == .segment
                    ? "<p>Of one segment alone there is no tree: it begins at an entry whose predecessors are not here.</p>\n"
                    : "<p>The tree can't be drawn: entries are lost, so that its root could not be computed.</p>\n")
        }
        guard let whole = tree.whole else {
            return VerifyPage.section("tree", "The tree", "<p>The tree is empty.</p>\n")
        }
        let drawing = TreeDrawing(tree, whole)
        let caption: Markup = """
            <figcaption>The hash tree of \(PageText.things(tree.size, "entry", plural: "entries")), as computed from the entries. \
            Each box is a subtree: its first entry, how many entries it has, and the start of its hash. Solid: complete, and the same for \
            ever. Dashed: still growing with the log. \
            \(drawing.isWhole ? "Every entry is drawn." : "Only the top is drawn; below each box at the bottom hang its entries.")</figcaption>

            """
        let rows = tree.frontier.map { part, hash -> Markup in
            "<tr><td class=\"n\">\(PageText.count(part.start))</td><td class=\"n\">\(PageText.count(part.end - 1))</td><td class=\"n\">\(PageText.count(part.count))</td><td><code>\(PageText.hex(hash))</code></td></tr>\n"
        }
        let table: Markup =
            "<table class=\"hashes\">\n<caption>The frontier: the complete subtrees that the root is made from</caption>\n<thead><tr><th class=\"n\">From entry</th><th class=\"n\">To entry</th><th class=\"n\">Entries</th><th>Hash</th></tr></thead>\n<tbody>\n"
            + .joined(rows) + "</tbody>\n</table>\n"
        return VerifyPage.section("tree", "The tree", "<figure>\n" + drawing.markup + caption + "</figure>\n" + table)
    }

    /// The way of a proof, from the entry to the root.
    var proofSection: Markup {
        guard let proof = report.facts.proof else { return "" }
        let steps = ProofSteps(proof).rows
        let rows = steps.enumerated().map { number, step -> Markup in
            "<tr><td class=\"n\">\(number + 1)</td><td class=\"w\">\(step.isLeft ? "left" : "right")</td><td><code>\(PageText.hex(step.sibling))</code></td><td><code>\(PageText.hex(step.result))</code></td></tr>\n"
        }
        let body: Markup = """
            <p>Entry \(PageText.count(proof.index)) of \(PageText.count(proof.size)) has the leaf hash <code>\(PageText.hex(proof.leaf))</code>. \
            Joined with the hashes of the proof, one after another, it gives the root\(report.root == nil ? "" : " that the checkpoint states").</p>

            """
        let table: Markup =
            "<table class=\"hashes\">\n<thead><tr><th class=\"n\">Step</th><th>Side</th><th>Hash of the proof</th><th>Gives</th></tr></thead>\n<tbody>\n"
            + .joined(rows) + "</tbody>\n</table>\n"
        return VerifyPage.section("path", "From the entry to the root", body + table)
    }
}

/// The hashes on the way of a proof, RFC 9162 section 2.1.3.2.
struct ProofSteps {
    struct Row {
        let isLeft: Bool
        let sibling: Digest
        let result: Digest
    }

    private(set) var rows: [Row] = []

    init(_ proof: ProofSketch) {
        guard proof.index < proof.size else { return }
        var (node, last, hash) = (proof.index, proof.size - 1, proof.leaf)
        for sibling in proof.path {
            let isLeft = node & 1 == 1 || node == last
            hash = isLeft ? TreeHash.node(sibling, hash) : TreeHash.node(hash, sibling)
            if isLeft { while node & 1 == 0, node != 0 { (node, last) = (node >> 1, last >> 1) } }
            (node, last) = (node >> 1, last >> 1)
            rows.append(Row(isLeft: isLeft, sibling: sibling, result: hash))
        }
    }
}

/// Boxes and edges.
private struct TreeDrawing {
    private static let bottomCountMax = 12
    private static let width = 720.0
    private static let rowHeight = 70.0
    private static let boxHeight = 46.0

    private let tree: TreeSketch
    private let whole: TreeSketch.Part
    private let bottom: [TreeSketch.Part]
    private var boxes: Markup = ""
    private var edges: Markup = ""
    private var depthMax = 0

    var isWhole: Bool { bottom.allSatisfy { $0.count == 1 } }

    init(_ tree: TreeSketch, _ whole: TreeSketch.Part) {
        (self.tree, self.whole) = (tree, whole)
        bottom = tree.bottom(countMax: TreeDrawing.bottomCountMax)
        _ = draw(whole, depth: 0)
    }

    var markup: Markup {
        let height = Double(depthMax + 1) * TreeDrawing.rowHeight
        return
            "<svg viewBox=\"0 0 \(at: TreeDrawing.width) \(at: height)\" role=\"img\" aria-label=\"The hash tree\">\n"
            + edges + boxes + "</svg>\n"
    }

    private var column: Double { TreeDrawing.width / Double(bottom.count) }

    /// Draws a subtree; returns where its middle is.
    private mutating func draw(_ part: TreeSketch.Part, depth: Int) -> Double {
        depthMax = max(depthMax, depth)
        let top = Double(depth) * TreeDrawing.rowHeight + 4
        if let place = bottom.firstIndex(of: part) {
            let x = (Double(place) + 0.5) * column
            box(part, x: x, y: top)
            return x
        }
        let children = [part.left, part.right].map { draw($0, depth: depth + 1) }
        let x = children.reduce(0, +) / 2
        for child in children {
            edges +=
                "<path class=\"edge\" d=\"M\(at: x) \(at: top + TreeDrawing.boxHeight)L\(at: child) \(at: top + TreeDrawing.rowHeight)\"/>\n"
        }
        box(part, x: x, y: top)
        return x
    }

    private mutating func box(_ part: TreeSketch.Part, x: Double, y: Double) {
        let isRoot = part == whole
        // What has neighbours on its level must leave them room.
        let width = min(max(column - 6, 50), 104)
        let size: Markup = width < 80 ? "small" : "usual"
        let hash = tree.hash(part)
        let first = width < 80 ? Self.brief(part.start) : "from \(Self.brief(part.start))"
        let count = width < 80 ? Self.brief(part.count) : PageText.things(part.count, "entry", plural: "entries")
        let kind: Markup = isRoot ? "root" : part.isComplete ? "complete" : "growing"
        boxes +=
            "<g class=\"node \(kind) \(size)\"><rect x=\"\(at: x - width / 2)\" y=\"\(at: y)\" width=\"\(at: width)\" height=\"\(at: TreeDrawing.boxHeight)\" rx=\"3\"/>"
        boxes +=
            "<text x=\"\(at: x)\" y=\"\(at: y + 13)\">\(isRoot ? "root" : first)</text>"
        boxes +=
            "<text x=\"\(at: x)\" y=\"\(at: y + 26)\">\(width < 80 || part.count < 100_000_000 ? count : "\(Self.brief(part.count)) entries")</text>"
        boxes +=
            "<text class=\"hash\" x=\"\(at: x)\" y=\"\(at: y + 40)\">\(hash.map { PageText.short($0) } ?? "not known")</text></g>\n"
    }

    /// Exact as far as there is room, then with a unit.
    private static func brief(_ number: UInt64) -> String {
        if number < 100_000_000 { return PageText.count(number) }
        for (unit, sign) in [(1_000_000_000_000, "T"), (1_000_000_000, "G"), (1_000_000, "M")] as [(UInt64, String)]
        where number >= unit {
            let tenths = number / (unit / 10)
            return "\(PageText.count(tenths / 10)).\(tenths % 10)\(sign)"
        }
        return PageText.count(number)
    }
}
