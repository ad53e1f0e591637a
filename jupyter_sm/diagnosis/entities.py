"""Finding what an error is about: bucket, role, action, instance type, image, parameter, line."""

from __future__ import annotations

import re

from jupyter_sm.diagnosis.matching import Text, needs_of

# The first pattern that fits an entity counts. Repetitions are bounded, see catalog.toml.
_PATTERNS: tuple[tuple[str, str], ...] = (
    ("s3_uri", r"(s3://[a-z0-9][a-z0-9._-]{1,62}(?:/[^\s\"',;)\]]{0,400})?)"),
    ("bucket", r"s3://([a-z0-9][a-z0-9._-]{1,62})"),
    ("bucket", r"[Ff]ailed to upload [^\s]{1,300} to ([a-z0-9][a-z0-9.-]{2,62})/"),
    ("bucket", r"bucket[ :\"']{1,3}([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])[\"' .,]"),
    ("bucket", r"arn:aws[\w-]{0,10}:s3:::([a-z0-9][a-z0-9.-]{1,62})"),
    ("action", r"perform:? ([a-z0-9-]{2,30}:\*?\w{0,60})"),
    ("action", r"\b((?:kms|s3|ecr|iam|sts|logs|sagemaker):[A-Z]\w{2,60})\b"),
    ("resource", r"on resource:? ([^\s,\"']{3,300})"),
    ("resource", r"(arn:aws[\w-]{0,10}:sagemaker:[^\s,\"')]{3,300})"),
    ("principal", r"User:? arn:aws[\w-]{0,10}:(?:sts|iam)::[^:\s]{0,20}:([^\s,\"']{3,300})"),
    ("principal", r"identity is not a role:? ([^\s,]{3,200})"),
    ("role", r"User:? arn:aws[\w-]{0,10}:sts::[^:\s]{0,20}:assumed-role/([\w+=,.@-]{1,64})"),
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
    ("endpoint_name", r"/[Ee]ndpoints/([A-Za-z0-9][\w-]{2,62})"),
    (
        "endpoint_name",
        r"(?<![A-Za-z])[Ee]ndpoint:? \"?(?!operation|url|configuration|config|name|with|container)"
        r"([A-Za-z0-9][\w-]{4,62})",
    ),
    ("model_id", r"(models/None)\b"),
    ("model_id", r"huggingface\.co/(?:api/)?(?:models/)?([\w.-]{1,80}/[\w.-]{1,100})"),
    ("model_id", r"(models/None)\b"),
    (
        "job",
        # Training, processing, tuning, transform, compilation: what is looked for begins with
        # a fixed word, which is ten times as fast.
        r"job(?<=ing job|orm job|ion job):? ([\w-]{4,63})",
    ),
    ("parameter", r"at '([\w.]{1,120})' failed"),
    ("parameter", r"for parameter ([\w.\[\]]{1,120})"),
    (
        "parameter",
        r"\b((?:[A-Z][a-z0-9]{1,15}){1,5}(?:Name|Arn|Uri|Url|Seconds|Jobs|Configurations?|Config|InGB|InMB))\b",
    ),
    ("parameter", r"\b((?:image|model|source|output|entry|instance|framework|py)_[a-z_]{2,30})\b"),
    ("script", r"python[\d.]{0,5} (?:-m )?([\w./-]{2,160}?)(?:\.py)?(?=[ \"]|$)"),
    ("input", r"\[sagemaker logs\]: ([^\s:]{5,300}): "),
    ("host", r"connect to ([\w.-]{3,100})"),
    ("key", r"Key:? (<[^>]{1,60}>|[^\s,]{2,300})"),
    ("size", r"size (\d{1,9}) to"),
    ("path", r"(?:of|from) file [<'\"]?([^'\">\s]{3,300})"),
    ("path", r"'((?:/|\./)[\w./@+-]{3,300})'"),
    ("path", r"(?<![\w/.])(/(?:opt|tmp|home|root|usr|var|mnt|code)/[\w./@+-]{3,300})"),
    ("command", r"(docker-compose|docker compose)"),
    ("device", r"\b(GPU \d{1,2})\b"),
    ("value", r"[Ii]nvalid [a-z]{3,20}:? ['\"]([^'\"]{1,80})['\"]"),
    ("shape", r"(\[\d{1,9},\d{1,9}\])"),
    ("container", r"[Cc]ontainer \"?([A-Z]\w{2,62})"),
    ("media_type", r"(application/vnd\.[\w.+-]{5,100})"),
    ("label", r"(com\.amazonaws\.[\w.-]{5,120})"),
    ("address", r"\b(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})\b"),
    ("variable", r"KeyError: u?'(SM_\w{1,80})'"),
    ("module", r"Cannot install ([\w.\[\]-]{1,60})"),
    ("module", r"No module named '?\"?([\w.]{1,100})"),
    ("profile", r"[Pp]rofile \(?[\"']?([\w.@-]{1,64})[\"')]"),
    ("exit_code", r"[Ee]xit ?[Cc]ode:? (\d{1,3})"),
    ("frame", r"File \"([^\"]{1,300}\", line \d{1,7})"),
)
_COMPILED = tuple((name, re.compile(pattern), needs_of(pattern)) for name, pattern in _PATTERNS)


NAMES = frozenset(name for name, _ in _PATTERNS)


def entities_of(text: Text) -> dict[str, str]:
    """Everything of a known kind that a text names, each kind once."""
    found: dict[str, str] = {}
    for name, pattern, needs in _COMPILED:
        if name not in found and text.holds(needs):
            match = pattern.search(text.text)
            if match:
                found[name] = match[1].rstrip(".")
    return found
