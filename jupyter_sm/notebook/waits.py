"""Waits that end early: in one line, since where they were waiting is of no interest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class WaitTimeoutError(TimeoutError):
    """What was waited for has not come in time, and goes on."""

    def _render_traceback_(self) -> list[str]:
        """IPython's hook for exceptions that know how to show themselves."""
        return [str(self)]


class WaitInterrupted(KeyboardInterrupt):
    """The user has stopped the waiting, and that alone."""

    def _render_traceback_(self) -> list[str]:
        """IPython's hook for exceptions that know how to show themselves."""
        return [str(self)]


@contextmanager
def interruptible(names: str) -> Iterator[None]:
    """Around a wait for jobs, by their names: interrupting it is told as what it is."""
    try:
        yield
    except KeyboardInterrupt:
        raise WaitInterrupted(f"Interrupted; {names} runs on.") from None
