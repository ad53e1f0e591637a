"""Refusals: all that is wrong with what is submitted, told at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from jupyter_sm.diagnosis import ExplainedError, refusal
from jupyter_sm.jobs import Fault, InvalidRequestError
from jupyter_sm.shown.secrets import shown
from jupyter_sm.targets import ImageError, PathError, SourceError, UnknownTargetError

# How what the targets raise is told: category and title.
_TOLD: dict[type[Exception], tuple[str, str]] = {
    SourceError: ("local-file-not-found", "A path can't be used"),
    PathError: ("local-file-not-found", "A path can't be used"),
    ImageError: ("image-not-found", "The image can't be used"),
    UnknownTargetError: ("invalid-parameter", "No such target"),
}


class Refusals:
    """What was found so far; one alone keeps its own title and fixes. No `secrets` are told."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = tuple(secrets)
        self._errors: list[ExplainedError] = []
        self._faults: list[Fault] = []

    def __bool__(self) -> bool:
        return bool(self._errors or self._faults)

    @contextmanager
    def gather(self) -> Iterator[None]:
        """Keep what the block raises of what a user can have done wrong."""
        try:
            yield
        except ExplainedError as error:
            if error.status != 400:
                raise
            self._errors.append(error)
        except tuple(_TOLD) as error:
            category, title = _TOLD[type(error)]
            self.refuse(category, title, str(error))

    def refuse(self, category: str, title: str, what: str) -> None:
        """One thing that is wrong, in a sentence."""
        self._errors.append(refusal(category, title, what))

    def add(self, faults: Iterable[Fault]) -> None:
        """Faults of a request or a spec; a member that has one is not told of again."""
        told = {fault.path.rpartition(".")[2] for fault in self._faults}
        fresh = [fault for fault in faults if fault.path.rpartition(".")[2] not in told]
        sized = {fault.path for fault in fresh if fault.rule in ("min", "max")}
        # What is too short or too long breaks its pattern too.
        self._faults += [f for f in fresh if not (f.rule == "pattern" and f.path in sized)]

    @property
    def sentences(self) -> list[str]:
        """What was found, a sentence each, as it may be shown."""
        faults = (f"{one.path}: {one.message}" if one.path else one.message for one in self._faults)
        found = [*(error.explanation.what_happened for error in self._errors), *faults]
        return [shown(sentence, self._secrets) for sentence in found]

    def error(self) -> ExplainedError:
        """All of it as one error; there must be something."""
        told = self._as_one()
        return ExplainedError(told.explanation.hiding(self._secrets), told.status)

    def _as_one(self) -> ExplainedError:
        if len(self._errors) == 1 and not self._faults:
            return self._errors[0]
        others = [Fault("", "", error.explanation.what_happened) for error in self._errors]
        what = str(InvalidRequestError([*others, *self._faults]))
        return refusal("invalid-parameter", "The request is not valid", what)
