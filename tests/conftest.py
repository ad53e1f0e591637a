"""What all tests share: a home of its own for each, a script, stores and a small disk."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jupyter_sm.notebook import session
from jupyter_sm.store import Store, open_store
from jupyter_sm.store.leases import Rank
from jupyter_sm.tracking import service
from jupyter_sm.tracking.service import TrackingService

from kit.scripts import TRAIN

pytest_plugins = ["pytest_jupyter.jupyter_server", "kit.aws_fixtures"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder of its own; whatever the test started in this process is ended."""
    folder = tmp_path / "home"
    monkeypatch.setenv("JUPYTER_SM_HOME", os.fspath(folder))
    session.desk.cache_clear()
    yield folder
    for tracking in service._in_kernel.values():
        tracking.stop()
    service._in_kernel.clear()
    if session.desk.cache_info().currsize:
        session.desk().store.close()
    session.desk.cache_clear()


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The script TRAIN in a file."""
    path = tmp_path / "train.py"
    path.write_text(TRAIN)
    return path


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    """A store that is tracked by nobody."""
    opened = open_store(home)
    yield opened
    opened.close()


@pytest.fixture
def tracked(store: Store) -> Iterator[Store]:
    """A store whose targets are tracked, as by a server."""
    tracking = TrackingService(store, Rank.SERVER)
    tracking.start()
    yield store
    tracking.stop()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Mounts a file system of so many KiB."""
    mounted: list[Path] = []

    def mount(kib: int) -> Path:
        place = tmp_path / f"disk-{len(mounted)}"
        place.mkdir()
        if shutil.which("mount") is None:
            pytest.skip("There is no mount program here.")
        argv = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", os.fspath(place)]
        done = subprocess.run(argv, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"A small file system can't be mounted: {done.stderr.strip()}")
        mounted.append(place)
        return place

    yield mount
    for place in mounted:
        subprocess.run(["umount", "-l", os.fspath(place)], check=True)
