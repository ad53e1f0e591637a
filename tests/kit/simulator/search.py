"""SageMaker's Search over training jobs: filters, sub-expressions, order and pages."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from typing import Any

from . import tokens
from .errors import invalid
from .job import Job
from .region import Region

Test = Callable[[Job, float], bool]
_TIMES = frozenset({"CreationTime", "LastModifiedTime", "TrainingStartTime", "TrainingEndTime"})
_ABSENT = object()


def search(region: Region, request: dict[str, Any], now: float) -> dict[str, Any]:
    """Search's answer as of `now`: whole records, the last changed first unless told else."""
    by = request.get("SortBy", "LastModifiedTime")
    descending = request.get("SortOrder", "Descending") == "Descending"
    expression = request.get("SearchExpression", {})
    test = _expression(expression)
    after = _place(request, by, descending)
    size = request.get("MaxResults", 10)
    page: list[Job] = []
    answer: dict[str, Any] = {}
    for job in _ordered(region, expression, test, by, descending, now, after):
        if after is not None:
            key = _key(job, by, now)
            if key == after or (key > after) == descending:
                continue
        if len(page) == size:
            answer["NextToken"] = tokens.encode([by, descending, *_key(page[-1], by, now)])
            break
        page.append(job)
    answer["Results"] = [{"TrainingJob": job.record(now)} for job in page]
    return answer


def _place(request: dict[str, Any], by: str, descending: bool) -> tuple[Any, ...] | None:
    token = request.get("NextToken")
    if not token:
        return None
    try:
        wanted, order, *key = tokens.decode(token)
    except (ValueError, TypeError):
        raise invalid("The provided NextToken is invalid.") from None
    if (wanted, order) != (by, descending):
        raise invalid("The provided NextToken is for another request.")
    return tuple(key)


def _ordered(
    region: Region,
    expression: dict[str, Any],
    test: Test,
    by: str,
    descending: bool,
    now: float,
    after: tuple[Any, ...] | None,
) -> Iterable[Job]:
    """The jobs that pass the test, in the order asked for; cheap where few of many pass."""
    low, high = _range(expression, by)
    if math.isfinite(low) or not expression.get("Filters"):
        if after is not None and by in ("LastModifiedTime", "CreationTime"):
            low, high = (low, min(high, after[0])) if descending else (max(low, after[0]), high)
        if by == "LastModifiedTime":
            rows = region.by_change(low, high, now, descending)
            return (job for job in rows if test(job, now))
        if by == "CreationTime":
            rows = region.by_creation(low, min(high, now), descending)
            return (job for job in rows if test(job, now))
    there = [job for job in region.jobs.values() if job.known(now) and test(job, now)]
    return sorted(there, key=lambda job: _key(job, by, now), reverse=descending)


def _range(expression: dict[str, Any], by: str) -> tuple[float, float]:
    """The times that the filters leave over, where all of them must hold."""
    low, high = -math.inf, math.inf
    if expression.get("Operator", "And") == "And":
        for one in expression.get("Filters", ()):
            if one["Name"] == by and by in _TIMES and "Value" in one:
                if one.get("Operator", "").startswith("Greater"):
                    low = max(low, _time(one["Value"]))
                elif one.get("Operator", "").startswith("Less"):
                    high = min(high, _time(one["Value"]))
    return low, high


def _key(job: Job, by: str, now: float) -> tuple[Any, ...]:
    if by == "LastModifiedTime":
        return job.modified(now), job.serial
    if by == "CreationTime":
        return job.created, job.serial
    value = _value(job, by, now)
    return str("" if value is _ABSENT else value), job.serial


def _expression(expression: dict[str, Any]) -> Test:
    if expression.get("NestedFilters"):
        raise invalid("The simulator does not know NestedFilters.")
    tests = [_filter(one) for one in expression.get("Filters", ())]
    tests += [_expression(one) for one in expression.get("SubExpressions", ())]
    if expression.get("Operator", "And") == "Or":
        return lambda job, now: not tests or any(test(job, now) for test in tests)
    return lambda job, now: all(test(job, now) for test in tests)


def _value(job: Job, name: str, now: float) -> Any:
    return _reader(name)(job, now)


@functools.lru_cache(maxsize=256)
def _reader(name: str) -> Callable[[Job, float], Any]:
    """What reads a property; made once for a filter, as it is asked of every job."""
    if name.startswith("Tags."):
        key = name[5:]
        return lambda job, now: job.tags.get(key, _ABSENT)
    return _READERS.get(name) or functools.partial(_from_record, name)


_READERS: dict[str, Callable[[Job, float], Any]] = {
    "TrainingJobName": lambda job, now: job.name,
    "TrainingJobStatus": Job.status,
    "SecondaryStatus": Job.secondary,
    "LastModifiedTime": Job.modified,
    "CreationTime": lambda job, now: job.created,
}


def _from_record(name: str, job: Job, now: float) -> Any:
    head, _, rest = name.partition(".")
    value = job.request.get(head, _ABSENT)
    if value is _ABSENT:
        value = job.record(now).get(head, _ABSENT)
    while rest and isinstance(value, dict):
        head, _, rest = rest.partition(".")
        value = value.get(head, _ABSENT)
    return value


def _filter(one: dict[str, Any]) -> Test:
    name = one["Name"]
    read = _reader(name)
    operator = one.get("Operator", "Equals")
    if operator in ("Exists", "NotExists"):
        absent = operator == "NotExists"
        return lambda job, now: (read(job, now) is _ABSENT) == absent
    if "Value" not in one:
        raise invalid(f"The filter on {name} has no Value.")
    text: str = one["Value"]
    if name in _TIMES:
        return _compared(name, operator, _time(text))
    if operator in _ORDERS:
        try:
            return _compared(name, operator, float(text))
        except ValueError:
            raise invalid(f"Invalid value {text} of the filter on {name}.") from None
    if operator == "Contains":
        return lambda job, now: text in _text(read(job, now))
    if operator == "In":
        many = {part.strip() for part in text.split(",")}
        return lambda job, now: _text(read(job, now)) in many
    if operator == "NotEquals":
        return lambda job, now: _text(read(job, now)) != text
    return lambda job, now: _text(read(job, now)) == text


_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThan": lambda a, b: a > b,
    "GreaterThanOrEqualTo": lambda a, b: a >= b,
    "LessThan": lambda a, b: a < b,
    "LessThanOrEqualTo": lambda a, b: a <= b,
}
_EQUALITIES: dict[str, Callable[[float, float], bool]] = {
    "Equals": lambda a, b: a == b,
    "NotEquals": lambda a, b: a != b,
}


def _compared(name: str, operator: str, limit: float) -> Test:
    holds = _ORDERS.get(operator) or _EQUALITIES.get(operator)
    if holds is None:
        raise invalid(f"The operator {operator} is not supported for {name}.")
    read = _reader(name)
    return lambda job, now: holds(_number(read(job, now)), limit)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is _ABSENT else str(value)


def _time(text: str) -> float:
    """A time of a filter: ISO 8601, in UTC where it names no zone, or seconds."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        time = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise invalid(f"Invalid time {text} in a filter.") from None
    return (time if time.tzinfo else time.replace(tzinfo=timezone.utc)).timestamp()
