"""Lines as training frameworks print them, written for these tests, and what is read from them."""

from __future__ import annotations

import json

import pytest

from jupyter_sm.logs import LogParser, parse_text


def read(*lines: str) -> dict[str, list[tuple[int | None, float]]]:
    found: dict[str, list[tuple[int | None, float]]] = {}
    for metric in parse_text("\n".join(lines)).metrics:
        found.setdefault(metric.name, []).append((metric.step, metric.value))
    return found


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("[7]\ttrain-rmse:0.51234\tvalidation-rmse:0.61", {"train-rmse": 0.51234}),
        ("[7]#011train-rmse:0.5#011validation-rmse:0.61", {"validation-rmse": 0.61}),
        (
            "{'loss': 0.4321, 'grad_norm': 1.5, 'learning_rate': 3e-05, 'epoch': 1.5}",
            {"loss": 0.4321},
        ),
        (
            "#quality_metric: host=algo-1, epoch=3, train loss <loss>=0.25",
            {"train loss": 0.25},
        ),
        ("Epoch[4] Validation-accuracy=0.934000", {"Validation-accuracy": 0.934}),
        (
            "12/12 [==============================] - 1s 5ms/step - loss: 0.31 - accuracy: 0.88",
            {"loss": 0.31, "accuracy": 0.88},
        ),
        ("Train Epoch: 3 [640/1000 (64%)]\tLoss: 0.734500", {"Loss": 0.7345}),
        ('{"step": 40, "loss": 0.125, "event": "train"}', {"loss": 0.125}),
        (
            "\x1b[34mTest set: Average loss: 0.0512, Accuracy: 9830/10000 (98%)\x1b[0m",
            {"Average loss": 0.0512},
        ),
        ("algo-1-abcde  | epoch 2 val_loss: 0.5", {"val_loss": 0.5}),
        ("[1,mpirank:0,algo-1]<stdout>:step 12 loss=0.75", {"loss": 0.75}),
        (
            "[1/25][5/78] Loss_D: 1.30 Loss_G: 5.48 D(x): 0.54 D(G(z)): 0.40 / 0.0050",
            {"Loss_D": 1.30, "D(x)": 0.54, "D(G(z))": 0.40},
        ),
        (
            "{'loss': 0.6, 'logps/chosen': -268.03, 'epoch': 0.01}",
            {"loss": 0.6, "logps/chosen": -268.03},
        ),
        ("  step=   940 s=0 ep=0 ce=0.4156 gn=0.1561", {"ce": 0.4156, "gn": 0.1561}),
        ("Accuracy of the network on the 10000 test images: 55 %", {"test images": 55}),
        ("AP for rolled-in_scale = 0.8130", {"AP for rolled-in_scale": 0.813}),
        ("#test_score (algo-1, RMSE): 413.5", {"test RMSE": 413.5}),
        (
            "38:     learn: 0.951        test: 0.826 best: 0.835 (1)",
            {"learn": 0.951, "test": 0.826},
        ),
        ("6:      learn 0.4118passed: 16.9 sec      total: 4m 56s", {"learn": 0.4118}),
        (
            "[I 10:00] Trial 51 finished with value: 0.93 and parameters: {'lr': 0.4}",
            {"value": 0.93},
        ),
        (
            "Finished trial#5 resulted in value: 0.6. Current best value is 0.8 with parameters",
            {"value": 0.8, "current best value": 0.8},
        ),
        (
            "Epoch: 1/3, step 10/36 (loss: 0.52):  33%|###  | 3/9 [03:17<06:31, 65.28s/it]",
            {"loss": 0.52},
        ),
        ("INFO:root:Epoch[99] Learning rate is 5e-05", {"learning rate": 5e-05}),
    ],
)
def test_metrics_of_a_framework_are_read(line: str, expected: dict[str, float]) -> None:
    found = {name.lower(): points[-1][1] for name, points in read(line).items()}
    for name, value in expected.items():
        assert any(key.endswith(name.lower()) and found[key] == value for key in found), found


def test_what_tells_of_the_work_is_no_metric_beside_one() -> None:
    line = "step 3 loss: 0.5 | data: 0.03 | eta: 1.5 | momentum: 0.9 | samples/sec: 11.5"
    assert read(line) == {"loss": [(3, 0.5)]}


@pytest.mark.parametrize(
    "line",
    [
        "batch_size: 32",
        "Training took 12.5 seconds",
        "torch version: 2.5",
        "listening on port=8080 with timeout=60",
        "hyperparameters: epochs=10 batch_size=64 seed=42",
        "Downloading 12.3MB at 4.5MB/s",
        "2026-11-24 10:00:00,123 INFO started worker pid=1234",
        "Epoch 3 took 12.5 s with momentum=0.9 and temperature=0.7",
        # Of single quantiles there are nine; SageMaker publishes their mean.
        "#test_score (algo-1, wQuantileLoss[0.1]): 0.11",
    ],
)
def test_other_numbers_are_no_metrics(line: str) -> None:
    assert read(line) == {}


def test_a_chained_traceback_tells_the_last_error_and_the_users_own_line() -> None:
    log = parse_text(
        "\n".join(
            [
                "Traceback (most recent call last):",
                '  File "/opt/ml/code/data.py", line 7, in load',
                "    return table[name]",
                "KeyError: 'labels'",
                "",
                "During handling of the above exception, another exception occurred:",
                "",
                "Traceback (most recent call last):",
                '  File "/opt/ml/code/train.py", line 31, in <module>',
                "    main()",
                '  File "/opt/conda/lib/python3.11/site-packages/torch/nn.py", line 5, in forward',
                "    raise ValueError(why)",
                "ValueError: no column labels",
            ]
        )
    )
    assert log.error is not None
    assert (log.error.type, log.error.message) == ("ValueError", "no column labels")
    assert log.error.frame == "/opt/conda/lib/python3.11/site-packages/torch/nn.py:5 in forward"
    assert log.error.user_frame == "/opt/ml/code/train.py:31 in <module>"


def test_grouped_a_traceback_is_one_record_and_half_of_one_is_not_lost() -> None:
    parser = LogParser(group_tracebacks=True)
    lines = [
        "before",
        "Traceback (most recent call last):",
        '  File "a.py", line 1, in f',
        "    f()",
    ]
    records = [r for line in lines for r in parser.feed(0, "algo-1", line)]
    assert [r.text for r in records] == ["before"]
    assert [r.text for r in parser.flush()] == ["\n".join(lines[1:])]


def test_a_parser_goes_on_where_its_state_was_saved() -> None:
    head = [
        "epoch 1/4 loss: 0.9",
        "Traceback (most recent call last):",
        '  File "t.py", line 2, in g',
    ]
    tail = ["    g()", "RuntimeError: broken", "epoch 2/4 loss: 0.8"]
    whole = LogParser()
    for line in head + tail:
        whole.feed(0, "algo-1", line)
    first = LogParser()
    for line in head:
        first.feed(0, "algo-1", line)
    second = LogParser.resume(json.loads(json.dumps(first.state())))
    for line in tail:
        second.feed(0, "algo-1", line)
    assert second.error == whole.error is not None
    assert second.progress == whole.progress is not None
    assert first.metrics + second.metrics == whole.metrics


def test_a_definition_that_runs_away_is_dropped_and_named() -> None:
    parser = LogParser({"bad": r"(a+)+$", "good": r"loss=([\d.]+)", "broken": "("})
    for _ in range(6):
        parser.feed(0, "algo-1", "a" * 26 + "! loss=0.5")
    assert [m.value for m in parser.metrics if m.name == "good"] == [0.5] * 6
    assert any("broken" in fault for fault in parser.faults)


@pytest.mark.parametrize(
    "text",
    [
        "\0" * 2_000,
        "<script>alert(1)</script>",
        "x" * 3_000_000,
        "loss: nan",
        "loss: -inf",
        "�" * 500,
    ],
)
def test_odd_lines_are_kept_as_they_are(text: str) -> None:
    (record,) = LogParser().feed(5, "algo-1", text)
    assert record.text == text
