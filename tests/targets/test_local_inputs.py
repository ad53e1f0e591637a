"""Bringing inputs and the source to a job of the local target."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_sm.targets.local.runner.views import SWITCH

from kit.local_machine import Machine, channel, machine_in, views_in
from kit.wait import wait_for

# Prints each file of its channels: channel, name, content, whether it can be written to.
SHOW = """
import json, os
from pathlib import Path
for channel in json.loads(os.environ["SM_CHANNELS"]):
    folder = Path(os.environ["SM_CHANNEL_" + channel.upper()])
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        try:
            file.open("a").close()
            kind = "copy"
        except OSError as error:
            kind = error.strerror
        print(channel, file.relative_to(folder), file.read_text(), kind)
"""
FOLLOW = [{"Key": "jupyter-sm/follow-links", "Value": "true"}]


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with machine_in(tmp_path_factory.mktemp("inputs"), max_jobs=1) as made:
        yield made


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with five files, one of them deeper, that were there long before."""
    folder = tmp_path / "data"
    (folder / "deep").mkdir(parents=True)
    for name in ("a", "b", "c", "d", "deep/e"):
        (folder / name).write_text(f"content-{name[-1]}")
        os.utime(folder / name, (1_700_000_000,) * 2)
    return folder


def test_file_mode_copies_and_cleans_up_afterwards(machine: Machine, data: Path) -> None:
    described = machine.run(SHOW, InputDataConfig=[channel("train", data)])
    name = described["TrainingJobName"]
    assert machine.lines(name) == [
        "train a content-a copy",
        "train b content-b copy",
        "train c content-c copy",
        "train d content-d copy",
        "train deep/e content-e copy",
    ]
    assert not [p for p in machine.job_folder(name).rglob("deep") if p.is_dir()]
    assert (data / "deep" / "e").read_text() == "content-e"


def fast(machine: Machine, place: Path, **more: Any) -> list[str]:
    """What a job sees of a place in FastFile mode."""
    code = SHOW + more.pop("then", "")
    given = channel("train", place, InputMode="FastFile", **more.pop("channel", {}))
    described = machine.run(code, InputDataConfig=[given], **more)
    assert described["TrainingJobStatus"] == "Completed", described
    return machine.lines(described["TrainingJobName"])


def test_fast_file_reads_the_originals_and_can_not_change_them(
    machine: Machine, data: Path, tmp_path: Path
) -> None:
    views_in(tmp_path / "tried")
    then = """
for change in ("(folder / 'new').touch()", "(folder / 'a').unlink()", "(folder / 'deep').rmdir()"):
    try:
        exec(change)
    except OSError as error:
        print(error.strerror)
"""
    lines = fast(machine, data, then=then)
    read_only = "Read-only file system"
    assert lines[:5] == [
        f"train {name} content-{name[-1]} {read_only}" for name in ("a", "b", "c", "d", "deep/e")
    ]
    assert lines[5:] == [read_only] * 3
    assert sorted(p.name for p in data.rglob("*") if p.is_file()) == ["a", "b", "c", "d", "e"]


def test_fast_file_reads_one_file_where_it_is(machine: Machine, tmp_path: Path) -> None:
    views_in(tmp_path / "tried")
    file = tmp_path / "my data #1 é%20.csv"
    file.write_text("1,2")
    assert fast(machine, file) == [f"train {file.name} 1,2 Read-only file system"]


def test_fast_file_copies_without_a_view_of_its_own(
    machine: Machine, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SWITCH, "0")
    note, *lines = fast(machine, data, then="(folder / 'a').write_text('mine')")
    assert note.startswith("jupyter_sm: channel train is copied")
    assert [line.split()[-1] for line in lines] == ["copy"] * 5
    assert (data / "a").read_text() == "content-a"


def test_fast_file_copies_what_links_lead_to(machine: Machine, data: Path, tmp_path: Path) -> None:
    views_in(tmp_path / "tried")
    (tmp_path / "links" / "inner").mkdir(parents=True)
    (tmp_path / "links" / "inner" / "a").symlink_to("../../data/a")
    note, line = fast(
        machine, tmp_path / "links", Tags=FOLLOW, then="(folder / 'inner/a').write_text('mine')"
    )
    assert "it holds links" in note
    assert line == "train inner/a content-a copy"
    assert (data / "a").read_text() == "content-a"


def test_fast_file_gives_each_host_its_share(machine: Machine, data: Path) -> None:
    given = channel("train", data, InputMode="FastFile", distribution="ShardedByS3Key")
    name = machine.run(SHOW, hosts=2, InputDataConfig=[given])["TrainingJobName"]
    shares = [
        [line.split()[1] for line in machine.lines(name, host) if line.startswith("train")]
        for host in ("algo-1", "algo-2")
    ]
    assert shares == [["a", "c", "deep/e"], ["b", "d"]]


def test_a_script_may_not_change_the_originals_of_file_mode(machine: Machine, data: Path) -> None:
    code = "import os; from pathlib import Path\nPath(os.environ['SM_CHANNEL_TRAIN'], 'a').write_text('mine')"
    described = machine.run(code, InputDataConfig=[channel("train", data)])
    assert described["TrainingJobStatus"] == "Completed"
    assert (data / "a").read_text() == "content-a"


def test_a_channel_may_be_one_file_with_blanks_in_its_name(
    machine: Machine, tmp_path: Path
) -> None:
    file = tmp_path / "my data #1 é%20.csv"
    file.write_text("1,2")
    described = machine.run(SHOW, InputDataConfig=[channel("train", file)])
    assert machine.lines(described["TrainingJobName"])[-1] == f"train {file.name} 1,2 copy"


def test_shares_by_key_split_the_files_over_the_hosts(machine: Machine, data: Path) -> None:
    channels = [
        channel("train", data, distribution="ShardedByS3Key"),
        channel("whole", data / "deep"),
    ]
    name = machine.run(SHOW, hosts=2, InputDataConfig=channels)["TrainingJobName"]
    first, second = (
        [line for line in machine.lines(name, host) if line.startswith("train")]
        for host in ("algo-1", "algo-2")
    )
    assert len(first) == 3
    assert len(second) == 2
    assert len(set(first) | set(second)) == 5
    for host in ("algo-1", "algo-2"):
        assert "whole e content-e copy" in machine.lines(name, host)


def blocker(machine: Machine, go: Path) -> str:
    """A job that holds the machine's only place until `go` exists."""
    code = "import sys, time; from pathlib import Path\nwhile not Path(sys.argv[-1]).exists(): time.sleep(0.02)"
    return machine.start(code, hyperparameters={"go": str(go)})


def test_an_input_changed_after_submission_is_named_in_the_log(
    machine: Machine, data: Path, tmp_path: Path
) -> None:
    blocker(machine, tmp_path / "go")
    name = machine.start(SHOW, InputDataConfig=[channel("train", data)])
    (data / "b").write_text("newer")
    later = time.time() + 5
    os.utime(data / "b", (later, later))
    (tmp_path / "go").touch()
    machine.ended(name)
    notes = [line for line in machine.lines(name) if line.startswith("jupyter_sm:")]
    assert len(notes) == 1
    assert str(data / "b") in notes[0]
    assert "changed after the job was submitted" in notes[0]
    assert "train b newer copy" in machine.lines(name)


def test_an_input_gone_when_it_is_staged_fails_the_job_by_name(
    machine: Machine, data: Path, tmp_path: Path
) -> None:
    blocker(machine, tmp_path / "go")
    name = machine.start(SHOW, InputDataConfig=[channel("train", data)])
    data.rename(tmp_path / "elsewhere")
    (tmp_path / "go").touch()
    described = machine.ended(name)
    assert described["TrainingJobStatus"] == described["SecondaryStatus"] == "Failed"
    reason = described["FailureReason"]
    assert reason.startswith("ClientError: Data download failed")
    assert str(data) in reason
    assert "'train'" in reason


def download_failure(machine: Machine, place: Path, **members: object) -> str:
    described = machine.run(SHOW, InputDataConfig=[channel("train", place)], **members)
    assert described["TrainingJobStatus"] == "Failed"
    reason = described["FailureReason"]
    assert reason.startswith("ClientError: Data download failed: ")
    return reason


@pytest.mark.parametrize("mode", ["File", "FastFile"])
def test_links_within_an_input_are_followed(machine: Machine, data: Path, mode: str) -> None:
    (data / "linked").symlink_to("deep")
    (data / "f").symlink_to("a")
    inputs = [channel("train", data, InputMode=mode)]
    printed = machine.lines(machine.run(SHOW, InputDataConfig=inputs)["TrainingJobName"])
    lines = [line for line in printed if line.startswith("train")]
    assert [line.split()[1:3] for line in lines[4:]] == [
        ["deep/e", "content-e"],
        ["f", "content-a"],
        ["linked/e", "content-e"],
    ]


def test_a_link_that_leads_out_is_followed_at_the_users_word_only(
    machine: Machine, data: Path, tmp_path: Path
) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "key").write_text("key")
    (data / "linked").symlink_to(tmp_path / "private")
    reason = download_failure(machine, data)
    assert f"{data / 'linked'} is a link to {tmp_path / 'private'}" in reason
    described = machine.run(SHOW, InputDataConfig=[channel("train", data)], Tags=FOLLOW)
    assert "train linked/key key copy" in machine.lines(described["TrainingJobName"])


def test_an_input_that_holds_no_file_is_refused(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "empty" / "deeper").mkdir(parents=True)
    reason = download_failure(machine, tmp_path / "empty")
    assert f"there is no file in {tmp_path / 'empty'}, the input of channel 'train'" in reason


def test_what_is_no_file_is_refused(machine: Machine, data: Path) -> None:
    os.mkfifo(data / "deep" / "pipe")
    assert f"{data / 'deep' / 'pipe'} is a pipe" in download_failure(machine, data)
    assert "is a device" in download_failure(machine, Path("/dev/zero"))


def huge(folder: Path) -> Path:
    """A file of which only the copy takes long, and room."""
    with (folder / "huge").open("wb") as file:
        file.truncate(6 << 30)
    return folder / "huge"


def huge_source(folder: Path) -> Path:
    """A source that is small only while it is packed."""
    member = tarfile.TarInfo("huge")
    member.size = 6 << 30
    zeros = gzip.compress(bytes(64 << 20))
    with (folder / "sourcedir.tar.gz").open("wb") as archive:
        archive.write(gzip.compress(member.tobuf()))
        for _ in range(member.size // (64 << 20)):
            archive.write(zeros)
    return folder / "sourcedir.tar.gz"


@pytest.mark.parametrize("way", ["input", "source"])
@pytest.mark.parametrize("why", ["Stopped", "MaxRuntimeExceeded"])
def test_stop_and_time_limit_count_while_a_job_is_laid_out(
    machine: Machine, tmp_path: Path, way: str, why: str
) -> None:
    members: dict[str, Any] = {"limit": 1 if why == "MaxRuntimeExceeded" else 120}
    if way == "input":
        members["InputDataConfig"] = [channel("train", huge(tmp_path))]
    else:
        members["source"] = huge_source(tmp_path)
    name = machine.start(SHOW, **members)
    laid_out = machine.job_folder(name)
    wait_for(lambda: list(laid_out.rglob("huge")))
    if why == "Stopped":
        machine.stop(name)
    described = machine.ended(name)
    assert (described["TrainingJobStatus"], described["SecondaryStatus"]) == ("Stopped", why)
    steps = [step["Status"] for step in described["SecondaryStatusTransitions"]]
    assert steps == ["Pending", "Starting", "Downloading", why]
    kept = laid_out.rglob("input/**/huge")
    assert not [path for path in kept if path.is_file()]


def hostile(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    """A source archive with a train.py that proves it ran, and the members after it."""
    with tarfile.open(path, "w:gz") as archive:
        content = b"print('ran')"
        good = tarfile.TarInfo("train.py")
        good.size = len(content)
        archive.addfile(good, io.BytesIO(content))
        for member, data in members:
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def link(name: str, to: str, kind: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, to
    return member


def refused(machine: Machine, source: Path) -> str:
    described = machine.run(source=source)
    assert described["TrainingJobStatus"] == "Failed", machine.lines(described["TrainingJobName"])
    return described["FailureReason"]


def test_a_source_that_climbs_out_is_refused(machine: Machine, tmp_path: Path) -> None:
    up = "../" * 20 + str(tmp_path / "evil").lstrip("/")
    source = hostile(tmp_path / "s.tar.gz", (tarfile.TarInfo(up), b"evil"))
    reason = refused(machine, source)
    assert reason.startswith("ClientError: the source archive")
    assert not (tmp_path / "evil").exists()


def test_a_source_with_an_absolute_member_writes_nothing_there(
    machine: Machine, tmp_path: Path
) -> None:
    evil = tmp_path / "evil"
    machine.run(source=hostile(tmp_path / "s.tar.gz", (tarfile.TarInfo(str(evil)), b"evil")))
    assert not evil.exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_source_that_links_outside_is_refused(
    machine: Machine, tmp_path: Path, kind: bytes
) -> None:
    (tmp_path / "target").mkdir()
    source = hostile(
        tmp_path / "s.tar.gz",
        (link("way", str(tmp_path / "target"), kind), b""),
        (tarfile.TarInfo("way/evil"), b"evil"),
    )
    assert refused(machine, source).startswith("ClientError")
    assert not (tmp_path / "target" / "evil").exists()


def test_a_broken_source_archive_is_the_clients_error(machine: Machine, tmp_path: Path) -> None:
    numbers = " ".join(str(n * n) for n in range(20_000)).encode()
    whole = hostile(tmp_path / "s.tar.gz", (tarfile.TarInfo("numbers"), numbers)).read_bytes()
    packer = zlib.compressobj(wbits=31)
    begun = packer.compress(gzip.decompress(whole)[:90_000]) + packer.flush(zlib.Z_SYNC_FLUSH)
    damaged = begun + b"\xff" * 1_000  # goes on with a deflate block of a type there is none
    for number, content in enumerate((b"no archive", whole[:8_000], damaged, b"")):
        broken = tmp_path / f"broken-{number}.tar.gz"
        broken.write_bytes(content)
        reason = refused(machine, broken)
        assert reason.startswith("ClientError"), reason
        assert str(broken) in reason


def test_a_missing_source_or_program_is_named(machine: Machine, tmp_path: Path) -> None:
    assert str(tmp_path / "none.tar.gz") in refused(machine, tmp_path / "none.tar.gz")
    source = hostile(tmp_path / "s.tar.gz")
    described = machine.run(source=source, program="other.py")
    assert described["FailureReason"] == "ClientError: the source archive holds no other.py."


def test_waiting_jobs_stay_pending_until_there_is_room(machine: Machine, tmp_path: Path) -> None:
    order = tmp_path / "order"
    blocker(machine, tmp_path / "go")
    code = f"import os; open({str(order)!r}, 'a').write(os.environ['TRAINING_JOB_NAME'] + ' ')"
    waiting = [machine.start(code, name=f"{letter}-in-line") for letter in "zam"]
    for name in waiting:
        described = machine.describe(name)
        assert described["SecondaryStatus"] == "Pending"
        assert described["TrainingJobStatus"] == "InProgress"
        assert "places" in described["SecondaryStatusTransitions"][-1]["StatusMessage"]
    assert not order.exists()
    (tmp_path / "go").touch()
    # Nobody asks in between: each ending job starts the next one itself.
    wait_for(lambda: all(machine.status(name) == "Completed" for name in waiting))
    assert order.read_text().split() == waiting
