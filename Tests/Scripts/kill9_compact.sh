#!/bin/bash
# Kills `muniment compact` with SIGKILL at random instants, and checks after each kill that the store opens, that what is held or not due is there
# byte for byte, that the same purge is then completed, and that nothing is lost unexplained.
#
#   kill9_compact.sh BINARY   MUNIMENT_KILLS: how many, 10 unless given · MUNIMENT_KILL_SEED: of the instants, the clock's unless given
set -euo pipefail
PYTHONPATH=$(dirname "$(realpath "$0")") exec python3 -B - "$(realpath "${1:?the muniment binary}")" <<'PYTHON'
import json, subprocess, sys, time

from kill9 import Killing

killing = Killing("kill9_compact", sys.argv[1], kills_per_store=20)
fail, run, chance = killing.fail, killing.run, killing.chance


def append(kind, count):
    """Records of one class; `kind` is their class, and says whether they are due."""
    when = "2001-02-03T04:05:06Z" if kind == "mail" else "2030-01-01T00:00:00Z"
    who = chance.choice(["ann", "bob"])
    lines = [json.dumps({"n": next(numbers), "from": who, "at": when, "text": "x" * chance.randrange(200)}) for _ in range(count)]
    done = killing.last_json("append", killing.store, "-", "--format", "ndjson", "--class", kind, "--time", "at", "--attr", "from=from", "--json",
                             input="\n".join(lines) + "\n")
    for n, line in enumerate(lines):
        index = done["firstIndex"] + n
        if kind != "mail": kept[index] = line
        elif who == "ann": held[index] = line
        else: due[index] = line


def compact_and_kill(delay):
    process = subprocess.Popen([killing.binary, "compact", killing.store, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(delay)
    process.kill()
    process.communicate()
    return process.returncode == -9


def check(is_settled):
    """What is there; `is_settled`: the purge is over, so whatever is gone has a disposition under the checkpoint."""
    wanted = {**kept, **held}
    found = {}
    for line in run("query", killing.store, "--class", "mail", "--class", "notes", "--json").splitlines():
        record = json.loads(line)
        if not record["purged"]: found[record["index"]] = record["payload"]
        elif is_settled and record.get("disposition") is None: fail(f"record {record['index']} is purged without a disposition")
    for index, line in wanted.items():
        if found.get(index) != line: fail(f"record {index}, which is held or not due, is {found.get(index)!r}")
    return [index for index in due if index in found]


def prepare():
    global numbers
    numbers = iter(range(10**9))
    for records in (kept, held, due): records.clear()
    run("class", "set", killing.store, "mail", "--period", "P7Y", "--since", "occurred", "--mode", "compliance")
    run("class", "set", killing.store, "notes")
    run("hold", "place", killing.store, "Ann", "--class", "mail", "--where", "from=ann")


kept, held, due, struck, purged = {}, {}, {}, 0, 0
for _ in killing.rounds(prepare):
    for _ in range(chance.randrange(1, 4)): append(chance.choice(["mail", "mail", "notes"]), chance.randrange(1, 400))
    struck += compact_and_kill(chance.uniform(0.0, 0.08))
    check(False)
    run("compact", killing.store)
    left = check(True)
    if left: fail(f"{len(left)} records are due and not held, and still there: {left[:5]}")
    purged += len(due)
    due.clear()
    verdict = killing.verify()
    if verdict["verdict"] != "intact" or verdict["unexplained"]: fail(f"verify says {verdict}")
print(f"kill9_compact: {killing.kills} runs, {struck} killed under way, {purged} records purged, none lost that was held or not due, every purge completed")
PYTHON
