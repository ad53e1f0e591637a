"""Finding what an error is about: bucket, role, action, instance type, image, parameter, line."""

from __future__ import annotations

import re

from jupyter_sm.diagnosis.matching import holds, needs_of

# The first pattern that fits an entity counts. Repetitions are bounded, see catalog.toml.
_PATTERNS: tuple[tuple[str, str], ...] = (
    ("s3_uri", r"(s3://[a-z0-9][a-z0-9._-]{1,62}(?:/[^\s\"',;)\]]{0,400})?)"),
    ("bucket", r"s3://([a-z0-9][a-z0-9._-]{1,62})"),
    ("bucket", r"bucket[ :\"']{1,3}([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])[\"' .,]"),
    ("bucket", r"arn:aws[\w-]{0,10}:s3:::([a-z0-9][a-z0-9.-]{1,62})"),
    ("action", r"perform:? ([a-z0-9-]{2,30}:\*?\w{0,60})"),
    ("action", r"\b((?:kms|s3|ecr|iam|sts|logs|sagemaker):[A-Z]\w{2,60})\b"),
    ("resource", r"on resource:? ([^\s,\"']{3,300})"),
    ("resource", r"(arn:aws[\w-]{0,10}:sagemaker:[^\s,\"')]{3,300})"),
    ("principal", r"User:? arn:aws[\w-]{0,10}:(?:sts|iam)::[^:\s]{0,20}:([^\s,\"']{3,300})"),
    ("principal", r"identity is not a role:? ([^\s,]{3,200})"),
    ("role", r"arn:aws[\w-]{0,10}:iam::[^:\s]{0,20}:role/([\w+=,.@/-]{1,128})"),
    ("role", r"assumed-role/([\w+=,.@-]{1,64})"),
    (
        "instance_type",
        r"\b(ml\.[a-z][\w-]{1,20}\.(?:\d{0,3}x?large|medium|micro|small|metal\w{0,8}))\b",
    ),
    ("image", r"([\w<>·.-]{1,40}\.dkr\.ecr\.[\w.-]{4,60}/[\w./:@-]{1,200})"),
    (
        "region",
        r"\b([a-z]{2}(?:-gov)?-(?:north|south|east|west|central)(?:east|west)?-\d)\b",
    ),
    ("endpoint", r"endpoint URL: \"?(https?://[^\s\"]{4,200})"),
    ("parameter", r"at '([\w.]{1,120})' failed"),
    ("variable", r"KeyError: u?'(SM_\w{1,80})'"),
    ("module", r"No module named '?\"?([\w.]{1,100})"),
    ("profile", r"[Pp]rofile \(?[\"']?([\w.@-]{1,64})[\"')]"),
    ("exit_code", r"[Ee]xit ?[Cc]ode:? (\d{1,3})"),
    ("frame", r"File \"([^\"]{1,300}\", line \d{1,7})"),
)
_COMPILED = tuple((name, re.compile(pattern), needs_of(pattern)) for name, pattern in _PATTERNS)


NAMES = frozenset(name for name, _ in _PATTERNS)


def entities_of(text: str) -> dict[str, str]:
    """Everything of a known kind that a text names, each kind once."""
    found: dict[str, str] = {}
    lowered = text.lower()
    for name, pattern, needs in _COMPILED:
        if name not in found and holds(lowered, needs):
            match = pattern.search(text)
            if match:
                found[name] = match[1].rstrip(".")
    return found
