"""Where points stand: a line's own counter, epochs and parts of them, steps that never fold back."""

from __future__ import annotations

import json

import pytest

from jupyter_sm.logs import LogParser, parse_text

Placed = list[tuple[str, float, int | None, float | None]]


def points(*lines: str) -> Placed:
    return [(m.name, m.value, m.step, m.epoch) for m in parse_text("\n".join(lines)).metrics]


@pytest.mark.parametrize(
    ("line", "step", "epoch"),
    [
        ("[049500/50000] WMS | loss 0.5 | 3.1 it/s | batch 16", 49500, None),
        ("Score at iteration 100 is 1.39", 100, None),
        ("{'loss': 0.5, 'epoch': 0.06}", None, 0.06),
        ("{'loss': '0.5', 'epoch': '3'}", None, 3),
        ("[101]:\tvalid's rmse:541.366+16.6", 101, None),
        ("1 epoch, loss: 0.5, time: 0:11:54", None, 1),
        ("iter: 121,000, loss: 0.5", 121000, None),
        ("Epoch: [3][100/127]\tLoss 0.5 (0.6)", 100, 3),
        ("Epoch 3/10, Step [7/12], Loss: 0.5", 7, 3),
        ("Train: 3 [ 20/33 ( 60%)] Loss: 0.5 (0.6)", 20, 3),
        ("Epoch: 3, global_step=102400, loss: 0.5", 102400, 3),
        ("step:50K smpl:2M epch:126.54 loss:0.5", None, 126.54),
        ("Batch 4 Loss: 0.5", 4, None),
        ("2021-09-03 20:17:51.976 | INFO | core.trainer:after_iter:246 - iter: 10/47, loss: 0.5", 10, None),
        ("loss: 0.5", None, None),
        ("loss: 0.5 with batch 16 on worker 3", None, None),
        ('{"step": 30, "epoch": 1.5, "loss": 0.5}', 30, 1.5),
        ("Эпоха 3: loss 0.5", None, 3),
        ("第 3/10 轮 loss: 0.5", None, 3),
        ("Epoche 3/10, loss: 0.5", None, 3),
    ],
)  # fmt: skip
def test_a_points_place_is_what_its_own_line_counts(
    line: str, step: int | None, epoch: float | None
) -> None:
    (first, *_) = points(line)
    assert first[2:] == (step, epoch)


@pytest.mark.parametrize(
    ("form", "steps"),
    [
        ("Train Epoch: {e} [{i}/60 (0%)]\tLoss: 0.{e}{i}", [0, 40, 60, 100, 120, 160]),
        ("Epoch[{e}] Batch [{i}] loss=0.{e}{i}", [0, 40, 40, 80, 80, 120]),
        ("[{e}, {i}] loss: 0.{e}{i}", [0, 40, 40, 80, 80, 120]),
    ],
)
def test_steps_within_an_epoch_are_joined(form: str, steps: list[int]) -> None:
    lines = [form.format(e=epoch, i=batch) for epoch in (1, 2, 3) for batch in (0, 40)]
    assert [step for _, _, step, _ in points(*lines)] == steps
    assert [epoch for *_, epoch in points(*lines)] == [1, 1, 2, 2, 3, 3]


def test_a_count_that_goes_on_is_not_joined() -> None:
    lines = [f"Epoch {n // 3} | step {n}00/900 | loss=0.{n}" for n in range(9)]
    assert [step for _, _, step, _ in points(*lines)] == [n * 100 for n in range(9)]


def test_a_second_training_begins_anew() -> None:
    lines = [f"step {step}: loss 0.{step}" for step in (10, 20, 10, 20)]
    assert [step for _, _, step, _ in points(*lines)] == [10, 20, 10, 20]


def test_a_test_counts_for_itself() -> None:
    found = points(
        "Epoch: [1][5/10] Loss 0.9",
        "Test: [2/4] Loss 0.8",
        "Epoch: [2][5/10] Loss 0.7",
        "accuracy: 0.5",
    )
    assert [(step, epoch) for _, _, step, epoch in found] == [(5, 1), (2, 1), (15, 2), (15, 2)]


def test_a_line_without_a_counter_stands_where_the_last_one_did() -> None:
    assert points("Epoch 2/5", "val_loss: 0.5", "Epoch 3/5", "val_loss: 0.4") == [
        ("val_loss", 0.5, None, 2),
        ("val_loss", 0.4, None, 3),
    ]


def test_a_dict_behind_a_bar_has_the_bars_step_and_its_own_part_of_an_epoch() -> None:
    assert points(" 50%|####  | 5/10 [00:01<00:01, 5.0it/s]{'loss': 0.3, 'epoch': 0.5}") == [
        ("loss", 0.3, 5, 0.5)
    ]


def test_bars_of_epochs_are_joined() -> None:
    lines = [
        f"Epoch {e}: {10 * n}%|## | {n}/10 [00:01<00:01, 1.0it/s, loss=0.{e}{n}]"
        for e in (0, 1)
        for n in (5, 9)
    ]
    assert [(step, epoch) for _, _, step, epoch in points(*lines)] == [
        (5, 0),
        (9, 0),
        (15, 1),
        (19, 1),
    ]


def test_an_epoch_that_a_wrapped_dict_tells_on_its_next_line_is_that_of_the_line_before() -> None:
    assert points("{'loss': 0.7637, 'learning_rate': 0.1, 'epoch':   ", "    0.25}") == [
        ("loss", 0.7637, None, 0.25),
        ("learning_rate", 0.1, None, 0.25),
    ]


LOG = """\
Batch=16 | Workers=10 | LR=5e-05
Epoch 1/3
-- total loss\tscore loss\tgain
46.6\t0.24\t0.1
41.7\t0.22\t0.2
  1% 1/80 [00:01<00:01,  1.40s/it]
Train - CE: 0.5, KL: 0.7
Val   - CE: 0.6, KL: 0.8
{'loss': 0.5, 'learning_rate': 0.1, 'epoch':
 0.5}
Epoch 2/3
Durchlauf 10 | Güte 0.5
Durchlauf 20 | Güte 0.4
Train - CE: 0.4, KL: 0.6
Val   - CE: 0.5, KL: 0.7
-------------------------
| rollout/    |         |
|  ep_rew     | 22.3    |
| time/       |         |
|  total_timesteps | 256 |
-------------------------
Durchlauf 30 | Güte 0.3
Epoch 3/3
Train - CE: 0.3, KL: 0.5
Val   - CE: 0.4, KL: 0.6
SPS: 120
Fatal Python error: Aborted

Current thread 0x01 (most recent call first):
  File "a.py", line 3 in f
Train Epoch: 1 [0/60 (0%)]\tLoss: 2.0
Train Epoch: 2 [0/60 (0%)]\tLoss: 1.0
best loss: 1.0""".splitlines()


@pytest.mark.parametrize("at", range(len(LOG)))
def test_a_reader_that_goes_on_from_any_line_reads_the_same(at: int) -> None:
    whole = LogParser(group_tracebacks=True)
    for line in LOG:
        whole.feed(0, "algo-1", line)
    first = LogParser(group_tracebacks=True)
    for line in LOG[:at]:
        first.feed(0, "algo-1", line)
    second = LogParser.resume(json.loads(json.dumps(first.state())))
    for line in LOG[at:]:
        second.feed(0, "algo-1", line)
    assert first.metrics + second.metrics == whole.metrics
    assert (second.progress, second.error) == (whole.progress, whole.error)
    assert len(whole.metrics) > 20
