"""Faults of the store's file: locked, deleted, copied back, damaged; and what a user does then."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator

from benchmarks.chaos.world import KERNELS, World
from jupyter_sm.store import StoreError

_ENDS = ("", "-wal", "-shm")


class Stores:
    """Strikes at the store of a world. A copy of it is kept, as a user's backup would."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._copy = world.folder / "copy.sqlite3"
        self._lost = 0

    def back_up(self) -> None:
        """Copy the store, whole."""
        part = self._copy.with_suffix(".part")
        with contextlib.suppress(sqlite3.Error), self._open() as db:
            with contextlib.closing(sqlite3.connect(part)) as copy:
                db.backup(copy)
            part.replace(self._copy)

    def mind(self, error: StoreError) -> None:
        """What a user does whom the store says that it is damaged, of which no fault was the cause."""
        self._world.note(str(error))
        if "damaged" in str(error):
            self._world.surprises.append(str(error))
            with self._world.rest:
                self._world.end_kernels()
                self._world.server.kill()
                self._move_away()
                self._begin_anew()

    def lock(self) -> bool:
        """Somebody else writes, for seconds."""
        seconds = self._world.rng.uniform(0.3, 2.5)

        def hold() -> None:
            with contextlib.suppress(sqlite3.Error), self._open() as db:
                db.execute("BEGIN IMMEDIATE")
                time.sleep(seconds)
                db.execute("ROLLBACK")

        threading.Thread(target=hold).start()
        return True

    def delete(self) -> bool:
        """The file is gone while all use it; server and kernels are begun anew."""
        return self._take_away(self._world.store_file.unlink)

    def copy_back(self) -> bool:
        """An older copy takes its place while all use it; server and kernels are begun anew."""
        if not self._copy.exists():
            return False
        fresh = self._world.store_file.with_suffix(".copied")
        try:
            shutil.copyfile(self._copy, fresh)
        except OSError:  # the disk is full
            fresh.unlink(missing_ok=True)
            return False
        return self._take_away(lambda: fresh.replace(self._world.store_file))

    def damage(self) -> bool:
        """Pages of it are overwritten under a server; it is moved away as the server says."""
        world = self._world
        with world.rest:
            world.end_kernels()
            try:
                with self._open() as db:
                    db.execute("BEGIN IMMEDIATE")
                    self._note_unsent(db)
                    self._overwrite()
                    db.execute("ROLLBACK")
            except sqlite3.Error:
                world.begin_kernel()
                world.begin_kernel()
                return False
            time.sleep(world.rng.uniform(0.5, 2.0))
            with contextlib.suppress(Exception):
                world.stop_server()
            world.server.kill()
            self._move_away()
            self._begin_anew()
        return True

    def _move_away(self) -> None:
        """What a user is told to do with a damaged store."""
        self._lost += 1
        kept = self._world.folder / f"damaged-{self._lost}"
        kept.mkdir()
        for end in _ENDS:
            path = self._world.store_file.with_name(self._world.store_file.name + end)
            if path.exists():
                shutil.move(path, kept / path.name)

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        address = f"{self._world.store_file.as_uri()}?mode=rw"
        db = sqlite3.connect(address, uri=True, isolation_level=None, timeout=20)
        with contextlib.closing(db):
            yield db

    def _take_away(self, change: Callable[[], object]) -> bool:
        """Change the file while nobody writes, and note what nobody but it knew of."""
        world = self._world
        try:
            with self._open() as db:
                db.execute("BEGIN IMMEDIATE")
                self._note_unsent(db)
                change()
                db.execute("ROLLBACK")
        except (sqlite3.Error, OSError):
            return False
        # Server and kernels go on for a while: nobody may be told that a job was accepted.
        time.sleep(world.rng.uniform(0.2, 1.5))
        with world.rest:
            world.end_kernels()
            if world.rng.random() < 0.5:
                with contextlib.suppress(Exception):
                    world.stop_server()
            world.server.kill()
            self._begin_anew()
        return True

    def _note_unsent(self, db: sqlite3.Connection) -> None:
        """What was submitted and not yet sent is gone with a store."""
        rows = db.execute("SELECT j.request FROM jobs j WHERE j.phase = 'submitting'").fetchall()
        for (request,) in rows:
            self._world.unsent.add(json.loads(request)["Environment"]["SERIAL"])

    def _overwrite(self) -> None:
        with self._world.store_file.open("rb+") as file:
            size = file.seek(0, os.SEEK_END)
            for _ in range(8):
                # Page 1 is the file's own description.
                file.seek(4096 * self._world.rng.randrange(1, max(2, size // 4096)))
                file.write(self._world.rng.randbytes(4096))

    def _begin_anew(self) -> None:
        # Which targets were in use is in no store any more.
        while True:
            try:
                self._world.prepare()
                break
            except StoreError as error:
                self._world.note(f"the store was not opened: {error}")
                if "damaged" in str(error):
                    self._move_away()
                time.sleep(0.2)
        self._world.begin_server()
        for _ in range(KERNELS):
            self._world.begin_kernel()
