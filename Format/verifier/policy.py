"""What the log says about retention, and the rules of its records (retention.md)."""

import re
from types import SimpleNamespace

SECOND, DAY = 1_000_000, 86_400_000_000
IDENTITY, CLASS, EVENT, HOLD, RELEASE, ERASURE, INTENT, PREPARED, COMPLETED, CLOCK = 1, 3, 4, 5, 6, 7, 8, 9, 10, 13
PART_MAX = 1_000_000_000_000


# ---------------------------------------------------------------------------- the calendar

def decode_period(text):
    """(months, days, seconds), None for ever. Refuses with ValueError what is no duration."""
    if text == "forever": return None
    part = r"(?:([0-9]{1,13})%s)?"
    found = re.fullmatch("P" + "".join(part % unit for unit in "YMWD") + "(?:T" + "".join(part % unit for unit in "HMS") + ")?", text)
    if not found or text[-1] in "PT": raise ValueError("no duration")
    values = [int(value or 0) for value in found.groups()]
    if max(values) > PART_MAX: raise ValueError("a part is too great")
    years, months, weeks, days, hours, minutes, seconds = values
    return 12 * years + months, 7 * weeks + days, 3_600 * hours + 60 * minutes + seconds


def is_leap(year): return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
def month_days(month): return (31, 28 + is_leap(month // 12), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month % 12]


def first_day(month):
    """The day since 1970-01-01 on which a month begins; months count from January of the year 0."""
    year = month // 12
    before = year - 1
    leaps = before // 4 - before // 100 + before // 400
    return 365 * (year - 1_970) + leaps - 477 + sum(month_days(year * 12 + n) for n in range(month % 12))


def date_of(day):
    """(month, day of the month from 0)."""
    month = int((day + 719_528) / 365.2425) * 12
    while first_day(month) > day: month -= 12
    while first_day(month + 1) <= day: month += 1
    return month, day - first_day(month)


def end_of(period, start):
    """When a record that starts at `start` has been kept for a period; None for never."""
    if period is None: return None
    months, days, seconds = period
    day, rest = divmod(start, DAY)
    if months:
        month, place = date_of(day)
        month += months
        day = first_day(month) + min(place, month_days(month) - 1)
    end = (day + days) * DAY + rest + seconds * SECOND
    return end if end < 1 << 63 else None


def never_shorter(new, old):
    """Whether `new` ends no earlier than `old`, whatever the start: tried on the ends of all months of 400 years."""
    if new is None: return True
    if old is None: return False
    fixed = (new[1] - old[1]) * 86_400 + new[2] - old[2]
    if new[0] == old[0]: return fixed >= 0

    def end(month, day, added): return first_day(month + added) + min(day, month_days(month + added) - 1)
    return all((end(month, day, new[0]) - end(month, day, old[0])) * 86_400 + fixed >= 0
               for month in range(24_000, 28_800) for day in range(27, month_days(month)))


# ---------------------------------------------------------------------------- the history

class Policy:
    """Takes the control records in order, and answers for any moment of the log what they say.

    `error(finding, message, index)` is called for a record that breaks a rule.
    """

    def __init__(self, error):
        self.error, self.whole = error, True
        self.rules, self.events, self.holds, self.erasures, self.dispositions = {}, [], [], [], []
        self.open = self.anchor = self.epoch = None
        self.attested = False
        self.plain = self.flagged = None              # times of the newest entries without and with compliance time

    def saw(self, run):
        """An entry that went by, as far as the clock is concerned."""
        if run.flags & 2: self.flagged = run.compliance
        else: self.plain = run.recorded

    def take(self, kind, body, index, run):
        """A control record of a known type, and the run that its entry is in."""
        time = run.compliance if run.flags & 2 else run.recorded
        if kind in (CLASS, EVENT, HOLD, RELEASE, ERASURE) and self.open and self.open.prepared:
            self.error("disposition.order", "it changes what may be purged while a disposition is carried out", index)
        take = {IDENTITY: self.identity, CLASS: self.class_, EVENT: self.event, HOLD: self.hold, RELEASE: self.release,
                ERASURE: self.erasure, CLOCK: self.clock, INTENT: self.intent, PREPARED: self.prepared,
                COMPLETED: self.completed}.get(kind)
        if take: take(body, index, SimpleNamespace(time=time, run=run))

    def identity(self, body, index, at): self.anchor = SimpleNamespace(index=0, compliance=at.time, bootID=body.bootID, boot=body.boot)

    def class_(self, body, index, at):
        rule = SimpleNamespace(index=index, mode=body.mode, basis=body.basis, period=None, text=body.period)
        try: rule.period, _ = decode_period(body.period), decode_period(body.grace)
        except ValueError as error: self.error("control.malformed", "a period or grace that is %s" % error, index)
        history = self.rules.setdefault(body.class_, [])
        if history and history[-1].mode == 1:
            old = history[-1]
            if rule.mode != 1 or rule.basis != old.basis or not never_shorter(rule.period, old.period):
                self.error("class.weakened", "class %d is in compliance mode" % body.class_, index)
        history.append(rule)

    def event(self, body, index, at):
        if body.indexes.last >= index: self.error("control.reference", "it lists a record that came after it", index)
        self.events.append(SimpleNamespace(index=index, start=max(body.at, at.time), indexes=body.indexes))

    def matter(self, matter, index):
        if self.whole and not any(hold.index == hold.matter == matter for hold in self.holds):
            self.error("control.reference", "no hold began the matter %d" % matter, index)

    def hold(self, body, index, at):
        if body.matter is not None: self.matter(body.matter, index)
        body.index, body.released = index, None
        body.matter = index if body.matter is None else body.matter
        self.holds.append(body)

    def release(self, body, index, at):
        self.matter(body.matter, index)
        for hold in self.holds:
            if hold.matter == body.matter and hold.released is None: hold.released = index

    def erasure(self, body, index, at):
        if body.index >= index: self.error("control.reference", "it asks for a record that came after it", index)
        self.erasures.append((index, body.index))

    # The clock

    def clock(self, body, index, at):
        before, anchor = self.anchor, SimpleNamespace(index=index, compliance=body.compliance, bootID=body.bootID, boot=body.boot)
        self.anchor, self.attested = anchor, self.attested or body.kind >= 2
        if not before or not self.whole: return
        if body.bootID == before.bootID: base = before.compliance + body.boot - before.boot
        else:
            known = [before.compliance] + [self.plain - 300 * SECOND] * (self.plain is not None)
            base = max(known + [self.flagged] * (self.flagged is not None)) + body.boot
        turned = body.bootID == before.bootID and body.boot < before.boot
        if turned or body.compliance < before.compliance or body.compliance < base - SECOND:
            return self.error("clock.backwards", "the clock is set back", index)
        lead = body.compliance - SECOND - base
        if lead <= 0: return
        allowed = max(0, (base - before.compliance) * 7 // 365) if body.kind == 1 else 0 if body.kind == 0 else None
        past_wall = body.kind and body.compliance - SECOND > body.wall
        if past_wall or allowed is not None and lead > allowed: self.error("clock.ahead", "the clock is set forward", index)

    # Dispositions

    def rule(self, class_, at): return next((r for r in reversed(self.rules.get(class_, [])) if r.index < at), None)
    def in_force(self, at): return [h for h in self.holds if h.index < at and (h.released is None or h.released > at)]

    def intent(self, body, index, at):
        if self.open: self.error("disposition.order", "the one before is not over", index)
        if self.whole: self.check_intent(body, index, at)
        self.open = SimpleNamespace(id=index, intent=body, prepared=[], completed=None)
        self.dispositions.append(self.open)

    def check_intent(self, body, index, at):
        def wrong(what, finding="disposition.facts"): self.error(finding, what, index)
        if self.anchor and body.clock != self.anchor.index: wrong("another clock record than the newest")
        if self.anchor and body.compliance < self.anchor.compliance: wrong("a clock that was set back", "clock.backwards")
        if bool(body.evidence) != self.attested: wrong("another evidence for its clock")
        latest = at.run.compliance if at.run.flags & 2 else at.run.recorded
        if body.compliance > latest + SECOND: wrong("a clock ahead of its own entry's", "clock.ahead")
        if self.epoch is not None and body.epoch != self.epoch + 1: wrong("another epoch than the next")
        matters = {}
        for hold in self.in_force(index): matters[hold.matter] = matters.get(hold.matter, False) or hold.restricted
        if sorted(matters.items()) != [(h.matter, bool(h.decided)) for h in body.holds]: wrong("other matters in force")
        for rule in body.rules:
            newest = self.rule(rule.class_, index)
            if not newest or newest.index != rule.record: wrong("another rule of class %d" % rule.class_)
        asked = {place for place, _ in self.erasures}
        if not asked.issuperset(body.erasures): wrong("an erasure that nobody asked for")

    def under_way(self, disposition, index):
        if self.open and self.open.id == disposition: return self.open
        if self.whole: self.error("disposition.order", "disposition %d is not under way" % disposition, index)

    def prepared(self, body, index, at):
        disposition = self.under_way(body.disposition, index)
        if not disposition: return
        if any(other.seal.segment == body.seal.segment for other in disposition.prepared):
            self.error("disposition.order", "a second record of segment %d" % body.seal.segment, index)
        body.index = index
        disposition.prepared.append(body)

    def completed(self, body, index, at):
        disposition = self.under_way(body.disposition, index)
        if not disposition: return
        self.open, disposition.completed = None, body
        body.index, self.epoch = index, body.epoch
        if not {record.index for record in disposition.prepared}.issuperset(body.prepared):
            self.error("disposition.order", "it lists what was not prepared", index)
        if body.epoch != disposition.intent.epoch - (not body.outcome):
            self.error("disposition.facts", "it ends in another epoch of the keys", index)
