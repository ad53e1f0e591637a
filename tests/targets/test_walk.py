"""walk: every file of a place, or a refusal that names what is in the way."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_sm.targets.walk import WalkError, walk

from kit.forked import forked

NOBODY = 65534


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with two files, one deeper, and a private file beside it."""
    folder = tmp_path / "place"
    (folder / "deep").mkdir(parents=True)
    (folder / "a").write_text("aa")
    (folder / "deep" / "b").write_text("b")
    (tmp_path / "private").write_text("key")
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "c").write_text("c")
    return folder


def names(place: Path, **options: object) -> list[str]:
    return [file.name for file in walk(place, **options)]


def test_files_come_in_order_with_their_sizes(place: Path) -> None:
    assert [(f.name, f.path, f.size) for f in walk(place)] == [
        ("a", place / "a", 2),
        ("deep/b", place / "deep" / "b", 1),
    ]


def test_a_file_is_itself(place: Path) -> None:
    assert names(place / "a") == ["a"]


def test_a_place_that_is_a_link_was_named_by_the_user(place: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(place)
    (tmp_path / "file").symlink_to(tmp_path / "private")
    assert names(tmp_path / "link") == ["a", "deep/b"]
    assert names(tmp_path / "file") == ["file"]


def test_links_within_are_followed(place: Path) -> None:
    (place / "z").symlink_to("deep")
    (place / "deep" / "again").symlink_to(place / "a")
    assert names(place) == ["a", "deep/again", "deep/b", "z/again", "z/b"]


@pytest.mark.parametrize("goal", ["private", "far", "far/c"])
def test_links_that_lead_out_need_the_users_word(place: Path, tmp_path: Path, goal: str) -> None:
    link = place / "deep" / "link"
    link.symlink_to(tmp_path / goal)
    with pytest.raises(WalkError) as refused:
        names(place)
    assert str(link) in str(refused.value) and str(tmp_path / goal) in str(refused.value)
    assert "follow_links" in str(refused.value)
    extra = "deep/link/c" if goal == "far" else "deep/link"
    assert names(place, follow_links=True) == ["a", "deep/b", extra]


def test_a_neighbour_of_like_name_lies_outside(place: Path, tmp_path: Path) -> None:
    (tmp_path / "place2").write_text("")
    (place / "link").symlink_to(tmp_path / "place2")
    with pytest.raises(WalkError, match="lies outside"):
        names(place)


def test_a_link_that_leads_out_by_way_of_another_is_seen_through(
    place: Path, tmp_path: Path
) -> None:
    (place / "one").symlink_to(place / "two")
    (place / "two").symlink_to(tmp_path / "private")
    with pytest.raises(WalkError, match="lies outside"):
        names(place)


@pytest.mark.parametrize("goal", [".", "..", "../..", "deep"])
@pytest.mark.parametrize("follow_links", [False, True])
def test_loops_are_refused(place: Path, goal: str, follow_links: bool) -> None:
    link = place / "deep" / "link"
    link.symlink_to(goal if goal != "deep" else place / "deep")
    with pytest.raises(WalkError, match="a loop" if follow_links else "a loop|outside") as refused:
        names(place, follow_links=follow_links)
    assert str(link) in str(refused.value)


def test_links_that_multiply_are_refused(place: Path) -> None:
    for n in range(20):
        (place / f"f{n}").mkdir()
        (place / f"f{n}" / "l").symlink_to(place / f"f{n + 1}")
        (place / f"f{n}" / "r").symlink_to(place / f"f{n + 1}")
    (place / "f20").mkdir()
    with pytest.raises(WalkError, match="more than 10,000 folders"):
        names(place)


@pytest.mark.parametrize("goal", ["nowhere", "a/b", "link"])
def test_links_to_nothing_are_refused(place: Path, goal: str) -> None:
    (place / "link").symlink_to(goal)
    with pytest.raises(WalkError, match=f"{place}/link is a link to"):
        names(place)


def pipe(path: Path) -> None:
    os.mkfifo(path)


def unix_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        here = os.open(path.parent, os.O_RDONLY)
        made.bind(f"/proc/self/fd/{here}/{path.name}")
        os.close(here)


def device(path: Path) -> None:
    path.symlink_to("/dev/null")


@pytest.mark.parametrize(
    ("make", "kind"), [(pipe, "a pipe"), (unix_socket, "a socket"), (device, "a device")]
)
def test_what_is_no_file_is_refused(place: Path, make: Callable[[Path], None], kind: str) -> None:
    make(place / "deep" / "odd")
    with pytest.raises(WalkError, match=f"{place}/deep/odd is {kind}"):
        names(place, follow_links=True)
    with pytest.raises(WalkError, match=f"{place}/deep/odd is {kind}"):
        names(place / "deep" / "odd")


def refused_to_nobody(place: Path) -> str:
    """What walk says to a user who is not root."""

    def look() -> str:
        if os.geteuid() == 0:
            os.setuid(NOBODY)
        try:
            names(place)
        except WalkError as refused:
            return str(refused)
        return ""

    return forked(look)


@pytest.mark.parametrize("name", ["a", "deep", "deep/b"])
def test_what_can_not_be_read_is_refused(name: str) -> None:
    # Where another user may look: pytest's own folders are root's.
    place = Path(tempfile.mkdtemp())
    try:
        (place / "deep").mkdir()
        (place / "a").touch()
        (place / "deep" / "b").touch()
        place.chmod(0o755)
        assert refused_to_nobody(place) == ""
        (place / name).chmod(0)
        said = refused_to_nobody(place)
        assert said.endswith(f"{place / name} can't be read: Permission denied.")
    finally:
        (place / name).chmod(0o700)
        shutil.rmtree(place)


def test_a_place_that_is_not_there_is_told(place: Path) -> None:
    with pytest.raises(WalkError, match="none can't be read: No such file"):
        names(place / "none")


def test_what_is_left_out_is_not_looked_at(place: Path) -> None:
    (place / "deep" / ".venv").symlink_to("/nowhere")
    os.mkfifo(place / "pipe")
    assert names(place, left_out={".venv", "pipe"}) == ["a", "deep/b"]


def test_a_stop_is_looked_at(place: Path) -> None:
    def stop() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        names(place, check_stop=stop)


def test_a_link_that_leads_nowhere_is_told_as_that_wherever_it_points(place: Path) -> None:
    (place / "link").symlink_to("/no/such/place")
    with pytest.raises(WalkError, match="and there is nothing there") as refused:
        names(place)
    assert "follow_links" not in str(refused.value)
