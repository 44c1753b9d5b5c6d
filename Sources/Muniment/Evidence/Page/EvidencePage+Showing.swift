// The script of the page, third part: it shows what was found. Bytes of records become text nodes and nothing else.
extension EvidencePage {
    /// The third part.
    static let showingScript = #"""
        // ---- Showing

        const WORDS = {
          intact: ['Intact', 'A key that you trust signed it, and every record here follows from what was signed.', '\u2713'],
          tampered: ['Tampered', 'Something was changed, or is lost. What failed is marked below.', '\u2717'],
          notEstablished: ['Not established', 'Nothing contradicts, but not everything is proved: see below.', '?'],
        };
        const MARKS = {good: '\u2713', bad: '\u2717', open: '?', noted: 'i'};
        const SHOWN = 200, PAYLOAD_SHOWN = 65536;

        /** An element with text in it; text is never read as markup. */
        function element(name, className, ...children) {
          const made = document.createElement(name);
          if (className) made.className = className;
          made.append(...children);
          return made;
        }

        /** Text of which every character can be seen: controls, marks of direction and invisible ones are spelt out. */
        function visible(text) {
          return String(text).replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu, character => {
            if (character === '\n' || character === '\t') return character;
            return `\\u{${character.codePointAt(0).toString(16).toUpperCase()}}`;
          });
        }

        function time(microseconds) {
          const milliseconds = microseconds / 1000n - (microseconds % 1000n < 0n ? 1n : 0n);
          if (milliseconds > 8640000000000000n || milliseconds < -8640000000000000n) return `${microseconds} \u00b5s`;
          return new Date(Number(milliseconds)).toISOString().replace('T', ' ').replace(/\.000Z$|Z$/, ' UTC');
        }

        function rows(list, ...pairs) {
          for (const [name, value, className] of pairs) {
            list.append(element('dt', '', name), element('dd', className || '', visible(value)));
          }
        }

        function showVerdict(evidence) {
          const {verdict} = evidence;
          const [word, sentence, mark] = WORDS[verdict];
          document.documentElement.dataset.verdict = verdict;
          byID('word').textContent = word;
          byID('mark').textContent = mark;
          const needsKey = verdict === 'notEstablished' && evidence.open.every(what => what.startsWith('A key'));
          byID('sentence').textContent = needsKey
            ? 'Everything agrees with the key that the file states; nobody has said yet that it is the right one: '
              + 'compare it with the key that the log\u2019s owner published.'
            : sentence;
          document.title = `${word}: evidence from ${visible(evidence.identity ? evidence.identity.origin : 'a log')}`;
        }

        function showChecks(evidence) {
          byID('checks').replaceChildren(...evidence.checks.map(check => element('li', check.state,
            element('span', 'mark', MARKS[check.state]),
            element('div', '', element('b', '', check.title), element('p', '', visible(check.detail || ''))))));
        }

        function showCustody(evidence) {
          const list = byID('custody-list'), custody = evidence.custody;
          list.replaceChildren();
          if (!custody) return;
          const isBound = evidence.logged
            && ['The log tells', 'All entries', 'A key that you trust'].every(title => evidence.state(title) === 'good');
          byID('custody-word').textContent = isBound
            ? `The log\u2019s owner attests this in entry ${evidence.logged.index} of the log, which binds this file. `
              + 'Attested, not proved: no computation can tell whether it is true.'
            : 'The file\u2019s own words: nothing that was signed covers them, nor shows that no record was left out.';
          rows(list, ['Exported', time(custody.exported)], ['By', custody.exporter], ['With', custody.tool],
            ['Selection', custody.selection],
            ['Disclosed', custody.disclosure === 0 ? 'whole records'
              : custody.disclosure === 1 ? 'only ' + custody.names.join(', ') : 'entries alone'],
            ['Records', evidence.records.length.toLocaleString('en')]);
          if (evidence.note) {
            rows(list, ['Log', evidence.note.origin], ['Checkpoint', `size ${evidence.note.size.toLocaleString('en')}`],
              ['Root', base64(evidence.note.root), 'code']);
          }
        }

        /** What a record's line says of it. */
        function headline(record) {
          if (record.state === 1) return 'withheld';
          if (record.state === 2) return record.disposition ? `purged by disposition ${record.disposition.id}` : 'said to be purged';
          const told = (record.attributes || []).filter(attribute => attribute);
          const value = name => (told.find(attribute => attribute.name === name) || {}).value;
          const words = [value('from'), value('subject')].filter(word => word);
          if (words.length) return words.join(' \u2014 ');
          if (record.payload) return new TextDecoder().decode(record.payload.subarray(0, 200)).split('\n')[0];
          const pairs = told.map(attribute => `${attribute.name}: ${attribute.value}`);
          return pairs.join(', ') || 'nothing of its content is disclosed';
        }

        function recordLine(evidence, record) {
          const isGood = !record.faults.length && !evidence.isUnproved;
          const state = isGood ? (record.state === 2 && !record.disposition ? 'open' : 'good') : 'bad';
          const when = record.entry ? time(record.entry.occurred ?? record.entry.recorded) : '';
          const line = element('details', state, element('summary', '',
            element('span', 'mark', MARKS[state]), element('span', 'index', String(record.index)),
            element('span', 'when', when), element('span', 'headline', visible(headline(record)).slice(0, 300))));
          line.addEventListener('toggle', () => {
            if (line.open && line.childElementCount === 1) line.append(recordBody(evidence, record));
          });
          return line;
        }

        function recordBody(evidence, record) {
          const body = element('div', 'record'), list = element('dl', '');
          body.append(list);
          for (const fault of record.faults) rows(list, ['Failed', fault, 'fault']);
          if (evidence.isUnproved) rows(list, ['Failed', 'the entries do not lead to the root that was signed', 'fault']);
          if (record.entry) {
            const {entry} = record;
            rows(list, ['Recorded', time(entry.recorded)]);
            if (entry.occurred !== undefined) rows(list, ['Occurred', time(entry.occurred)]);
            rows(list, ['Class', evidence.classes.get(entry.classID) || `number ${entry.classID}`]);
          }
          (record.attributes || []).forEach((attribute, n) => rows(list, attribute ? [attribute.name, attribute.value]
            : [`attribute ${n + 1}`, 'withheld: committed to, not disclosed', 'muted']));
          if (record.disposition) rows(list, ...dispositionFacts(record, evidence.classes));
          if (record.payload) body.append(payloadView(record));
          else if (record.state === 0) rows(list, ['Payload', 'withheld: committed to, not disclosed', 'muted']);
          rows(list, ['Entry', hex(record.raw), 'code muted']);
          return body;
        }

        function payloadView(record) {
          const whole = record.payload, part = whole.subarray(0, PAYLOAD_SHOWN);
          let text;
          try { text = visible(utf8.decode(part, {stream: false})); } catch {
            try { text = visible(new TextDecoder('utf-8', {fatal: true}).decode(part, {stream: true})); } catch {
              text = hex(part.subarray(0, 4096)).replace(/(.{64})/g, '$1\n');
            }
          }
          const rest = whole.length > part.length ? `, the first ${part.length.toLocaleString('en')} shown` : '';
          const save = element('button', 'quiet', 'Save its bytes');
          save.addEventListener('click', () => saveAs(whole, `record-${record.index}.bin`));
          return element('div', 'payload',
            element('p', 'muted', `Payload, ${whole.length.toLocaleString('en')} bytes${rest} `, save),
            element('pre', '', text));
        }

        function saveAs(bytes, name) {
          const link = element('a', '');
          link.href = URL.createObjectURL(new Blob([bytes], {type: 'application/octet-stream'}));
          link.download = name;
          link.click();
          setTimeout(() => URL.revokeObjectURL(link.href), 10000);
        }

        function openAll() { for (const line of document.querySelectorAll('details')) line.open = true; }

        function showRecords(evidence) {
          const list = byID('record-list'), more = byID('more');
          list.replaceChildren();
          evidence.isUnproved = evidence.state('All entries') !== 'good';
          // What failed comes first, however far down it stands.
          const failed = evidence.records.filter(record => record.faults.length);
          const ordered = failed.concat(evidence.records.filter(record => !record.faults.length));
          let shown = 0;
          const next = () => {
            list.append(...ordered.slice(shown, shown + SHOWN).map(record => recordLine(evidence, record)));
            shown = Math.min(shown + SHOWN, ordered.length);
            more.hidden = shown === ordered.length;
            const [some, all] = [shown, ordered.length].map(count => count.toLocaleString('en'));
            byID('shown').textContent = `${some} of ${all} shown; all are checked.`;
          };
          more.onclick = next;
          next();
          if (fragment().has('open')) { while (shown < ordered.length) next(); openAll(); }
          if (ordered.length === 1) list.firstChild.open = true;
        }

        async function judge(bytes, trusted) {
          let fault = '';
          try { if (trusted) readKey(trusted); } catch (error) { fault = `This is ${error.message}.`; }
          byID('key-fault').textContent = fault;
          if (fault) trusted = '';
          const evidence = new Evidence(bytes);
          await evidence.run(trusted);
          byID('title').textContent = evidence.identity ? visible(evidence.identity.origin) : 'a log that cannot be told';
          byID('stated').textContent = evidence.identity ? visible(evidence.identity.key) : 'none';
          showChecks(evidence);
          showCustody(evidence);
          showRecords(evidence);
          showVerdict(evidence);
        }

        function fail(message) {
          document.documentElement.dataset.verdict = 'notEstablished';
          byID('sentence').textContent = message;
        }

        /** What the reader put behind the page's address: key=KEY, and open to open all records. */
        function fragment() { return new URLSearchParams(location.hash.slice(1).replace(/\+/g, '%2B')); }

        async function main() {
          if (!globalThis.crypto?.subtle) return fail('This browser does not offer WebCrypto here: nothing was checked.');
          try {
            await crypto.subtle.importKey('raw', new Uint8Array(32).fill(9), {name: 'Ed25519'}, false, ['verify']);
          } catch { return fail('This browser cannot check Ed25519 signatures: nothing was checked. Use a newer one.'); }
          const lines = byID('evidence').textContent.replace(/\s+/g, '');
          let bytes;
          try { bytes = Uint8Array.from(atob(lines), c => c.charCodeAt(0)); } catch { bytes = new Uint8Array(0); }
          const given = fragment().get('key') || '';
          byID('key').value = given;
          byID('trust-form').addEventListener('submit', event => {
            event.preventDefault();
            judge(bytes, byID('key').value.trim());
          });
          byID('open-all').addEventListener('click', openAll);
          byID('save').addEventListener('click', () => saveAs(bytes, 'records.evidence'));
          await judge(bytes, given.trim());
        }

        main().catch(error => fail(`The check was not finished: ${error.message}.`));
        """#
}
