"""The change feed: numbers that grow, each thing told once, bounded, and honest about gaps."""

from __future__ import annotations

import pytest

from jupyter_sm.store import Store, changes


def note(store: Store, *names: str, topic: str = "job") -> None:
    with store.write() as db:
        for name in names:
            changes.tell(db, topic, "local", "training", name)


def told(store: Store, seq: int) -> list[tuple[int, str]]:
    page = changes.since(store, seq)
    assert not page.reset
    return [(change.seq, change.name) for change in page.changes]


def test_an_empty_feed_begins_at_nought(store: Store) -> None:
    assert changes.last(store) == 0
    page = changes.since(store, 0)
    assert (page.changes, page.last, page.reset) == ([], 0, False)


def test_each_thing_is_told_once_at_its_last_number(store: Store) -> None:
    note(store, "a", "b", "a", "c", "a")
    assert told(store, 0) == [(2, "b"), (4, "c"), (5, "a")]
    assert changes.since(store, 0).last == changes.last(store) == 5


def test_topics_and_targets_are_things_of_their_own(store: Store) -> None:
    note(store, "a")
    note(store, "a", topic="log")
    with store.write() as db:
        changes.tell(db, "target", "local")
        changes.tell(db, "target", "elsewhere")
    page = changes.since(store, 0)
    assert [(c.topic, c.target) for c in page.changes] == [
        ("job", "local"),
        ("log", "local"),
        ("target", "local"),
        ("target", "elsewhere"),
    ]


def test_since_is_exclusive(store: Store) -> None:
    note(store, "a", "b", "c")
    assert told(store, 1) == [(2, "b"), (3, "c")]
    assert told(store, 2) == [(3, "c")]
    page = changes.since(store, 3)
    assert (page.changes, page.last, page.reset) == ([], 3, False)


@pytest.mark.parametrize("seq", [4, 10_000])
def test_a_number_from_the_future_is_reset(store: Store, seq: int) -> None:
    """As after the store was lost: the face knows numbers that this feed never gave."""
    note(store, "a", "b", "c")
    page = changes.since(store, seq)
    assert (page.changes, page.last, page.reset) == ([], 3, True)


def test_a_number_from_the_future_of_an_empty_feed_is_reset(store: Store) -> None:
    assert changes.since(store, 1).reset


def test_a_change_rolled_back_is_never_told(store: Store) -> None:
    with pytest.raises(RuntimeError), store.write() as db:
        changes.tell(db, "job", "local", "training", "lost")
        raise RuntimeError
    note(store, "kept")
    assert [name for _, name in told(store, 0)] == ["kept"]


def test_pages_join_without_loss(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "_PAGE", 7)
    note(store, *(f"job-{n % 10}" for n in range(50)))
    seq, last_of = 0, {}
    while (page := changes.since(store, seq)).changes:
        assert len(page.changes) <= 7 and seq < page.last
        assert [c.seq for c in page.changes] == sorted(c.seq for c in page.changes)
        last_of.update({c.name: c.seq for c in page.changes})
        seq = page.last
    assert seq == changes.last(store) == 50
    assert last_of == {f"job-{n}": 41 + n for n in range(10)}


def test_pruning_keeps_the_feed_bounded_and_resets_who_is_behind(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "_KEPT", 1_500)
    for _ in range(5):
        note(store, *("busy" for _ in range(1_000)))
        rows = store.read().execute("SELECT COUNT(*) FROM changes").fetchone()[0]
        assert rows <= 1_500 + 1_000
    first = store.read().execute("SELECT MIN(seq) FROM changes").fetchone()[0]
    assert first == 3_501 and changes.last(store) == 5_000
    behind = changes.since(store, first - 2)
    assert (behind.changes, behind.last, behind.reset) == ([], 5_000, True)
    assert changes.since(store, 0).reset
    # The last number before what is kept misses nothing.
    assert not changes.since(store, first - 1).reset
    assert changes.since(store, first - 1).changes[0].name == "busy"


def test_numbers_are_never_given_twice(store: Store) -> None:
    note(store, "a", "b")
    with store.write() as db:
        db.execute("DELETE FROM changes")
    note(store, "c")
    assert changes.last(store) == 3
    assert changes.since(store, 0).reset, "1 and 2 are no longer known"
