"""`explain`: take an error apart, let the rule that fits best say why and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from jupyter_sm.diagnosis import actions
from jupyter_sm.diagnosis.confidence import HINTED, confidence_of
from jupyter_sm.diagnosis.entities import entities_of, nearest_version
from jupyter_sm.diagnosis.explanation import Explanation, mask_secrets
from jupyter_sm.diagnosis.hints import hinted
from jupyter_sm.diagnosis.parts import Parts, parts_of
from jupyter_sm.diagnosis.rules import Fit, best, main_rule
from jupyter_sm.diagnosis.sentence import clean, cut, sentence_of

# What a rule looks at; a traceback's end is at the end of the text.
_LONGEST = 16_384
# What is kept as raw text; whole logs are not explained but shown.
_RAW = 16_384
# Below this a face says "perhaps".
_PERHAPS = 0.5
# How a text speaks of what it can't name, where the entity's own name would read badly.
_UNNAMED = {
    "s3_uri": "the S3 address",
    "model_id": "the model",
    "media_type": "the format",
    "packages": "a requirements.txt beside the script",
}


class _Entities(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return _UNNAMED.get(key) or f"the {key.replace('_', ' ')}"


_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_PLACE = re.compile(r"\{(\w+)\}")


def _filled(template: str, known: _Entities) -> str:
    """A template with its entities; what stands in [brackets] only if all of its own are known."""

    def keep(part: re.Match[str]) -> str:
        return part[1] if all(name in known for name in _PLACE.findall(part[1])) else ""

    return _OPTIONAL.sub(keep, template).format_map(known).strip()


def explain(
    error: Any,
    *,
    operation: str | None = None,
    code: str | None = None,
    context: Mapping[str, str] | None = None,
    secrets: Iterable[str] = (),
) -> Explanation:
    """As `diagnosis.explain`."""
    explanation = _attribute(error, "explanation")
    if isinstance(explanation, Explanation):
        return explanation
    text, code, operation = _read(error, code, operation)
    # Masked before anything is taken out of it, so that no part can show a secret; and shortened
    # once more, as the first cut may have gone through one.
    secrets = tuple(secrets)
    raw = _shortened(mask_secrets(_shortened(text, 2 * _RAW), secrets), _RAW)
    parts = parts_of(_shortened(raw, _LONGEST), code, operation)
    fit = best(parts)
    confidence = confidence_of(fit) if fit else HINTED
    if fit is None and (category := hinted(parts.said.lowered)) is not None:
        fit = Fit(main_rule(category))
    said = sentence_of(parts, fit.words if fit else "")
    if fit is None:
        return _unknown(raw, said, parts)
    rule = fit.rule
    context = {key: mask_secrets(value, secrets) for key, value in (context or {}).items()}
    known = _known(parts, fit, context)
    title = _filled(rule.title, known)
    return Explanation(
        category=rule.category,
        title=title if confidence >= _PERHAPS else f"Perhaps: {title}",
        what_happened=_with_place(said, known)
        if said
        else _filled(rule.what, known) or f"{title}.",
        likely_cause=_filled(rule.cause, known),
        fixes=tuple(_filled(fix, known) for fix in rule.fixes),
        actions=actions.fill(rule.actions, known, _shortened(text, _LONGEST)),
        entities=dict(known),
        docs_url=rule.docs,
        raw=raw,
        confidence=confidence,
    )


def _unknown(raw: str, said: str, parts: Parts) -> Explanation:
    lines = [line.strip() for line in raw.splitlines() if line.strip()]
    first = lines[0][:300] if lines else "There is no text to explain."
    return Explanation(
        category="not-recognised",
        title="Error not recognised",
        what_happened=said if len(lines) > 1 and said else first,
        entities=entities_of(parts.said),
        raw=raw,
    )


def _known(parts: Parts, fit: Fit, context: Mapping[str, str]) -> _Entities:
    """All that the job, the wrappers, the text and the rule name; the later counts."""
    known = _Entities({**context, **entities_of(parts.said), **parts.entities})
    if parts.operation:
        known.setdefault("operation", parts.operation)
    raised = parts.raised
    if raised is not None:
        known["error"] = cut(clean(f"{raised.name}: {raised.message}")).rstrip(".…").strip()
        if not raised.message:
            known["error"] = raised.name
        if raised.user_frame:
            known.setdefault("place", raised.user_frame)
    known.update(fit.entities)
    if "versions" in known:
        near = nearest_version(known.get("requirement", ""), known.pop("versions"))
        known.update({"nearest": near} if near else {})
    return known


def _with_place(said: str, known: _Entities) -> str:
    """The sentence and where in the user's code it arose."""
    place = known.get("place")
    is_shown = place and place not in said and not place.startswith(("<", "Cell "))
    return f"{said.rstrip('.')} in {place}." if is_shown else said


def _shortened(text: str, longest: int) -> str:
    """The beginning and the end of a long text; errors end with what matters."""
    if len(text) <= longest:
        return text
    return text[: longest // 2] + " … " + text[-longest // 2 :]


def _read(error: Any, code: str | None, operation: str | None) -> tuple[str, str, str]:
    """The text of an error, and what botocore's exceptions carry beside it."""
    response = _attribute(error, "response")
    if isinstance(response, Mapping):
        detail = response.get("Error")
        if isinstance(detail, Mapping):
            code = code or str(detail.get("Code") or "")
    operation = operation or str(_attribute(error, "operation_name") or "")
    text = _text(error)
    if isinstance(error, BaseException) and response is None:
        name = type(error).__name__
        module = type(error).__module__
        name = name if module in ("builtins", "__main__") else f"{module}.{name}"
        text = f"{name}: {text}" if text else name
    return text, code or "", operation


def _attribute(error: Any, name: str) -> Any:
    try:
        return getattr(error, name, None)
    except Exception:  # noqa: BLE001 - explaining must survive whatever it is given
        return None


def _text(error: Any) -> str:
    if error is None:
        return ""
    if isinstance(error, (bytes, bytearray)):
        ends = error if len(error) <= _RAW else error[: _RAW // 2] + b" ... " + error[-_RAW // 2 :]
        return bytes(ends).decode("utf-8", "replace")
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - as above
        return "" if isinstance(error, BaseException) else type(error).__name__
