"""`python -m jupyter_sm.cli`, where the program `jupyter-sm` is not on the PATH."""

import sys

from jupyter_sm.cli import main

if __name__ == "__main__":
    sys.exit(main())
