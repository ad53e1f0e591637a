"""The program that becomes a host's command, once it has made the host's view of the machine.

Run as a file by `python -I -S`, so that it starts fast: it imports nothing of ours. On standard
input it reads what `views.py` wrote there, by marshal. What it can't do it says, in one sentence,
on the descriptor of its argument; that closes when the command begins.

Mounts and a host name of one's own need a user namespace too, unless one is root with all of
root's rights. Linux only. Sources: mount_namespaces(7), user_namespaces(7), mount(2).
"""

from __future__ import annotations

import ctypes
import marshal
import os
import sys

_NEWNS, _NEWUTS, _NEWUSER = 0x0002_0000, 0x0400_0000, 0x1000_0000
_RDONLY, _NOSUID, _NODEV, _NOEXEC = 1, 2, 4, 8
_REMOUNT, _BIND, _REC, _PRIVATE = 1 << 5, 1 << 12, 1 << 14, 1 << 18
# What a mount of someone else's may not lose when it is mounted again.
_KEPT = _NOSUID | _NODEV | _NOEXEC
_SET_PDEATHSIG = 1
# The numbers that Linux has; the module `signal` takes as long to load as all the rest.
_SIGKILL, _SIGPIPE, _SIGXFSZ, _SIG_DFL = 9, 13, 25, None
_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Make the view and become the command; without a command, end."""
    tell = int(sys.argv[1])
    os.set_inheritable(tell, False)
    parent, name, mounts, argv, env, folder = marshal.load(sys.stdin.buffer)  # noqa: S302 - ours
    try:
        _enter_namespaces()
        _check(_libc.sethostname(os.fsencode(name), len(os.fsencode(name))), f"host name {name}")
        _View().put_all(mounts, is_for_root=folder == "/")
        if argv:
            _become(parent, argv, env, folder)
    except OSError as error:
        os.write(tell, f"{os.fsdecode(error.filename or argv[0])}: {error.strerror}".encode())
        sys.exit(127)


def _become(parent: int, argv: list[str], env: dict[str, str], folder: str) -> None:
    os.chdir(folder)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    # Python ignores these two; the command finds them as a shell would leave them.
    for number in (_SIGPIPE, _SIGXFSZ):
        _libc.signal(number, _SIG_DFL)
    os.umask(0o022)  # as in a container; what it makes lies in folders of the user's alone
    _libc.prctl(_SET_PDEATHSIG, _SIGKILL)
    if os.getppid() != parent:
        sys.exit(127)  # it died before it could be noticed
    os.execvpe(argv[0], argv, env)  # noqa: S606 - what this program is for


def _enter_namespaces() -> None:
    """Mounts and a host name that nobody outside sees."""
    uid, gid = os.geteuid(), os.getegid()
    if _libc.unshare(_NEWNS | _NEWUTS):
        _check(_libc.unshare(_NEWUSER | _NEWNS | _NEWUTS), "user namespaces")
        _write("setgroups", "deny")
        _write("uid_map", f"{uid} {uid} 1")
        _write("gid_map", f"{gid} {gid} 1")
    _mount("none", "/", _REC | _PRIVATE)


def _write(file: str, text: str) -> None:
    fd = os.open(f"/proc/self/{file}", os.O_WRONLY)
    os.write(fd, text.encode())
    os.close(fd)


class _View:
    """Folders and files that lie where they do not on the machine."""

    def __init__(self) -> None:
        # Whether what is made below a folder is the job's own; the innermost one tells.
        self._is_own: dict[str, bool] = {}

    def put_all(self, mounts: list[tuple[str, str, bool]], *, is_for_root: bool) -> None:
        """Bind each source over its target, outer targets before inner ones.

        A command that starts in the root folder must not leave its files in the machine's.
        """
        # Opened before the first mount, which may hide where they lie.
        opened = [
            (target, os.open(source, os.O_PATH), read_only) for target, source, read_only in mounts
        ]
        if is_for_root:
            self._cover("/")
        for target, fd, read_only in sorted(opened):
            self._put(f"/proc/self/fd/{fd}", target, read_only)
            os.close(fd)

    def _put(self, source: str, target: str, read_only: bool) -> None:
        is_folder = os.path.isdir(source)
        if not os.path.exists(target):
            self._make(target, is_folder)
        _mount(source, target, _BIND | _REC)
        if read_only:
            for place in _mounts_at(os.path.realpath(target)):
                kept = os.statvfs(place).f_flag & _KEPT
                _mount("none", place, _REMOUNT | _BIND | _RDONLY | kept)
        self._is_own[f"{target}/"] = not read_only

    def _make(self, target: str, is_folder: bool) -> None:
        there = os.path.dirname(target)
        while not os.path.isdir(there):
            there = os.path.dirname(there)
        around = [place for place in self._is_own if f"{there}/".startswith(place)]
        if not (around and self._is_own[max(around, key=len)]):
            self._cover(there)
        os.makedirs(target if is_folder else os.path.dirname(target), exist_ok=True)
        if not is_folder:
            _touch(target)

    def _cover(self, folder: str) -> None:
        """Lay over a folder one that looks the same, in which things can be made."""
        before = os.open(folder, os.O_PATH)
        # What lies over the root is reached from below, until we go there.
        over = "/proc/.." if folder == "/" else folder
        _mount("tmpfs", over, _NOSUID | _NODEV, "tmpfs", "mode=755")
        for entry in os.scandir(f"/proc/self/fd/{before}"):
            place = os.path.join(over, entry.name)
            if entry.is_symlink():
                os.symlink(os.readlink(entry.path), place)
                continue
            if entry.is_dir():
                os.mkdir(place)
            else:
                _touch(place)
            _mount(entry.path, place, _BIND | _REC)
            self._is_own[os.path.join(folder, entry.name, "")] = False
        os.close(before)
        if folder == "/":
            os.chroot(over)
            os.chdir("/")
        self._is_own[os.path.join(folder, "")] = True


def _mounts_at(target: str) -> list[str]:
    """The mount point `target`, and those below it that can be reached."""
    fd = os.open("/proc/self/mountinfo", os.O_RDONLY)
    with open(fd, "rb") as lines:
        # Blanks and the like are written as octal numbers.
        points = [line.split()[4].decode("unicode_escape").encode("latin-1") for line in lines]
    places = {os.fsdecode(point) for point in points}
    return [p for p in places if f"{p}/".startswith(f"{target}/") and os.path.exists(p)]


def _touch(path: str) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))


def _mount(source: str, target: str, flags: int, kind: str = "none", data: str = "") -> None:
    words = [os.fsencode(word) for word in (source, target, kind)]
    _check(_libc.mount(*words, ctypes.c_ulong(flags), os.fsencode(data)), target)


def _check(result: int, what: str) -> None:
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), what)


if __name__ == "__main__":
    main()
