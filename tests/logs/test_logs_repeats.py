"""What a log teaches of itself: shapes that repeat are series, what stands once is configuration."""

from __future__ import annotations

import json

import pytest

from jupyter_sm.logs import LogParser, parse_text

Series = dict[str, list[tuple[int | float | None, float]]]


def series(*lines: str) -> Series:
    found: Series = {}
    for metric in parse_text("\n".join(lines)).metrics:
        x = metric.step if metric.step is not None else metric.epoch
        found.setdefault(metric.name, []).append((x, metric.value))
    return found


@pytest.mark.parametrize(
    ("form", "name"),
    [
        ("Durchlauf {n}0 | Güte 0.{n}", "Güte"),
        ("étape {n}0 : adéquation = 0.{n}", "adéquation"),
        ("step {n}0 | grid quality index 0.{n}", "grid quality index"),
        ("step {n}0 sp 0.{n} of a kind", "sp"),
        ("step {n}0: gap 0.{n}, size 12", "gap"),
        ("训练 {n}0 次，适应度：0.{n}", "适应度"),
        ("Episode {n}0 | Epsilon: 0.{n} | seed 3", "Epsilon"),
    ],
)
def test_what_changes_as_a_count_runs_on_is_a_series_from_its_first_line(
    form: str, name: str
) -> None:
    found = series(*(form.format(n=n) for n in range(1, 6)))
    assert found == {name: [(n * 10, n / 10) for n in range(1, 6)]}


def test_lines_below_a_count_teach_the_same() -> None:
    lines = [
        line
        for n in range(1, 5)
        for line in ("REPORT", f"  Batch = {n}00", f"  gap = 0.{n}", "  bins = 3")
    ]
    assert series(*lines) == {"gap": [(n * 100, n / 10) for n in range(1, 5)]}


def test_of_what_data_a_line_is_tells_its_series_apart() -> None:
    lines = [
        line
        for n in range(1, 4)
        for line in (f"Epoch {n}", f"  Train - CE: 0.{n}", f"  Val   - CE: 0.{n + 4}")
    ]
    assert series(*lines) == {
        "Train CE": [(1, 0.1), (2, 0.2), (3, 0.3)],
        "Val CE": [(1, 0.5), (2, 0.6), (3, 0.7)],
    }
    assert series("[Epoch 3] train: loss=0.5 acc=0.9 | val: loss=0.6 acc=0.8") == {
        "train loss": [(3, 0.5)],
        "train acc": [(3, 0.9)],
        "val loss": [(3, 0.6)],
        "val acc": [(3, 0.8)],
    }
    assert series("epoch 2 | train_loss 2.5 acc 0.4 | val_loss 3.0 acc 0.5") == {
        "train_loss": [(2, 2.5)],
        "train_acc": [(2, 0.4)],
        "val_loss": [(2, 3.0)],
        "val_acc": [(2, 0.5)],
    }


@pytest.mark.parametrize(
    "lines",
    [
        ["Batch=16 | Workers=10 | LR=5e-05", "momentum: 0.9", "ratio = 0.25"],
        ["[LightGBM] [Info] Start training from score 1362.7"] * 3,
        [f"[LightGBM] [Info] Start training from score 13{n}.7" for n in range(5)],
        ["  MAX_ITER: 10000", "  GAMMA: 0.1", "  SCORE_THRESH_TEST: 0.05"],
        [f"step {n}: gap 0.5" for n in range(20)],
        [f"step {n}: saved model-{n}.5.pt after 0.{n} s" for n in range(20)],
        [f"found {n} files in 0.{n}5 of the time" for n in range(1)],
        [f"[W socket.cpp:601] (gai error: -{n} - Name or service not known)" for n in range(9)],
        [f"WARNING: loss 0.{n} is high" for n in range(9)],
        [f"time (ms) | forward: 1{n}.5 | backward: 2{n}.5" for n in range(9)],
    ],
)
def test_what_stands_once_or_never_changes_or_tells_of_the_work_is_none(lines: list[str]) -> None:
    assert series(*lines) == {}


def test_a_warning_that_counts_is_read() -> None:
    assert series("WARNING step 3: loss 0.5") == {"loss": [(3, 0.5)]}


def test_the_list_of_a_measure_is_a_series_an_element() -> None:
    line = "Epoch 7: Pseudo dice [np.float32(0.89), np.float32(0.67), 0.48]"
    expected = {f"Pseudo dice ({n})": [(7, v)] for n, v in enumerate((0.89, 0.67, 0.48))}
    assert series(line) == expected
    assert series("scores: [0.95 0.96]") == {
        "scores (0)": [(None, 0.95)],
        "scores (1)": [(None, 0.96)],
    }


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Verlust: 0.5", {"Verlust": 0.5}),
        ("準確率=0.91", {"準確率": 0.91}),
        ("损失：0.25，准确率：0.9", {"损失": 0.25, "准确率": 0.9}),
        ("step 100: 0.93 accuracy, 1,234.5 loss", {"accuracy": 0.93, "loss": 1234.5}),
        ("loss=0.5±0.1 acc=0.9 +/- 0.02", {"loss": 0.5, "acc": 0.9}),
        ("train-auc:0.939440+0.005148", {"train-auc": 0.93944}),
        ("mAP@0.5 = 0.63, mAP@0.5:0.95 = 0.41", {"mAP@0.5": 0.63, "mAP@0.5:0.95": 0.41}),
        ("Average PSNR : 30.01dB", {"Average PSNR": 30.01}),
        ("[val] epoch:0 miou:0.2", {"miou": 0.2}),
        ("0:\ttest: 0.69\tbest: 0.69 (0)\ttotal: 5ms", {"test": 0.69, "best": 0.69}),
    ],
)
def test_a_metric_is_read_whatever_its_form(line: str, expected: dict[str, float]) -> None:
    found = {metric.name.removeprefix("val "): metric.value for metric in parse_text(line).metrics}
    assert found == expected


def test_speeds_lie_apart() -> None:
    log = parse_text(
        "step 5 loss 0.5 | 123.4 samples/s | 3.1 TFLOPS | VRAM 9.8/15.9GB (62%)\n"
        "step 6 | Speed: 2404.5 tokens/sec\n"
        "Epoch 1:  50%|#### | 5/10 [00:01<00:01, 2.00s/it, loss=0.3]"
    )
    assert [(m.name, m.value) for m in log.speeds] == [
        ("samples/s", 123.4),
        ("TFLOPS", 3.1),
        ("VRAM", 9.8),
        ("Speed", 2404.5),
        ("it/s", 0.5),
    ]
    assert [m.name for m in log.metrics] == ["loss", "TFLOPS", "loss"]


def test_a_parser_holds_no_more_however_many_shapes_there_are() -> None:
    parser = LogParser()
    for n in range(3_000):
        parser.feed(0, "algo-1", f"n{n} of it: {n}.5, gap{n}: 0.{n}")
    assert len(json.dumps(parser.state())) < 40_000
