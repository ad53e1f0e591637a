"""How grave a line is, and who wrote it."""

from __future__ import annotations

import re

_LEVEL = re.compile(r"\b(CRITICAL|FATAL|ERROR|WARNING|WARN|INFO|DEBUG)\b")
_LEVEL_WORDS = ("ERROR", "WARN", "CRITICAL", "FATAL", "INFO", "DEBUG")
_LEVELS = {
    "CRITICAL": "error",
    "FATAL": "error",
    "ERROR": "error",
    "WARNING": "warning",
    "WARN": "warning",
    "DEBUG": "debug",
}
_WARNING_CLASS = re.compile(r"\b[A-Z]\w{0,60}Warning:")
# glog's and TensorFlow's first letter: `W0423 10:01:02.123456 12 x.cc:3]`, `2024-.. : W tensorflow/..`.
_GLOG = re.compile(
    r"([IWEF])\d{4} \d\d:\d\d:\d\d\.\d|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3,9}: ([IWEF]) "
)
_GLOG_LEVELS = {"I": "info", "W": "warning", "E": "error", "F": "error"}

_PLATFORM = re.compile(
    r"SM_[A-Z]|bash: (?:cannot set terminal|no job control)|Training Env:|Environment variables:"
    r"|Invoking script with|Collecting |Requirement already satisfied|Installing collected packages"
    r"|Successfully installed|Successfully built|  Downloading |Downloading \S+\.whl|  Stored in directory"
    r"|Building wheels? for|  Preparing metadata|Looking in indexes|WARNING: Running pip as"
    r"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (?:sagemaker[-_.]\w|botocore|changehostname)"
    r"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [A-Z]\w{2,20} - |INFO:sagemaker|\[notice\] |CHANGEHOSTNAME|PYTHONPATH="
)
_PLATFORM_BEGINS = frozenset("SbTEICRBLWPD 2[")
_FRAMEWORK = re.compile(
    r"NCCL (?:INFO|WARN)|tensorflow/(?:core|compiler|stream)|INFO:tensorflow|smdebug|hook\.py:\d|libfabric"
    r"|torch/distributed|torch\.distributed|INFO:transformers|absl:|xgboost|src/(?:tree|learner|gbm)/|pytorch_lightning"
    r"|#metrics \{|#memory_usage|#throughput_metric|deepspeed|DeepSpeed|horovod|mpirun"
)


def severity_of(plain: str) -> str:
    """`error`, `warning`, `info` or `debug`, by the level a line names near its beginning."""
    head = plain[:80]
    for word in _LEVEL_WORDS:
        if word in head:
            level = _LEVEL.search(head)
            if level:
                return _LEVELS.get(level[1], "info")
            break
    if "Warning:" in plain and _WARNING_CLASS.search(plain[:200]):
        return "warning"
    if head[:1] in "IWEF2":
        letter = _GLOG.match(head)
        if letter:
            return _GLOG_LEVELS[letter[1] or letter[2]]
    return "info"


def source_of(plain: str) -> str:
    """`platform`, `framework` or `user`."""
    if plain[:1] in _PLATFORM_BEGINS and _PLATFORM.match(plain):
        return "platform"
    if ("/" in plain or "INFO" in plain or "#" in plain) and _FRAMEWORK.search(plain[:200]):
        return "framework"
    return "user"
