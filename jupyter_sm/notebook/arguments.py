"""What the public functions are called with: refused in one sentence where it can't be meant."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, ParamSpec, TypeVar, get_type_hints

from jupyter_sm.diagnosis import ExplainedError, refusal
from jupyter_sm.jobs import TrainingSpec
from jupyter_sm.jobs.values import misfit

P = ParamSpec("P")
R = TypeVar("R")

_NO_CHECK = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)


def checked_arguments(function: Callable[P, R]) -> Callable[P, R]:
    """Have a function refuse arguments that it does not have, or that are of another type.

    What its annotations can't say it checks itself. Raises ExplainedError.
    """
    signature = inspect.signature(function)
    parameters = [one for one in signature.parameters.values() if one.kind not in _NO_CHECK]

    @functools.lru_cache(maxsize=1)
    def hints() -> dict[str, Any]:
        return get_type_hints(function)

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            given = signature.bind(*args, **kwargs).arguments
        except TypeError as error:
            raise unusable(f"{function.__name__}(): {error}.", function) from None
        for one in parameters:
            if one.name in given and one.name in hints():
                wrong = misfit(given[one.name], hints()[one.name], one.name)
                if wrong:
                    what = f"{function.__name__}(): {wrong.where} {wrong.what}"
                    raise unusable(what, function)
        return function(*args, **kwargs)

    return checked


def unusable(what: str, function: Callable[..., Any] | None = None) -> ExplainedError:
    """A call that can't be meant, with what the function takes."""
    fixes = []
    if function is not None:
        names = [name for name in inspect.signature(function).parameters if name != "self"]
        fixes = [f"{function.__name__}({', '.join(names)}): help({function.__name__}) tells more."]
    return refusal("sdk-usage", "The call can't be understood", what, *fixes)


def check_options(function: str, options: Mapping[str, Any]) -> None:
    """Refuse what is no option of training, with the nearest that is. Raises ExplainedError."""
    known = [field.name for field in fields(TrainingSpec)]
    for name in options:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1, cutoff=0.7)
            meant = f"Did you mean {near[0]}?" if near else f"It has {', '.join(known)}."
            raise unusable(f"{function}() has no option {name!r}. {meant}")


def between(least: float, most: float, **numbers: float | None) -> None:
    """Refuse numbers that lie outside. Raises ExplainedError."""
    for name, number in numbers.items():
        if number is not None and not least <= number <= most:
            bounds = f"{least} or more" if number < least else f"{most:,} or less"
            raise unusable(f"{name} must be {bounds}, not {number:,}.")
