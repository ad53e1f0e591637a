"""What goes into an environment that is made for a requirements.txt, beside that file itself.

The files that it includes, and the packages that lie on this machine, are what its contents stand
for: where one of them changes, the environment is another. Source: pip's requirements file format.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

_OPTION = re.compile(
    r"^(?:(-r|-c|-e|-f)\s*|(--requirement|--constraint|--editable|--find-links)(?:\s+|\s*=\s*))(?P<value>.+)$"
)
_NAMED = re.compile(r"^[\w.-]+\s*(?:\[[^\]]*\])?\s*@\s*(?P<value>file:.+)$")
_EXTRAS = re.compile(r"(?<=.)\[[\w\s,.-]*\]$")
_COMMENT = re.compile(r"(^|\s)#.*$")
# What building and running leave in a package's folder.
_LEFT = frozenset({".git", "__pycache__", "build", "dist", ".venv", "node_modules", ".tox"})
_BLOCK = 1 << 20
_ARCHIVES = (".whl", ".tar.gz", ".zip")


class RequirementFiles:
    """A requirements.txt in the folder in which pip runs, and all that it names there."""

    def __init__(self, requirements: Path, check_stop: Callable[[], None] = lambda: None) -> None:
        self._check_stop = check_stop
        self._folder = requirements.parent
        self._seen: set[Path] = set()
        self._digest = hashlib.sha256()
        # Whether what is installed refers to the folder itself, wherever that lies.
        self.is_editable = False
        self._read(requirements)
        # A requirement may be found by name among archives that travel beside the script.
        for suffix in _ARCHIVES:
            for archive in sorted(self._folder.rglob(f"*{suffix}")):
                self._add(archive)

    def digest(self) -> bytes:
        """Another one whenever something has changed that the environment is made of."""
        return self._digest.digest()

    def add_package(self, folder: Path) -> None:
        """Let a package's folder count too."""
        self._add(folder)

    def _read(self, file: Path) -> None:
        if file in self._seen or not file.is_file():
            return
        self._seen.add(file)
        text = file.read_text("utf-8", "replace")
        self._digest.update(text.encode() + b"\0")
        for line in _lines(text):
            option = _OPTION.match(line)
            name = (option[1] or option[2]).lstrip("-")[0] if option else ""
            value = option["value"].strip("\"' ") if option else line
            if name in ("r", "c"):
                self._read(file.parent / value)
            else:
                self.is_editable |= name == "e" and "://" not in value
                self._add(self._local(value))

    def _local(self, requirement: str) -> Path | None:
        """The file or folder that a requirement names, if it names one."""
        named = _NAMED.match(requirement)
        words = named["value"] if named else requirement
        words = re.split(r"\s*;\s|\s--", words, maxsplit=1)[0].strip()
        if words.startswith("file:"):
            words = unquote(urlsplit(words).path)
        path = self._folder / _EXTRAS.sub("", words)
        is_path = "/" in words or words.startswith(".") or words.endswith(_ARCHIVES)
        return path if is_path and "://" not in words and path.exists() else None

    def _add(self, path: Path | None) -> None:
        if path is None or path in self._seen:
            return
        self._seen.add(path)
        for file in [path] if path.is_file() else _files(path):
            self._digest.update(f"{file.relative_to(path)}\0".encode("utf-8", "replace"))
            self._digest.update(self._hash(file))

    def _hash(self, file: Path) -> bytes:
        digest = hashlib.sha256()
        with file.open("rb") as content:
            while block := content.read(_BLOCK):
                self._check_stop()
                digest.update(block)
        return digest.digest()


def _lines(text: str) -> Iterator[str]:
    """The lines of a requirements file, whole and without comments."""
    for line in re.sub(r"\\\n", "", text).splitlines():
        bare = _COMMENT.sub("", line).strip()
        if bare:
            yield bare


def _files(folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        if entry.name in _LEFT or entry.name.endswith(".egg-info"):
            continue
        if entry.is_dir() and not entry.is_symlink():
            yield from _files(entry)
        elif entry.is_file():
            yield entry
