"""The user's own file, for a file that a container ran."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_sm.jobs import Origin
from jupyter_sm.server.sources import path_in_source


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for name in ("project/train.py", "project/model/net.py", "project/code/deep.py", "one.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    (tmp_path / "elsewhere.py").touch()
    (root / "project" / "link.py").symlink_to(tmp_path / "elsewhere.py")
    return root


@pytest.mark.parametrize(
    ("source", "frame", "found"),
    [
        ("project", "/opt/ml/code/train.py", "project/train.py"),
        ("project", "/opt/ml/code/model/net.py", "project/model/net.py"),
        ("project", "model/net.py", "project/model/net.py"),
        ("project", "/home/me/jobs/x/opt/ml/code/train.py", "project/train.py"),
        ("one.py", "/opt/ml/code/one.py", "one.py"),
        ("one.py", "one.py", "one.py"),
        ("one.py", "/opt/ml/code/two.py", None),
        ("project", "/opt/ml/code/none.py", None),
        ("project", "/opt/ml/code/../../one.py", None),
        ("project", "../one.py", None),
        ("project", "/opt/ml/code/link.py", None),
        ("project", "/usr/lib/python3/site-packages/train.py", None),
        ("project", "/opt/ml/code/model", None),
        ("project", "", None),
    ],
)
def test_the_file_that_ran(root: Path, source: str, frame: str, found: str | None) -> None:
    assert path_in_source(Origin(str(root / source)), frame, str(root)) == found


@pytest.mark.parametrize(
    ("frame", "found"),
    [
        ("/opt/ml/code/model/net.py", "project/model/net.py"),
        ("/opt/ml/code/one.py", "one.py"),
        ("/opt/ml/code/train.py", "project/train.py"),
        ("/opt/ml/code/model/../../one.py", None),
        ("/opt/ml/code/model/none.py", None),
        ("/opt/ml/code/one.py/more", None),
        ("/opt/ml/code", None),
        ("link/elsewhere.py", None),
    ],
)
def test_the_file_of_a_dependency_that_ran(root: Path, frame: str, found: str | None) -> None:
    (root / "link").symlink_to(root.parent)
    beside = [str(root / name) for name in ("project/model", "one.py", "link")]
    origin = Origin(str(root / "project" / "train.py"), beside)
    assert path_in_source(origin, frame, str(root)) == found


def test_a_source_outside_the_root_is_not_shown(root: Path) -> None:
    assert (
        path_in_source(Origin(str(root / "project")), "train.py", str(root / "project" / "model"))
        is None
    )
    assert path_in_source(Origin(), "train.py", str(root)) is None
