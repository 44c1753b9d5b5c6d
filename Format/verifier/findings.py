"""Findings, and the files that they are about."""

import base64
import contextlib
import os
import stat
import time

from .notes import decode_note
from .primitives import MIB, Refusal

ERROR, NOTICE, UNATTESTED = "error", "notice", "unattested"


class Report:
    """Passes each finding on as soon as it is made, and counts them."""

    def __init__(self, write):
        self.write, self.counts, self.started = write, {ERROR: 0, NOTICE: 0, UNATTESTED: 0}, time.monotonic()

    def add(self, severity, finding, message, file=None, offset=None, index=None):
        self.counts[severity] += 1
        self.write({"finding": finding, "severity": severity, "file": file, "offset": offset, "index": index,
                    "message": message})

    def error(self, *finding): self.add(ERROR, *finding)
    def notice(self, *finding): self.add(NOTICE, *finding)
    def unattested(self, *finding): self.add(UNATTESTED, *finding)

    def untrusted(self): self.unattested("key.untrusted", "no key was given to trust, so no signature was checked")

    @contextlib.contextmanager
    def guard(self, finding, file=None, offset=None, index=None):
        """A refusal inside becomes `finding`; what cannot be read, and what nobody foresaw, findings of their own."""
        try: yield
        except Refusal as refusal: self.error(finding, str(refusal), file, offset, index)
        except FileNotFoundError: self.error("file.missing", "the file is not there", file, None, index)
        except OSError as error: self.error("file.unreadable", str(error), file, offset, index)
        except Exception as error:
            self.error("verifier.internal", "%s: %s" % (type(error).__name__, error), file, offset, index)

    def conclude(self, tree_size, root, records, purged=0, unexplained=0):
        """Writes the last line and returns the exit code."""
        verdict = "tampered" if self.counts[ERROR] else "notEstablished" if self.counts[UNATTESTED] else "intact"
        self.write({"verdict": verdict, "treeSize": tree_size, "root": base64.b64encode(root).decode(),
                    "records": records, "purged": purged, "unexplained": unexplained,
                    "findings": sum(self.counts.values()), "seconds": round(time.monotonic() - self.started, 3)})
        return {"tampered": 1, "notEstablished": 2, "intact": 0}[verdict]


class File:
    """A regular file, read by place; never more is read than there was when it was opened."""

    def __init__(self, root, name):
        self.fd = os.open(os.path.join(root, name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        status = os.fstat(self.fd)
        self.size = status.st_size
        if not stat.S_ISREG(status.st_mode):
            self.close()
            raise OSError("not a regular file")

    def close(self): os.close(self.fd)
    def __enter__(self): return self
    def __exit__(self, *_): self.close()

    def read(self, at, count):
        left, pieces = max(0, min(count, self.size - at)) if at >= 0 else 0, []
        while left:
            piece = os.pread(self.fd, left, at)
            if not piece: break
            pieces.append(piece)
            at, left = at + len(piece), left - len(piece)
        return b"".join(pieces)

    def nonzero(self, at, end):
        """The place of the first byte from `at` on that is not zero, or None."""
        while at < end:
            try: at = max(at, os.lseek(self.fd, at, os.SEEK_DATA))      # a hole may be of any size
            except OSError: return None
            chunk = self.read(at, min(MIB, end - at))
            rest = chunk.lstrip(b"\0")
            if rest: return at + len(chunk) - len(rest)
            if not chunk: return None
            at += len(chunk)
        return None


def read_file(root, name, limit):
    """A whole file, but at most `limit` + 1 bytes of it, so that the caller sees that it is too long."""
    with File(root, name) as file: return file.read(0, limit + 1)


def files_below(root):
    """The paths of all files, and of links, in a directory, sorted."""
    for folder, names, files in os.walk(root):
        names.sort()
        links = [name for name in names if os.path.islink(os.path.join(folder, name))]
        for name in sorted(files + links): yield os.path.relpath(os.path.join(folder, name), root)


def printable(path): return os.fsencode(path).decode("utf-8", "backslashreplace")


def take_note(report, raw, file, offset, origin, keys):
    """A checkpoint that may be believed as far as `keys` go, or None with the finding made."""
    try: return decode_note(raw, origin, keys)
    except Refusal as refusal:
        finding = "checkpoint.signature" if refusal.code == "signature" else "checkpoint.malformed"
        report.error(finding, str(refusal), file, offset)


# ---------------------------------------------------------------------------- the keys directory
