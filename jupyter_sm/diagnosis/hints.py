"""What an error is about, by its words alone: for wordings that no rule knows.

Every service and every version words its errors anew; the words for a subject (subnet, bucket,
quota) and for what went wrong with it (denied, missing, exceeded) stay the same.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from jupyter_sm.diagnosis.data_files import rows_of

# In a longer text words stand together by chance.
_LONGEST = 2_000
_ALARM = re.compile(
    r"error|exception|fail|invalid|denied|unable|cannot|can't|could not|couldn't|refused"
    r"|unsupported|not supported|not found|not exist|must |killed|exceed|timed out|expired"
    r"|missing|forbidden|rejected|not allowed|not valid"
)


class Hint(NamedTuple):
    """A category, and sets of words of which a text about it holds one each."""

    category: str
    words: tuple[re.Pattern[str], ...]


@functools.lru_cache(maxsize=1)
def hints() -> tuple[Hint, ...]:
    """The hints of hints.toml, in their order."""
    return tuple(
        Hint(
            row["category"],
            tuple(re.compile(rf"(?<![a-z0-9])(?:{any_of})(?![a-z0-9])") for any_of in row["words"]),
        )
        for row in rows_of("hints.toml", "hint")
    )


def hinted(lowered: str) -> str | None:
    """The category that the words of a text in lower case speak of, or None."""
    if len(lowered) > _LONGEST or not _ALARM.search(lowered):
        return None
    for category, words in hints():
        if all(any_of.search(lowered) for any_of in words):
            return category
    return None
