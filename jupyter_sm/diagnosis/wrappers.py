"""What SDKs, toolkits, services and launchers put around an error comes off into named fields.

Each wrapper is found wherever it stands, whatever it is wrapped in; what it holds is taken out
of the text, or opened, and what remains is read for the exception that is the root.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

# How botocore and the AWS CLI word an error (sdk: botocore/exceptions.py, ClientError.MSG_TEMPLATE).
_BOTOCORE = re.compile(
    r"(?:An\s{1,4}error\s{1,4}occurred\s{1,4})?\(?(?P<code>\w{1,80})\)\s{1,4}when\s{1,4}calling\s{1,4}"
    r"the\s{1,4}(?P<operation>\w{1,80})\s{1,4}operation"
    r"(?: \(reached max retries: \d{1,3}\))?(?: \(\w[^)\n]{0,60}\))?:? ?"
)
# Java's SDKs: (Service: X; Status Code: 400; Error Code: Y; Request ID: …), v2 with commas.
_JAVA = re.compile(
    r"\((?:Service: (?P<service>[\w ]{1,60})[;,] )?Status ?Code: (?P<status>\d{3})"
    r"(?:[;,] Error Code: (?P<code>\w{1,80}))?[^()\n]{0,400}\)?"
)
# Go's: operation error SageMaker: CreateModel, https response error StatusCode: 400, …, api error X: …
_GO = re.compile(
    r"operation error (?P<service>[\w ]{1,60}): (?P<operation>\w{1,80}),"
    r"(?:[^\n]{0,300}?api error (?P<code>\w{1,80}): )?"
)
_GO_CODE = re.compile(r"api error (?P<code>[A-Z]\w{2,80}): ")
_GO_V1 = re.compile(
    r"\s{1,4}status code: (?P<status>\d{3})(?:, (?:request|host) id: [^\s,]{1,100})*"
)
_ERROR_CODE = re.compile(
    r"(?:HandlerErrorCode|Error Code|ErrorCode|__type|errorCode(?=\"?: ?\"?\w{1,60}(?:Exception|Fault)\b))"
    r"\"?: ?\"?(?P<code>[A-Z]\w{2,60})"
)
# CloudFormation, and the SDKs' own words for a call that a pipeline makes.
_HANDLER = re.compile(r"Resource handler returned message: \"?")
_PASSED_ON = re.compile(r"Failed to invoke \w{1,30}:(?P<operation>\w{1,60})\. Error Details: ?")
# How the SDKs say that a job failed; its FailureReason follows.
_JOB_FAILED = re.compile(
    r"(?:[\w.]{1,80}(?:Exception|Error): )?Error (?:for |hosting |training |in )"
    r"(?:(?P<kind>\w{4,24}(?: \w{3,10})?) job )?[^\n]{1,200}?[:.]? ?Failed\.? (?:Failure )?Reason: ?",
    re.IGNORECASE,
)
_HOSTING = re.compile(r"Error hosting endpoint (?P<endpoint>[\w-]{1,80}): \w{4,12}\. Reason: ?")
_REASON = re.compile(
    r"(?:(?:Failed|[Tt]raining failed with the following error|job failed for|Failure|[Ff]ail(?:ure|ed))"
    r"[. ]{1,2}?[Rr]eason"
    r"|['\"]?(?:Failure ?Reason|FailureMessage|ExitMessage)['\"]?|with the following error"
    r"|Failure message is)"
    r": ?['\"]?"
)
_FINAL_STATE = re.compile(r"Final Resource State: \w{4,12}\.?\s{0,4}")
# The first words of a FailureReason say who failed.
_WHO = re.compile(
    r"^\s{0,8}(?:b?['\"])?(?P<who>AlgorithmError|ClientError|InternalServerError|CapacityError"
    r"|CustomerError|Customer Error|EC2InsufficientCapacityError): ?,? ?",
    re.IGNORECASE,
)
_EXIT = re.compile(
    r",? ?(?:[Ee]xit ?[Cc]ode:?|exit status|exit code:?|exitcode ?:|returned non-zero exit status"
    r"|exited with (?:code|status):?|Process exited with code:|exit code (?:is|was))"
    r" ?\"?(?P<code>-?\d{1,4})\b"
)
_ELASTIC = re.compile(r"\(?exitcode ?: (?P<code>-?\d{1,4})\)?")
_SIGNAL = re.compile(
    r"(?:[Ss]ignal(?:led)?(?: \d{1,2})?[ :]{1,2}\(?|Signals\.|by signal:? |with signal )(?P<name>SIG[A-Z]{3,6})"
    r"|\b(?:[Ss]ignal(?: \w{2,9})?|by signal:?|[Ss]ignal:) (?P<number>\d{1,2})\b"
)
_TOOLKIT = re.compile(
    r"(?:Execute|Install)(?:UserScript|Module|Requirements)Error:?\s?|[Ff]ramework [Ee]rror:\s{0,4}"
    r"|uncaught exception during training: ?"
)
_MESSAGE = re.compile(r"Error ?Message:? ?\s?\"", re.IGNORECASE)
_COMMAND = re.compile(
    # Hyperparameters may have quotes in them, so of a whole reason the last one counts.
    r",?\s?Command:? (?:\"(?P<whole>[^\n]{0,6000})\"(?=, exit code: ?-?\d{1,4}\b[^\"\n]{0,400}\Z)"
    r"|\"(?P<quoted>(?:[^\"\\]|\\.){0,6000})\"?|'?(?P<listed>\[[^\]]{0,3000}\])'?)",
    re.IGNORECASE,
)
_MODEL_ERROR = re.compile(
    r"Received (?P<side>client|server) error \((?P<status>\d{1,3})\) from (?P<container>\S{1,80})"
    r"(?: with message \"?)?(?P<cut> and could not load the entire response body\.?)?"
)
_SEE_LOG = re.compile(
    r"\"?\.? ?See https?://\S{0,200}?#logEventViewer:group=/aws/sagemaker/Endpoints/"
    r"(?P<endpoint>[\w\[\] -]{1,63}?) in account \S{1,20} for more information\.?"
)
_DOCUMENTS = re.compile(
    r"(?:For (?:further|more) information,? ?(?:on [^\n]{1,80}, )?(?:please,? )?"
    r"(?:visit|see|check out|refer to)|[Ss]ee|at|visit) https?://\S{1,300}"
    r"(?: for (?:more information|details|terms of use))?\.?"
)
_GLUE_RUN = re.compile(
    r"(?:JobName:(?P<job>\S{1,120}) and JobRunId:\S{1,100} failed to execute with exception ?"
    r"|Error Category: (?P<category>[\w ]{1,60}); ?(?:Failed Line Number: (?P<line>\d{1,7}); ?)?)"
)
_PYDANTIC = re.compile(r"(?P<count>\d{1,3}) validation errors? for (?P<model>[\w.\[\]]{1,100})")
_PYDANTIC_ROW = re.compile(
    r"(?:^|\n| )(?P<field>[\w.\[\]<>()-]{1,120})\s{1,4}(?P<wanted>[A-Z][^\n\[]{3,300}?) "
    r"\[type=(?P<kind>\w{1,60})(?:, input_value=(?P<value>.{0,400}?), input_type=(?P<given>\w{1,60}))?\]",
    re.DOTALL,
)
# What the local target says beside an exit code: of which host it is.
_ON_HOST = re.compile(r"(exit code: ?-?\d{1,4}) on algo-\d{1,3}\b")
_ENDS = re.compile(r"\"?\s{0,4}(?:, ?exit code: ?(?P<code>-?\d{1,4}))?\s*\Z")
_SIGNALS = {
    "1": "SIGHUP", "2": "SIGINT", "4": "SIGILL", "6": "SIGABRT", "7": "SIGBUS", "8": "SIGFPE",
    "9": "SIGKILL", "11": "SIGSEGV", "13": "SIGPIPE", "15": "SIGTERM",
}  # fmt: skip
# In a command: the program and what runs, before the first option.
_PROGRAM_WORDS = 8


@dataclass
class Fields:
    """What the wrappers say."""

    code: str = ""
    operation: str = ""
    # Who speaks, by the wrapper: algorithm, platform, service; "" where none says.
    who: str = ""
    spoke: bool = False
    exit_code: str = ""
    signal: str = ""
    program: str = ""
    status: str = ""
    # What an SDK said before the service's own words: which file, which bucket.
    before: str = ""
    entities: dict[str, str] = field(default_factory=dict)
    # A rank, an actor or a host among others: the first failure is the cause.
    is_parallel: bool = False


def peel(text: str) -> tuple[str, Fields]:
    """The text without its wrappers, and their fields."""
    fields = Fields()
    if " on algo-" in text:
        text = _ON_HOST.sub(r"\1", text)
    text = _command(text, fields)
    text = _service(text, fields)
    text = _job(text, fields)
    text = _toolkit(text, fields)
    text = _endpoint(text, fields)
    _process(text, fields)
    if "validation error" in text:
        _pydantic(text, fields)
    if ("JobRunId" in text or "Error Cat" in text) and (found := _GLUE_RUN.search(text)):
        fields.entities.update({k: v for k, v in found.groupdict().items() if v})
        text = text[: found.start()] + text[found.end() :]
    if "http" in text:
        text = _DOCUMENTS.sub("", text)
    return text, fields


def _command(text: str, fields: Fields) -> str:
    """A command's echo goes; which program ran is kept."""
    if "ommand" not in text:
        return text

    def drop(found: re.Match[str]) -> str:
        words = (
            (found["whole"] or found["quoted"] or found["listed"] or "")
            .replace("'", "")
            .strip("[]")
        )
        if not fields.program:
            fields.program = _program(words.replace(", ", " ").replace(",", " "))
        return "The command" if found["listed"] is not None else ""

    return _COMMAND.sub(drop, text)


def _program(command: str) -> str:
    kept: list[str] = []
    for word in command.split()[:_PROGRAM_WORDS]:
        if word.startswith("--"):
            break
        kept.append(word.rpartition("/")[2] if word.startswith("/") and not kept else word)
    return " ".join(kept)


def _service(text: str, fields: Fields) -> str:
    if "calling" in text and (found := _BOTOCORE.search(text)):
        fields.spoke = True
        fields.code, fields.operation = found["code"], found["operation"]
        text = _opened(text, found, fields)
    elif "operation error" in text and (found := _GO.search(text)):
        fields.spoke = True
        fields.operation, fields.code = found["operation"], found["code"] or ""
        text = text[found.end() :]
    elif "api error" in text and (found := _GO_CODE.search(text)):
        fields.spoke, fields.code = True, found["code"]
        text = text[found.end() :]
    if "tatus" in text and (found := _JAVA.search(text) or _GO_V1.search(text)):
        fields.spoke = True
        fields.status = found["status"]
        if "code" in found.groupdict() and found["code"]:
            fields.code = fields.code or found["code"]
        text = text[: found.start()].rstrip() + text[found.end() :]
    if "Error" in text and not fields.code and (found := _ERROR_CODE.search(text)):
        fields.spoke, fields.code = True, found["code"]
    if "Resource handler" in text and (found := _HANDLER.search(text)):
        fields.spoke = True
        text = text[found.end() :]
    if "Error Details" in text and (found := _PASSED_ON.search(text)):
        fields.spoke, fields.operation = True, found["operation"]
        text = text[found.end() :]
    return text


def _opened(text: str, found: re.Match[str], fields: Fields) -> str:
    """The text with botocore's words replaced by what the service said."""
    line = text.rfind("\n", 0, found.start()) + 1
    before = text[line : found.start()]
    # `ClientError: An error occurred (…) when calling …: message` is one sentence.
    kept = "" if len(before) < 160 else before + "\n"
    fields.before = "" if kept else before
    return text[:line] + kept + text[found.end() :]


def _job(text: str, fields: Fields) -> str:
    hinted = "eason" in text or "ailure" in text or "ollowing" in text or "Message" in text
    for pattern in (_HOSTING, _JOB_FAILED, _REASON) if hinted else ():
        if found := pattern.search(text):
            groups = found.groupdict()
            if groups.get("kind"):
                fields.operation = fields.operation or f"Create{''.join(groups['kind'].split())}Job"
            if groups.get("endpoint"):
                fields.entities["endpoint_name"] = groups["endpoint"]
                fields.operation = fields.operation or "CreateEndpoint"
            rest = text[found.end() :]
            if rest.strip(" '\"\n."):
                text = rest
                fields.who = fields.who or "job"
                break
    for _ in range(3):
        if not (found := _WHO.match(text)):
            break
        who = found["who"].lower()
        fields.who = "algorithm" if who == "algorithmerror" else "platform"
        if fields.who == "platform" and not fields.code:
            fields.code = found["who"].replace(" ", "")
        text = text[found.end() :]
    return _FINAL_STATE.sub("", text) if "Final Resource State" in text else text


def _toolkit(text: str, fields: Fields) -> str:
    found = _TOOLKIT.search(text) if "rror:" in text or "during training" in text else None
    if found is not None:
        fields.who = "algorithm"
        if "Install" in found[0]:
            fields.program = fields.program or "pip install"
        text = text[: found.start()] + text[found.end() :]
    if message := _MESSAGE.search(text) if "essage" in text and '"' in text else None:
        fields.who = fields.who or "algorithm"
        before, inner = text[: message.start()], text[message.end() :]
        _process(before, fields)
        if end := _ENDS.search(inner):
            if end["code"] and not fields.exit_code:
                fields.exit_code = end["code"]
            inner = inner[: end.start()]
        kept = _EXIT.sub("", before).strip(' ",:\n')
        text = f"{kept}\n{inner}" if kept else inner
    return text


def _endpoint(text: str, fields: Fields) -> str:
    if "logEventViewer" in text and (found := _SEE_LOG.search(text)):
        fields.entities["endpoint_name"] = found["endpoint"]
        text = text[: found.start()] + text[found.end() :]
    if "Received " in text and (found := _MODEL_ERROR.search(text)):
        fields.spoke = True
        fields.status = found["status"]
        fields.code = fields.code or "ModelError"
        fields.operation = fields.operation or "InvokeEndpoint"
        fields.entities["side"] = found["side"]
        fields.entities["status"] = found["status"]
    return text


def _process(text: str, fields: Fields) -> None:
    if "xit" in text and (found := _EXIT.search(text) or _ELASTIC.search(text)):
        fields.exit_code = fields.exit_code or found["code"]
    if "xitcode" in text and (found := _ELASTIC.search(text)):
        fields.exit_code, fields.is_parallel = found["code"], True
    if "ignal" in text and (found := _SIGNAL.search(text)):
        name = found["name"] or _SIGNALS.get(found["number"] or "", "")
        fields.signal = fields.signal or name
    number = int(fields.exit_code or 0)
    if number < 0 or 128 < number < 160:
        fields.signal = fields.signal or _SIGNALS.get(
            str(-number if number < 0 else number - 128), ""
        )


def _pydantic(text: str, fields: Fields) -> None:
    found = _PYDANTIC.search(text)
    if found is None:
        return
    fields.entities["model"] = found["model"]
    rows = list(_PYDANTIC_ROW.finditer(text[found.end() : found.end() + 6000]))
    if rows:
        row = rows[0]
        fields.entities["field"] = ", ".join(dict.fromkeys(r["field"] for r in rows[:4]))
        fields.entities["wanted"] = " ".join(row["wanted"].split())
        fields.entities["kind"] = row["kind"]
        if row["given"]:
            fields.entities["given"] = row["given"]
