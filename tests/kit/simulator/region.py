"""All jobs of one account in one region, in the orders in which they are asked for."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator

from .job import Job

Change = tuple[float, int, Job]
Named = tuple[str, int, Job]
_MANY = 50


class Region:
    """Jobs by name, by creation and by change; a lookup costs no walk over all of them.

    Every change of every job, past and future, stands in one list that is sorted by time.
    A change that no longer holds (the job was stopped) is noticed when it is read.
    """

    def __init__(self, name: str, account: str, log_group: str = Job.log_group) -> None:
        self.name = name
        self.account = account
        self.log_group = log_group
        self.jobs: dict[str, Job] = {}
        self._created: list[Change] = []
        self._changes: list[Change] = []
        self._names: list[Named] = []
        self._logged = False
        self._others: dict[str, Region] = {}

    def of(self, made: type[Job]) -> Region:
        """The jobs of a kind: names are unique within one. Here are the training jobs."""
        if made is Job:
            return self
        return self._others.setdefault(made.kind, Region(self.name, self.account, made.log_group))

    def add(self, jobs: Iterable[Job]) -> None:
        """Add jobs."""
        jobs = list(jobs)
        for job in jobs:
            self.jobs[job.name] = job
        created = [(job.created, job.serial, job) for job in jobs]
        names = [(job.name, job.serial, job) for job in jobs]
        _put(self._created, created)
        _put(self._names, names)
        _put(self._changes, [(at, j.serial, j) for j in jobs for at in j.timeline.starts])

    def stop(self, job: Job, now: float) -> None:
        """Stop a job that runs."""
        job.stop(now)
        _put(self._changes, [(at, job.serial, job) for at in job.timeline.starts[-2:]])

    def delete(self, job: Job) -> None:
        """Forget a job."""
        job.deleted = True
        del self.jobs[job.name]

    def by_creation(self, low: float, high: float, descending: bool) -> Iterator[Job]:
        """Jobs created between these times, both included."""
        return _walk(self._created, low, high, descending)

    def by_change(self, low: float, high: float, now: float, descending: bool) -> Iterator[Job]:
        """Jobs whose last change until `now` lies between two times, in that order."""
        first, last = _bounds(self._changes, low, min(high, now))
        numbers = range(first, last)
        before: tuple[float, Job] | None = None
        for number in reversed(numbers) if descending else numbers:
            at, _, job = self._changes[number]
            if (at, job) != before and not job.deleted and job.modified(now) == at:
                yield job
            before = (at, job)

    def changed(self, low: float, high: float, at_most: int) -> list[Job] | None:
        """The jobs that changed between two times; None when that is more than so many."""
        first, last = _bounds(self._changes, low, high)
        if last - first > at_most:
            return None
        found = {job.serial: job for _, _, job in self._changes[first:last]}
        return list(found.values())

    def named(self, prefix: str) -> Iterator[Job]:
        """Jobs whose name begins so, in the order of names."""
        for number in range(bisect_left(self._names, (prefix,)), len(self._names)):
            name, _, job = self._names[number]
            if not name.startswith(prefix):
                return
            if not job.deleted:
                yield job

    def has_logs(self, now: float) -> bool:
        """Whether the log group exists: it is made with the first stream."""
        if not self._logged:
            self._logged = any(job.streams(now) for job in self.jobs.values())
        return self._logged


def _put(place: list, new: list) -> None:
    if len(new) > _MANY:
        place += new
        place.sort(key=lambda item: item[:2])
    else:
        for item in new:
            insort(place, item, key=lambda item: item[:2])


def _bounds(rows: list[Change], low: float, high: float) -> tuple[int, int]:
    def time(row: Change) -> float:
        return row[0]

    return bisect_left(rows, low, key=time), bisect_right(rows, high, key=time)


def _walk(rows: list[Change], low: float, high: float, descending: bool) -> Iterator[Job]:
    first, last = _bounds(rows, low, high)
    for number in range(last - 1, first - 1, -1) if descending else range(first, last):
        job = rows[number][2]
        if not job.deleted:
            yield job
