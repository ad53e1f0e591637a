"""The registry: which targets there are, and how a name becomes one."""

from __future__ import annotations

import os
from pathlib import Path

from jupyter_sm.targets.aws import profiles
from jupyter_sm.targets.protocol import Target


class UnknownTargetError(ValueError):
    """A target name that stands for nothing."""


def target_names() -> list[str]:
    """The targets there are, in the order a face offers them."""
    # On Windows the local target does not run, and everything else does.
    return [*(["local"] if os.name == "posix" else []), *profiles.names()]


def check_target(name: str) -> profiles.AwsName | None:
    """The profile and region a name stands for, None for the local target.

    Raises UnknownTargetError for a name that stands for nothing.
    """
    if name == "local" and os.name == "posix":
        return None
    aws = profiles.parse(name)
    wrong = profiles.fault(aws) if aws else profiles.malformed(name)
    if aws is None or wrong:
        raise UnknownTargetError(
            wrong or f"There is no target {name!r}. Known targets: {', '.join(target_names())}."
        )
    return aws


def open_target(name: str, data_dir: Path) -> Target:
    """The target of that name; its state, if it has any, lies below `data_dir`.

    Raises UnknownTargetError for a name that stands for nothing.
    """
    aws = check_target(name)
    if aws is None:
        from jupyter_sm.targets.local import LocalTarget

        return LocalTarget(data_dir / "local")
    from jupyter_sm.targets.aws.target import AwsTarget

    return AwsTarget(aws, data_dir)
