"""A job's request as code: text that, pasted and run, starts the same job under a fresh name.

Secrets are masked, and a comment says where they must be filled in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from jupyter_sm.jobs.differences import without_ours
from jupyter_sm.jobs.kinds import Kind
from jupyter_sm.jobs.names import fresh_name
from jupyter_sm.jobs.spec import Origin
from jupyter_sm.shown.secrets import MASK, masked

FORMS = ("jupyter_sm", "boto3")
_WIDTH = 88
_FILL_IN = f"# {MASK}: a secret that is not shown; put it in before you run this.\n"


def code_of(kind: Kind, request: Mapping[str, Any], target: str, form: str, origin: Origin) -> str:
    """The code of a request that a target has, as `jupyter_sm` or `boto3` would start it.

    Only where the user's source is known a training job can be written as one call of `sm.train`.
    Raises ValueError for another form.
    """
    if form not in FORMS:
        raise ValueError(f"There is no code {form!r}; there is {' and '.join(FORMS)}.")
    plain = without_ours(request)
    if form == "jupyter_sm":
        code = _in_one_call(kind, plain, target, origin) or _submitted(kind, plain, target)
    else:
        code = _by_boto3(kind, plain, target)
    return f"{_FILL_IN}{code}" if MASK in code else code


def _in_one_call(kind: Kind, request: Mapping[str, Any], target: str, origin: Origin) -> str:
    """`sm.train(…)`, if it can say all that the request says; else an empty text."""
    spec = kind.spec_of(request, origin) if kind.spec_of and origin.script else None
    if spec is None:
        return ""
    shown = masked({field.name: getattr(spec, field.name) for field in fields(spec)})
    words = [_literal(shown["script"])]
    for field in fields(spec):
        default = field.default
        if field.default_factory is not MISSING:
            default = field.default_factory()
        if field.name != "script" and getattr(spec, field.name) != default:
            words.append(f"{field.name}={_literal(shown[field.name], 4)}")
    if target != "local":
        words.append(f"target={_literal(target)}")
    lines = "".join(f"    {word},\n" for word in words)
    return f"import jupyter_sm as sm\n\njob = sm.train(\n{lines})\n"


def _submitted(kind: Kind, request: Mapping[str, Any], target: str) -> str:
    rest = "" if kind.kind == "training" else f", kind={_literal(kind.kind)}"
    rest += "" if target == "local" else f", target={_literal(target)}"
    return (
        f"import jupyter_sm as sm\n\nrequest = {_literal(_fresh(kind, request))}\n"
        f"job = sm.submit(request{rest})\n"
    )


def _by_boto3(kind: Kind, request: Mapping[str, Any], target: str) -> str:
    profile, at, region = target.partition("@")
    if not at:
        made = f'sm.client("sagemaker", target={_literal(target)})'
        head = f"import jupyter_sm as sm\n\nsagemaker = {made}\n"
    else:
        named = "" if profile == "default" else f"profile_name={_literal(profile)}, "
        head = (
            "import boto3\n\n"
            f"session = boto3.Session({named}region_name={_literal(region)})\n"
            'sagemaker = session.client("sagemaker")\n'
        )
    call = f"sagemaker.{_snake(kind.create)}(**request)"
    return f"{head}request = {_literal(_fresh(kind, request))}\nanswer = {call}\n"


def _fresh(kind: Kind, request: Mapping[str, Any]) -> dict[str, Any]:
    """The request, masked, under a name that is not taken: SageMaker keeps those of ended jobs, too."""
    name = fresh_name(str(request[kind.name_field]), limit=kind.name_limit)
    return kind.named(masked(request), name)


def _literal(value: Any, indent: int = 0) -> str:
    """Plain data as Python writes it, a member a line where it is long."""
    if isinstance(value, str):
        # What can't be seen is written as an escape.
        return "".join(map(_visible, json.dumps(value, ensure_ascii=False)))
    inner = " " * (indent + 4)
    if isinstance(value, Mapping):
        rows = [f"{_literal(key)}: {_literal(item, indent + 4)}" for key, item in value.items()]
        ends = "{}"
    elif isinstance(value, (list, tuple)):
        rows = [_literal(item, indent + 4) for item in value]
        ends = "[]"
    else:
        return repr(value)
    line = ends[0] + ", ".join(rows) + ends[1]
    if len(line) + indent <= _WIDTH and "\n" not in line:
        return line
    return f"{ends[0]}\n" + "".join(f"{inner}{row},\n" for row in rows) + " " * indent + ends[1]


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _snake(operation: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in operation).lstrip("_")
