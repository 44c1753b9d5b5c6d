#!/usr/bin/env python3
"""The second verifier of Muniment stores, written from the pages of this folder alone, sharing no code with the engine.

    verify.py PATH [--key VKEY]... [--keys DIR | --no-keys] [--passphrase-file F] [--against CHECKPOINT] [--entry FILE]
              [--json]
    verify.py --self-test

PATH is a store, a directory of tiles (checkpoint, tile/...), an evidence file, a certificate of destruction or a
tlog-proof file. Everything is derived again from the bytes, and all findings are reported. What is trusted is given by --key, never taken from the store. With a keys
directory (--keys, or PATH.keys if that exists) contents are opened and checked against the commitments in the entries.

Severities are `error` (tampering or loss), `unattested` (nothing trusted vouches for it) and `notice` (neither). Any
error makes the verdict `tampered` (exit 1); otherwise anything unattested makes it `notEstablished` (2); otherwise it
is `intact` (0). 64: usage. 65: PATH is nothing that can be verified. 66: PATH is absent.

Needs Python 3.11, and the packages `cryptography` and `lz4`.
"""

import argparse
import json
import os
import sys

from verifier.evidence import EVIDENCE_MAGIC, Evidence
from verifier.certificate import CertificateCheck, is_certificate
from verifier.findings import File, Report, printable, read_file
from verifier.notes import decode_vkey
from verifier.primitives import MIB, Refusal
from verifier.store import Store
from verifier.tiles import PROOF_MAGIC, Tiles, verify_proof


def as_text(value):
    """A finding or the last line, for a reader. Nothing from a store reaches a terminal unescaped."""
    def quote(item): return json.dumps(item)[1:-1].replace("\x7f", "\\u007f") if isinstance(item, str) else str(item)
    if "verdict" in value: return ", ".join("%s %s" % (key, quote(item)) for key, item in value.items())
    place = ["%s %s" % (key, value[key]) for key in ("offset", "index") if value[key] is not None]
    place = ", ".join([quote(value["file"])] * bool(value["file"]) + place)
    text = "%s: %s: %s" % (value["severity"], value["finding"], quote(value["message"]))
    return text + " (%s)" % place if place else text


def verify(path, write, keys=(), keys_folder=None, passphrase=None, against=None, entry=None):
    """Verifies whatever stands at `path`, and returns the exit code."""
    report = Report(write)
    if not os.path.lexists(path): return 66
    if os.path.isdir(path):
        names = set(os.listdir(path))
        if names & {"muniment.json", "segments"}:
            return Store(path, report, keys, keys_folder, passphrase, against).run()
        if names & {"checkpoint", "tile"}: return Tiles(path, report, keys).run()
        return 65
    with File(".", os.path.abspath(path)) as file:
        if file.read(0, 8) == EVIDENCE_MAGIC:
            return Evidence(file, printable(os.path.basename(path)), report, keys).run()
        is_certified = is_certificate(file.read(0, 256))
    raw = read_file(".", os.path.abspath(path), (64 if is_certified else 2) * MIB)
    if is_certified: return CertificateCheck(raw, printable(os.path.basename(path)), report, keys).run()
    if not raw.startswith(PROOF_MAGIC): return 65
    return verify_proof(raw, printable(os.path.basename(path)), report, keys, entry)


def main(arguments):
    parser = argparse.ArgumentParser(prog="verify.py", usage=__doc__.split("\n\n")[1].strip())
    parser.error = lambda message: (print("verify.py: " + message, file=sys.stderr), sys.exit(64))
    parser.add_argument("path", nargs="?")
    for option in ("--keys", "--passphrase-file", "--against", "--entry"): parser.add_argument(option)
    parser.add_argument("--key", action="append", default=[])
    for option in ("--json", "--no-keys", "--self-test"): parser.add_argument(option, action="store_true")
    options = parser.parse_args(arguments)
    if options.self_test:
        from verifier import self_test
        return self_test.run(verify)
    if not options.path: parser.error("no PATH")
    try:
        keys = [decode_vkey(key) for key in options.key]
        passphrase, entry, against = [path and read_file(".", os.path.abspath(path), MIB)
                                      for path in (options.passphrase_file, options.entry, options.against)]
        if passphrase: passphrase = passphrase.rstrip(b"\r\n")
    except (Refusal, OSError) as error: parser.error(str(error))
    folder = options.keys or os.path.normpath(options.path) + ".keys"
    if options.no_keys or not options.keys and not os.path.isdir(folder): folder = None
    encode = json.dumps if options.json else as_text
    code = verify(options.path, lambda value: print(encode(value)), keys, folder, passphrase, against, entry)
    problem = {65: "is nothing that can be verified", 66: "is not there"}.get(code)
    if problem: print("verify.py: %s %s" % (printable(options.path), problem), file=sys.stderr)
    return code


if __name__ == "__main__": sys.exit(main(sys.argv[1:]))
