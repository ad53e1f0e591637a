"""LogParser: events become records, metrics, progress and an error, whatever they hold."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_sm.logs import LogParser, Metric, Progress, Record, parse_text


def severity_of(line: str) -> str:
    (record,) = LogParser().feed(0, "algo-1", line)
    return record.severity


def metrics_of(text: str, definitions: dict[str, str] | None = None) -> list[tuple[str, float]]:
    return [(metric.name, metric.value) for metric in parse_text(text, definitions).metrics]


def test_an_event_becomes_a_record_of_its_time_and_stream() -> None:
    assert LogParser().feed(1700, "algo-1-99", "hello\n") == [
        Record(timestamp_ms=1700, stream="algo-1-99", severity="info", source="user", text="hello")
    ]


def test_white_space_within_a_line_stays_as_it_is() -> None:
    assert [r.text for r in parse_text("  a\tb  ").records] == ["  a\tb  "]


def test_an_empty_line_is_a_line() -> None:
    assert [r.text for r in parse_text("a\n\nb").records] == ["a", "", "b"]


def test_the_newline_at_a_texts_end_is_no_line_of_its_own() -> None:
    assert [r.text for r in parse_text("a\r\nb\r\n").records] == ["a", "b"]


@pytest.mark.parametrize(
    ("line", "severity"),
    [
        ("2024-01-01 12:00:00 INFO started", "info"),
        ("DEBUG: x", "debug"),
        ("[WARNING] disk", "warning"),
        ("WARN x", "warning"),
        ("ERROR - x", "error"),
        ("CRITICAL x", "error"),
        ("FATAL x", "error"),
        ("\x1b[31mERROR\x1b[0m red", "error"),
        ("train.py:3: UserWarning: slow", "warning"),
        ("plain words", "info"),
        ("the ERRORS of mankind", "info"),
        ("x" * 100 + " ERROR", "info"),
    ],
)
def test_a_line_has_its_severity(line: str, severity: str) -> None:
    assert severity_of(line) == severity


TRACEBACK = """Traceback (most recent call last):
  File "/opt/ml/code/train.py", line 42, in main
    load("train.csv")
  File "/opt/ml/code/data.py", line 7, in load
    return open(path)
FileNotFoundError: [Errno 2] No such file: 'train.csv'
done"""


def test_a_traceback_ends_in_an_error_with_its_innermost_frame() -> None:
    log = parse_text(TRACEBACK)
    assert log.error is not None
    assert log.error.type == "FileNotFoundError"
    assert log.error.message == "[Errno 2] No such file: 'train.csv'"
    assert log.error.frame == "/opt/ml/code/data.py:7 in load"
    assert [r.text for r in log.records] == [TRACEBACK.removesuffix("\ndone"), "done"]
    assert [r.severity for r in log.records] == ["error", "info"]


def test_an_error_without_a_message_has_an_empty_one() -> None:
    log = parse_text("Traceback (most recent call last):\nKeyboardInterrupt")
    assert log.error is not None
    assert (log.error.type, log.error.message, log.error.frame) == ("KeyboardInterrupt", "", None)


def test_of_chained_errors_the_last_counts() -> None:
    between = "\n\nDuring handling of the above exception, another exception occurred:\n\n"
    second = 'Traceback (most recent call last):\n  File "b.py", line 1, in f\nValueError: b'
    log = parse_text(TRACEBACK.removesuffix("\ndone") + between + second)
    assert log.error is not None
    assert (log.error.type, log.error.message, log.error.frame) == (
        "ValueError",
        "b",
        "b.py:1 in f",
    )


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("torch.cuda.OutOfMemoryError: CUDA out of memory", "torch.cuda.OutOfMemoryError"),
        ("json.decoder.JSONDecodeError: x", "json.decoder.JSONDecodeError"),
        ("SystemExit: 3", "SystemExit"),
        ("zipfile.BadZipFile: File is not a zip file", "zipfile.BadZipFile"),
        ("StopIteration", "StopIteration"),
        ("subprocess.TimeoutExpired: Command 'x' timed out", "subprocess.TimeoutExpired"),
    ],
)
def test_every_exception_that_ends_a_traceback_is_named(line: str, name: str) -> None:
    log = parse_text(f'Traceback (most recent call last):\n  File "a.py", line 1, in f\n{line}')
    assert log.error is not None
    assert log.error.type == name


def test_an_error_line_without_a_traceback_is_no_error_of_the_script() -> None:
    assert parse_text("ValueError: handled, going on").error is None


def test_a_coloured_traceback_is_read_too() -> None:
    log = parse_text(
        "\x1b[1mTraceback (most recent call last):\x1b[0m\n\x1b[31mValueError: x\x1b[0m"
    )
    assert log.error is not None
    assert (log.error.type, log.error.message) == ("ValueError", "x")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("loss: 0.3", [("loss", 0.3)]),
        ("val_loss=1.5e-3", [("val_loss", 0.0015)]),
        ("train loss: 0.3", [("train loss", 0.3)]),
        ("epoch 3/10 loss: 0.5 accuracy: 0.9", [("loss", 0.5), ("accuracy", 0.9)]),
        ("epoch=1, loss=2, lr=0.1", [("loss", 2.0), ("lr", 0.1)]),
        ("step loss: 4", [("loss", 4.0)]),
        ("reward = -3.25", [("reward", -3.25)]),
        ("F1: 0.8; AUC: 1", [("F1", 0.8), ("AUC", 1.0)]),
        ("\x1b[32mloss\x1b[0m: 0.25", [("loss", 0.25)]),
        ("loss: 0.5.", [("loss", 0.5)]),
    ],
)
def test_metrics_are_found_in_common_lines(line: str, found: list[tuple[str, float]]) -> None:
    assert metrics_of(line) == found


@pytest.mark.parametrize(
    "line",
    ["epoch: 3", "time: 0.3", "loss at 12:30", "loss: 3/4", "score: 1.2.3", "loss: n/a", "losses"],
)
def test_what_is_no_metric_is_none(line: str) -> None:
    assert metrics_of(line) == []


def test_a_metric_knows_its_step_and_time() -> None:
    parser = LogParser()
    parser.feed(1234, "algo-1", "epoch 3/10 loss: 0.5")
    assert parser.metrics == [Metric("loss", 0.5, None, 1234, 3)]


def test_a_metric_without_a_step_has_none() -> None:
    (metric,) = parse_text("loss: 0.5").metrics
    assert metric.step is None


@pytest.mark.parametrize(("text", "sign"), [("inf", 1), ("-inf", -1)])
def test_an_infinite_loss_is_a_metric(text: str, sign: int) -> None:
    assert metrics_of(f"loss: {text}") == [("loss", sign * math.inf)]


def test_a_loss_that_is_not_a_number_is_a_metric() -> None:
    ((name, value),) = metrics_of("loss: nan")
    assert name == "loss"
    assert math.isnan(value)


def test_metric_definitions_replace_the_guesses() -> None:
    found = metrics_of("loss: 0.3 custom<4.5>", {"c": r"custom<([\d.]+)>"})
    assert found == [("c", 4.5)]


@pytest.mark.parametrize(
    ("regex", "line"),
    [
        (r"loss=(\S+)", "loss=high"),
        (r"loss=(\d+)?", "loss="),
        (r"loss=\d+", "loss=3"),
        (r"loss=(\d*)", "loss="),
    ],
)
def test_a_definition_that_captures_no_number_keeps_the_line(regex: str, line: str) -> None:
    log = parse_text(line, {"loss": regex})
    assert log.metrics == []
    assert [r.text for r in log.records] == [line]


def test_a_definition_python_can_not_read_harms_only_itself() -> None:
    assert metrics_of("a=1 b=2", {"a": r"a=(\d+", "b": r"b=(\d+)"}) == [("b", 2.0)]


def test_definitions_are_searched_in_progress_bars_as_sagemaker_does() -> None:
    bar = "50%|#####     | 5/10 [00:01<00:01, 5.0it/s, loss=0.3]"
    assert metrics_of(bar, {"loss": r"loss=([\d.]+)"}) == [("loss", 0.3)]


def test_a_redrawn_bar_is_one_record_with_its_last_state() -> None:
    drawn = "\r".join(f"{n * 10}%|{'#' * n}| {n}/10 [00:01<00:01]" for n in range(11))
    log = parse_text(drawn)
    assert [(r.source, r.text) for r in log.records] == [
        ("progress", "100%|##########| 10/10 [00:01<00:01]")
    ]
    assert log.progress == Progress(10, 10, "it", 100.0)


def test_what_lies_under_a_redrawn_line_is_kept() -> None:
    drawn = "10%|#   | 1/10\rsaved a.pt\r20%|##  | 2/10"
    assert [(r.text, r.raw) for r in parse_text(drawn).records] == [
        ("saved a.pt", ""),
        ("20%|##  | 2/10", drawn),
    ]


def test_a_bar_that_was_wiped_is_kept_in_its_last_state() -> None:
    drawn = "50%|##  | 1/2\r      "
    assert [(r.source, r.text, r.raw) for r in parse_text(drawn).records] == [
        ("progress", "50%|##  | 1/2", drawn)
    ]
    assert parse_text("\r      ").records == []


@pytest.mark.parametrize("digits", [20, 400, 5000])
@pytest.mark.parametrize("form", ["epoch {}/3 loss: 1", "epoch {}", "5%|# | {}/3", "loss: {}"])
def test_numbers_beyond_measure_do_no_harm(form: str, digits: int) -> None:
    log = parse_text(form.format("9" * digits))
    assert len(log.records) == 1
    assert all(m.step is None or m.step < 2**63 for m in log.metrics), "SQLite holds 64 bits"
    assert log.progress is None or log.progress.current < 2**63


@given(st.lists(st.text(), max_size=5))
def test_it_never_raises_and_keeps_every_line(lines: list[str]) -> None:
    parser = LogParser()
    for line in lines:
        records = parser.feed(0, "s", line)
        assert len(records) == 1 or (not records and "\r" in line)


hostile = st.sampled_from(
    [
        "Traceback (most recent call last):",
        '  File "a", line 1, in f',
        "ValueError: ",
        "epoch ",
        "/",
    ]
    + [
        "9",
        "٣",
        "%|",
        "|",
        "\r",
        "\x1b[3",
        "1m",
        "loss",
        ": ",
        "=",
        "nan",
        "inf",
        "1e999",
        "\n",
        " ",
    ]
)


@given(st.lists(hostile, max_size=30).map("".join))
def test_it_never_raises_on_fragments_of_what_it_knows(text: str) -> None:
    log = parse_text(text, None)
    assert all(isinstance(metric.value, float) for metric in log.metrics)
    parse_text(text, {"m": r"(loss)?: ?(\d)?"})


PIECES = {
    "letters": "a" * 60,
    "dotted": "a." * 30,
    "digits": "9" * 60,
    "words": "a " * 30,
    "bars": "1%|" * 20,
    "steps": "step#" * 12,
    "escapes": "\x1b[" * 30,
    "names": "Error." * 10,
    "returns": "\r" * 60,
}


@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES.keys())
@pytest.mark.parametrize("after", ["", "Traceback (most recent call last):"])
def test_time_grows_no_faster_than_the_line(piece: str, after: str) -> None:
    # Eight times the text: about 8 when linear, 64 when quadratic.
    def seconds(line: str) -> float:
        parser = LogParser()
        parser.feed(0, "s", after)
        start = time.perf_counter()
        parser.feed(0, "s", line)
        return time.perf_counter() - start

    before = max(min(seconds(piece * 40) for _ in range(3)), 1e-3)
    growth = seconds(piece * 320) / before
    assert growth < 30, f"8 times the line takes {growth:.0f} times as long"
