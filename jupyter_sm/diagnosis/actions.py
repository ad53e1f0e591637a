"""What a face may offer to do about an error: kinds named by the rules, filled in here.

rename-and-resubmit   submit the same request under a fresh name
next-larger-instance  the instance type now, so that a larger one can be chosen
choose-instance       open the choice of instance types
more-disk             raise the volume size
longer-runtime        raise the time limit
open-quota-page       `url` of Service Quotas
copy-iam-statement    `statement`, a policy statement that allows what was refused; offered only
                      where all of it is known and valid, and where allowing it can help
show-log              open the log; `line` is the entry where the error begins, if known
retry                 do the same again
log-in                `command` that renews the session
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from jupyter_sm.shown.secrets import mask

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

_REGION = re.compile(r"[a-z]{2}(?:-[a-z]{2,10}){1,3}-\d")
# IAM's grammar of an action and of ARNs, nothing masked or left to fill in (IAM user guide,
# Grammar of the IAM JSON policy language; Service authorization reference).
_ACTION = re.compile(r"[a-z0-9-]{2,40}:[A-Z][A-Za-z0-9]{2,80}\Z")
_ARN = re.compile(
    r"arn:(?P<partition>aws(?:-cn|-us-gov|-iso|-iso-b)?):(?P<service>[a-z0-9-]{2,40}):"
    r"(?P<region>[a-z]{2}(?:-[a-z]{2,10}){1,3}-\d)?:(?P<account>\d{12})?:"
    r"(?P<resource>[\w+=,.@/:*-]{1,400})\Z"
)
_REFUSED = re.compile(
    r"(?:not (?:authorized|permitted|allowed) to perform|perform):?\s{1,4}(?P<action>[\w-]{2,40}:\w{2,80})"
    r"(?:\s{1,4}on resource:?\s{1,4}(?P<resource>[^\s,\"'()]{3,500}))?"
)
# An Allow in a policy of the role does not help against these.
_HOPELESS = re.compile(
    r"explicit den|explicitly den|service control policy|no permissions? boundary allows"
    r"|no session policy allows|no resource-based policy allows|resource control policy",
    re.IGNORECASE,
)
# Which action an S3 call needs, and whether it is of the bucket or of its objects.
_S3_CALLS = {
    "GetObject": ("s3:GetObject", "/*"),
    "HeadObject": ("s3:GetObject", "/*"),
    "PutObject": ("s3:PutObject", "/*"),
    "CreateMultipartUpload": ("s3:PutObject", "/*"),
    "UploadPart": ("s3:PutObject", "/*"),
    "DeleteObject": ("s3:DeleteObject", "/*"),
    "ListObjects": ("s3:ListBucket", ""),
    "ListObjectsV2": ("s3:ListBucket", ""),
    "HeadBucket": ("s3:ListBucket", ""),
    "GetBucketLocation": ("s3:GetBucketLocation", ""),
}
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z")
# Operations by which SageMaker, and no other service, is given a role.
_SAGEMAKER_CALL = re.compile(
    r"(?:Create|Update|Start)(?:(?:Training|Processing|Transform|HyperParameterTuning|Compilation|AutoML|Labeling"
    r"|EdgePackaging|InferenceRecommendations)Job(?:V2)?|Model|Pipeline(?:Execution)?|Project|Domain|UserProfile"
    r"|Space|NotebookInstance|FeatureGroup|FlowDefinition|MonitoringSchedule|InferenceComponent)\Z"
)
_PASSED_TO = "sagemaker.amazonaws.com"


def fill(
    kinds: Iterable[str], entities: Mapping[str, str], text: str = ""
) -> tuple[dict[str, Any], ...]:
    """The actions of these kinds with what the error names; `text` is its own, nothing masked."""
    offered = ({"kind": kind, **_details(kind, entities, text)} for kind in kinds)
    return tuple(
        action
        for action in offered
        if action["kind"] != "copy-iam-statement" or "statement" in action
    )


def _details(kind: str, entities: Mapping[str, str], text: str) -> dict[str, Any]:
    if kind == "copy-iam-statement":
        statement = _statement(entities, text)
        return {"statement": statement} if statement else {}
    if kind == "open-quota-page":
        named = entities.get("region", "")
        region = named if _REGION.fullmatch(named) else "us-east-1"
        host = f"https://{region}.console.aws.amazon.com"
        return {"url": f"{host}/servicequotas/home/services/sagemaker/quotas"}
    if kind in ("next-larger-instance", "choose-instance") and "instance_type" in entities:
        return {"instance_type": entities["instance_type"]}
    if kind == "log-in":
        profile = entities.get("profile")
        return {
            "command": "aws sso login" + (f" --profile {shlex.quote(profile)}" if profile else "")
        }
    return {}


def _statement(entities: Mapping[str, str], text: str) -> dict[str, Any] | None:
    """What would allow what was refused; None unless each part is known, whole and valid."""
    if _HOPELESS.search(text):
        return None
    refused = _REFUSED.search(text)
    if refused is not None:
        resource = (refused["resource"] or "").rstrip(".,;")
        return _for_action(refused["action"], resource, entities.get("operation", ""))
    call = _S3_CALLS.get(entities.get("operation", ""))
    bucket = entities.get("bucket", "")
    if call is None or not _BUCKET.match(bucket):
        return None
    action, objects = call
    partition = "aws-cn" if entities.get("region", "").startswith("cn-") else "aws"
    return _allow(action, f"arn:{partition}:s3:::{bucket}{objects}")


def _for_action(action: str, resource: str, operation: str) -> dict[str, Any] | None:
    arn = _ARN.match(resource)
    if not _ACTION.match(action) or not (arn or resource == "*") or mask(resource) != resource:
        return None
    # Only S3's ARNs, and some of AWS's own resources, have no account.
    if arn and not arn["account"] and arn["service"] not in ("s3", "bedrock"):
        return None
    statement = _allow(action, resource)
    if action == "iam:PassRole":
        if not arn or arn["service"] != "iam" or not arn["resource"].startswith("role/"):
            return None
        if _SAGEMAKER_CALL.match(operation):
            statement["Condition"] = {"StringEquals": {"iam:PassedToService": _PASSED_TO}}
    return statement


def _allow(action: str, resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}
