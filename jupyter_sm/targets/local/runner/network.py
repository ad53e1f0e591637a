"""The network of a job's hosts, which on this machine are processes beside each other.

Each host gets a loopback address of its own, and the job a port for its processes to meet at that
no other job uses. Where hosts have no view of their own (`views.py`) their names don't resolve,
and they meet at localhost.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
from collections.abc import Sequence
from pathlib import Path

from jupyter_sm.targets.local.disk import locks

# Where PyTorch's processes meet on SageMaker.
_FIRST_PORT = 7777
_HOSTS = Path("/etc/hosts")


class Network:
    """Addresses and a port, held until this process ends."""

    def __init__(self, root: Path, hosts: Sequence[str]) -> None:
        self._hosts = hosts
        self._number = 0
        # On a full disk there is no lock to be had, and no job will get far.
        with contextlib.suppress(OSError):
            self._number = _claim(root / "networks")
        self.port = _FIRST_PORT + self._number

    def hosts_file(self) -> str:
        """The contents of /etc/hosts: the job's hosts, and what the machine has there."""
        known = ""
        with contextlib.suppress(OSError):
            known = _HOSTS.read_text("utf-8", "replace")
        rows = [
            f"{self._address(place)} {host}\n" for place, host in enumerate(self._hosts, start=1)
        ]
        return "".join(rows) + known

    def _address(self, place: int) -> str:
        """127.0.1.1, 127.0.1.2, …; of another job's hosts 127.0.2.1, 127.0.2.2, …"""
        number = ((1 + self._number) << 8) + place
        return f"127.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def _claim(folder: Path) -> int:
    """A number that this process alone has, while it lives."""
    folder.mkdir(exist_ok=True, mode=0o700)
    for number in itertools.count():
        lock = locks.try_lock(folder / str(number))
        if lock is None:
            continue
        if _is_free(_FIRST_PORT + number):
            return number  # the lock stays open
        os.close(lock)
    raise AssertionError


def _is_free(port: int) -> bool:
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("", port))
        except OSError:
            return False
    return True
