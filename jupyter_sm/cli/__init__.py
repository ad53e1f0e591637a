"""`jupyter sm …`: the jobs on the command line. Every command takes `--json`."""

from __future__ import annotations

import argparse
import io
import os
import sys
import time
from collections.abc import Sequence

from jupyter_sm.cli.parser import parser
from jupyter_sm.cli.show import fail, tell
from jupyter_sm.desk import Desk, open_desk
from jupyter_sm.diagnosis import ExplainedError

__all__ = ["main"]

_CLOSE_SECONDS = 1.0


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; 0 when it worked, 1 when it did not, 2 when it could not be read.

    It worked only if the targets could be asked that what it shows is of.
    """
    options = parser().parse_args(argv, argparse.Namespace(begun=time.monotonic(), unanswered=[]))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    desk: Desk | None = None
    try:
        desk = open_desk()
        if desk.store.note:
            tell(desk.store.note)
        result: int = options.run(desk, options)
        sys.stdout.flush()
    except ExplainedError as error:
        return fail(error, options.json)
    except BrokenPipeError:
        # The reader (head, say) has seen enough; Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    finally:
        if desk is not None:
            desk.close(_CLOSE_SECONDS)
    return result or int(bool(options.unanswered))
