"""A target that can't be reached, for whoever waits for it: how it is told, how long it is borne."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from jupyter_sm.diagnosis import ExplainedError, refusal
from jupyter_sm.store.views import TargetView
from jupyter_sm.tracking.trouble import CHECK, Trouble, explained, kind_of, told

if TYPE_CHECKING:
    from jupyter_sm.desk.desk import Desk


def unreachable(trouble: TargetView, *fixes: str) -> ExplainedError:
    """An error that says what is in the way of a target, and what to do."""
    waits = trouble.health == "waiting"
    return refusal(
        "target-waiting" if waits else "network",
        f"{trouble.name} waits for you" if waits else f"{trouble.name} can't be reached",
        trouble.reason or f"{trouble.name} does not answer.",
        *fixes,
        status=504,
    )


def of_error(error: Exception, target: str) -> ExplainedError:
    """An error that says what one of AWS's means, in a sentence where the target can't be reached."""
    kind = kind_of(error)
    if kind is Trouble.FINAL:
        return ExplainedError(explained(error, target))
    return unreachable(TargetView(target, kind.health, told(error, target), None))


def silent(target: str, seconds: float, *fixes: str, why: str = "") -> ExplainedError:
    """An error that says that a target did not answer in time."""
    whole = max(1, round(seconds))
    what = f"{target} has not answered for {whole} s{f': {why}' if why else f'. {CHECK}'}"
    return refusal("network", f"No answer from {target}", what, *fixes, status=504)


class Patience:
    """How long whoever waits for a target bears that it can't be reached."""

    def __init__(self, desk: Desk, target: str, seconds: float = float("inf")) -> None:
        self._desk = desk
        self._target = target
        self._seconds = seconds
        self._begun = time.time()
        self._since: float | None = None

    def check(self, *fixes: str) -> None:
        """Raises ExplainedError once it is over; any answer of the target begins it anew."""
        trouble = self._desk.trouble(self._target)
        if trouble is None:
            self._since = None
            return
        now = time.monotonic()
        self._since = self._since or now
        if now - self._since >= self._seconds:
            raise unreachable(trouble, *fixes)

    def check_user(self, *fixes: str) -> None:
        """Raises ExplainedError where waiting is no use: it is the user who has something to mend."""
        trouble = self._desk.trouble(self._target)
        # What is known from before may have been mended.
        if trouble and trouble.health == "waiting" and (trouble.as_of or 0) >= self._begun:
            raise unreachable(trouble, *fixes)
