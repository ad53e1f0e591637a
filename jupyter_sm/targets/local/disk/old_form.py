"""Stores from before each kind of job had a folder of its own, brought into today's form.

Then every job was a training job in <root>/jobs/<name>, and markers named no kind:
<root>/queue/<time>~<name> waited, <root>/running/<name> ran. Processes of that time may still
run beside us. They look at their own folders only, and share the dispatch lock and a job's lock
with us; so a job whose supervisor lives stays where it is, seen through a link, until it has
ended.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from jupyter_sm.shown.logger import logger_of
from jupyter_sm.targets.local.disk import locks

_log = logger_of(__name__)

KIND = "training"
# An old job's folder has one of these; a kind's folder holds folders only.
_OWN_FILES = ("state.json", "request.json")
_ENTRIES = ("stop", "supervisor.lock", "supervisor.log", "logs", "hosts", "reserve")


def is_there(jobs: Path) -> bool:
    """Whether something may have to be moved. Cheap: today, `jobs` holds a folder a kind."""
    return next(_folders(jobs), None) is not None


def move(root: Path) -> None:
    """Move what can be moved, and link what still runs. The dispatch lock must be held."""
    waiting: dict[str, list[Path]] = {}
    with suppress(FileNotFoundError):
        for marker in (root / "queue").iterdir():
            waiting.setdefault(marker.name.partition("~")[2], []).append(marker)
    # A job that bears the kind's own name stands in the way of all others.
    for folder in sorted(_folders(root / "jobs"), key=lambda found: found.name != KIND):
        try:
            _bring(root, folder, waiting.get(folder.name, []))
        except OSError as error:
            # A full disk, say: tried again at the next round.
            _log.warning("The job in %s could not be moved: %s", folder, error)


def _folders(jobs: Path) -> Iterator[Path]:
    """The jobs that lie in the old form."""
    try:
        with os.scandir(jobs) as entries:
            found = [Path(entry.path) for entry in entries if not entry.name.startswith(".")]
    except FileNotFoundError:
        return
    for path in found:
        if any((path / file).is_file() for file in _OWN_FILES):
            yield path


def _bring(root: Path, folder: Path, waiting: list[Path]) -> None:
    """Move one job, its markers first: a crash leaves a marker too many, never one too few."""
    place = root / "jobs" / KIND / folder.name
    started = root / "started" / f"{KIND}~{folder.name}"
    old_markers = [*waiting, root / "running" / folder.name]
    is_linked = place.is_symlink()
    if place.exists() and not is_linked:
        if folder.name == KIND:
            _clear(folder, old_markers)  # moved, and killed in the midst of clearing up
        return  # else an old process used a name again: its job is left to it
    place.parent.mkdir(exist_ok=True, mode=0o700)
    lock = locks.try_lock(folder / "supervisor.lock")
    if lock is None:
        if not is_linked:
            started.touch()
            place.symlink_to(Path("..") / folder.name, target_is_directory=True)
        return
    try:
        for marker in waiting:
            time = marker.name.partition("~")[0]
            (root / "waiting" / f"{time}~{KIND}~{folder.name}").touch()
        if old_markers[-1].exists():
            started.touch()
        if folder.name == KIND:
            _move_inwards(folder, place, root / "moving")
        else:
            if is_linked:
                place.unlink()
            folder.rename(place)
        _clear(folder, old_markers)
    finally:
        locks.unlock(lock)


def _move_inwards(folder: Path, place: Path, part: Path) -> None:
    """Move a job whose folder is the one that it must come to lie in."""
    part.mkdir(exist_ok=True, mode=0o700)
    for entry in list(folder.iterdir()):
        if entry.name in _OWN_FILES:
            # Copied: the folder is known as an old job's by them until all is done.
            shutil.copy2(entry, part)
        elif entry.name in _ENTRIES:
            entry.rename(part / entry.name)
    if place.is_symlink():
        place.unlink()
    part.rename(place)


def _clear(folder: Path, markers: list[Path]) -> None:
    """Remove what is left in the old form once a job is moved."""
    for path in (*markers, *(folder / file for file in _OWN_FILES)):
        path.unlink(missing_ok=True)
