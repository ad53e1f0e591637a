"""What a job has left, and bringing it here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import wait
from pathlib import Path
from typing import Any, TypeVar

from jupyter_sm.background import begin
from jupyter_sm.desk.reach import of_error, silent
from jupyter_sm.diagnosis import refusal
from jupyter_sm.jobs import JobKey, kind_named
from jupyter_sm.store import Store, jobs
from jupyter_sm.targets import Target, UnknownTargetError, artifacts, open_target
from jupyter_sm.targets.artifacts import Artifact, ArtifactError
from jupyter_sm.tracking.trouble import is_of_aws

T = TypeVar("T")
# Bytes done, and in all.
Progress = Callable[[int, int], None]


class Results:
    """What one job has left. Asks the job's target; raises ExplainedError."""

    def __init__(self, store: Store, key: JobKey, seconds: float) -> None:
        self._store = store
        self._key = key
        self._seconds = seconds
        self._target: Target | None = None

    def files(self) -> list[Artifact]:
        """All files, by name; none where the job has left none (yet)."""
        request = jobs.request_of(self._store, self._key) or {}
        places = kind_named(self._key.kind).results(request, self._key.name)
        listing = begin(lambda: artifacts.list_artifacts(self._s3, places), "jupyter_sm artifacts")
        wait([listing], self._seconds)
        if not listing.done():
            raise silent(self._key.target, self._seconds)
        return self._doing(listing.result)

    def download(
        self, to: Path, chosen: Sequence[Artifact], progress: Progress | None = None
    ) -> list[Path]:
        """Bring files below a folder, each whole or not at all."""
        total, done = sum(one.size for one in chosen), 0

        def tell(count: int) -> None:
            nonlocal done
            done += count
            if progress is not None:
                progress(done, total)

        return self._doing(lambda: [artifacts.fetch(self._s3, one, to, tell) for one in chosen])

    def model(self, to: Path, progress: Progress | None = None) -> Path:
        """The model archive, unpacked into a folder `model` below `to`."""
        chosen = [one for one in self.files() if one.name == "model.tar.gz"]
        if not chosen:
            raise refusal(
                "not-found", "No model", f"The job {self._key.name} has left no model.", status=404
            )
        (archive,) = self.download(to, chosen, progress)
        return self._doing(lambda: artifacts.unpack(archive, to / "model"))

    def _s3(self) -> Any:
        if self._target is None:
            self._target = open_target(self._key.target, self._store.folder)
        return self._target.client("s3")

    def _doing(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except UnknownTargetError as error:
            raise refusal("invalid-parameter", "No such target", str(error)) from None
        except ArtifactError as error:
            raise refusal("invalid-parameter", "Not fetched", str(error)) from None
        except Exception as error:
            if is_of_aws(error):
                raise of_error(error, self._key.target) from None
            if not isinstance(error, OSError):
                raise
            what = f"{error.strerror or error}: {error.filename or self._key.name}."
            raise refusal("local-file-not-found", "Not fetched", what) from None
