// The script of the page, its part about purged records: which disposition of the log destroyed each, and what that states. As verify does of
// an evidence file, it checks that the log tells of the purge; whether its rule, its clock and the holds allowed it takes the whole log.
extension EvidencePage {
    /// The part between reading and checking.
    static let dispositionScript = #"""
        // ---- Dispositions

        /** The set of indexes at the end of a prepared record, as a test. */
        function readIndexSet(r) {
          const first = r.varint(Number.MAX_SAFE_INTEGER), span = r.varint(Number.MAX_SAFE_INTEGER), form = r.u8();
          need(form <= 1 && Number.isSafeInteger(first + span), 'an index set of an unknown form');
          if (form === 1) {
            const bits = r.take(Math.floor(span / 8) + 1);
            return at => at >= first && at <= first + span && (bits[Math.floor((at - first) / 8)] >> (at - first) % 8 & 1) === 1;
          }
          const runs = [];
          let next = first;
          for (let count = r.varint(60000); count > 0; count--) {
            const end = next + r.varint(Number.MAX_SAFE_INTEGER);
            need(end <= first + span, 'a run past the end of its set');
            runs.push([next, end]);
            if (count > 1) next = end + 2 + r.varint(Number.MAX_SAFE_INTEGER);
          }
          need(runs.length > 0 && runs.at(-1)[1] === first + span, 'an index set that ends elsewhere');
          return at => runs.some(([low, high]) => at >= low && at <= high);
        }

        const anyIndex = Number.MAX_SAFE_INTEGER;
        const listed = (r, limit, item) => Array.from({length: r.varint(limit)}, item);

        function readIntent(body) {
          const r = new Reader(body);
          const intent = {compliance: r.i64(), clock: r.varint(anyIndex), isAttested: flag(r), epoch: r.varint(anyIndex)};
          intent.holds = listed(r, 4096, () => ({matter: r.varint(anyIndex), isAttested: flag(r)}));
          intent.rules = listed(r, 4096, () => ({classID: r.varint(1000), record: r.varint(anyIndex)}));
          intent.erasures = listed(r, 4096, () => r.varint(anyIndex));
          r.finish();
          return intent;
        }

        function readPrepared(body) {
          const r = new Reader(body);
          const prepared = {id: r.varint(anyIndex)};
          r.counted(65535);
          prepared.held = r.varint(262144);
          prepared.covers = readIndexSet(r);
          r.finish();
          return prepared;
        }

        function readCompleted(body) {
          const r = new Reader(body);
          const completed = {id: r.varint(anyIndex), outcome: r.u8(), strength: r.u8(), epoch: r.varint(anyIndex)};
          need(completed.outcome <= 1 && completed.strength < 8, 'an unknown outcome or strength');
          completed.prepared = listed(r, 8192, () => r.varint(anyIndex));
          r.finish();
          return completed;
        }

        /** Tells each purged record its disposition, where control records of the file show one that was carried out. */
        function explainPurges(records, controls) {
          const intents = new Map(), prepared = new Map(), carried = new Map();
          for (const control of controls) {
            const {type, body} = readControl(readEntry(control.raw));
            if (type === 8) intents.set(control.index, readIntent(body));
            if (type === 9) prepared.set(control.index, readPrepared(body));
            if (type === 10) {
              const completed = readCompleted(body);
              for (const index of completed.prepared) carried.set(index, completed);
            }
          }
          for (const record of records) {
            for (const [index, {id, held, covers}] of prepared) {
              if (!carried.has(index) || !covers(record.index)) continue;
              record.disposition = {id, held, intent: intents.get(id), strength: carried.get(index).strength};
            }
          }
          const open = records.filter(record => !record.disposition).length;
          if (open) return {open: `${open} of ${records.length} are said to be, and no disposition in the file shows it`};
          const ids = [...new Set(records.map(record => record.disposition.id))].join(', ');
          return `${records.length} records, by disposition ${ids} of the log. Not judged here: whether the rule, the clock and `
            + 'the holds allowed it; that takes the whole log, and verify';
        }

        /** What the log states of the purge of a record, as names and values. */
        function dispositionFacts(record, classes) {
          const {id, held, intent, strength} = record.disposition;
          const word = isAttested => isAttested ? 'attested' : 'proved';
          const ways = ['the files that held the keys were overwritten', 'the key-encryption key is destroyed', 'a device attests it'];
          const facts = [['Content', `purged by disposition ${id}: it was destroyed, and cannot be shown`]];
          if (intent) {
            const {classID} = record.entry || {}, rule = intent.rules.find(rule => rule.classID === classID);
            const holds = intent.holds.map(hold => `matter ${hold.matter} (${word(hold.isAttested)})`).join(', ');
            facts.push(
              ['Compliance clock', `${time(intent.compliance)}, ${word(intent.isAttested)}`],
              ['Rule', rule ? `class record ${rule.record} of ${classes.get(classID) || `class ${classID}`}`
                : `an erasure on request: ${intent.erasures.join(', ') || 'none is named'}`],
              ['Holds in force', holds || 'none']);
          }
          return facts.concat([
            ['Kept by holds', `${held.toLocaleString('en')} due records of the same segment`],
            ['Keys', ways.filter((_, bit) => strength >> bit & 1).join('; ') || 'nothing is stated'],
            ['Not judged', 'whether rule, clock and holds allowed it: verify judges that, with the whole log']]);
        }
        """#
}
