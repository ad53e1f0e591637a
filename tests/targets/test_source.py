"""pack_source: the archive is reproducible, complete, and holds nothing from elsewhere."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from jupyter_sm.targets import SourceError, pack_source, source


@pytest.fixture
def into(tmp_path: Path) -> Path:
    """Where archives go; not there yet."""
    return tmp_path / "sources"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A source folder with an entry point and a package."""
    root = tmp_path / "src"
    (root / "net").mkdir(parents=True)
    (root / "train.py").write_text("import net\n")
    (root / "net" / "__init__.py").write_text("")
    (root / "requirements.txt").write_text("numpy\n")
    return root


def content(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as packed:
        members = {member.name: packed.extractfile(member) for member in packed}
        return {name: file.read() for name, file in members.items() if file}


def test_a_script_is_packed_alone(tmp_path: Path, into: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text("print(1)\n")
    (tmp_path / "notes.txt").write_text("private")
    archive, program = pack_source(script, None, into)
    assert program == "train.py"
    assert archive.name == "sourcedir.tar.gz"
    assert content(archive) == {"train.py": b"print(1)\n"}


def test_requirements_beside_the_script_travel_along(tmp_path: Path, into: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text("")
    (tmp_path / "requirements.txt").write_text("numpy\n")
    archive, _ = pack_source(str(script), None, into)
    assert content(archive) == {"train.py": b"", "requirements.txt": b"numpy\n"}


def test_a_folder_travels_whole_with_its_entry_point(folder: Path, into: Path) -> None:
    archive, program = pack_source(folder, "train.py", into)
    assert program == "train.py"
    assert set(content(archive)) == {"train.py", "net/__init__.py", "requirements.txt"}


def test_an_entry_point_may_lie_deeper(folder: Path, into: Path) -> None:
    (folder / "net" / "run.py").write_text("")
    archive, program = pack_source(folder, "net/run.py", into)
    assert program == "net/run.py"
    assert program in content(archive)


def test_the_same_content_gives_the_same_archive_whatever_its_age_and_place(
    tmp_path: Path, into: Path
) -> None:
    archives = []
    for place, age in (("a", 1_000_000_000), ("b", 1_600_000_000)):
        script = tmp_path / place / "train.py"
        script.parent.mkdir()
        script.write_text("print(1)\n")
        os.utime(script, (age, age))
        archives.append(pack_source(script, None, into / place)[0])
    first, second = archives
    assert first.read_bytes() == second.read_bytes()
    assert first.parent.name == second.parent.name


def test_another_content_gives_another_archive(tmp_path: Path, into: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text("print(1)\n")
    first, _ = pack_source(script, None, into)
    script.write_text("print(2)\n")
    second, _ = pack_source(script, None, into)
    assert first != second
    assert content(first) == {"train.py": b"print(1)\n"}, "the copy of the first stays as it was"


def test_packing_leaves_nothing_but_the_archive(folder: Path, into: Path) -> None:
    archive, _ = pack_source(folder, "train.py", into)
    again, _ = pack_source(folder, "train.py", into)
    assert again == archive
    assert [path for path in into.rglob("*") if path.is_file()] == [archive]


def test_what_is_large_is_stored_as_it_is(
    folder: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compressing is what takes long, and a cell waits for it."""
    (folder / "weights.bin").write_bytes(bytes(100_000))
    compressed, _ = pack_source(folder, "train.py", into)
    monkeypatch.setattr(source, "_COMPRESSED_BYTES", 50_000)
    stored, _ = pack_source(folder, "train.py", into)
    assert compressed.stat().st_size < 10_000 and stored.stat().st_size > 100_000
    assert content(stored) == content(compressed)


def test_a_source_that_can_not_be_read_leaves_nothing(
    folder: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: object, data: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(source._Hashed, "write", full)
    with pytest.raises(OSError, match="No space left"):
        pack_source(folder, "train.py", into)
    assert list(into.iterdir()) == []


def test_a_script_stays_executable_and_the_owner_unnamed(tmp_path: Path, into: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text("")
    script.chmod(0o700)
    archive, _ = pack_source(script, None, into)
    with tarfile.open(archive) as packed:
        (member,) = packed.getmembers()
    assert member.mode == 0o755
    assert (member.mtime, member.uid, member.gid, member.uname) == (0, 0, 0, "")


@pytest.mark.parametrize(
    "name", [".git", ".hg", "__pycache__", ".ipynb_checkpoints", ".venv", "node_modules"]
)
def test_folders_that_are_no_source_are_left_out_at_every_depth(
    folder: Path, into: Path, name: str
) -> None:
    for parent in (folder, folder / "net"):
        (parent / name).mkdir()
        (parent / name / "x.py").write_text("")
    archive, _ = pack_source(folder, "train.py", into)
    assert set(content(archive)) == {"train.py", "net/__init__.py", "requirements.txt"}


def test_a_missing_script_is_told_where_it_was_looked_for(
    tmp_path: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError) as caught:
        pack_source("trian.py", None, into)
    assert str(caught.value) == (
        f"There is no script 'trian.py' (looked for {tmp_path / 'trian.py'})."
    )
    assert not into.exists()


def test_a_home_path_is_expanded(
    tmp_path: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "train.py").write_text("")
    assert pack_source("~/train.py", None, into)[1] == "train.py"


def test_a_folder_needs_an_entry_point_and_packs_nothing_without(folder: Path, into: Path) -> None:
    with pytest.raises(SourceError, match="is a folder, so entry_point must name the script"):
        pack_source(folder, None, into)
    assert not into.exists()


@pytest.mark.parametrize("entry", ["../x.py", "net/../../x.py", "missing.py", "net", ""])
def test_an_entry_point_outside_or_missing_is_refused(folder: Path, into: Path, entry: str) -> None:
    (folder.parent / "x.py").write_text("")
    with pytest.raises(SourceError, match=r"There is no script .* in the folder"):
        pack_source(folder, entry, into)


def test_an_absolute_entry_point_is_refused(folder: Path, into: Path) -> None:
    outside = folder.parent / "x.py"
    outside.write_text("")
    with pytest.raises(SourceError, match="There is no script"):
        pack_source(folder, str(outside), into)


def test_an_entry_point_that_links_outside_is_refused(folder: Path, into: Path) -> None:
    (folder.parent / "x.py").write_text("")
    (folder / "link.py").symlink_to(folder.parent / "x.py")
    with pytest.raises(SourceError, match="There is no script"):
        pack_source(folder, "link.py", into)


def test_links_within_the_folder_are_packed_as_what_they_lead_to(folder: Path, into: Path) -> None:
    (folder / "lib").symlink_to("net")
    (folder / "run.py").symlink_to("train.py")
    packed = content(pack_source(folder, "train.py", into)[0])
    assert packed["run.py"] == packed["train.py"]
    assert packed["lib/__init__.py"] == b""


def test_links_that_lead_out_are_packed_at_the_users_word_only(folder: Path, into: Path) -> None:
    (folder.parent / "shared").mkdir()
    (folder.parent / "shared" / "x.py").write_text("x")
    (folder / "shared").symlink_to(folder.parent / "shared")
    with pytest.raises(SourceError, match=r"src/shared is a link to .*shared.*follow_links"):
        pack_source(folder, "train.py", into)
    assert not into.exists()
    archive, _ = pack_source(folder, "train.py", into, follow_links=True)
    assert content(archive)["shared/x.py"] == b"x"
    assert pack_source(folder, "shared/x.py", into, follow_links=True)[1] == "shared/x.py"


def test_requirements_that_link_elsewhere_stay_there(tmp_path: Path, into: Path) -> None:
    (tmp_path / "private").write_text("key")
    script = tmp_path / "cloned" / "train.py"
    script.parent.mkdir()
    script.write_text("")
    (script.parent / "requirements.txt").symlink_to("../private")
    with pytest.raises(SourceError, match=r"requirements.txt is a link to .*private"):
        pack_source(script, None, into)
    archive, _ = pack_source(script, None, into, follow_links=True)
    assert content(archive)["requirements.txt"] == b"key"


def test_what_can_not_be_packed_is_named(folder: Path, into: Path) -> None:
    os.mkfifo(folder / "net" / "pipe")
    with pytest.raises(SourceError, match="src/net/pipe is a pipe"):
        pack_source(folder, "train.py", into)


def test_an_entry_point_in_a_left_out_folder_is_refused(folder: Path, into: Path) -> None:
    (folder / ".venv").mkdir()
    (folder / ".venv" / "run.py").write_text("")
    with pytest.raises(SourceError):
        pack_source(folder, ".venv/run.py", into)


def test_a_folder_over_the_limit_is_refused_with_the_limit(
    folder: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "MAX_BYTES", 1 << 20)
    (folder / "data.bin").write_bytes(b"x" * (1 << 20))
    with pytest.raises(SourceError, match=r"holds more than 1 MiB; pass data as inputs"):
        pack_source(folder, "train.py", into)


def test_a_folder_at_the_limit_is_taken(
    folder: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    monkeypatch.setattr(source, "MAX_BYTES", size)
    assert pack_source(folder, "train.py", into)[0].exists()


def test_what_is_left_out_does_not_count_for_the_limit(
    folder: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "MAX_BYTES", 1000)
    (folder / ".git").mkdir()
    (folder / ".git" / "pack").write_bytes(b"x" * 5000)
    assert "train.py" in content(pack_source(folder, "train.py", into)[0])


def test_a_single_file_over_the_limit_is_refused_too(
    tmp_path: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "MAX_BYTES", 1000)
    script = tmp_path / "train.py"
    script.write_bytes(b"#" * 1001)
    with pytest.raises(SourceError):
        pack_source(script, None, into)


@pytest.mark.parametrize(
    ("link", "goal"), [("net/loop", ".."), ("self", "self"), ("broken", "nowhere")]
)
def test_links_that_lead_nowhere_or_round_are_refused(
    folder: Path, into: Path, link: str, goal: str
) -> None:
    (folder / link).symlink_to(goal)
    with pytest.raises(SourceError, match=f"{folder / link} is a link to"):
        pack_source(folder, "train.py", into)


def test_no_script_at_all_is_no_folder(
    folder: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(SourceError, match="An empty text is no path"):
        pack_source("", "train.py", into)


def test_dependencies_lie_beside_the_source_under_their_own_names(
    tmp_path: Path, folder: Path, into: Path
) -> None:
    library = tmp_path / "elsewhere" / "lib"
    (library / "deep").mkdir(parents=True)
    (library / "deep" / "a.py").write_text("A = 1\n")
    (library / "__pycache__").mkdir()
    (library / "__pycache__" / "a.pyc").write_text("")
    (tmp_path / "util.py").write_text("B = 2\n")
    given = [f"{library}/", str(tmp_path / "util.py")]
    archive, program = pack_source(folder, "train.py", into, given)
    assert program == "train.py"
    assert content(archive)["lib/deep/a.py"] == b"A = 1\n"
    assert set(content(archive)) == {
        "train.py",
        "net/__init__.py",
        "requirements.txt",
        "lib/deep/a.py",
        "util.py",
    }


@pytest.mark.parametrize(
    ("dependency", "says"),
    [
        ("other/net", "the source has another 'net'; rename one of them."),
        ("other/train.py", "the source has another 'train.py'; rename one of them."),
        ("nowhere", "There is no file or folder "),
        ("", "An empty text is no path."),
        ("nul\0", "A dependency can't be packed: "),
    ],
)
def test_a_dependency_that_can_not_be_packed_is_told(
    tmp_path: Path, folder: Path, into: Path, dependency: str, says: str
) -> None:
    (tmp_path / "other" / "net").mkdir(parents=True)
    (tmp_path / "other" / "train.py").write_text("")
    given = f"{tmp_path}/{dependency}" if dependency else ""
    with pytest.raises(SourceError) as caught:
        pack_source(folder, "train.py", into, [given])
    assert says in str(caught.value) and str(caught.value).endswith(".")


def test_two_dependencies_of_one_name_are_refused(tmp_path: Path, folder: Path, into: Path) -> None:
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "util.py").write_text("")
    with pytest.raises(SourceError, match=r"the source has another 'util\.py'"):
        pack_source(folder, "train.py", into, [f"{tmp_path}/a/util.py", f"{tmp_path}/b/util.py"])


def test_dependencies_count_for_the_largest_size(
    tmp_path: Path, folder: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data.bin").write_bytes(b"x" * 50)
    monkeypatch.setattr(source, "MAX_BYTES", 60)
    pack_source(folder, "train.py", into)
    with pytest.raises(SourceError, match="The source and its dependencies hold more than"):
        pack_source(folder, "train.py", into, [str(tmp_path / "data.bin")])
