#!/bin/bash
# Kills `muniment compact` with SIGKILL at random instants, and checks after each kill that the store opens, that what is held or not due is there
# byte for byte, that the same purge is then completed, and that nothing is lost unexplained.
#
#   kill9_compact.sh BINARY   MUNIMENT_KILLS: how many, 10 unless given · MUNIMENT_KILL_SEED: of the instants, the clock's unless given
set -euo pipefail
exec python3 - "$(realpath "${1:?the muniment binary}")" <<'PYTHON'
import json, os, random, shutil, subprocess, sys, tempfile, time

binary = sys.argv[1]
kills = int(os.environ.get("MUNIMENT_KILLS", "10"))
seed = int(os.environ.get("MUNIMENT_KILL_SEED", str(int(time.time()))))
chance = random.Random(seed)
print(f"kill9_compact: {kills} kills, seed {seed}")


def fail(message):
    print(f"kill9_compact: {message} (kill {number} of {kills}, MUNIMENT_KILL_SEED={seed}; the store is kept in {folder})")
    sys.exit(1)


def run(*arguments, input=None):
    done = subprocess.run([binary, *arguments], capture_output=True, text=True, input=input)
    if done.returncode != 0:
        fail(f"muniment {' '.join(arguments)} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def append(kind, count):
    """Records of one class; `kind` is their class, and says whether they are due."""
    when = "2001-02-03T04:05:06Z" if kind == "mail" else "2030-01-01T00:00:00Z"
    who = chance.choice(["ann", "bob"])
    lines = [json.dumps({"n": next(numbers), "from": who, "at": when, "text": "x" * chance.randrange(200)}) for _ in range(count)]
    done = json.loads(run("append", store, "-", "--format", "ndjson", "--class", kind, "--time", "at", "--attr", "from=from", "--json",
                          input="\n".join(lines) + "\n").splitlines()[-1])
    for n, line in enumerate(lines):
        index = done["firstIndex"] + n
        if kind != "mail": kept[index] = line
        elif who == "ann": held[index] = line
        else: due[index] = line


def compact_and_kill(delay):
    process = subprocess.Popen([binary, "compact", store, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(delay)
    process.kill()
    process.communicate()
    return process.returncode == -9


def check(is_settled):
    """What is there; `is_settled`: the purge is over, so whatever is gone has a disposition under the checkpoint."""
    wanted = {**kept, **held}
    found = {}
    for line in run("query", store, "--class", "mail", "--class", "notes", "--json").splitlines():
        record = json.loads(line)
        if not record["purged"]: found[record["index"]] = record["payload"]
        elif is_settled and record.get("disposition") is None: fail(f"record {record['index']} is purged without a disposition")
    for index, line in wanted.items():
        if found.get(index) != line: fail(f"record {index}, which is held or not due, is {found.get(index)!r}")
    return [index for index in due if index in found]


folder, store, number, struck, purged = None, None, 0, 0, 0
for number in range(1, kills + 1):
    if number % 20 == 1:
        if folder:
            run("verify", store, "--key", key)
            shutil.rmtree(folder)
        folder = tempfile.mkdtemp(prefix="muniment-kill9-")
        store, numbers = folder + "/archive", iter(range(10**9))
        kept, held, due = {}, {}, {}
        key = run("init", store, "--origin", "example.org/kill9").strip().split("\n")[-1]
        run("class", "set", store, "mail", "--period", "P7Y", "--since", "occurred", "--mode", "compliance")
        run("class", "set", store, "notes")
        run("hold", "place", store, "Ann", "--class", "mail", "--where", "from=ann")
    for _ in range(chance.randrange(1, 4)): append(chance.choice(["mail", "mail", "notes"]), chance.randrange(1, 400))
    struck += compact_and_kill(chance.uniform(0.0, 0.08))
    check(False)
    run("compact", store)
    left = check(True)
    if left: fail(f"{len(left)} records are due and not held, and still there: {left[:5]}")
    purged += len(due)
    due = {}
    verdict = json.loads(run("verify", store, "--key", key, "--json").splitlines()[-1])
    if verdict["verdict"] != "intact" or verdict["unexplained"]: fail(f"verify says {verdict}")
run("verify", store, "--key", key)
shutil.rmtree(folder)
print(f"kill9_compact: {kills} runs, {struck} killed under way, {purged} records purged, none lost that was held or not due, every purge completed")
PYTHON
