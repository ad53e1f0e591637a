"""How far a training is, from epochs, steps, rounds, trials and bars."""

from __future__ import annotations

import pytest

from jupyter_sm.logs import Progress, parse_text


@pytest.mark.parametrize(
    ("line", "progress"),
    [
        ("epoch 3/12", Progress(3, 12, "epoch", 25.0)),
        ("Epoch [3/12]", Progress(3, 12, "epoch", 25.0)),
        ("Epoch: 3 of 12", Progress(3, 12, "epoch", 25.0)),
        ("step=1 / 4", Progress(1, 4, "step", 25.0)),
        ("epoch 0/0", Progress(0, 0, "epoch", None)),
        ("epoch 3", Progress(3, None, "epoch", None)),
        ("depoch 3/12", None),
        ("[2,  2400] loss: 1.209", Progress(2, None, "epoch", None)),
        ("INFO: 7epoch results: [train] loss=480.3", Progress(7, None, "epoch", None)),
        (
            "Training> Worker=0, Episode=19, Total reward=8.2, Training iteration=3",
            Progress(19, None, "episode", None),
        ),
        ("Uploading generated training modelEpoch 4: loss 0.4", Progress(4, None, "epoch", None)),
        ('best: {"lr_scheduler_step": 10, "loss": 0.5}', None),
        ("{'loss': '0.4', 'epoch': '0.58'}", Progress(0.58, None, "epoch", None)),
        ("num_train_epochs=2\n{'loss': 0.4, 'epoch': 0.5}", Progress(0.5, 2, "epoch", 25.0)),
        ("{'loss': 0.4, 'epoch': 1.0}", Progress(1, None, "epoch", None)),
        (
            "      1/100      3.51G      1.2       4.6        267        640:   2%|▏ | 1/56 [00:00<00:30]",
            Progress(1, 100, "epoch", 1.0),
        ),
        ("Starting training from iteration 0", None),
        (
            "Epoch[2] Batch [50]\tSpeed: 2404 samples/sec\taccuracy=0.9",
            Progress(2, None, "epoch", None),
        ),
        ("Trial 53 pruned. Best is trial 31", Progress(53, None, "trial", None)),
        ("trial 3 of this", None),
        ("epoch 2\nprogress: 2300/23000, train/loss: 0.5", Progress(2300, 23000, "step", 10.0)),
        (
            "9:\tlearn: 0.5\ttotal: 1ms\n0:\tlearn: 0.9\ttotal: 1ms",
            Progress(0, None, "iteration", None),
        ),
    ],
)
def test_progress_is_read_from_steps_of_a_total(line: str, progress: Progress | None) -> None:
    assert parse_text(line).progress == progress


def test_a_bar_of_the_steps_that_were_announced_is_the_outermost() -> None:
    text = (
        "Total optimization steps = 79\n100%|##| 79/79 [00:19<00:00, 4.7it/s]\nEpoch 0/1 took 19 s"
    )
    assert parse_text(text).progress == Progress(79, 79, "it", 100.0)


def test_rounds_whose_tabs_became_blanks_are_counted() -> None:
    log = parse_text("[40]    valid_0's auc: 0.71\n[80]    valid_0's auc: 0.72")
    assert log.progress == Progress(80, None, "iteration", None)
    assert [(m.step, m.value) for m in log.metrics] == [(40, 0.71), (80, 0.72)]


def test_a_number_of_epochs_that_a_runner_announces() -> None:
    log = parse_text("workflow: [('train', 1)], max: 12 epochs\nEpoch [12][20/25] loss: 0.3")
    assert log.progress == Progress(12, 12, "epoch", 100.0)


def test_epoch_and_batch_at_the_beginning_of_a_line() -> None:
    log = parse_text("[24/25][776/782] Loss_D: 0.2830 Loss_G: 3.4405")
    assert log.progress == Progress(24, 25, "epoch", 96.0)


def test_the_iterations_of_darknet() -> None:
    log = parse_text(" 404: 27.877, 27.874 avg loss, 0.000072 rate, 8.9 seconds, 25856 images")
    assert log.progress == Progress(404, None, "iteration", None)
    assert [(m.name, m.value, m.step) for m in log.metrics] == [
        ("loss", 27.877, 404),
        ("avg loss", 27.874, 404),
        ("rate", 0.000072, 404),
    ]


def test_a_bar_that_goes_past_its_total_is_complete() -> None:
    log = parse_text("131/130 [====] - 16s 121ms/step - loss: 0.1651 - val_loss: 0.1334")
    assert {m.name: m.value for m in log.metrics} == {"loss": 0.1651, "val_loss": 0.1334}


def test_epochs_outrank_bars() -> None:
    log = parse_text("epoch 1/4\n90%|######### | 9/10\n")
    assert log.progress == Progress(1, 4, "epoch", 25.0)


def test_an_epoch_takes_over_from_a_bar() -> None:
    log = parse_text("90%|######### | 9/10\nepoch 1/4")
    assert log.progress == Progress(1, 4, "epoch", 25.0)


@pytest.mark.parametrize("line", ["epoch 5/3", "999%|##| 999/100"])
def test_percent_never_passes_100(line: str) -> None:
    progress = parse_text(line).progress
    assert progress is None or progress.percent is None or progress.percent <= 100
