// The script of the page, first part: it decodes the evidence file.
extension EvidencePage {
    /// The first part of the script.
    static let readingScript = #"""
        'use strict';
        // Checks the evidence file in this page, as Format/evidence.md says, with the browser's own SHA-256 and Ed25519.
        // Nothing here makes markup from bytes of the file: text nodes only.

        const utf8 = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});
        const encoder = new TextEncoder();
        const byID = id => document.getElementById(id);
        const hex = bytes => Array.from(bytes, b => b.toString(16).padStart(2, '0')).join('');
        const equal = (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]);
        const base64 = bytes => btoa(Array.from(bytes, b => String.fromCharCode(b)).join(''));

        function concat(...parts) {
          const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
          let at = 0;
          for (const part of parts) { whole.set(part, at); at += part.length; }
          return whole;
        }

        async function sha256(...parts) {
          const whole = parts.length === 1 ? parts[0] : concat(...parts);
          return new Uint8Array(await crypto.subtle.digest('SHA-256', whole));
        }

        function unbase64(text) {
          if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) throw Error('bad base64');
          const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0));
          if (base64(bytes) !== text) throw Error('base64 with two spellings');
          return bytes;
        }

        function need(condition, what) { if (!condition) throw Error(what); }

        // ---- Reading

        class Reader {
          constructor(bytes) {
            this.bytes = bytes;
            this.at = 0;
            this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
          }
          get left() { return this.bytes.length - this.at; }
          take(count) {
            need(count >= 0 && count <= this.left, 'bytes are missing');
            this.at += count;
            return this.bytes.subarray(this.at - count, this.at);
          }
          u8() { return this.take(1)[0]; }
          u16() { this.take(2); return this.view.getUint16(this.at - 2, true); }
          u32() { this.take(4); return this.view.getUint32(this.at - 4, true); }
          i64() { this.take(8); return this.view.getBigInt64(this.at - 8, true); }
          u64() {
            this.take(8);
            const value = this.view.getBigUint64(this.at - 8, true);
            need(value <= 9007199254740991n, 'a number above 2^53, which this page cannot handle');
            return Number(value);
          }
          varint(limit) {
            let value = 0n, shift = 0n, byte;
            do {
              byte = this.u8();
              need(shift < 63n || byte <= 1, 'a varint above 64 bits');
              value |= BigInt(byte & 127) << shift;
              shift += 7n;
            } while (byte >= 128);
            need(byte !== 0 || shift === 7n, 'a varint that is not minimal');
            need(value <= BigInt(limit), 'a number out of bounds');
            return Number(value);
          }
          counted(limit) { return this.take(this.varint(limit)); }
          text(limit) { return utf8.decode(this.counted(limit)); }
          finish() { need(this.left === 0, 'bytes after the end'); }
        }

        function readEntry(raw) {
          const r = new Reader(raw);
          const [suite, kind, flags] = r.take(3);
          need(suite === 1 && kind <= 1 && flags <= 7, 'an entry of an unknown suite, kind or flag');
          const entry = {kind, classID: r.varint(0xffffffff), recorded: r.i64(), control: null};
          if (flags & 1) entry.occurred = r.i64();
          if (flags & 2) entry.compliance = r.i64();
          entry.commitment = r.take(32);
          if (flags & 4) readExtensions(r, entry);
          r.finish();
          return entry;
        }

        function readExtensions(r, entry) {
          const count = r.varint(64);
          need(count > 0, 'an empty list of extensions');
          for (let n = 0, last = -1; n < count; n++) {
            const key = r.varint(Number.MAX_SAFE_INTEGER);
            const type = Math.floor(key / 2);
            need(type > last, 'extensions that do not ascend');
            last = type;
            const bytes = r.counted(65535);
            if (type === 1 && key % 2 === 1) entry.control = bytes;
            else need(key % 2 === 0, 'a critical extension that this page does not know');
          }
        }

        function readControl(entry) {
          need(entry.kind === 1 && entry.control, 'a control record without its public part');
          const r = new Reader(entry.control);
          const [type, version] = r.take(2);
          need(type >= 1 && type <= 13 && version === 1, 'a control record of an unknown type or version');
          r.varint(Number.MAX_SAFE_INTEGER);
          return {type, body: r.take(r.left)};
        }

        function readIdentity(body) {
          const r = new Reader(body);
          const identity = {logID: r.take(32), manifest: r.take(32), origin: r.text(1024), key: r.text(4096)};
          r.counted(32768);
          r.take(16);
          need(r.i64() >= 0n, 'a time before the boot');
          r.finish();
          return identity;
        }

        function readCustody(body) {
          const r = new Reader(body);
          const custody = {exported: r.i64(), exporter: r.text(1024), tool: r.text(256), selection: r.text(65535)};
          custody.disclosure = r.u8();
          need(custody.disclosure <= 2, 'an unknown disclosure');
          const count = r.varint(256);
          need((count > 0) === (custody.disclosure === 1), 'names that do not fit the disclosure');
          custody.names = [];
          let last = null;
          for (let n = 0; n < count; n++) {
            const raw = r.counted(255);
            need(raw.length > 0 && (last === null || precedes(last, raw)), 'names that do not ascend');
            custody.names.push(utf8.decode(last = raw));
          }
          r.finish();
          return custody;
        }

        function precedes(a, b) {
          for (let at = 0; at < Math.min(a.length, b.length); at++) if (a[at] !== b[at]) return a[at] < b[at];
          return a.length < b.length;
        }

        function flag(r) {
          const value = r.u8();
          need(value <= 1, 'a piece that is neither disclosed nor withheld');
          return value === 1;
        }

        function readRecord(body) {
          const chunk = new Reader(body);
          const r = new Reader(chunk.take(chunk.u32()));
          const record = {index: r.u64(), state: r.u8(), pieces: [], faults: []};
          need(record.state <= 2, 'a record in an unknown state');
          record.raw = r.take(r.u16());
          if (record.state === 0) {
            let last = null;
            for (let count = r.varint(4096); count > 0; count--) {
              if (!flag(r)) { record.pieces.push({commitment: r.take(32)}); continue; }
              const piece = {salt: r.take(16), bytes: r.counted(1048576)};
              need(last === null || precedes(last, piece.bytes), 'attributes that do not ascend');
              last = piece.bytes;
              record.pieces.push(piece);
            }
            if (flag(r)) { record.payloadSalt = r.take(16); record.payload = chunk.take(chunk.left); }
            else record.payloadCommitment = r.take(32);
          }
          r.finish();
          chunk.finish();
          return record;
        }

        function readAttribute(raw) {
          const r = new Reader(raw);
          const name = r.text(255);
          need(name.length > 0, 'an attribute without a name');
          const type = r.u8();
          const rest = r.take(r.left);
          if (type === 1) return {name, value: utf8.decode(rest)};
          if (type === 3) return {name, value: '0x' + hex(rest)};
          need(type === 2 && rest.length === 8, 'an attribute of an unknown type');
          const value = new DataView(rest.buffer, rest.byteOffset, 8).getBigUint64(0) ^ (1n << 63n);
          return {name, value: BigInt.asIntN(64, value).toString()};
        }

        function readKey(text) {
          const parts = text.match(/^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/);
          need(parts, 'not a key of the form name+id+base64');
          const raw = unbase64(parts[3]);
          need(raw.length === 33 && raw[0] === 1, 'not an Ed25519 key');
          return {text, name: parts[1], id: parts[2], typed: raw, raw: raw.subarray(1)};
        }

        /** A note's checkpoint and signature lines. */
        function readNote(raw) {
          const note = utf8.decode(raw);
          const at = note.lastIndexOf('\n\n');
          need(at >= 0 && note.endsWith('\n') && !/[\0-\x09\x0b-\x1f]/.test(note), 'not a signed note');
          const text = note.slice(0, at + 1), lines = text.slice(0, -1).split('\n');
          need(lines.length >= 3 && lines.every(line => line) && /^(0|[1-9][0-9]*)$/.test(lines[1]), 'not a checkpoint');
          const root = unbase64(lines[2]);
          need(root.length === 32 && Number.isSafeInteger(Number(lines[1])), 'a root or a size out of bounds');
          const signatures = note.slice(at + 2, -1).split('\n').map(line => {
            const match = line.match(/^\u2014 ([^\s+]+) ([A-Za-z0-9+/=]+)$/);
            need(match, 'a malformed signature line');
            const blob = unbase64(match[2]);
            need(blob.length >= 5, 'a short signature');
            return {name: match[1], id: hex(blob.subarray(0, 4)), bytes: blob.subarray(4)};
          });
          return {origin: lines[0], size: Number(lines[1]), root, text: encoder.encode(text), signatures};
        }
        """#
}
