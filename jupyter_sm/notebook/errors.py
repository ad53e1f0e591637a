"""Errors of botocore and the SageMaker SDKs in any cell: the explanation first, the rest folded."""

from __future__ import annotations

import traceback
from html import escape
from typing import Any

from jupyter_sm.diagnosis import ExplainedError, explain, mask_secrets

# By name, since importing them would cost every kernel half a second.
_PACKAGES = ("botocore", "boto3", "sagemaker", "sagemaker_core", "s3transfer")
_LONGEST_CHAIN = 20


def install(ipython: Any) -> None:
    """Have IPython hand errors to `show`; those that are not SageMaker's show as always."""
    ipython.set_custom_exc((Exception,), show)


def show(
    shell: Any, kind: Any, error: BaseException, tb: Any, tb_offset: int | None = None
) -> list[str]:
    """IPython's handler: explain what comes from AWS, leave everything else as it is."""
    found = find(error)
    if found is None:
        shell.showtraceback((kind, error, tb), tb_offset=tb_offset)
        return []
    rendered = ExplainedError(explain(found))
    # IPython asks an exception for its own rendering before it makes one.
    error._render_traceback_ = rendered._render_traceback_  # type: ignore[attr-defined]
    shell.showtraceback((kind, error, tb), tb_offset=tb_offset)
    _show_folded(mask_secrets("".join(traceback.format_exception(kind, error, tb))))
    return []


def find(error: BaseException | None) -> BaseException | None:
    """The error of the chain that comes from AWS's libraries, or None."""
    for _ in range(_LONGEST_CHAIN):
        if error is None or isinstance(error, ExplainedError):
            return None
        if type(error).__module__.partition(".")[0] in _PACKAGES:
            return error
        error = error.__cause__ or error.__context__
    return None


def _show_folded(text: str) -> None:
    from IPython.display import display

    html = f"<details><summary>Full traceback</summary><pre>{escape(text)}</pre></details>"
    display({"text/html": html, "text/plain": ""}, raw=True)
