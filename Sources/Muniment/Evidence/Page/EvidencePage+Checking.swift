// The script of the page, second part: it checks what was decoded.
extension EvidencePage {
    /// The second part.
    static let checkingScript = #"""
        // ---- Checking

        /** Whether `key` signed the note as the log: false without a line that holds, null for another name. */
        async function signed(note, key) {
          if (key.name !== note.origin) return null;
          const id = hex((await sha256(encoder.encode(key.name + '\n'), key.typed)).subarray(0, 4));
          need(id === key.id, 'a key whose id is not its own');
          const lines = note.signatures.filter(line => line.name === key.name && line.id === key.id);
          if (!lines.length) return false;
          const imported = await crypto.subtle.importKey('raw', key.raw, {name: 'Ed25519'}, false, ['verify']);
          for (const line of lines) if (!await crypto.subtle.verify('Ed25519', imported, line.bytes, note.text)) return false;
          return true;
        }

        /** The root that follows from `leaves` (ascending: index, hash) and the proof's nodes. */
        async function proofRoot(leaves, size, nodes) {
          let next = 0;
          async function walk(low, high, from, to) {
            if (from === to) { need(next < nodes.length, 'too few nodes'); return nodes[next++]; }
            if (high - low === 1) return leaves[from].hash;
            let half = 1;
            while (half * 2 < high - low) half *= 2;
            let middle = from;
            while (middle < to && leaves[middle].index < low + half) middle++;
            const left = await walk(low, low + half, from, middle);
            return sha256(Uint8Array.of(1), left, await walk(low + half, high, middle, to));
          }
          need(leaves.length > 0 && leaves[leaves.length - 1].index < size, 'an entry past the checkpoint');
          const root = await walk(0, size, 0, leaves.length);
          need(next === nodes.length, 'too many nodes');
          return root;
        }

        async function contentCommitment(record) {
          const list = [];
          for (const piece of record.pieces) {
            list.push(piece.commitment || await sha256(Uint8Array.of(0x13), piece.salt, piece.bytes));
          }
          const count = [];
          let rest = list.length;
          while (rest >= 128) { count.push(rest & 127 | 128); rest >>= 7; }
          const a = await sha256(Uint8Array.of(0x11, ...count, rest), ...list);
          const p = record.payloadCommitment || await sha256(Uint8Array.of(0x12), record.payloadSalt, record.payload);
          return sha256(Uint8Array.of(0x10), a, p);
        }

        /** Everything that was found, for the page to show. */
        class Evidence {
          constructor(bytes) {
            this.bytes = bytes;
            this.records = []; this.controls = []; this.classes = new Map();
            this.checks = []; this.isTampered = false; this.open = [];
          }

          /** Runs one check; its result is a line of the table, and a failure makes the verdict. */
          async check(title, body) {
            let detail, state = 'good';
            try { detail = await body(); } catch (error) { detail = error.message; state = 'bad'; this.isTampered = true; }
            if (detail && detail.open) { state = 'open'; detail = detail.open; this.open.push(title); }
            if (detail && detail.noted) { state = 'noted'; detail = detail.noted; }
            this.checks.push({title, detail, state});
            return state !== 'bad';
          }

          async run(trusted) {
            const isRead = await this.check('The file can be read to its last byte', () => this.read());
            if (!isRead) return;
            await this.check('Its digest is the one that stands at its end', async () => {
              need(equal(await sha256(this.bytes.subarray(0, this.endAt)), this.end), 'it was changed, or damaged');
              return 'SHA-256 ' + hex(this.end);
            });
            await this.check('Entry 0 says what the log is', () => this.identify());
            await this.check('The log\u2019s own key signed the checkpoint', () => this.checkOwnKey());
            await this.check('A key that you trust signed the checkpoint', () => this.checkTrusted(trusted));
            await this.check('Every content opens to what its entry commits to', () => this.checkContents());
            await this.check('Nothing is disclosed but what custody says', () => this.checkDisclosure());
            await this.check('All entries lead to the root that was signed', () => this.checkProof());
            await this.check('The log tells of this very export', () => this.checkStatement());
            const purged = this.records.filter(record => record.state === 2);
            if (purged.length) {
              await this.check('What is purged was purged by a disposition of the log', () => explainPurges(purged, this.controls));
            }
          }

          read() {
            const r = new Reader(this.bytes);
            const isEvidence = equal(r.take(8), encoder.encode('MUNEVID1')) && r.u32() === 1 && r.u32() === 0;
            need(isEvidence, 'it is no evidence file of version 1');
            const limits = {1: 1, 2: 1 << 22, 3: 1 << 16, 4: 1, 5: 1, 6: 1, 7: 1};
            for (let last = 0, count = 0; last !== 7;) {
              const start = r.at, type = r.u8(), body = r.take(r.u64());
              const mayStand = type === last + 1 || type === last && count < limits[type];
              need(type in limits && mayStand, 'a part stands out of order');
              count = type === last ? count + 1 : 1;
              last = type;
              this.take(type, body, start);
            }
            r.finish();
            return `${this.bytes.length.toLocaleString('en')} bytes, ${this.records.length.toLocaleString('en')} records`;
          }

          take(type, body, start) {
            if (type === 1) this.custody = readCustody(body);
            if (type === 2) this.records.push(readRecord(body));
            if (type === 3) {
              const r = new Reader(body);
              this.controls.push({index: r.u64(), raw: r.take(r.left)});
            }
            if (type === 4) {
              this.logAt = start;
              const r = new Reader(body);
              if (flag(r)) this.logged = {index: r.u64(), salt: r.take(16), raw: r.take(r.left)};
              r.finish();
            }
            if (type === 5) this.note = readNote(body);
            if (type === 6) {
              need(body.length % 32 === 0, 'a proof that is not made of hashes');
              this.nodes = Array.from({length: body.length / 32}, (_, n) => body.subarray(32 * n, 32 * n + 32));
            }
            if (type === 7) { need(body.length === 32, 'a digest of another length'); this.end = body; this.endAt = start; }
          }

          identify() {
            for (const control of this.controls) {
              const {type, body} = readControl(readEntry(control.raw));
              if (type === 1) { need(control.index === 0, 'a second identity'); this.identity = readIdentity(body); }
              else if (type === 3) { const r = new Reader(body); this.classes.set(r.varint(1000), r.text(64)); }
              else if (type === 2 || type >= 11 && type !== 13) this.open.push('a control record that this page does not know');
            }
            need(this.identity, 'entry 0 is missing');
            need(this.identity.origin === this.note.origin, 'the checkpoint is of another log');
            return `${this.identity.origin}, log ID ${hex(this.identity.logID)}`;
          }

          async checkOwnKey() {
            need(this.identity, 'there is no identity');
            need(await signed(this.note, readKey(this.identity.key)), 'the signature does not hold');
            return `checkpoint of size ${this.note.size.toLocaleString('en')}`;
          }

          async checkTrusted(text) {
            if (!text) return {open: 'none was given: compare the key that the file states with the one of the log\u2019s owner'};
            const result = await signed(this.note, readKey(text));
            if (result === null) return {open: 'the key that was given is not one of this log'};
            need(result, 'the key that was given did not sign this checkpoint');
            return text;
          }

          async checkContents() {
            let bad = 0;
            for (const record of this.records) {
              try {
                record.entry = readEntry(record.raw);
                need(record.entry.kind === 0, 'its entry is not a user\u2019s');
                need(this.classes.has(record.entry.classID), 'its class is not declared');
                if (record.state !== 0) continue;
                record.attributes = record.pieces.map(piece => piece.bytes ? readAttribute(piece.bytes) : null);
                const made = await contentCommitment(record);
                need(equal(made, record.entry.commitment), 'its content is not what its entry commits to');
              } catch (error) { record.faults.push(error.message); bad++; }
            }
            need(bad === 0, `${bad} of ${this.records.length} records do not`);
            return `${this.records.filter(record => record.state === 0).length.toLocaleString('en')} opened`;
          }

          checkDisclosure() {
            const {disclosure, names} = this.custody;
            const told = name => disclosure === 0 || disclosure === 1 && names.includes(name);
            let bad = 0;
            for (const record of this.records) {
              const isSound = record.state !== 0 ? record.state === 2 || disclosure !== 0
                : Boolean(record.payloadSalt) === told('@payload')
                  && record.pieces.every((piece, n) => piece.bytes
                    ? record.attributes && record.attributes[n] && told(record.attributes[n].name) : disclosure !== 0);
              if (!isSound) { record.faults.push('it discloses something else than custody says'); bad++; }
            }
            need(bad === 0, `${bad} records disclose something else`);
            return disclosure === 0 ? 'whole records' : disclosure === 1 ? 'only ' + names.join(', ') : 'entries alone';
          }

          async checkProof() {
            for (const list of [this.records, this.controls]) {
              list.forEach((item, n) => need(n === 0 || item.index > list[n - 1].index, 'entries stand out of order'));
            }
            const entries = [...this.records, ...this.controls, ...(this.logged ? [this.logged] : [])];
            const leaves = [];
            for (const entry of entries) leaves.push({index: entry.index, hash: await sha256(Uint8Array.of(0), entry.raw)});
            leaves.sort((a, b) => a.index - b.index);
            leaves.forEach((leaf, n) => need(n === 0 || leaf.index > leaves[n - 1].index, 'an entry stands there twice'));
            const root = await proofRoot(leaves, this.note.size, this.nodes);
            need(equal(root, this.note.root), 'they lead to another root: an entry, or its place, was changed');
            return `root ${base64(this.note.root)}`;
          }

          async checkStatement() {
            if (!this.logged) {
              return {noted: 'it does not: custody, and that no record was left out, are the file\u2019s own words'};
            }
            const last = Math.max(this.records.at(-1).index, this.controls.at(-1).index);
            need(this.logged.index > last, 'it is said to be logged before what it exports');
            const {type, body} = readControl(readEntry(this.logged.raw));
            need(type === 12, 'what is said to be the export\u2019s record is not');
            const r = new Reader(body);
            const count = r.varint(1 << 22), statement = r.take(32);
            r.finish();
            const prefix = await sha256(this.bytes.subarray(0, this.logAt));
            const made = await sha256(Uint8Array.of(0x40), this.logged.salt, prefix);
            need(count === this.records.length && equal(statement, made), 'the log tells of another export');
            return `entry ${this.logged.index}: it binds custody, records and what is disclosed of them`;
          }

          /** How the check went whose title begins so. */
          state(title) { return this.checks.find(check => check.title.startsWith(title))?.state; }

          get verdict() { return this.isTampered ? 'tampered' : this.open.length ? 'notEstablished' : 'intact'; }
        }
        """#
}
