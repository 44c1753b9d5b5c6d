"""Writes the vectors of the structures, one JSON file each, and the hexadecimal examples of the pages.

    python3 make_vectors.py           writes the files and fills the pages
    python3 make_vectors.py --check   changes nothing; fails if a file or a page would change

Each family of structures has a module, whose `outputs()` lists its files; a new family is a new module in `FAMILIES`.
"""

import pathlib
import re
import sys

import example_store as x
import make_crypto
import vectors_of_basics
import vectors_of_certificates
import vectors_of_contents
import vectors_of_control
import vectors_of_entries
import vectors_of_evidence
import vectors_of_frames
import vectors_of_index
import vectors_of_keys
import vectors_of_retention
import vectors_of_segments
import vectors_of_trees
from structures import *
from vector_file import EXAMPLES, store

FAMILIES = [
    vectors_of_basics,
    vectors_of_entries,
    vectors_of_contents,
    vectors_of_frames,
    vectors_of_segments,
    vectors_of_trees,
    vectors_of_keys,
    vectors_of_control,
    vectors_of_retention,
    vectors_of_certificates,
    vectors_of_evidence,
    vectors_of_index,
]
HERE = pathlib.Path(__file__).parent


def examples_of_the_store():
    frame = store.frames[1]
    EXAMPLES["manifest.json example text"] = x.MANIFEST.decode()
    EXAMPLES["checkpoint.json note"] = store.checkpoint.decode()
    EXAMPLES["store.json associated data"] = frame.ad
    EXAMPLES["store.json part plaintext"] = frame.plaintext
    EXAMPLES["store.json columns"] = frame.columns
    EXAMPLES["store.json part row"] = frame.part_row
    EXAMPLES["store.json content 3"] = content(x.SECOND[1].attributes, x.SECOND[1].payload)


def fill(page, text):
    """Replaces what stands between `<!-- example: FILE NAME -->` and `<!-- end -->`."""
    def example(match):
        value = EXAMPLES[match.group(1)]
        text = value if isinstance(value, str) else "\n".join(dump(value)) + "\n"
        return "<!-- example: %s -->\n```\n%s```\n<!-- end -->" % (match.group(1), text)
    return re.sub(r"<!-- example: (.*?) -->\n.*?<!-- end -->", example, text, flags=re.S)


def outputs():
    files = {HERE / file.file: file.text() for family in FAMILIES for file in family.outputs()}
    examples_of_the_store()
    files.update(make_crypto.outputs(store))
    EXAMPLES.update(make_crypto.EXAMPLES)
    for page in sorted(HERE.parent.glob("*.md")): files[page] = fill(page.name, page.read_text())
    return files


if __name__ == "__main__":
    changed = [(p, t) for p, t in outputs().items() if not p.exists() or p.read_text() != t]
    for path, text in changed:
        print(("differs: " if "--check" in sys.argv else "wrote ") + path.name)
        if "--check" not in sys.argv: path.write_text(text)
    sys.exit(1 if changed and "--check" in sys.argv else 0)
