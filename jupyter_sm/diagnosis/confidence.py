"""How sure an explanation is: how often rules of its rank were right on errors they were not written from.

Measured by `python -m benchmarks held_out`: of each source in the corpora the patterns that only
that source bears out are left away, and its errors are read with the others. Below 0.5 a face
says "perhaps".
"""

from __future__ import annotations

from jupyter_sm.diagnosis.rules import Fit

# The least rank, and what is said for it. Right were, of 382 errors held out: 122 of 126 at 80 and
# above, 51 of 64, 16 of 18, 17 of 19, 34 of 53, 11 of 22, and 34 of 49 by a hint; but of those
# below 50 a reader would have said it in the very same word only in every third.
# What lies between three and nine in ten is kept below 0.7, above which a face says it outright.
_BY_RANK = ((80, 0.95), (70, 0.69), (60, 0.65), (50, 0.6), (30, 0.5), (20, 0.4), (0, 0.3))
HINTED = 0.4


def confidence_of(fit: Fit) -> float:
    """The confidence of what a rule says, between 0 and 1."""
    return next(share for least, share in _BY_RANK if fit.rule.rank >= least)
