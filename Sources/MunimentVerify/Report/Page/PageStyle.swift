// How the page looks: on a screen, on A4, and in black and white.

enum PageStyle {
    static let text: Markup = """

        @page { size: A4; margin: 16mm 15mm 17mm }
        :root { --ink: #1c1b19; --soft: #5d594f; --line: #cfc9bb; --paper: #fffefb; --good: #1f6a3c; --bad: #9d1c1c; --open: #8a5a00 }
        * { box-sizing: border-box }
        html { background: #ece9e1; -webkit-print-color-adjust: exact; print-color-adjust: exact }
        body { margin: 0; font: 10.5pt/1.5 Georgia, "Times New Roman", serif; color: var(--ink) }
        main { max-width: 200mm; margin: 8mm auto; padding: 14mm 13mm; background: var(--paper); box-shadow: 0 1px 6px #0003 }
        header { border-bottom: 2.5px solid var(--ink); margin-bottom: 7mm }
        .kind { margin: 0; letter-spacing: .12em; text-transform: uppercase; font-size: 8.5pt; color: var(--soft) }
        h1 { margin: 1mm 0 0; font-size: 20pt; font-weight: normal; line-height: 1.25; overflow-wrap: anywhere }
        .sub { margin: 1mm 0 3mm; color: var(--soft) }
        h2 { font-size: 13.5pt; font-weight: normal; margin: 9mm 0 2mm; padding-bottom: 1mm; border-bottom: 1px solid var(--ink); break-after: avoid }
        h3 { font-size: 10.5pt; margin: 5mm 0 1mm; break-after: avoid }
        p { margin: 1.5mm 0 }
        ul { margin: 1mm 0; padding-left: 5.5mm }
        li { margin: 1mm 0; overflow-wrap: anywhere }
        code, pre, .hash { font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: .84em; overflow-wrap: anywhere }
        pre { white-space: pre-wrap; border: 1px solid var(--line); border-left: 3px solid var(--ink); padding: 2mm 3mm; margin: 2mm 0; background: #f7f5ee }
        .verdict { display: grid; grid-template-columns: 24mm 1fr; align-items: center; border: 3px solid; padding: 4mm 5mm 4mm 2mm }
        .verdict p { margin: .5mm 0 }
        .verdict .sign { font: bold 40pt/1 "DejaVu Sans", Arial, sans-serif; text-align: center }
        .verdict .word { font-size: 19pt; letter-spacing: .06em; text-transform: uppercase; line-height: 1.2 }
        .verdict .tally { color: var(--soft); font-size: 9.5pt }
        .verdict.intact { border-color: var(--good); border-style: solid }
        .verdict.intact .sign, .verdict.intact .word { color: var(--good) }
        .verdict.tampered { border-color: var(--bad); border-style: double; border-width: 7px }
        .verdict.tampered .sign, .verdict.tampered .word { color: var(--bad) }
        .verdict.notEstablished { border-color: var(--open); border-style: dashed }
        .verdict.notEstablished .sign, .verdict.notEstablished .word { color: var(--open) }
        dl { display: grid; grid-template-columns: 34mm 1fr; margin: 0; font-size: 10pt }
        dt, dd { margin: 0; padding: 1.2mm 0; border-bottom: 1px solid var(--line) }
        dt { color: var(--soft) }
        dd { overflow-wrap: anywhere; font-variant-numeric: tabular-nums }
        table { width: 100%; border-collapse: collapse; margin: 2mm 0 4mm; font-size: 9pt; line-height: 1.4 }
        caption { text-align: left; font-weight: bold; padding: 1.5mm 0; break-after: avoid }
        th { text-align: left; font-weight: normal; color: var(--soft); border-bottom: 1px solid var(--ink); padding: 1mm 2mm 1mm 0; vertical-align: bottom }
        td, tbody th { border-bottom: 1px solid var(--line); padding: 1mm 2.5mm 1mm 0; vertical-align: top; overflow-wrap: anywhere; font-variant-numeric: tabular-nums }
        tbody th { color: var(--ink) }
        th.n, td.n { text-align: right; padding-right: 4mm; white-space: nowrap }
        td.w { white-space: nowrap }
        thead { display: table-header-group }
        tr { break-inside: avoid }
        .findings { table-layout: fixed }
        .findings th:nth-child(1) { width: 12mm }
        .findings th:nth-child(2) { width: 33mm }
        .findings th:nth-child(3) { width: 52mm }
        .findings td:nth-child(3) { font-size: 8pt }
        .findings tr.error td:first-child { border-left: 4px double var(--bad) }
        .findings tr.unattested td:first-child { border-left: 3px dashed var(--open) }
        .findings tr.notice td:first-child { border-left: 3px solid var(--line) }
        .disposition { table-layout: fixed; break-inside: avoid }
        .disposition th:nth-child(1) { width: 27mm }
        .bad { color: var(--bad); text-decoration: underline }
        figure { margin: 2mm 0 3mm; break-inside: avoid }
        figcaption { font-size: 9pt; color: var(--soft); line-height: 1.4 }
        svg { display: block; width: 100%; height: auto }
        svg text { font: 11px "DejaVu Sans", Arial, sans-serif; fill: var(--ink); text-anchor: middle }
        svg text.hash { font-family: "DejaVu Sans Mono", monospace; font-size: 11px; fill: var(--soft) }
        svg .small text { font-size: 9px }
        svg .small text.hash { font-size: 9px }
        svg text.start { text-anchor: start }
        svg text.end { text-anchor: end }
        .edge { stroke: var(--soft); stroke-width: 1; fill: none }
        .node rect { fill: #fff; stroke: var(--ink); stroke-width: 1.2 }
        .node.growing rect { stroke-dasharray: 5 3; fill: #f6f3ea }
        .node.root rect { stroke-width: 3; fill: #f6f3ea }
        .cell rect { stroke: var(--ink); stroke-width: .8; fill: #d9ead9 }
        .cell.open rect { fill: #fff }
        .cell.notice rect { fill: #dfe6ee }
        .cell.unattested rect { fill: #f7e3b5 }
        .cell.error rect { fill: #efb5ad }
        .cell.missing rect { fill: #fff; stroke-dasharray: 3 2 }
        .cell rect.bar { fill: var(--ink); stroke: none }
        .cell rect.hatch { stroke: none; fill-opacity: 1 }
        .cell.error rect.hatch { fill: url(#hatch-error) }
        .cell.unattested rect.hatch { fill: url(#hatch-dots) }
        .cell .sign { font-weight: bold; font-size: 15px; paint-order: stroke; stroke: #fff; stroke-width: 4px }
        svg .label { font-size: 11px; fill: var(--soft) }
        svg .key { text-anchor: start; font-size: 11px }
        .hatch-line { stroke: var(--bad); stroke-width: 1.6; fill: none }
        .hatch-dot { fill: var(--open) }
        .hold-line { stroke: #36506b; stroke-width: 1.2; fill: none }
        .tick { stroke: var(--line); stroke-width: 1; fill: none }
        .checkpoint { stroke: var(--ink); stroke-width: 1.4; fill: none }
        .hold rect { fill: #dfe6ee; stroke: #36506b; stroke-width: 1 }
        .hold rect.hatch { fill: none; stroke: none }
        .hold.restricted rect { stroke-dasharray: 4 2 }
        .hold.restricted rect.hatch { fill: url(#hatch-hold) }
        .cap { stroke: var(--ink); stroke-width: 2.4; fill: none }
        .arrow { fill: #36506b }
        .diamond { fill: var(--ink); stroke: var(--ink); stroke-width: 1.5 }
        .run.aborted .diamond { fill: #fff }
        .run.incomplete .diamond { fill: #fff; stroke-dasharray: 3 2 }
        svg .over { paint-order: stroke; stroke: #fff; stroke-width: 4px; fill: var(--ink) }
        @media print {
        html { background: #fff }
        main { max-width: none; margin: 0; padding: 0; box-shadow: none }
        pre, .node.growing rect, .node.root rect { background: #fff }
        }

        """
}
