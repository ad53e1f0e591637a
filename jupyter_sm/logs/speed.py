"""Names that tell of the work, not of the model: samples a second, time a step, memory.

They are a group of their own, `speed`, apart from the metrics.
"""

from __future__ import annotations

import re
from functools import lru_cache

SPEED = "speed"
_THINGS = (
    r"(?:it|iters?|iterations?|steps?|samples?|examples?|ex|tok|tokens?|words?|images?|imgs?|im|frames?"
    r"|batch(?:es)?|ba|seq|seqs|sequences?|records?|rows|sentences?|updates?|episodes?|env_steps|epochs?"
    r"|trials?|rounds?|transitions|graphs|nodes|bytes|[KMG]i?B|atoms)"
)
# What stands behind a number, or in brackets behind a name: `3.1 it/s`, `(ms/step)`.
UNIT = re.compile(
    rf"\s{{0,2}}\(?((?:{_THINGS}|)\s?(?:/|per )\s?(?:s|sec|second)s?(?:/\w{{1,9}})?"
    rf"|(?:s|sec|secs|seconds|ms|us|min)\s?(?:/|per )\s?{_THINGS}"
    r"|[TGP]?FLOPS?(?:/s)?(?:/(?:GPU|s))?)(?![\w/])",
    re.I,
)
_MEMORY_UNIT = re.compile(r"\s?([KMGT]i?B|[KMG])(?![\w/])")
# By name alone; underscores and capitals within have become blanks.
_NAMES = re.compile(
    rf"/ ?(?:s|sec|secs|second|seconds|min|hour)\b|\bper (?:s|sec|second|minute|hour)\b"
    rf"|\b(?:s|sec|secs|seconds|ms|us) ?/ ?{_THINGS}\b"
    r"|\b(?:fps|sps|wps|ups|tps|qps|mfu|hfu|throughput|speed|t?flops?|tflopsgpu|bfps)\b"
    rf"|\b(?:time|secs?|seconds|ms|duration|latency) ?(?:/|per|a|each) ?{_THINGS}\b"
    rf"|\b(?:{_THINGS}|data|updt|update|forward|backward|fwd|bwd|gen|generate) (?:time|s|ms|latency)\b"
    r"|\b(?:mem|memory|vram|gram|maxmem|memallocated|gpu ?mem|peak ?mem|allocated|reserved)\b"
    r"|\bgpu (?:util|utilization)\b",
    re.I,
)
# What trainers and examples publish as a job's metrics: they count among them, too.
_PUBLISHED = re.compile(r"(?:.*/)?fps|tflops?(?:/gpu)?|samples_per_sec", re.I)
_BREAKS = re.compile(r"_|(?<=[a-z])(?=[A-Z][a-z])")


@lru_cache(maxsize=4096)
def group_of(name: str) -> str:
    """`speed` for a series that tells of the work, else empty."""
    return SPEED if len(name) <= 100 and _NAMES.search(_BREAKS.sub(" ", name)) else ""


def is_metric(name: str) -> bool:
    """Whether a series is one of the metrics: all are but speeds, and some of these."""
    return not group_of(name) or _PUBLISHED.fullmatch(name) is not None


def unit_behind(line: str, end: int) -> re.Match[str] | None:
    """The unit of speed or memory, its group 1, behind a number that ends at `end`."""
    after = line[end : end + 4].lstrip(" (")[:1]
    if not after.isalpha() and after != "/":
        return None
    return UNIT.match(line, end) or _MEMORY_UNIT.match(line, end)
