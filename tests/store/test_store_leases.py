"""Leases: one holder at a time, whoever dies, sleeps or outranks."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from jupyter_sm.desk.submit import submit_spec
from jupyter_sm.jobs import JobKey, TrainingSpec
from jupyter_sm.store import Store, leases, open_store
from jupyter_sm.store import jobs as jobs_table
from jupyter_sm.store.leases import EXPIRE_SECONDS, RENEW_SECONDS, Lease, Rank
from jupyter_sm.tracking.tracker import Tracker

from kit.tracking_faults import FaultyTarget
from kit.wait import wait_for


class Clock:
    """The time as the leases module sees it."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self._began = time.time(), time.monotonic()

    def time(self) -> float:
        return self._began[0] + self.ahead

    def monotonic(self) -> float:
        return self._began[1] + self.ahead


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(leases, "time", clock)
    return clock


def lease(store: Store, rank: Rank = Rank.SERVER) -> Lease:
    return Lease(store, "local", rank)


def row(store: Store) -> dict:
    found = store.read().execute("SELECT * FROM leases").fetchall()
    assert len(found) == 1
    return dict(found[0])


def hold(store: Store, *, host: str, pid: int, expires_in: float = EXPIRE_SECONDS) -> None:
    """Another process's lease."""
    with store.write() as db:
        db.execute(
            "REPLACE INTO leases (target, holder, host, pid, rank, expires_at)"
            " VALUES ('local', 'another', ?, ?, ?, ?)",
            (host, pid, int(Rank.SERVER), leases.time.time() + expires_in),
        )


@pytest.fixture
def dead_pid() -> int:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def test_a_lease_is_taken_once(store: Store, clock: Clock) -> None:
    first, second = lease(store), lease(store)
    assert first.acquire() and first.held
    assert not second.acquire() and not second.held
    assert first.acquire()
    held = row(store)
    assert (held["host"], held["pid"]) == (socket.gethostname(), os.getpid())
    assert leases.is_held(store, "local")
    assert not leases.is_held(store, "elsewhere")


def test_targets_have_leases_of_their_own(store: Store) -> None:
    assert lease(store).acquire()
    assert Lease(store, "elsewhere", Rank.KERNEL).acquire()


def test_a_lease_is_renewed_only_when_it_is_no_longer_fresh(store: Store, clock: Clock) -> None:
    holder = lease(store)
    holder.acquire()
    expires = row(store)["expires_at"]
    clock.ahead += RENEW_SECONDS - 0.1
    assert holder.acquire()
    assert row(store)["expires_at"] == expires, "a fresh lease costs no write"
    clock.ahead += 0.2
    assert holder.acquire()
    assert row(store)["expires_at"] == pytest.approx(expires + RENEW_SECONDS + 0.1)


def test_a_renewed_lease_is_never_free(store: Store, clock: Clock) -> None:
    holder, waiting = lease(store), lease(store)
    for _ in range(20):
        assert holder.acquire()
        assert not waiting.acquire()
        clock.ahead += RENEW_SECONDS


def test_a_released_lease_can_be_taken_at_once(store: Store) -> None:
    first, second = lease(store), lease(store)
    first.acquire()
    first.release()
    assert not leases.is_held(store, "local")
    assert second.acquire()
    first.release()  # what it no longer holds stays another's
    assert leases.is_held(store, "local") and not first.acquire()


def test_an_expired_lease_is_taken_and_the_late_holder_lets_go(store: Store, clock: Clock) -> None:
    late, other = lease(store), lease(store)
    late.acquire()
    clock.ahead += EXPIRE_SECONDS - 0.1
    assert not other.acquire()
    clock.ahead += 0.2
    assert not leases.is_held(store, "local")
    assert other.acquire()
    assert not late.acquire() and not late.held
    late.release()
    assert leases.is_held(store, "local")


def test_a_dead_process_of_this_machine_holds_nothing(store: Store, dead_pid: int) -> None:
    hold(store, host=socket.gethostname(), pid=dead_pid)
    assert not leases.is_held(store, "local")
    assert lease(store, Rank.KERNEL).acquire()


def test_another_machine_s_process_is_not_judged_by_its_number(
    store: Store, dead_pid: int, clock: Clock
) -> None:
    hold(store, host="another-machine", pid=dead_pid)
    assert leases.is_held(store, "local")
    assert not lease(store).acquire()
    clock.ahead += EXPIRE_SECONDS + 0.1
    assert lease(store).acquire()


def test_a_living_process_that_is_not_ours_holds_its_lease(store: Store) -> None:
    hold(store, host=socket.gethostname(), pid=1)
    assert leases.is_held(store, "local")
    assert not lease(store).acquire()


def test_a_kernel_lets_go_for_a_server_at_its_next_renewal(store: Store, clock: Clock) -> None:
    kernel, server = lease(store, Rank.KERNEL), lease(store, Rank.SERVER)
    assert kernel.acquire()
    assert not server.acquire(), "it asks first"
    assert kernel.acquire(), "not before its renewal"
    clock.ahead += RENEW_SECONDS + 0.1
    assert not kernel.acquire() and not kernel.held
    assert server.acquire()
    assert not kernel.acquire()
    clock.ahead += RENEW_SECONDS + 0.1
    assert server.acquire(), "a kernel's wish means nothing to a server"


@pytest.mark.parametrize("rank", Rank)
def test_equals_do_not_claim(store: Store, clock: Clock, rank: Rank) -> None:
    holder, waiting = lease(store, rank), lease(store, rank)
    holder.acquire()
    waiting.acquire()
    assert row(store)["claimed_rank"] == 0
    clock.ahead += RENEW_SECONDS + 0.1
    assert holder.acquire()


def test_a_claim_ends_with_the_lease_it_was_made_on(store: Store, clock: Clock) -> None:
    """A server that asked and then died must not cost the next kernel its lease."""
    kernel, next_kernel = lease(store, Rank.KERNEL), lease(store, Rank.KERNEL)
    kernel.acquire()
    lease(store, Rank.SERVER).acquire()
    kernel.release()
    assert next_kernel.acquire()
    clock.ahead += RENEW_SECONDS + 0.1
    assert next_kernel.acquire()


def test_of_many_that_ask_at_once_one_gets_it(store: Store) -> None:
    asking = [lease(store) for _ in range(16)]
    start = threading.Barrier(len(asking))
    got: list[bool] = []

    def ask(mine: Lease) -> None:
        start.wait()
        got.append(mine.acquire())

    threads = [threading.Thread(target=ask, args=[mine]) for mine in asking]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [False] * 15 + [True]


def test_two_trackers_on_one_store_never_both_hold(
    home: Path, script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jupyter_sm.tracking.tracker._ASK_SECONDS", 0.02)
    stores = [open_store(home) for _ in range(2)]
    trackers = [Tracker(store, FaultyTarget(home), Rank.SERVER) for store in stores]
    inside: list[int] = []
    overlaps: list[list[int]] = []
    ticks = [0, 0]
    lock = threading.Lock()

    def watch(number: int, tick):
        def watched() -> bool:
            with lock:
                inside.append(number)
                ticks[number] += 1
                if len(inside) > 1:
                    overlaps.append(inside.copy())
            try:
                return tick()
            finally:
                with lock:
                    inside.remove(number)

        return watched

    for number, tracker in enumerate(trackers):
        monkeypatch.setattr(tracker, "act", watch(number, tracker.act))
    for tracker in trackers:
        tracker.start()
    submit_spec(stores[0], TrainingSpec(str(script)), name="once")
    wait_for(lambda: jobs_table.get(stores[0], JobKey("local", "training", "once")).is_over)
    first = 0 if ticks[0] else 1
    assert ticks[1 - first] == 0
    trackers[first].stop()
    wait_for(lambda: ticks[1 - first] > 0)
    trackers[1 - first].stop()
    assert not overlaps
    assert not leases.is_held(stores[0], "local")
    for store in stores:
        store.close()
