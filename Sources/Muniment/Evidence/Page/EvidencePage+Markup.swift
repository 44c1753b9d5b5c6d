// What stands in the page before a script has run, and how it looks.
extension EvidencePage {
    /// The body, without the evidence and the script.
    static let markup = #"""
        <body>
        <header>
        <p class="kicker">Muniment evidence viewer</p>
        <h1>Evidence from <span id="title">a log</span></h1>
        <div id="verdict" role="status">
        <span id="mark">?</span>
        <div><strong id="word">Not established</strong>
        <p id="sentence">Nothing has been checked yet. This page needs JavaScript and WebCrypto, and no network.</p></div>
        </div>
        </header>
        <main>
        <section>
        <h2>Whose key</h2>
        <p>The file states that its log signs with the key below. That proves nothing by itself: whoever forges a file can state
        any key. Take the key from the log’s owner, by another way than this file, and enter it.</p>
        <p class="code" id="stated">none</p>
        <form id="trust-form">
        <label for="key">The log’s public key, from its owner</label>
        <div class="line"><input id="key" autocomplete="off" spellcheck="false"><button>Check with this key</button></div>
        <p id="key-fault" class="fault"></p>
        </form>
        </section>
        <section>
        <h2>What was checked</h2>
        <ol id="checks"></ol>
        </section>
        <section>
        <h2>Chain of custody</h2>
        <p id="custody-word"></p>
        <dl id="custody-list"></dl>
        </section>
        <section>
        <h2>Records</h2>
        <p class="muted"><span id="shown"></span> <button id="open-all" class="quiet">Open those shown</button></p>
        <div id="record-list"></div>
        <button id="more" class="quiet" hidden>Show more</button>
        </section>
        <section class="about">
        <h2>What this page is</h2>
        <p>A viewer. It carries an evidence file, checks it in your browser each time that it is opened, and asks nothing of any
        network. But a page can be made to say anything: whoever gave it to you could have changed this program too. For a
        finding to rely on, save the file that it carries and verify it with a program that you have from elsewhere:
        <code>muniment verify records.evidence --key KEY</code>, or the independent <code>verify.py</code>.</p>
        <p><button id="save" class="quiet">Save the evidence file</button></p>
        </section>
        </main>
        """#

    /// The style sheet.
    static let style = #"""
        :root { --good: #17633f; --good-back: #e8f4ed; --bad: #a01b24; --bad-back: #fcebea; --open: #7c5200;
          --open-back: #fdf4de; --ink: #1d2329; --muted: #5c6770; --line: #d9dee2; --back: #f5f6f7; }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--back); color: var(--ink); font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; }
        header, main { max-width: 60rem; margin: 0 auto; padding: 0 1.25rem; }
        header { padding-top: 2rem; }
        .kicker { margin: 0; color: var(--muted); font-size: .8rem; letter-spacing: .08em; text-transform: uppercase; }
        h1 { margin: .2rem 0 1.1rem; font: 600 1.75rem/1.25 Georgia, "DejaVu Serif", serif; overflow-wrap: anywhere; }
        h2 { margin: 0 0 .6rem; font: 600 1.15rem/1.3 Georgia, "DejaVu Serif", serif; }
        p { margin: 0 0 .7rem; }
        #verdict { display: flex; gap: 1rem; align-items: center; padding: 1.1rem 1.25rem; border-radius: 8px;
          border: 1px solid var(--open); border-left-width: 8px; background: var(--open-back); color: var(--open); }
        #verdict p { margin: .15rem 0 0; color: var(--ink); }
        #word { font: 700 1.45rem/1.2 Georgia, "DejaVu Serif", serif; }
        #mark { flex: none; width: 2.75rem; height: 2.75rem; border-radius: 50%; color: #fff; font-weight: 700;
          font-size: 1.5rem; line-height: 2.75rem; text-align: center; background: var(--open); }
        [data-verdict=intact] #mark { background: var(--good); }
        [data-verdict=tampered] #mark { background: var(--bad); }
        [data-verdict=intact] #verdict { border-color: var(--good); background: var(--good-back); color: var(--good); }
        [data-verdict=tampered] #verdict { border-color: var(--bad); background: var(--bad-back); color: var(--bad); }
        section { margin: 1.25rem 0; padding: 1.1rem 1.25rem; background: #fff; border: 1px solid var(--line);
          border-radius: 8px; }
        .code, code, pre { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .85em; }
        .code { overflow-wrap: anywhere; }
        p.code { padding: .5rem .7rem; background: var(--back); border-radius: 5px; }
        .muted { color: var(--muted); }
        .fault { color: var(--bad); font-weight: 600; }
        label { display: block; margin-bottom: .25rem; font-weight: 600; }
        .line { display: flex; gap: .5rem; }
        input { flex: 1; min-width: 0; padding: .45rem .6rem; border: 1px solid #aab4bc; border-radius: 5px; font: inherit;
          font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .85rem; }
        button { padding: .45rem .9rem; border: 1px solid var(--ink); border-radius: 5px; background: var(--ink); color: #fff;
          font: inherit; cursor: pointer; }
        button.quiet { background: #fff; color: var(--ink); padding: .25rem .7rem; font-size: .85rem; }
        #checks { list-style: none; margin: 0; padding: 0; }
        #checks li { display: flex; gap: .75rem; padding: .5rem 0; border-top: 1px solid var(--line); }
        #checks li:first-child { border-top: 0; }
        #checks p { margin: 0; color: var(--muted); font-size: .9rem; overflow-wrap: anywhere; }
        #checks b { font-weight: 600; }
        .mark { flex: none; width: 1.5rem; height: 1.5rem; border-radius: 50%; color: #fff; font-size: .85rem; font-weight: 700;
          line-height: 1.5rem; text-align: center; background: var(--muted); }
        .good > .mark, .good > summary > .mark { background: var(--good); }
        .bad > .mark, .bad > summary > .mark { background: var(--bad); }
        .open > .mark, .open > summary > .mark { background: var(--open); }
        li.bad b { color: var(--bad); }
        dl { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: .3rem 1.25rem; margin: 0; }
        dt { color: var(--muted); overflow-wrap: anywhere; max-width: 14rem; }
        dd { margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; unicode-bidi: plaintext; contain: paint; }
        details { border-top: 1px solid var(--line); }
        details.bad { background: var(--bad-back); }
        summary { display: flex; gap: .75rem; align-items: center; padding: .4rem .2rem; cursor: pointer; list-style: none; }
        summary::-webkit-details-marker { display: none; }
        summary:hover { background: var(--back); }
        .index { flex: none; min-width: 3.5rem; text-align: right; font-variant-numeric: tabular-nums; }
        .when { flex: none; width: 14.5rem; white-space: nowrap; color: var(--muted); font-variant-numeric: tabular-nums; font-size: .9rem; }
        .headline { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; contain: paint;
          unicode-bidi: plaintext; }
        .record { padding: .4rem .2rem 1rem 2.4rem; }
        .payload { margin: .8rem 0; }
        .payload p { margin: 0 0 .3rem; }
        pre { margin: 0; max-height: 28rem; overflow: auto; padding: .7rem; background: var(--back); border-radius: 5px;
          border: 1px solid var(--line); white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: plaintext;
          contain: paint; }
        #more { margin-top: .8rem; }
        .about { background: none; border-style: dashed; }
        @media (max-width: 44rem) { .when { display: none; } dl { grid-template-columns: 1fr; } dt { max-width: none; } }
        @media print { body { background: #fff; } button, form { display: none; } section { break-inside: avoid; } }
        """#
}
