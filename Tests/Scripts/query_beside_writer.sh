#!/bin/bash
# Queries of every form in processes of their own while another process appends, in commits of several sizes, and between its turns a compaction
# purges the records of a short-lived class. Each query must end well, each hit must be proved and hold what was appended, and what a query finds of
# the records that are kept must be all of them up to where its checkpoint ends.
#
#   query_beside_writer.sh BINARY   MUNIMENT_SECONDS: how long, 60 unless given · MUNIMENT_READERS: how many at a time, 2 unless given
#                                   MUNIMENT_SEED: of the choices, the clock's unless given
set -euo pipefail
exec python3 - "$(realpath "${1:?the muniment binary}")" <<'PYTHON'
import collections, datetime, json, os, random, shutil, subprocess, sys, tempfile, threading, time

binary = sys.argv[1]
seconds = float(os.environ.get("MUNIMENT_SECONDS", "60"))
readers = int(os.environ.get("MUNIMENT_READERS", "2"))
seed = int(os.environ.get("MUNIMENT_SEED", str(int(time.time()))))
print(f"query_beside_writer: {seconds:g} s, {readers} readers, seed {seed}")
folder = tempfile.mkdtemp(prefix="muniment-beside-")
store = folder + "/archive"
stopped = threading.Event()
lock = threading.Lock()
failures, phases, tally = [], [], collections.Counter()
given = 0  # Records that were handed to an append, or are about to be.


def fail(message):
    with lock:
        if not failures: failures.append(message)
    stopped.set()


def run(*arguments, input=None):
    done = subprocess.run([binary, *arguments], capture_output=True, text=True, input=input)
    if done.returncode != 0 or done.stderr and arguments[0] == "query":
        raise RuntimeError(f"muniment {' '.join(arguments)} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


# A record follows from its number and from the phase in which it was appended.
def class_of(n):
    with lock: return next(name for start, name in reversed(phases) if start <= n)


def time_of(n): return datetime.datetime(2001, 2, 3, tzinfo=datetime.timezone.utc) + datetime.timedelta(seconds=n)


def stamp(n): return time_of(n).strftime("%Y-%m-%dT%H:%M:%SZ")


def line(n):
    return json.dumps({"n": n, "user": f"user{n % 7}", "at": stamp(n), "text": "x" * (n * 131 % 400)})


def append(name, batch, until):
    """One process that appends records of one class until a time comes; returns how many are durable."""
    global given
    options = ["--batch", str(batch)] if batch else []
    process = subprocess.Popen(
        [binary, "append", store, "-", "--format", "ndjson", "--class", name, "--stream", "s-" + name, "--time", "at", "--attr", "n=n",
         "--attr", "user=user", "--json", *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while time.time() < until and not stopped.is_set():
        count = min(200, max(1, 4 * (batch or 50)))
        with lock: first, given = given, given + count
        process.stdin.write("".join(line(n) + "\n" for n in range(first, first + count)).encode())
        process.stdin.flush()
        time.sleep(count / 5_000)
    out, errors = process.communicate()
    if process.returncode != 0 or errors: fail(f"append ended with {process.returncode}: {errors.decode().strip()}")
    else: tally["appended"] += json.loads(out.splitlines()[-1])["records"]


def write():
    """Phases of appending, and compactions between them: one writer has the store at a time."""
    turn, end = 0, time.time() + seconds
    try:
        while time.time() < end and not stopped.is_set():
            name, batch = ("kept", "chat", "mail", "chat")[turn % 4], (0, 1, 17, 1_000, 256)[turn % 5]
            with lock: phases.append((given, name))
            append(name, batch, min(end, time.time() + max(0.5, seconds / 15)))
            turn += 1
            if name == "chat":
                tally["purged"] += json.loads(run("compact", store, "--json").splitlines()[-1])["purged"]
                tally["compactions"] += 1
    except (RuntimeError, OSError) as error:
        fail(str(error))
    stopped.set()


def forms(chance):
    """Every form of selection: its name, its options, and whether a number of a class is meant by it."""
    n = chance.randrange(max(1, given))
    m = n + chance.randrange(1, 2_000)
    user = chance.randrange(7)
    yield "equality", ["--where", f"user=user{user}"], lambda k, c: k % 7 == user
    yield "prefix", ["--where", f"user^=user{user}"], lambda k, c: k % 7 == user
    yield "integers", ["--where", f"n>={n}", "--where", f"n<={m}"], lambda k, c: n <= k <= m
    yield "times", ["--from", stamp(n), "--to", stamp(m)], lambda k, c: n <= k < m
    yield "class", ["--class", "mail"], lambda k, c: c == "mail"
    yield "stream", ["--stream", "s-kept"], lambda k, c: c == "kept"
    yield "not", ["--where", f"!user=user{user}", "--where", f"n>={n}", "--where", f"n<={m}"], lambda k, c: k % 7 != user and n <= k <= m
    yield "classes", ["--class", "kept", "--class", "mail", "--where", f"n<={m}"], lambda k, c: c != "chat" and k <= m


def check(name, hits, means, isReversed=False, isWhole=True):
    """Hits are proved, hold what was appended, come in order, are meant, and of the records that are kept none is left out."""
    indexes = [hit["index"] for hit in hits]
    if indexes != sorted(set(indexes), reverse=isReversed): return f"{name}: the hits are out of order"
    numbers = []
    for hit in hits:
        if hit["proof"] != "verified": return f"{name}: record {hit['index']} is {hit['proof']}"
        if hit["purged"]:
            if hit["class"] != "chat" or hit["disposition"] is None: return f"{name}: record {hit['index']} is gone: {hit}"
            tally["purged hits"] += 1
            continue
        n = hit["attributes"]["n"][0]
        if hit["payload"] != line(n) or hit["class"] != class_of(n): return f"{name}: record {hit['index']} is not what was appended: {hit}"
        if not means(n, hit["class"]): return f"{name}: record {hit['index']} ({n}) is no hit"
        if hit["class"] != "chat": numbers.append(n)
    if isReversed: numbers.reverse()
    if isWhole and numbers:
        wanted = [n for n in range(numbers[-1] + 1) if class_of_all[n] != "chat" and means(n, class_of_all[n])]
        if numbers != wanted: return f"{name}: of {len(wanted)} records up to number {numbers[-1]} {len(numbers)} were found"
    tally["hits"] += len(hits)
    return None


class ClassOfAll:
    """The class of each number, without asking for each."""
    def __getitem__(self, n):
        global known
        while len(known) <= n:
            with lock: bounds = [start for start, _ in phases] + [given]
            known.extend(name for place, (_, name) in enumerate(phases[:len(bounds) - 1])
                         for _ in range(max(bounds[place], len(known)), bounds[place + 1]))
        return known[n]


known, class_of_all = [], ClassOfAll()


def read(number):
    chance = random.Random(seed * 100 + number)
    counts = collections.defaultdict(int)
    try:
        while not stopped.is_set() or not tally[f"rounds {number}"]:
            for name, options, means in forms(chance):
                if stopped.is_set() and tally[f"rounds {number}"]: break
                if chance.random() < 0.25:
                    # A count of what is kept never falls.
                    count = int(run("query", store, "--count", "--class", "kept", "--class", "mail"))
                    if count < counts["kept"]: return fail(f"a count fell from {counts['kept']} to {count}")
                    counts["kept"] = count
                    tally["queries"] += 1
                started = time.time()
                isReversed, isPaged = chance.random() < 0.2, chance.random() < 0.3
                options = options + (["--reverse"] if isReversed else [])
                if isPaged:
                    hits = []
                    while len(hits) < 400:
                        after = ["--after", str(hits[-1]["index"])] if hits else []
                        page = [json.loads(row) for row in run("query", store, "--json", "--limit", "100", *options, *after).splitlines()]
                        hits += page
                        tally["queries"] += 1
                        if len(page) < 100: break
                else:
                    hits = [json.loads(row) for row in run("query", store, "--json", *options).splitlines()]
                    tally["queries"] += 1
                tally["slowest"] = max(tally["slowest"], round(1_000 * (time.time() - started)))
                # What comes first from the end does not begin at the first record.
                complaint = check(name, hits, means, isReversed, isWhole=not (isPaged and isReversed and len(hits) >= 400))
                if complaint: return fail(complaint)
            tally[f"rounds {number}"] += 1
    except (RuntimeError, OSError, ValueError, KeyError) as error:
        fail(f"{type(error).__name__}: {error}")


key = run("init", store, "--origin", "example.org/beside").strip().split("\n")[-1]
run("class", "set", store, "kept")
run("class", "set", store, "mail", "--period", "P7Y", "--mode", "compliance")
run("class", "set", store, "chat", "--period", "P1D", "--since", "occurred")
threads = [threading.Thread(target=write)] + [threading.Thread(target=read, args=(number,)) for number in range(readers)]
for thread in threads: thread.start()
for thread in threads: thread.join()
if not failures:
    try:
        verdict = json.loads(run("verify", store, "--key", key, "--json").splitlines()[-1])
        kept = sum(1 for n in range(given) if class_of_all[n] != "chat")
        counted = int(run("query", store, "--count", "--class", "kept", "--class", "mail"))
        if verdict["verdict"] != "intact" or verdict["unexplained"]: failures.append(f"verify says {verdict}")
        elif tally["appended"] != given or counted != kept: failures.append(f"{given} were given, {tally['appended']} appended, {kept} kept, {counted} found")
    except RuntimeError as error: failures.append(str(error))
if failures:
    print(f"query_beside_writer: {failures[0]} (MUNIMENT_SEED={seed}; the store is kept in {folder})")
    sys.exit(1)
shutil.rmtree(folder)
print(f"query_beside_writer: {tally['queries']} queries with {tally['hits']} hits, all proved, beside {tally['appended']} appends and "
      f"{tally['compactions']} compactions of {tally['purged']} records; {tally['purged hits']} hits were purged; slowest {tally['slowest']} ms")
PYTHON
