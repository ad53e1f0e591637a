"""How sure an explanation is: how often rules of its rank were right on errors they were not written from.

Measured by `python -m benchmarks held_out`: of each source in the corpora the patterns that only
that source bears out are left away, and its errors are read with the others. Below 0.5 a face
says "perhaps".
"""

from __future__ import annotations

from jupyter_sm.diagnosis.rules import Fit

# The least rank, and the share that was right: 85 of 87, 34 of 45, 9 of 10, 4 of 5, 15 of 30, …
# What lies between three and nine in ten is kept below 0.7, above which a face says it outright.
_BY_RANK = ((80, 0.95), (70, 0.69), (60, 0.65), (50, 0.6), (30, 0.5), (20, 0.4), (0, 0.3))
HINTED = 0.3


def confidence_of(fit: Fit) -> float:
    """The confidence of what a rule says, between 0 and 1."""
    return next(share for least, share in _BY_RANK if fit.rule.rank >= least)
