"""Tables of any look: a head and rows below it, or two columns of names and numbers."""

from __future__ import annotations

import pytest

from jupyter_sm.logs import LogParser, Progress, parse_text

Series = dict[str, list[tuple[int | float | None, float]]]


def series(text: str) -> Series:
    found: Series = {}
    for metric in parse_text(text).metrics:
        x = metric.step if metric.step is not None else metric.epoch
        found.setdefault(metric.name, []).append((x, metric.value))
    return found


@pytest.mark.parametrize(
    "text",
    [
        "epoch,loss,val acc\n1,0.5,0.9\n2,0.4,0.91",
        ",loss,val acc\n1,0.5,0.9\n2,0.4,0.91",
        "epoch\tloss\tval acc\n1\t0.5\t0.9\n2\t0.4\t0.91",
        "epoch   loss   val acc\n    1   0.5    0.9\n    2   0.4    0.91",
        "| Epoch | loss | val acc |\n|---|---:|---|\n| 1 | 0.5 | 0.9 |\n| 2 | 0.4 | 0.91 |",
        "│ epoch │ loss │ val acc │\n├──┼──┤\n│ 1/3 │ 0.5 │ 0.9 │\n│ 2/3 │ 0.4 │ 0.91 │",
        "Epoche  loss  val acc\n-----\n1  0.5  90%\n2  0.4  91%".replace("90%", "0.9").replace("91%", "0.91"),
    ],
)  # fmt: skip
def test_rows_below_a_head_are_points_of_its_columns(text: str) -> None:
    assert series(text) == {"loss": [(1, 0.5), (2, 0.4)], "val acc": [(1, 0.9), (2, 0.91)]}
    progress = parse_text(text).progress
    assert progress is not None and (progress.current, progress.unit) == (2, "epoch")


def test_a_table_without_a_counter_is_one_too() -> None:
    text = "total loss\tscore loss\n46.6\t0.24\n41.7\t0.22"
    assert series(text) == {
        "total loss": [(None, 46.6), (None, 41.7)],
        "score loss": [(None, 0.24), (None, 0.22)],
    }


def test_a_head_whose_names_say_nothing_is_believed_when_its_rows_count() -> None:
    text = "Baum  Güte  Tiefe\n10  0.5  3\n20  0.4  4\n30  0.3  5\n40  0.2  6"
    assert series(text) == {"Güte": [(10, 0.5), (20, 0.4), (30, 0.3), (40, 0.2)]}


@pytest.mark.parametrize(
    "text",
    [
        "Layer (type)    Output Shape    Param #\ndense    (None, 10)    1290",
        "Mean    Deviation    Name\n5  0.5  3\n4  0.4  4\n30  0.3  5",
        "of loss, and of accuracy\n1,2\n3,4\n",
    ],
)
def test_what_only_looks_like_a_table_is_none(text: str) -> None:
    assert series(text) == {}


def test_the_counter_of_two_columns_may_stand_below_what_it_counts() -> None:
    block = (
        "----------------------\n"
        "| rollout/        |     |\n"
        "|    ep_rew_mean  | {r} |\n"
        "| time/           |     |\n"
        "|    total_timesteps | {n} |\n"
        "| train/          |     |\n"
        "|    n_updates    | {u} |\n"
        "|    value_loss   | {v} |\n"
        "----------------------\n"
    )
    text = block.format(r=22.3, n=256, u=10, v=1.5) + block.format(r=27, n=512, u=20, v=1.2)
    assert series(text) == {
        "ep_rew_mean": [(256, 22.3), (512, 27)],
        "value_loss": [(256, 1.5), (512, 1.2)],
    }
    assert parse_text(text).progress == Progress(512, None, "timesteps", None)


def test_a_table_that_nothing_followed_is_not_lost() -> None:
    parser = LogParser()
    for line in ("| loss | 0.5 |", "| iterations | 3 |"):
        parser.feed(7, "algo-1", line)
    assert parser.metrics == []
    parser.flush()
    assert [(m.name, m.value, m.step, m.timestamp_ms) for m in parser.metrics] == [
        ("loss", 0.5, 3, 7)
    ]
