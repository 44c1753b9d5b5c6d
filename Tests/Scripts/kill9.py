"""What the scripts that kill `muniment` share: a store in a folder of its own, running the command, and saying how a failure is repeated.

MUNIMENT_KILLS: how many kills, 10 unless given. MUNIMENT_KILL_SEED: of what is left to chance, the clock's unless given.
"""
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time


class Killing:
    """One run of a script. `number` is the kill that is under way; `folder`, `store` and `key` are of the store that it concerns."""

    def __init__(self, name, binary, kills_per_store):
        self.name, self.binary, self.kills_per_store = name, binary, kills_per_store
        self.kills = int(os.environ.get("MUNIMENT_KILLS", "10"))
        self.seed = int(os.environ.get("MUNIMENT_KILL_SEED", str(int(time.time()))))
        self.chance = random.Random(self.seed)
        self.number, self.folder, self.store, self.key = 0, None, None, None
        print(f"{name}: {self.kills} kills, seed {self.seed}")

    def fail(self, message):
        print(f"{self.name}: {message} (kill {self.number} of {self.kills}, MUNIMENT_KILL_SEED={self.seed}; the store is kept in {self.folder})")
        sys.exit(1)

    def run(self, *arguments, input=None):
        """What the command prints; fails where it does."""
        done = subprocess.run([self.binary, *arguments], capture_output=True, text=True, input=input)
        if done.returncode != 0:
            self.fail(f"muniment {' '.join(arguments)} ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def last_json(self, *arguments, input=None):
        """The last line that the command prints, an object."""
        return json.loads(self.run(*arguments, input=input).splitlines()[-1])

    def verify(self):
        """The verdict, by the log's key."""
        return self.last_json("verify", self.store, "--key", self.key, "--json")

    def rounds(self, prepare=lambda: None):
        """Yields the number of each kill. Every `kills_per_store` kills the store is verified, and a new one made and prepared."""
        for self.number in range(1, self.kills + 1):
            if self.number % self.kills_per_store == 1:
                self.end()
                self.folder = tempfile.mkdtemp(prefix="muniment-kill9-")
                self.store = self.folder + "/archive"
                self.key = self.run("init", self.store, "--origin", "example.org/kill9").strip().split("\n")[-1]
                prepare()
            yield self.number
        self.end()

    def end(self):
        """Verifies the store, which must be intact, and removes it."""
        if not self.folder:
            return
        self.run("verify", self.store, "--key", self.key)
        shutil.rmtree(self.folder)
        self.folder = None
