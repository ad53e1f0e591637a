"""Lines whose shape one framework made, where name and number do not stand side by side.

Each reader takes a line without colours and prefixes and gives pairs, or None for a line that is
not of its kind. An empty list means: its kind, and no metric in it.
"""

from __future__ import annotations

import re

from jupyter_sm.logs.names import METRIC, kind_of
from jupyter_sm.logs.pairs import NUMBER, Pair, pairs_in

# SageMaker's first-party algorithms: `#quality_metric: host=algo-1, epoch=0, train loss <loss>=1.2`.
_QUALITY = re.compile(
    r"#quality_metric[:.] host[=:] ?\S{1,40},?(?: epoch[=:] ?\d{1,9},?)?( batch[=:] ?\d{1,9},?)?\s{1,3}"
    rf"([^=<]{{1,80}}?)\s?(?:<(\w{{1,20}})>)?\s?[=:]\s?\(?({NUMBER})"
)
_SCORE = re.compile(
    r"#(\w{1,20})_score \([\w-]{1,40}"
    rf"(?:, ([^)\[]{{1,60}})\)\s?: ?|\)\s?: ?\('([^']{{1,60}})', )({NUMBER})"
)
# CatBoost: `10:  learn: 0.61  test: 0.63  best: 0.62 (9)  total: 5ms  remaining: 3ms`.
_CATBOOST = re.compile(
    rf"\d{{1,9}}:\s{{1,9}}(?:learn:? ({NUMBER}))?(?:\s{{0,9}}test\d?:? ({NUMBER}))?"
    rf"(?:\s{{1,9}}best: ({NUMBER}))?"
)
# Darknet: ` 404: 27.877659, 27.874437 avg loss, 0.000072 rate, 8.9 seconds, ...`.
_DARKNET = re.compile(
    rf"\s{{0,4}}\d{{1,9}}: ({NUMBER}), ({NUMBER}) (avg(?: loss)?), ({NUMBER}) (rate)"
)
_CATBOOST_BEST = re.compile(rf"(bestTest) = ({NUMBER})")
# Optuna: `Trial 5 finished with value: 0.93 and parameters`, once `resulted in value: 0.93. ...`.
_TRIAL = re.compile(rf"(?:finished with|resulted in) (value): ({NUMBER})")
_BEST_TRIAL = re.compile(rf"(Current best value) is ({NUMBER})")
# JumpStart: `Key: avg_train_loss, Value: 1.28`.
_KEY_VALUE = re.compile(rf"Key: (\w{{1,60}}), Value: ({NUMBER})")
# MLPerf: `:::MLPv0.5.0 resnet 1541720285.25 (file:49) eval_accuracy: {"value": 0.23, "epoch": 5}`.
_MLLOG = re.compile(
    r":::MLP[\w.]{1,12} (?:\S{1,60} [\d.]{1,30} \([^)]{0,300}\) (\w{1,60})(?:: (.{0,500}))?|)"
)
_MLLOG_VALUE = re.compile(rf'"value": "?({NUMBER})')
# BlazingText: `##### Alpha: 0.0050  Progress: 90.00%  Million Words/sec: 7.98 #####`.
_MEAN_RHO = re.compile(rf"#?(mean_rho|validation_accuracy|train_accuracy): ?({NUMBER})")
_WORDS = re.compile(rf"Alpha: ({NUMBER})  Progress: \S{{1,12}}%  Million Words/sec: ({NUMBER})")
# TensorFlow's estimator, and scikit-learn's classification_report.
_FINAL_LOSS = re.compile(rf"(Loss for final step): ({NUMBER})")
_REPORT = re.compile(rf"\s{{1,40}}(accuracy)\s{{2,60}}({NUMBER})\s{{1,20}}\d{{1,12}}\s{{0,3}}\Z")
# Words that say which data the line's metrics were measured on, where a name does not.
_WHERE = (
    ("validation loss at iteration", "validation "),
    ("Saving dict for global step", "eval "),
    (" | valid on ", "valid "),
)
# `#metrics {...}` repeats, with times and counts, what the `#quality_metric` lines say.
_NO_METRICS = ("#metrics {", "#throughput_metric", "#progress_metric", "#memory_usage")
# Settings echoed at the start, and what early stopping thinks.
_ECHO = re.compile(
    r"^SM_[A-Z]|^\s{0,8}\+ |Namespace\(|Arguments\(|Config\(|[Hh]yper-?[Pp]arameter|HYPERPARAM"
    r"|^\W{0,9}tim(?:e|es|ing)s?\b[\w ]{0,40}\((?:ms|s)\)"
    r"|[Pp]atience|improved|Invoking|\"config\":|max_runtime|[Cc]ommand[: ]|\bargs[:=]|--\w{2,40}[ =]"
)


def is_echo(line: str) -> bool:
    """Whether `line` tells settings, or how long each part took, rather than measurements."""
    return _ECHO.search(line) is not None


def shaped(line: str) -> list[Pair] | None:
    """The metrics of a line of a known shape, or None if its shape is none of these."""
    if "#" in line:
        if "#quality_metric" in line:
            return _quality(line)
        if any(mark in line for mark in _NO_METRICS):
            return []
        if "_score (" in line:
            return _score(line)
        rho = _MEAN_RHO.search(line)
        if rho:
            return [Pair(rho[1], rho[2])]
        words = _WORDS.search(line)
        if words:
            return [Pair("Alpha", words[1]), Pair("Million Words/sec", words[2])]
    if "learn" in line[:24] or "test" in line[:24]:
        boosted = _CATBOOST.match(line.lstrip())
        if boosted and any(boosted.groups()):
            named = zip(("learn", "test", "best"), boosted.groups(), strict=True)
            return [Pair(name, value) for name, value in named if value]
    if " rate, " in line:
        darknet = _DARKNET.match(line)
        if darknet:
            loss, average, name, rate, rate_name = darknet.groups()
            return [Pair("loss", loss), Pair(name, average), Pair(rate_name, rate)]
    if " value: " in line and (trial := _TRIAL.search(line)):
        best = _BEST_TRIAL.search(line)
        return [Pair(found[1], found[2]) for found in (trial, best) if found]
    if "bestTest" in line:
        return [Pair(found[1], found[2]) for found in _CATBOOST_BEST.finditer(line)]
    if "Key: " in line:
        pair = _KEY_VALUE.search(line)
        if pair:
            return [Pair(pair[1], pair[2])] if kind_of(pair[1]) == METRIC else []
    if "oss for final step" in line or "ccuracy  " in line:
        final = _FINAL_LOSS.search(line) or _REPORT.match(line)
        if final:
            return [Pair(final[1], final[2])]
    if ":::MLP" in line:
        return _mllog(line)
    for phrase, prefix in _WHERE:
        if phrase in line:
            return [Pair(_prefixed(prefix, pair.name), pair.value) for pair in pairs_in(line)]
    return None


def _prefixed(prefix: str, name: str) -> str:
    return name if name.lower().startswith(("val", "eval")) else prefix + name


def _quality(line: str) -> list[Pair]:
    found = _QUALITY.search(line)
    if found is None:
        return []
    name = found[2].strip(" ,:")
    return [Pair(f"{name} (batch)" if found[1] else name, found[4])]


def _score(line: str) -> list[Pair]:
    found = _SCORE.search(line)
    # Named as in the `#quality_metric` line that says the same.
    return [Pair(f"{found[1]} {found[2] or found[3]}", found[4])] if found else []


def _mllog(line: str) -> list[Pair]:
    found = _MLLOG.search(line)
    if found is None or not found[1] or not found[2]:
        return []
    if found[1] != "eval_accuracy" and not found[1].endswith(("_loss", "_error")):
        return []
    value = _MLLOG_VALUE.search(found[2])
    return [Pair(found[1], value[1])] if value else []
