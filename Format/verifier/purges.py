"""Why contents are missing: purged, on their way to be, or lost (retention.md; findings.md)."""

from types import SimpleNamespace

from .entries import decode_columns
from .findings import File
from .policy import SECOND, end_of
from .primitives import Refusal
from .segments import decode_frame_header


class Purges:
    """Classifies the missing contents of every segment, once the whole log has been read."""

    def __init__(self, store, covered):
        self.store, self.report, self.policy, self.covered = store, store.report, store.policy_, covered
        self.signed = store.covered_by_now(covered)
        self.purged = self.unexplained = self.gone = 0
        self.steps = {}
        for disposition in self.policy.dispositions:
            over = disposition.completed
            for prepared in disposition.prepared:
                if over and prepared.index not in over.prepared: continue
                step = SimpleNamespace(disposition=disposition, prepared=prepared, done=bool(over))
                self.steps.setdefault(prepared.seal.segment, []).append(step)

    def step_of(self, walk):
        """The prepared record that speaks of a segment's file, or None."""
        found = [s for s in self.steps.get(walk.number, []) if s.prepared.seal.generation == walk.generation]
        return found[-1] if found else None

    def run(self):
        for number, walk in sorted(self.store.walks.items()):
            steps = self.steps.get(number, [])
            due = [s for s in steps if s.done and s.disposition.completed.index < self.covered]
            if due and walk.generation < due[-1].prepared.seal.generation:
                message = "disposition %d put generation %d in its place" % (due[-1].disposition.id, due[-1].prepared.seal.generation)
                self.report.error("seal.mismatch", message, walk.path, None, walk.first)
            if steps or walk.missing or walk.keyless: self.classify(walk, steps)
            for step in steps:
                with self.report.guard("file.unreadable", walk.path): Judge(self, walk, step).run()
        for disposition in self.policy.dispositions: self.conclude(disposition)
        keyring = self.store.keyring
        if keyring and keyring.header and self.policy.epoch is not None and keyring.header.epoch < self.policy.epoch:
            message = "the keys are of epoch %d; a disposition left them in %d" % (keyring.header.epoch, self.policy.epoch)
            self.report.error("key.epoch", message, keyring.path("groups"), 48)
        if keyring and keyring.epoch_key: self.check_keys(keyring)

    def check_keys(self, keyring):
        """No key may be left of what a disposition destroyed."""
        used = {(number, group.row.slot) for number, walk in self.store.walks.items() for group in walk.groups.values()}
        for slot, row in keyring.present():
            done = [s for s in self.steps.get(row.segment, []) if s.done]
            if done and row.generation <= done[-1].prepared.seal.generation and (row.segment, slot) not in used:
                message = "class %d of segment %d was to lose this key" % (row.class_, row.segment)
                self.report.error("key.survives", message, keyring.path("groups"), 256 + 128 * slot)

    def classify(self, walk, steps):
        inside = range(walk.first, walk.end)
        done, going = set(), set()
        for step in steps:                                          # past the checkpoint it explains nothing that one covers
            least = 0 if step.prepared.index < self.signed else self.signed
            (done if step.done else going).update(n for n in step.prepared.purged if n in inside and n >= least)
        going -= done
        exact, covering = bool(self.store.keyring) and not walk.unopened, self.step_of(walk)
        missing, rewritten = set(walk.missing), covering is not None
        if rewritten and not exact and covering.prepared.index >= self.signed:
            missing |= {n for n in covering.prepared.purged if n in inside}
        keyless = set(walk.keyless) - missing
        absent = missing | keyless
        self.purged += len(absent & done if exact or not rewritten else done)
        self.gone += len(absent & going if exact or not rewritten else going)
        known = self.policy.open.intent.epoch if self.policy.open else self.policy.epoch or 0
        ahead = self.store.keyring and self.store.keyring.header and self.store.keyring.header.epoch > known
        lost, unkeyed = missing - done - going, keyless - done - going
        if lost:
            message = "%d contents are gone, and no disposition destroyed them" % len(lost)
            self.report.error("content.missing", message, walk.path, None, min(lost))
        if unkeyed:
            message = "%d contents whose keys are destroyed, and no disposition says so" % len(unkeyed)
            tell = self.report.unattested if ahead else self.report.error
            tell("key.missing" if ahead else "content.missing", message, walk.path, None, min(unkeyed))
        self.unexplained += len(lost) + (0 if ahead else len(unkeyed))
        surviving = done - absent if exact else set()
        if surviving:
            message = "%d contents that a disposition purged are still there" % len(surviving)
            self.report.error("purge.survives", message, walk.path, None, min(surviving))

    def conclude(self, disposition):
        over, intent = disposition.completed, disposition.intent
        def notice(finding, message): self.report.notice(finding, message, None, None, disposition.id)
        if not over: return notice("purge.incomplete", "not completed; %d contents that it lists are gone" % self.gone)
        if not over.outcome: return notice("purge.aborted", "it was given up before it destroyed anything")
        done = [p for p in disposition.prepared if p.index in over.prepared]
        how = ("proved", "attested")
        holds = ", ".join("%d %s" % (hold.matter, how[hold.decided]) for hold in intent.holds) or "none"
        rules = ", ".join("class %d by record %d" % (rule.class_, rule.record) for rule in intent.rules) or "none"
        notice("content.purged", "%d contents of %d segments; rules: %s; clock %d by record %d, %s; holds: %s; strength %d" % (
            sum(len(p.purged) for p in done), len(done), rules, intent.compliance, intent.clock, how[intent.evidence], holds,
            over.strength))


class Judge:
    """May the records that one prepared record lists be gone?"""

    def __init__(self, purges, walk, step):
        self.purges, self.walk, self.step, self.policy = purges, walk, step, purges.policy
        self.intent, self.purged = step.disposition.intent, step.prepared.purged
        self.at = step.disposition.prepared[0].index
        inside = range(step.prepared.seal.firstIndex, step.prepared.seal.firstIndex + step.prepared.seal.entryCount)
        self.erasures = {record for index, record in self.policy.erasures if index < self.at and record in inside}
        self.holds = self.policy.in_force(self.at)
        self.early, self.unstated, self.held = [], [], {}

    def run(self):
        with File(self.walk.store.root, self.walk.path) as file:
            for offset, _, first, count, *_ in self.walk.frames:
                if first > self.purged.last or first + count <= self.purged.first: continue
                try:
                    size = int.from_bytes(file.read(offset + 8, 4), "little")
                    h = decode_frame_header(file.read(offset, size))
                    columns = decode_columns(file.read(offset + size, h.entriesByteCount), h.entryCount)
                except Refusal: continue
                for run in columns.runs: self.judge(run, h.firstIndex + run.first)
        id, path = self.step.disposition.id, self.walk.path
        if self.early:
            message = "disposition %d lists %d records that were not due" % (id, len(self.early))
            self.purges.report.error("purge.early", message, path, None, self.early[0])
        if self.unstated:
            message = "disposition %d lists %d records of a class whose rule it does not state" % (id, len(self.unstated))
            self.purges.report.error("disposition.facts", message, path, None, self.unstated[0])
        for matter, indexes in sorted(self.held.items()):
            message = "disposition %d lists %d records that the hold of matter %d covered" % (id, len(indexes), matter)
            self.purges.report.error("purge.held", message, path, None, indexes[0])

    def judge(self, run, first):
        stated = {rule.class_ for rule in self.intent.rules}
        for n in range(run.count):
            index = first + n
            if index not in self.purged: continue
            occurred = run.occurred[n] if run.occurred else None
            rule = self.policy.rule(run.class_, self.at)
            if run.kind or not rule: self.early.append(index)
            elif self.is_due(rule, run, index, occurred):
                if run.class_ not in stated: self.unstated.append(index)
            elif rule.mode or index not in self.erasures: self.early.append(index)
            for hold in self.holds:
                if hold.restricted or run.kind: continue
                time = run.recorded if occurred is None else occurred
                if hold.indexes is not None and index not in hold.indexes: continue
                if hold.classes is not None and run.class_ not in hold.classes: continue
                if hold.from_ is not None and time < hold.from_ or hold.to is not None and time >= hold.to: continue
                self.held.setdefault(hold.matter, []).append(index)

    def is_due(self, rule, run, index, occurred):
        start = run.compliance if run.flags & 2 else run.recorded
        if rule.basis == 1 and occurred is not None: start = occurred
        if rule.basis == 2:
            starts = [event.start for event in self.policy.events if event.index < self.at and index in event.indexes]
            if not starts: return False
            start = max(starts) if rule.mode else starts[-1]
        end = end_of(rule.period, start)
        return end is not None and self.intent.compliance - SECOND >= end
