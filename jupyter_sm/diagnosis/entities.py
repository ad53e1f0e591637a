"""What an error is about: bucket, role, action, instance type, image, parameter, …

A word counts as one of them only where its form is right: a bucket's name, an ARN, a type.
"""

from __future__ import annotations

import re

from jupyter_sm.diagnosis.matching import Text, needs_of

_BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
_PARTITION = r"arn:aws[\w-]{0,10}"
# The first pattern that fits an entity counts. Repetitions are bounded, see docs/errors.md.
_PATTERNS: tuple[tuple[str, str], ...] = (
    ("s3_uri", rf"(s3://{_BUCKET}(?:/[^\s\"',;)\]]{{0,400}})?)"),
    ("bucket", rf"s3[an]?://({_BUCKET})"),
    ("bucket", rf"[Ff]ailed to upload [^\s]{{1,300}} to ({_BUCKET})/"),
    ("bucket", rf"[Bb]ucket[ :]{{1,3}}[\"']({_BUCKET})[\"']"),
    # Without quotes a word of the sentence may follow: a bucket's name has a digit or a hyphen.
    ("bucket", rf"[Bb]ucket:? ((?=[a-z.]{{0,60}}[-\d]){_BUCKET})(?=[\s.,;]|$)"),
    ("bucket", rf"{_PARTITION}:s3:::({_BUCKET})"),
    ("action", r"perform:? ([a-z0-9-]{2,30}:(?:\*|[A-Z]\w{1,60}\*?))"),
    ("action", r"\b((?:kms:|s3:|ecr:|iam:|sts:|logs:|sagemaker:|glue:|ssm:|ec2:)[A-Z]\w{2,60})\b"),
    ("resource", rf"on resource:? ({_PARTITION}:[^\s,\"']{{3,300}})"),
    ("resource", r"on resource:? ([\w-]{2,60}[:/][^\s,\"']{1,200}|[\w]+-[\w-]{2,100})"),
    ("resource", rf"({_PARTITION}:sagemaker:[^\s,\"')]{{3,300}})"),
    ("principal", rf"User:? {_PARTITION}:(?:sts|iam)::[^:\s]{{0,20}}:([^\s,\"']{{3,300}})"),
    ("principal", r"identity is not a role:? ([^\s,]{3,200})"),
    ("role", rf"User:? {_PARTITION}:sts::[^:\s]{{0,20}}:assumed-role/([\w+=,.@-]{{1,64}})"),
    ("role", rf"{_PARTITION}:iam::[^:\s]{{0,20}}:role/([\w+=,.@/-]{{1,128}})"),
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
    ("endpoint_name", r"[Ee]ndpoint (?:with name )?[\"']([A-Za-z0-9][\w-]{0,62})[\"']"),
    ("endpoint_name", r"the ([A-Za-z0-9][\w-]{1,62}) endpoint\."),
    # Without quotes a word of the sentence may follow: the name has a digit or a hyphen.
    (
        "endpoint_name",
        r"(?<![A-Za-z])[Ee]ndpoint:? ((?=[A-Za-z]{0,60}[-\d])[A-Za-z0-9][\w-]{4,62})",
    ),
    ("model_id", r"(models/None)\b"),
    ("model_id", r"huggingface\.co/(?:api/)?(?:models/)?([\w.-]{1,80}/[\w.-]{1,100})"),
    (
        "job",
        # Training, processing, tuning, transform, compilation: what is looked for begins with
        # a fixed word, which is ten times as fast.
        r"job(?<=ing job|orm job|ion job):? ((?=[A-Za-z]{0,60}[-\d])[\w-]{4,63})",
    ),
    ("parameter", r"at '([\w.]{1,120})' failed"),
    ("parameter", r"for parameter ([\w.\[\]]{1,120})"),
    (
        "parameter",
        r"([A-Z]\w{1,60}(?:Name|Arn|Uri|Url|Seconds|Jobs|Configurations?|Config|InGB|InMB))\b",
    ),
    (
        "parameter",
        r"\b((?:image_|model_|source_|output_|entry_|instance_|framework_|py_)[a-z_]{2,30})\b",
    ),
    ("script", r"python[\d.]{0,5} ([\w./-]{1,160}\.py)(?=[ \"']|$)"),
    ("script", r"python[\d.]{0,5} -m ([\w.-]{2,100})(?=[ \"']|$)"),
    ("input", r"\[sagemaker logs\]: ([^\s:]{5,300}): "),
    ("host", r"connect to ([\w-]{1,60}(?:\.[\w-]{1,60}){1,8})"),
    ("key", r"Key:? (<[^>]{1,60}>|[^\s,:]{2,300})"),
    ("size", r"size (\d{1,9}) to"),
    ("path", r"(?:of|from) file [<'\"]?([^'\">\s]{3,300})"),
    ("path", r"'((?:/|\./)[\w./@+-]{3,300})'"),
    ("path", r"(/(?<![\w/.]/)(?:opt/|tmp/|home/|root/|usr/|var/|mnt/|code/)[\w./@+-]{3,300})"),
    ("command", r"(docker-compose|docker compose)"),
    ("device", r"\b(GPU \d{1,2})\b"),
    ("value", r"[Ii]nvalid [a-z]{3,20}:? ['\"]([^'\"]{1,80})['\"]"),
    ("shape", r"(\[\d{1,9},\d{1,9}\])"),
    ("container", r"[Cc]ontainer \"?([A-Z]\w{2,62})"),
    ("media_type", r"(application/vnd\.[\w.+-]{5,100})"),
    ("label", r"(com\.amazonaws\.[\w.-]{5,120})"),
    ("address", r"\b(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})(?![\d.])"),
    ("variable", r"KeyError: u?'(SM_\w{1,80})'"),
    ("module", r"Cannot install ([\w.\[\]-]{1,60})"),
    ("module", r"No module named '?\"?([\w.]{1,100})"),
    ("profile", r"[Pp]rofile \(?[\"']?([\w.@-]{1,64})[\"')]"),
    ("exit_code", r"[Ee]xit ?[Cc]ode:? (\d{1,3})"),
)
_COMPILED = tuple((name, re.compile(pattern), needs_of(pattern)) for name, pattern in _PATTERNS)
_NUMBER = re.compile(r"\d+")

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


def nearest_version(requirement: str, versions: str) -> str:
    """Of the versions that there are, the one that lies nearest to what a requirement asks for."""
    there = [version.strip() for version in versions.split(",") if _NUMBER.match(version.strip())]
    _, _, asked = requirement.partition("=")
    if not there:
        return ""
    wanted = _numbers(asked)
    plain = [version for version in there if version.replace(".", "").isdigit()] or there
    return (
        min(plain, key=lambda version: _distance(_numbers(version), wanted))
        if wanted
        else plain[-1]
    )


def _numbers(version: str) -> list[int]:
    return [int(number[:9]) for number in _NUMBER.findall(version)[:4]]


def _distance(version: list[int], wanted: list[int]) -> list[int]:
    """How far two versions lie apart, major number first."""
    longest = max(len(version), len(wanted))
    version, wanted = (numbers + [0] * (longest - len(numbers)) for numbers in (version, wanted))
    return [abs(a - b) for a, b in zip(version, wanted, strict=True)]
