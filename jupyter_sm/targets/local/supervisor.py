"""The supervisor under the name that earlier versions know it by; `runner/` holds it.

A process of such a version that still runs, a server or another job's supervisor, starts the
next job's supervisor as `python -m jupyter_sm.targets.local.supervisor <job folder>`.
"""

from __future__ import annotations

from jupyter_sm.targets.local.runner.supervisor import main

if __name__ == "__main__":
    main()
