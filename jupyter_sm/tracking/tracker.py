"""The tracker of one target: while it holds the lease, it submits, polls and tails."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

from jupyter_sm import forks
from jupyter_sm.diagnosis import explain
from jupyter_sm.jobs import JobKey, kind_named
from jupyter_sm.shown.logger import logger_of
from jupyter_sm.store import Store, StoreError, StoreLostError, jobs, stops, targets, wanted
from jupyter_sm.store.leases import Lease, Rank
from jupyter_sm.targets import Target
from jupyter_sm.tracking import STOP_SECONDS
from jupyter_sm.tracking.calls import call_or_none, is_throttled
from jupyter_sm.tracking.event_tailer import EventTailer
from jupyter_sm.tracking.events import Listener
from jupyter_sm.tracking.kind_poller import is_of_one
from jupyter_sm.tracking.poller import Poller
from jupyter_sm.tracking.submitter import Submitter
from jupyter_sm.tracking.tailer import Tailer
from jupyter_sm.tracking.trouble import Once, Trouble, is_ours, kind_of, told

_TICK_SECONDS = 0.1
# Between tries for a lease that another holds, and looks whether the target is still in use.
_ASK_SECONDS = 1.0
_TAIL_SECONDS = 0.25
_BACK_OFF_SECONDS = (1, 2, 5, 10, 15)
_LOGS_BACK_OFF_SECONDS = 5.0
# That calls come too fast is ours to mend, and soon is; a single fault of AWS passes.
_THROTTLES_UNTOLD = 10
_FAULTS_UNTOLD = 1

_log = logger_of(__name__)


class Tracker:
    """Keeps the store in step with one target. `start`, and `stop` when done.

    One thread does what users asked for (submits, stops, looks up); the others look: one polls,
    one reads logs, one waits for events. So no long list or log delays a submission or a stop.
    """

    def __init__(self, store: Store, target: Target, rank: Rank) -> None:
        self._store = store
        self._target = target
        self._lease = Lease(store, target.name, rank)
        self._submitter = Submitter(store, target)
        self._poller = Poller(store, target)
        reader = Tailer if target.reads_all_logs else EventTailer
        self._tailer: Tailer | EventTailer = reader(store, target)
        self._listener = Listener(target, self._poller)
        self._stopped = threading.Event()
        self._trouble, self._log_trouble = Once(_log), Once(_log)
        self._asked = -float("inf")
        targets.use(store, target.name)
        self._threads = [
            threading.Thread(target=run, name=f"jupyter_sm {what} {target.name}", daemon=True)
            for what, run in (
                ("tracker", self._run),
                ("poller", self._run_poller),
                ("logs", self._run_logs),
                ("events", self._run_events),
            )
        ]

    def start(self) -> None:
        """Begin, in threads of its own."""
        for thread in self._threads:
            thread.start()

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """End after the current step, and let go of the lease; what waits for an answer is left."""
        self.end()
        self.join(time.monotonic() + seconds)

    def end(self) -> None:
        """Begin no further step."""
        self._stopped.set()

    def join(self, until: float) -> None:
        """Wait for its end until a time of the monotonic clock."""
        # Who waits for events touches nothing any more, and may wait for some seconds yet.
        for thread in self._threads[:3]:
            if thread.is_alive():
                thread.join(timeout=max(0.0, until - time.monotonic()))

    def tidy(self) -> None:
        """Free what is too much on this machine's disk, if the target is ours to look after."""
        if not self._lease.held:
            return
        for kind, name, sentence in self._target.tidy():
            jobs.note(self._store, JobKey(self._target.name, kind, name), sentence)

    @property
    def is_alive(self) -> bool:
        """Whether it tracks."""
        return self._threads[0].is_alive()

    def _run(self) -> None:
        with contextlib.suppress(Exception), forks.whole:
            # A child that is forked off in the midst of imports could never do them.
            self._target.client("sagemaker")
        try:
            self._repeat(self.act, is_told=False, meanwhile=self._submitter.withdraw)
        finally:
            try:
                self._submitter.close()
                poller = self._threads[1]
                if poller.is_alive() and self._stopped.is_set():
                    poller.join(timeout=STOP_SECONDS)
                # What came in while the target was being removed.
                targets.drop_jobs(self._store, self._target.name)
                self._lease.release()
            except StoreError as error:
                _log.warning("The lease of %s was not released: %s", self._target.name, error)

    def _run_poller(self) -> None:
        self._repeat(self._poller.step, is_told=True)

    def _repeat(
        self,
        work: Callable[[], bool],
        *,
        is_told: bool,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        """Do something again and again while the lease is ours; at once if there is more to do.

        `is_told`: that the target can't be reached is told by this work, and not by the other.
        `meanwhile` is done, too, while it can't be reached.
        """
        failures = 0
        while not self._stopped.is_set():
            wait = _TICK_SECONDS
            try:
                if not self._is_used():
                    self.end()
                elif self._lease.acquire():
                    wait = 0.0 if work() else _TICK_SECONDS
                    if failures and is_told:
                        self._trouble.over()
                    failures = 0
                else:
                    wait = _ASK_SECONDS
            except StoreLostError:
                wait = _BACK_OFF_SECONDS[-1]
            except Exception as error:  # noqa: BLE001 - tracking must outlive any trouble
                # After a throttle the calls themselves are paced more slowly.
                steps = 1 if is_throttled(error) else len(_BACK_OFF_SECONDS)
                wait = _BACK_OFF_SECONDS[min(failures, steps - 1)]
                failures += 1
                if not threading.main_thread().is_alive():
                    return  # the interpreter is ending; its trouble is not the target's
                self._poller.be_due()
                kind = kind_of(error)
                if failures > _untold(error, kind) and (is_told or kind is not Trouble.PASSING):
                    self._tell(error, kind)
            self._pause(wait, meanwhile)

    def _pause(self, seconds: float, meanwhile: Callable[[], None]) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > _ASK_SECONDS and not self._stopped.is_set():
            self._stopped.wait(_ASK_SECONDS)
            with contextlib.suppress(StoreError):
                if self._lease.held:
                    meanwhile()
        self._stopped.wait(max(0.0, left))

    def _is_used(self) -> bool:
        """Whether somebody still wants the target looked after; asked now and then."""
        if time.monotonic() - self._asked < _ASK_SECONDS:
            return True
        self._asked = time.monotonic()
        return targets.is_used(self._store, self._target.name)

    def _run_logs(self) -> None:
        while not self._stopped.is_set():
            wait = _TAIL_SECONDS
            try:
                if self._lease.held:
                    wait = 0.0 if self._tailer.run() else _TAIL_SECONDS
                    self._log_trouble.over()
            except StoreLostError:
                wait = _BACK_OFF_SECONDS[-1]
            except Exception as error:  # noqa: BLE001 - told by the other thread, which asks too
                name = self._target.name
                self._log_trouble.warn(f"Logs of {name} can't be read now: {told(error, name)}")
                wait = _LOGS_BACK_OFF_SECONDS
            self._stopped.wait(wait)

    def _run_events(self) -> None:
        self._listener.run(self._stopped, lambda: self._lease.held)

    def tick(self) -> bool:
        """One round of acting and polling; True if there is more to do at once."""
        more = self.act()
        return self._poller.step() or more

    def act(self) -> bool:
        """One round of submitting, stopping and looking up; True if there is more to do at once."""
        for key in self._submitter.run(self._may_go_on):
            self._poller.look_at(key)
        more = self._pass_on_stop()
        return self._look_up_wanted() or more

    def _may_go_on(self) -> bool:
        """Whether the next submission may be sent. Between two, what does not wait its turn."""
        self._pass_on_stop()
        self._look_up_wanted()
        return self._lease.acquire()

    def catch_up(self) -> None:
        """Bring the store up to date once, for a process that will not live to track.

        Does nothing where another process holds the lease: it is up to date then.
        """
        try:
            if self._lease.acquire():
                self._poller.catch_up()
                while self._tailer.run():
                    pass
        except Exception as error:  # noqa: BLE001 - what is known is still worth showing
            self._tell(error, kind_of(error))
        finally:
            self._submitter.close()
            self._lease.release()

    def _pass_on_stop(self) -> bool:
        """Pass on one wish to stop a job; True if there are more."""
        keys = stops.to_stop(self._store, self._target.name)
        for key in keys[:1]:
            try:
                kind = kind_named(key.kind)
                answer = call_or_none(self._target, kind.stop, {kind.name_field: key.name})
            except Exception as error:
                if not is_of_one(error):
                    raise  # the wish stays, and is passed on once that goes through
                # A right that is missing, say: this job goes on, and so do all others.
                _log.warning("%s was not stopped: %s", key.name, error)
                stops.given_up(self._store, key, f"It was not stopped: {explain(error).sentence}")
            else:
                (stops.given_up if answer is None else stops.passed_on)(self._store, key)
            # Stopping, or ended in between: describing it shows which.
            self._poller.look_at(key)
        return len(keys) > 1

    def _look_up_wanted(self) -> bool:
        """Look up one job that somebody asked for; True if there are more."""
        keys = wanted.pending(self._store, self._target.name)
        for key in keys[:1]:
            try:
                found = self._poller.look_up(key)
                missing = f"There is no {key.kind} job named {key.name!r} there."
                answer = wanted.FOUND if found else missing
            except Exception as error:
                if not is_of_one(error):
                    raise
                answer = explain(error).sentence
            wanted.settle(self._store, key, answer)
        return len(keys) > 1

    def _tell(self, error: Exception, kind: Trouble) -> None:
        """Write down what is in the way, and have it looked for anew whether it still is."""
        name = self._target.name
        reason = told(error, name)
        self._trouble.warn(f"{name}: {reason}", error if is_ours(error) else None)
        try:
            if not is_throttled(error):
                self._target.renew()
            targets.mark(self._store, name, kind.health, reason)
        except Exception as store_error:  # noqa: BLE001 - the thread must outlive this too
            _log.info("%s", store_error)


def _untold(error: Exception, kind: Trouble) -> int:
    """How often in a row an error may occur before the target counts as not reachable."""
    if is_throttled(error):
        return _THROTTLES_UNTOLD
    return _FAULTS_UNTOLD if kind is Trouble.PASSING else 0
