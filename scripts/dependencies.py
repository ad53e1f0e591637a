"""Print what a development environment needs, read from pyproject.toml: build, run, test, lint."""

import sys
from pathlib import Path

try:
    import tomllib
except ImportError:  # Python 3.10: pip brings its own
    from pip._vendor import tomli as tomllib

project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())
lists = [
    project["build-system"]["requires"],
    project["project"]["dependencies"],
    *project["project"]["optional-dependencies"].values(),
    ["build", "editables"],  # --no-build-isolation takes them from the environment
]
sys.stdout.write("\n".join(line for lines in lists for line in lines) + "\n")
