#!/bin/bash
# Kills `muniment append --acks` with SIGKILL at random instants, at several batch sizes, and checks after each kill that the store opens cleanly
# and that every acknowledged record is there, byte for byte, with nothing but a prefix of the input behind it.
#
#   kill9.sh BINARY          MUNIMENT_KILLS: how many, 10 unless given · MUNIMENT_KILL_SEED: of the instants, the clock's unless given
set -euo pipefail
PYTHONPATH=$(dirname "$(realpath "$0")") exec python3 -B - "$(realpath "${1:?the muniment binary}")" <<'PYTHON'
import json, subprocess, sys, threading, time

from kill9 import Killing

killing = Killing("kill9", sys.argv[1], kills_per_store=25)
fail, run, chance = killing.fail, killing.run, killing.chance


def line(n):
    return f"kill {killing.number} line {n} " + "x" * (n * 37 % 300)


def feed(pipe, stopped):
    try:
        n = 0
        while not stopped.is_set() and n < 400_000:
            pipe.write("".join(line(i) + "\n" for i in range(n, n + 500)).encode())
            n += 500
        stopped.wait()
        pipe.close()
    except (BrokenPipeError, ValueError):
        pass


def append_and_kill(batch, in_flight, delay):
    """Returns the acknowledgements as (first index, count)."""
    log = open(killing.folder + "/acks", "w+b")
    arguments = [killing.binary, "append", killing.store, "-", "--format", "lines", "--batch", str(batch), "--in-flight", str(in_flight), "--acks"]
    process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.PIPE)
    stopped = threading.Event()
    feeder = threading.Thread(target=feed, args=(process.stdin, stopped), daemon=True)
    feeder.start()
    time.sleep(delay)
    if process.poll() is not None:
        fail(f"append ended by itself with {process.returncode}: {process.stderr.read().decode().strip()}")
    process.kill()
    process.wait()
    stopped.set()
    feeder.join(5)
    log.seek(0)
    acks, before = [], 0
    for text in log.read().decode().split("\n")[:-1]:
        ack = json.loads(text)
        if "committed" in ack:
            acks.append((ack["firstIndex"], ack["committed"] - before))
            before = ack["committed"]
    log.close()
    return acks


def check(size_before, acks):
    size = json.loads(run("stat", killing.store, "--json"))["treeSize"]
    run("checkpoint", killing.store)
    acknowledged = sum(count for _, count in acks)
    if acks and acks[-1][0] + acks[-1][1] > size:
        fail(f"acknowledged up to {acks[-1][0] + acks[-1][1]}, but the log has {size} entries")
    records = [json.loads(text) for text in run("query", killing.store, "--index", f"{size_before}-{size}", "--json").splitlines()]
    for n, record in enumerate(records):
        if record["payload"] != line(n):
            fail(f"record {record['index']} is not line {n} of the input")
    if len(records) < acknowledged:
        fail(f"{acknowledged} records were acknowledged, {len(records)} are there")
    at, n = {record["index"]: n for n, record in enumerate(records)}, 0
    for first, count in acks:
        if at.get(first) != n:
            fail(f"the acknowledgement of line {n} names index {first}")
        n += count
    return acknowledged, len(records)


total = 0
for number in killing.rounds():
    before = json.loads(run("stat", killing.store, "--json"))["treeSize"]
    batch = [1, 1, 8, 100, 1_000][number % 5]
    acks = append_and_kill(batch, chance.choice([1, 8]), chance.uniform(0.0, 0.35))
    acknowledged, found = check(before, acks)
    total += acknowledged
print(f"kill9: {killing.kills} kills, {total} acknowledged records, none lost, every open clean")
PYTHON
