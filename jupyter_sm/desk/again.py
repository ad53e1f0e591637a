"""Running a job again: the same request under a fresh name, with what was too small made larger."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

from jupyter_sm.desk.changes import changed
from jupyter_sm.desk.sources import origin_of
from jupyter_sm.desk.submit import submit_request
from jupyter_sm.diagnosis import ExplainedError, refusal
from jupyter_sm.jobs import JobKey, Kind, kind_named
from jupyter_sm.jobs.instances import next_larger
from jupyter_sm.jobs.limits import longest_runtime
from jupyter_sm.jobs.names import fresh_name
from jupyter_sm.store import JobView, Store, jobs
from jupyter_sm.targets import open_target

CHANGES = ("larger-instance", "more-disk", "longer-runtime")
# `instance=ml.m5.xlarge`: on a type of the user's choice.
_CHOSEN = re.compile(r"instance=(?P<type>ml\.[a-z0-9-]{2,20}\.[a-z0-9]{2,20})")
_DEFAULT_GB = 30
_DEFAULT_SECONDS = 86_400


def submit_again(
    store: Store, key: JobKey, change: str | None = None, changes: Mapping[str, Any] = {}
) -> JobView:
    """Submit a job's request once more, under a fresh name; the new job.

    `change` is one of CHANGES: the next larger instance type, twice the volume, twice the
    time limit; or `instance=` and a type. `changes` are fields of the spec with their new
    values. Raises ExplainedError.
    """
    request = jobs.request_of(store, key)
    if request is None:
        raise _refusal(f"There is no {key.kind} job {key.name} on {key.target}.", 404)
    kind = kind_named(key.kind)
    fresh = fresh_name(key.name, limit=kind.name_limit)
    request = kind.named(copy.deepcopy(request), fresh)
    if change is not None:
        _apply(change, request, kind)
    origin = jobs.packed_from(store, key)
    if changes:
        where = open_target(key.target, store.folder)
        request = changed(store, where, kind, request, origin, changes)
    if {"script", "dependencies"} & changes.keys():
        origin = origin_of(
            changes.get("script", origin.script), changes.get("dependencies", origin.dependencies)
        )
    first = jobs.get(store, key)
    is_tagless = first is not None and first.submission_id is None
    return submit_request(
        store,
        request,
        kind=key.kind,
        target=key.target,
        # Describe does not tell the tags of a job that somebody else started.
        notes=[f"The tags of {key.name} were not copied."] if is_tagless else (),
        packed_from=origin,
    )


def _apply(change: str, request: dict[str, Any], kind: Kind) -> None:
    machines = kind.machines(request)
    chosen = _CHOSEN.fullmatch(change)
    if chosen:
        machines["InstanceType"] = chosen["type"]
    elif change == "larger-instance":
        now = machines.get("InstanceType", "")
        larger = next_larger(now, kind)
        if larger is None:
            raise _refusal(f"There is no larger instance type than {now} in its family.", 409)
        machines["InstanceType"] = larger
    elif change == "more-disk":
        machines["VolumeSizeInGB"] = 2 * machines.get("VolumeSizeInGB", _DEFAULT_GB)
    elif change == "longer-runtime":
        limits = request.setdefault("StoppingCondition", {})
        wanted = 2 * limits.get("MaxRuntimeInSeconds", _DEFAULT_SECONDS)
        seconds = min(longest_runtime(kind), wanted)
        limits["MaxRuntimeInSeconds"] = seconds
        if "MaxWaitTimeInSeconds" in limits:
            limits["MaxWaitTimeInSeconds"] = max(seconds, limits["MaxWaitTimeInSeconds"])
    else:
        known = f"{', '.join(CHANGES)} and instance=ml.<family>.<size>"
        raise _refusal(f"There is no change {change!r}; known are {known}.", 400)


def _refusal(what: str, status: int) -> ExplainedError:
    return refusal("invalid-parameter", "Not run again", what, status=status)
