"""What goes wrong, kind by kind. Each strikes once, and says whether there was what it strikes."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from benchmarks.chaos import processes, stores
from benchmarks.chaos.world import KERNELS, SPEED, World

from kit.aws_gate import refusal
from kit.simulator.httpd import Response

# So long a server lives at least before it is killed, so that some are killed as they start.
_SERVER_LIVES = 3.0
# Beyond this a lease is free for others while its holder still believes in it.
_LEASE_SECONDS = 17.0


class Faults:
    """Strikes at random; `counts` says how often, by kind."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.rng = world.rng
        self.counts: Counter[str] = Counter()
        self.later = processes.Later()
        self.stores = stores.Stores(world)
        self._disk_is_full = False
        self._kinds: list[tuple[str, int, Callable[[], bool]]] = [
            ("script: SIGKILL", 24, self.kill_script),
            ("script: SIGSTOP", 30, self.pause_script),
            ("supervisor: SIGKILL", 16, self.kill_supervisor),
            ("supervisor: SIGSTOP", 30, self.pause_supervisor),
            ("server: SIGKILL", 5, self.kill_server),
            ("server: SIGSTOP", 8, self.pause_server),
            ("kernel: SIGKILL", 6, self.kill_kernel),
            ("kernel: SIGSTOP", 8, self.pause_kernel),
            ("SageMaker: no connection", 8, self.cut_sagemaker),
            ("SageMaker: answer lost", 22, self.lose_answers),
            ("SageMaker: 500, throttle, slow", 8, self.trouble_sagemaker),
            ("SageMaker: token, clock refused", 3, self.refuse_sagemaker),
            ("S3: no connection, 503, damage", 10, self.cut_s3),
            ("store: locked", 8, self.stores.lock),
            ("disk: full", 8, self.fill_disk),
            ("store: deleted", 1, self.stores.delete),
            ("store: copied back", 1, self.stores.copy_back),
            ("store: damaged", 1, self.stores.damage),
        ]

    def strike(self) -> None:
        """Once, with a kind drawn by its weight."""
        [(name, _, strike)] = self.rng.choices(
            self._kinds, [weight for _, weight, _ in self._kinds]
        )
        if strike():
            self.counts[name] += 1
            self.world.note(name)

    def rows(self) -> list[tuple[str, int]]:
        """Each kind, and how often it struck."""
        return [(name, self.counts[name]) for name, _, _ in self._kinds]

    def heal(self) -> None:
        """No more faults: what was paused goes on, the disk is free, AWS answers."""
        self.later.wait()
        self.world.control.do("traps", clear=True)
        self.world.s3.rule = lambda method, path: None
        self.world.s3.damages = lambda method, path: False

    def _seconds(self) -> float:
        return self.rng.uniform(0.3, 2.0)

    def _short(self) -> float:
        return self.rng.uniform(0.2, 1.2)

    # Processes

    def _one(self, look: Callable[[Path], list[processes.Found]]) -> int | None:
        found = look(self.world.home)
        if not found:
            return None
        one = self.rng.choice(found)
        self.world.struck.add(one.job)
        return one.pid

    def kill_script(self) -> bool:
        pid = self._one(processes.scripts)
        return pid is not None and processes.kill(pid)

    def pause_script(self) -> bool:
        pid = self._one(processes.scripts)
        return pid is not None and processes.pause(pid, self._seconds(), self.later)

    def kill_supervisor(self) -> bool:
        """One of its two processes, or both."""
        found = processes.supervisors(self.world.home)
        if not found:
            return False
        job = self.rng.choice(found).job
        both = [one.pid for one in found if one.job == job]
        self.world.struck.add(job)
        killed = both if self.rng.random() < 0.4 else [self.rng.choice(both)]
        return sum(processes.kill(pid) for pid in killed) > 0  # each of them

    def pause_supervisor(self) -> bool:
        pid = self._one(processes.supervisors)
        return pid is not None and processes.pause(pid, self._seconds(), self.later)

    def kill_server(self) -> bool:
        if time.monotonic() - self.world.server_since < _SERVER_LIVES:
            return False
        self.world.server.kill()
        self.world.begin_server()
        return True

    def pause_server(self) -> bool:
        long = self.rng.random() < 0.1
        seconds = _LEASE_SECONDS if long else self._seconds()
        return processes.pause(self.world.server.process.pid, seconds, self.later)

    def kill_kernel(self) -> bool:
        self.world.end_kernel(self.rng.choice(self.world.kernels))
        while len(self.world.kernels) < KERNELS:
            self.world.begin_kernel()
        return True

    def pause_kernel(self) -> bool:
        manager = self.rng.choice(self.world.kernels)
        seconds = _LEASE_SECONDS if self.rng.random() < 0.1 else self._seconds()
        return processes.pause(manager.provisioner.pid, seconds, self.later)

    # AWS

    def _trap(self, **traps: object) -> bool:
        self.world.control.traps(**traps)
        return True

    def cut_sagemaker(self) -> bool:
        glob = self.rng.choice(["*", "*", "Create*", "Describe*", "List*", "FilterLogEvents"])
        self.later(self._short(), lambda: self._trap(unreachable=""))
        return self._trap(unreachable=glob)

    def lose_answers(self) -> bool:
        return self._trap(
            accepted_answer=self.rng.choice(["close", 500, 503]),
            accepted_but_timed_out=self.rng.randint(1, 3),
        )

    def trouble_sagemaker(self) -> bool:
        what = self.rng.choice(["errors", "throttle", "slow", "hang", "lag"])
        if what == "errors":
            return self._trap(server_errors=self.rng.randint(1, 8))
        if what == "throttle":
            # Of the simulator's seconds.
            return self._trap(throttle=SPEED * self._short())
        if what == "slow":
            self.later(self._short(), lambda: self._trap(slow=0.0))
            return self._trap(slow=0.3)
        if what == "lag":
            self.later(self._short(), lambda: self._trap(list_lag=0.0))
            return self._trap(list_lag=4.0)
        self.later(self._short(), lambda: self._trap(hang=None))
        return self._trap(hang=["*", 3.0])

    def refuse_sagemaker(self) -> bool:
        trap = self.rng.choice(["expired_token", "clock_off"])
        return self._trap(**{trap: SPEED * self._short()})

    def cut_s3(self) -> bool:
        s3, what = self.world.s3, self.rng.choice(["cut", "busy", "damage"])
        if what == "damage":
            s3.damages = lambda method, path: method == "PUT"
        else:
            told = Response(None) if what == "cut" else refusal(503, "SlowDown")
            s3.rule = lambda method, path: told

        def mend() -> None:
            s3.rule = lambda method, path: None
            s3.damages = lambda method, path: False

        self.later(self._short(), mend)
        return True

    # The disk

    def fill_disk(self) -> bool:
        """Every byte of it, for a second or so; what is freed meanwhile is taken too."""
        if not self.world.is_small_disk or self._disk_is_full:
            return False
        self._disk_is_full = True
        self.later(0, lambda: self._fill(self._seconds() / 2))
        return True

    def _fill(self, seconds: float) -> None:
        path = self.world.disk / "full"
        until = time.monotonic() + seconds
        try:
            with path.open("wb") as file:
                size = 0
                while time.monotonic() < until:
                    room = os.statvfs(self.world.disk)
                    free = room.f_bavail * room.f_bsize
                    try:
                        os.posix_fallocate(file.fileno(), size, max(free, 4096))
                        size += free
                    except OSError:
                        time.sleep(0.05)  # it is full
        finally:
            path.unlink()
            self._disk_is_full = False
