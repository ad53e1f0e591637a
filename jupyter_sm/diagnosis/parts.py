"""The parts of an error: who spoke, which exception is the root, what it said, where it arose.

Rules look at these, each at the part that it is about.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from jupyter_sm.diagnosis.entities import entities_of
from jupyter_sm.diagnosis.lines import undressed
from jupyter_sm.diagnosis.matching import Text
from jupyter_sm.diagnosis.raised import NAMELESS, Raised, read, root_of
from jupyter_sm.diagnosis.wrappers import Fields, peel

# By these a text is known to be of AWS, whoever passes it on.
_SIGNS = re.compile(
    r"arn:aws|s3[an]?://|amazonaws\.com|api\.aws|\.dkr\.ecr|account-level|AccessDenied|NoSuchBucket"
    r"|\bml\.[a-z]\w{1,8}\.\w{1,12}|SageMaker|sagemaker logs|\bAWS\b|\bS3\b|\bECR\b|\bVPC\b|\bIAM\b|\bKMS\b"
    r"|\b(?:sts|iam|kms|s3|ecr|sagemaker|glue|logs|ssm|lakeformation):[A-Z]\w|x-amz"
    r"|[Rr]equest ?[Ii][Dd]\b|ping health check|InstanceType|\bRoleArn\b|max(?:imum)? ?_?wait"
    r"|service(?:-level)? (?:limit|quota)|Endpoint with name|hyper-?parameter tuning|availability zone"
    r"|production variant|execution role|(?:training|processing|transform) job|endpoint config"
    r"|model package|feature group|[Ll]ake ?[Ff]ormation|FailureReason|\bGlue\b|\b[Cc]rawler\b|Internal Failure"
)
# Names of AWS's errors, by how its services word them; those of Python and Java are others.
_CODE = re.compile(
    r"^(?:Access(?:Denied|Forbidden)|Already|Auth(?:Failure|orizationError)|Bad(?:Request)|Bucket|Capacity"
    r"|Client(?:Error)$|Concurrent|Condition|Conflict|Crawler|Customer|Dependency|EC2|ENI|EntityNot|EntityAl"
    r"|Expired|Federat|Glue|IDP|Idempot|Illegal(?:Session|Workflow|Blueprint)State|ImageNotFound|Incomplete"
    r"|Insufficient|Internal|Invalid|KMS|Kms|Layer|Limit|Malformed|Model(?:Error|NotReady|Stream|Timeout)"
    r"|NoSuch(?:Key|Bucket|Entity|Upload)|NotAuthorized|NotFound|Operation(?:Timeout|Aborted|NotP)|OverLimit"
    r"|Permanent|Policy|Provisioned|QuotaEx|RegionDis|Repository|Request(?:Limit|Expired|Throttled|Time)"
    r"|Resource|S3Upload|Service|Session|Signature|SlowDown|Table(?:Al|In|Not)|Throttl|TooMany|Token"
    r"|Unauthorized|UnrecognizedClient|UnsupportedO|Upload|Validation|VersionMismatch)"
    r"\w*(?:Exception|Exceeded|InUse|Denied|NotFound|AlreadyExists|Failure|Failed|Key|Bucket|Fault|Expired"
    r"|Redirect|Operation|Token|SlowDown|Throttling|Unavailable|ClientError|InternalServerError|ModelError"
    r"|CapacityError|CustomerError|AuthorizationError|InternalError|Match|Request)?$"
)
_PLAIN_PYTHON = re.compile(
    r"(?<!Model)(?<!Client)(?<!Capacity)(?<!Customer)(?<!Server)(?<!Internal)Error$"
)
_JAVA_PLAIN = re.compile(r"^(?:java|javax|scala|org|py4j|System)\.")
_AWS_MODULE = re.compile(
    r"^(?:botocore|boto3|aiobotocore|com\.amazonaws|software\.amazon|s3transfer)\."
)
_PARALLEL = re.compile(r"\[rank\d|mpirank|local_rank|\[\d,\d{1,4}\]<std|pid=\d+, ip=")


@dataclass(frozen=True)
class Parts:
    """A text taken apart. Each `Text` is in one line; an empty one holds nothing."""

    said: Text
    root: Text
    service: Text
    process: Text
    program: Text
    where: Text
    code: str = ""
    operation: str = ""
    raised: Raised | None = None
    # Who spoke last: service, platform, algorithm, script, sdk, pydantic; "" where nothing tells.
    voice: str = ""
    voices: frozenset[str] = frozenset()
    lines: tuple[str, ...] = ()
    exit_code: str = ""
    signal: str = ""
    entities: Mapping[str, str] = field(default_factory=dict)

    @property
    def type_name(self) -> str:
        """The class of the root, without its module; "" where it has none."""
        name = self.raised.name if self.raised is not None else ""
        return "" if name == NAMELESS else name

    def of(self, part: str) -> Text:
        """The text that rules on this part look at."""
        text: Text = getattr(self, part)
        return text


_NOTHING = Text("")


def parts_of(text: str, code: str = "", operation: str = "") -> Parts:
    """`text` taken apart; `code` and `operation` are what the API itself told beside it."""
    plain = undressed(text)
    is_parallel = bool(_PARALLEL.search(text))
    inner, fields = peel(plain)
    raised, lines = read(inner)
    root = root_of(raised, is_parallel=is_parallel or fields.is_parallel)
    if root is not None and root.is_wrapper and not root.message:
        root = None
    told = code or fields.code
    name = root.name if root else ""
    spoke = _is_of_service(fields.spoke, fields.who, told, operation, root)
    said = Text(_flat("\n".join(lines)))
    if not spoke:
        by = root.words if root is not None else said.text
        spoke = bool(_SIGNS.search(by[:4000]))
    is_pydantic = "model" in fields.entities
    spoke = spoke and not is_pydantic
    voice = "pydantic" if is_pydantic else _voice(fields.who, root, spoke=spoke)
    words = Text(_flat(root.words)) if root is not None else _NOTHING
    return Parts(
        said=said,
        root=words if words.text != said.text else said,
        service=said if spoke else _NOTHING,
        process=_process(said, lines, root, fields),
        program=Text(fields.program) if fields.program else _NOTHING,
        where=Text(root.where) if root is not None and root.where else _NOTHING,
        code=told or ("AlgorithmError" if fields.who == "algorithm" else name),
        operation=operation or fields.operation,
        raised=root,
        voice=voice,
        voices=frozenset(
            filter(None, (voice, fields.who, "script" if name not in ("", NAMELESS) else ""))
        ),
        lines=tuple(lines),
        exit_code=fields.exit_code,
        signal=fields.signal,
        entities={
            **(entities_of(Text(fields.before)) if fields.before else {}),
            **fields.entities,
            **({"exit_code": fields.exit_code} if fields.exit_code else {}),
            **({"signal": fields.signal} if fields.signal else {}),
        },
    )


def is_service_code(code: str) -> bool:
    """Whether a code is worded as AWS's services word theirs."""
    if code.isdigit():
        return True
    return bool(_CODE.match(code)) and (
        code == "S3UploadFailedError" or not _PLAIN_PYTHON.search(code)
    )


def _is_of_service(spoke: bool, who: str, code: str, operation: str, root: Raised | None) -> bool:
    if spoke or who == "platform":
        return True
    if who == "algorithm":
        return False
    if root is not None:
        if _AWS_MODULE.match(root.type):
            return True
        return is_service_code(root.name) and not _JAVA_PLAIN.match(root.type)
    return is_service_code(code) or bool(operation)


def _voice(who: str, root: Raised | None, *, spoke: bool) -> str:
    if spoke:
        return "service"
    if root is not None and root.is_sdk:
        return "sdk"
    return "script" if root is not None and root.name != NAMELESS else who


def _process(said: Text, lines: list[str], root: Raised | None, fields: Fields) -> Text:
    """What launchers, shells and the system say of a process's end."""
    ends = [f"exit code {fields.exit_code}"] if fields.exit_code else []
    ends += [f"signal {fields.signal}"] if fields.signal else []
    if not ends and (root is None or root.is_wrapper):
        return said
    words = root.words.split("\n")[0] if root is not None and not root.is_wrapper else ""
    told = [line for line in lines if not words or not line.startswith(words)]
    return Text(_flat("\n".join([*told, *ends])))


def _flat(text: str) -> str:
    return " ".join(text.split())
