"""What a face may offer to do about an error: kinds named by the catalogue, filled in here.

rename-and-resubmit   submit the same request under a fresh name
next-larger-instance  the instance type now, so that a larger one can be chosen
choose-instance       open the choice of instance types
more-disk             raise the volume size
longer-runtime        raise the time limit
open-quota-page       `url` of Service Quotas
copy-iam-statement    `statement`, a policy statement that allows what was refused
show-log              open the log; `line` is the entry where the error begins, if known
retry                 do the same again
log-in                `command` that renews the session
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

KINDS = frozenset(
    {
        "rename-and-resubmit",
        "next-larger-instance",
        "choose-instance",
        "more-disk",
        "longer-runtime",
        "open-quota-page",
        "copy-iam-statement",
        "show-log",
        "retry",
        "log-in",
    }
)


def fill(kinds: Iterable[str], entities: Mapping[str, str]) -> tuple[dict[str, Any], ...]:
    """The actions of these kinds with what the error names."""
    return tuple({"kind": kind, **_details(kind, entities)} for kind in kinds)


def _details(kind: str, entities: Mapping[str, str]) -> dict[str, Any]:
    if kind == "copy-iam-statement":
        return {"statement": _statement(entities)}
    if kind == "open-quota-page":
        region = entities.get("region", "us-east-1")
        host = f"https://{region}.console.aws.amazon.com"
        return {"url": f"{host}/servicequotas/home/services/sagemaker/quotas"}
    if kind in ("next-larger-instance", "choose-instance") and "instance_type" in entities:
        return {"instance_type": entities["instance_type"]}
    if kind == "log-in":
        profile = entities.get("profile")
        return {"command": "aws sso login" + (f" --profile {profile}" if profile else "")}
    return {}


def _statement(entities: Mapping[str, str]) -> dict[str, Any]:
    bucket = entities.get("bucket")
    action = entities.get("action")
    if bucket and (action is None or action.startswith("s3:")):
        actions: str | list[str] = action or ["s3:GetObject", "s3:PutObject", "s3:ListBucket"]
        resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
        return {"Effect": "Allow", "Action": actions, "Resource": resources}
    return {
        "Effect": "Allow",
        "Action": action or entities.get("operation", "*"),
        "Resource": entities.get("resource", "*"),
    }
