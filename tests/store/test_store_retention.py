"""The store's size: old logs go first, jobs and metrics stay, and what went is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_sm.jobs import JobKey
from jupyter_sm.jobs.names import unique_name
from jupyter_sm.logs import LogParser
from jupyter_sm.store import Store
from jupyter_sm.store import jobs as jobs_table
from jupyter_sm.store.logs import streams
from jupyter_sm.store.logs.pages import LogFilter, LogPages
from jupyter_sm.store.logs.streams import LoggedJob
from jupyter_sm.store.retention import LogLimit
from jupyter_sm.targets.settings import SettingsError, log_limit_mb

from kit.long_log import add_finished_job, add_job_with_curves


def key(name: str) -> tuple[str, str, str]:
    return ("local", "training", name)


def limit(store: Store, megabytes: int) -> None:
    store.folder.joinpath("config.toml").write_text(f"[store]\nlog_limit_mb = {megabytes}\n")


def lines(store: Store, name: str) -> int:
    return LogPages(store).rows(key(name), start=0, limit=1).total


def end(store: Store, name: str, at: float) -> None:
    with store.write() as db:
        db.execute("UPDATE jobs SET ended_at = ? WHERE name = ?", (at, name))


def test_nothing_goes_while_there_is_room(store: Store) -> None:
    add_finished_job(store, "one", 10_000)
    LogLimit(store).keep(log_limit_mb(store.folder))
    limit(store, 0)
    LogLimit(store).keep(log_limit_mb(store.folder))
    assert lines(store, "one") == 9_991


def test_the_log_of_the_job_that_ended_first_goes_first(store: Store) -> None:
    for n, name in enumerate(["middle", "oldest", "newest"]):
        add_finished_job(store, name, 100_000)
        end(store, name, [200.0, 100.0, 300.0][n])
    limit(store, 2)
    LogLimit(store).keep(log_limit_mb(store.folder))
    assert lines(store, "oldest") == 0
    assert lines(store, "newest") > 0
    job = jobs_table.get(store, key("oldest"))
    assert job is not None and job.status == "Completed"
    assert job.log_note == (
        "The log was dropped to keep stored logs below 2 MB (log_limit_mb in config.toml). "
        "It may still be found in the job's folder."
    )
    assert jobs_table.get(store, key("newest")).log_note is None  # type: ignore[union-attr]


def test_a_log_that_was_dropped_is_not_read_again(store: Store) -> None:
    add_finished_job(store, "one", 200_000)
    end(store, "one", 100.0)
    limit(store, 1)
    LogLimit(store).keep(log_limit_mb(store.folder))
    assert lines(store, "one") == 0
    jobs_table.watch(store, key("one"))
    assert streams.jobs_to_read(store, "local", 0.0) == []


def test_a_log_that_could_be_read_in_part_only_has_each_line_once(store: Store) -> None:
    add_finished_job(store, "one", 10)
    (job,) = jobs_to_close(store)
    parser = LogParser(None, group_tracebacks=True)

    def read(*events: int) -> bool:
        told = [{"timestamp": 1_000 + n, "message": f"loss={n}"} for n in events]
        parsed = streams.parse(parser, "one/algo-1-1", told)
        return streams.append_events(store, job, set(events), [parsed])

    assert read(1, 2)
    streams.set_log_note(store, job, "The log can't be shown: no right to read it.")
    streams.close(store, job)
    jobs_table.watch(store, job.key)
    assert [one.id for one in streams.jobs_to_read(store, "local", 0.0)] == [job.id]
    assert streams.unseen(store, job.id, [1, 2, 3]) == {3}
    assert not read(1, 2)
    streams.set_log_note(store, job, None)
    streams.close(store, job)
    assert streams.unseen(store, job.id, [1, 2]) == {1, 2}


def jobs_to_close(store: Store) -> list[LoggedJob]:
    """The jobs of the store, their logs open."""
    with store.write() as db:
        db.execute("UPDATE jobs SET log_closed = 0, watched_until = 0")
    return streams.jobs_to_read(store, "local", 0.0)


def test_of_a_log_that_still_grows_the_beginning_goes(store: Store) -> None:
    add_finished_job(store, "huge", 300_000)
    with store.write() as db:
        db.execute("UPDATE jobs SET log_closed = 0")
    views = LogPages(store)
    assert views.rows(key("huge"), start=0, limit=1).rows[0].first == 0
    limit(store, 2)
    LogLimit(store).keep(log_limit_mb(store.folder))
    first = views.rows(key("huge"), start=0, limit=1).rows[0].first
    assert first > 0
    page = views.page(key("huge"), start=0, limit=3)
    assert [r.seq for r in page.records] == [first, first + 1, first + 2]
    last = views.page(key("huge"), start=-1).records[0]
    assert (last.seq, page.total) == (299_999, 300_000)
    wanted = LogFilter(severity="warning")
    assert views.page(key("huge"), wanted=wanted).records[0].seq >= first
    assert views.hits(key("huge"), "line 0299999").seqs == [299_999]
    note = jobs_table.get(store, key("huge")).log_note  # type: ignore[union-attr]
    assert note is not None and note.startswith("Earlier lines were dropped")


def test_what_dropping_logs_can_not_free_does_not_count(store: Store) -> None:
    add_job_with_curves(store, "curves", 40, 10_000)
    add_finished_job(store, "logged", 10_000)
    assert store.read().execute("PRAGMA page_count").fetchone()[0] * 4096 > 2_000_000
    logs = LogLimit(store)
    logs.keep(1)
    assert lines(store, "logged") == 9_991
    # What grows later is noticed all the same.
    add_finished_job(store, "more", 100_000)
    end(store, "logged", 100.0)
    logs.keep(1)
    assert lines(store, "logged") == 0


@pytest.mark.parametrize("value", ["-1", "true", '"much"', "1.5"])
def test_a_limit_that_is_none_is_told(tmp_path: Path, value: str) -> None:
    tmp_path.joinpath("config.toml").write_text(f"[store]\nlog_limit_mb = {value}\n")
    with pytest.raises(SettingsError, match="must be a whole number of MB"):
        log_limit_mb(tmp_path)


def test_what_is_wrong_with_a_definition_is_noted_on_the_job(store: Store) -> None:
    add_finished_job(store, "defined", 1)
    row = store.read().execute("SELECT id FROM jobs").fetchone()
    job = LoggedJob(row["id"], JobKey("local", "training", "defined"), False, None)
    parser = LogParser({"loss": "loss=("})
    for n in range(2):
        parsed = streams.parse(
            parser, "defined/algo-1-1", [{"timestamp": 0, "message": f"loss={n}"}]
        )
        assert streams.append(store, job, parsed, before=str(n) if n else "", after=str(n + 1))
    view = jobs_table.get(store, key("defined"))
    assert view is not None and len(view.notes) == 1
    assert "The metric definition 'loss' is not searched for" in view.notes[0]


def test_the_end_is_estimated(store: Store) -> None:
    name = unique_name("paced")
    add_finished_job(store, name, 1)
    row = store.read().execute("SELECT id FROM jobs").fetchone()
    job = LoggedJob(row["id"], JobKey("local", "training", name), False, None)
    events = [
        {"timestamp": 1_700_000_000_000 + n * 60_000, "message": f"epoch {n}/10 loss: 0.5"}
        for n in range(1, 6)
    ]
    parsed = streams.parse(LogParser(), f"{name}/algo-1-1", events)
    assert streams.append(store, job, parsed, before="", after="1")
    view = jobs_table.get(store, key(name))
    assert view is not None and view.progress is not None
    assert view.progress.ends_at == pytest.approx(1_700_000_000 + 600)
