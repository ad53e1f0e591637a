"""What a name says of its value: surely a secret, likely one, maybe one, or nothing.

Names are read word by word (`dbPassword`, `DB_PASSWORD`, `db-password`). What speaks *about* a
secret (`password_length`, `secret_name`, `token_file`) is none, and a language model's tokens
(`pad_token`, `max_tokens`) are not either.
"""

from __future__ import annotations

import functools
import re
from enum import IntEnum
from typing import Any

from jupyter_sm.shown.randomness import is_random


class Says(IntEnum):
    """How sure a name is. What `MAYBE` is a secret must look drawn at random, too."""

    NOTHING = 0
    MAYBE = 1
    LIKELY = 2
    SURELY = 3


_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_LONGEST = 200
_ISSUERS = (
    "hf|hub|hugging_?face|github|gh|gitlab|bitbucket|slack|discord|telegram|wandb|comet|neptune|mlflow"
    "|clearml|openai|anthropic|claude|cohere|mistral|groq|replicate|together|gemini|azure|aws|gcp|google"
    "|databricks|snowflake|npm|pypi|docker|registry|jira|notion|airtable|stripe|twilio|sendgrid|sentry"
    "|datadog|dd|grafana|pinecone|weaviate|qdrant|langsmith|langchain|kaggle|roboflow|ngc|nvidia|ngrok"
    "|vault|consul|heroku|cloudflare"
)
_SURELY = re.compile(
    # Also run together with what is before: dbpassword, clientsecret.
    r"(?:^|_)(?:[a-z]*(?:password|passwd|passwort|passphrase|passcode|secret|credential|apikey|accesskey"
    r"|secretkey|privatekey|accountkey|apitoken|accesstoken|authtoken)s?|creds|pswd|pwd"
    r"|(?:api|access|secret|private|account|shared_access|storage|signing|encryption|ssh|gpg|pgp|master"
    rf"|subscription|license|fernet|jwt|hmac|aes|rsa|tls|ssl|auth|deploy|{_ISSUERS})_?keys?(?:_id)?"
    r"|(?:api|access|auth|session|bearer|refresh|security|oauth|csrf|xsrf|personal|private|deploy|login"
    rf"|bot|service|sas|{_ISSUERS})_?tokens?|(?:github|gh|gitlab|azure|ado|devops)_?pat"
    r"|authorization|mnemonic|(?:seed|recovery)_phrase)(?:_|$)"
)
_LIKELY = re.compile(
    r"(?:^|_)(?:token|pass|pw|auth|jwt|bearer|cookies?"
    r"|(?:ssh|db|pg|my|mysql|redis|smtp|mail|ftp|ldap|user|root|admin|login)pass|[a-z]*cliauth)$"
)
_MAYBE = re.compile(
    r"(?:^|_)(?:keys?|tokens?|pat|sig|signature|salt|session_?id|dsn|webhook|pins?)$"
)
# Whose tokens and passes are a model's, a loop's or a list's.
_OF_MODELS = re.compile(
    r"(?:^|_)(?:(?:pad|padding|eos|bos|unk|unknown|sep|separator|cls|mask|image|img|video|audio|vision"
    r"|speech|text|start|end|stop|begin|word|sub|prompt|special|class|instance|placeholder|initializer"
    r"|trigger|fake|forced|decoder|new|next|prev|first|last|max|min|num|per|ignore|blank|time|query"
    r"|latent|memory|patch|register|cond|context|response|reasoning|think|tool|eot|eom|eod|user|assistant"
    r"|system|turn|role|modality|target|source|src|tgt|language|lang|object|global|local|timestamp"
    r"|transcribe|translate|return|batch|total|request|forward|backward|idempotency|pagination|continuation)_tokens?"
    r"|(?:forward|backward|first|second|third|single|two|multi|one|num|n|max|min|by|low|high|band|all|per"
    r"|last|final|this|current|each|inference|training|train|eval|val|test|data|full|dry|warmup)_pass)$"
)
_ABOUT = re.compile(
    r"_(?:len|length|size|count|num|number|dim|limit|policy|types?|mode|ratio|rate|weight|loss|min|max|ttl"
    r"|age|expiry|expires|expired|expiration|index|idx|ids?|names?|files?|paths?|dir|folder|url|uri|arn"
    r"|field|column|col|label|prefix|suffix|format|regex|pattern|env|var|enabled|required|version"
    r"|provider|manager|store|method|scheme|algorithm|class|kind|region|error|exception|warning|invalid"
    r"|missing|mismatch|enable|disable|validator|validation|unavailable|denied|loader|chain|resolver|factory|client"
    r"|service|parser|builder|stdin|prompt)$"
    # KMS keys have names and numbers that anyone may know.
    r"|(?:^|_)kms_key$"
    # A class of a library's, whose messages follow its name.
    r"|(?:^|_)(?:secrets?|tokens?|credentials?|passwords?|keys?)_(?:manager|provider|factory|resolver|store)"
)
_PASSWORDS = re.compile(r"(?:pass|pw|pwd|secret|phrase)")
_FOLDERS = ("pwd", "oldpwd")

# No secret, whatever its name: nothing, yes and no, what stands for a value or refers to one.
_NO_VALUE = re.compile(
    r"(?i)(?:|true|false|yes|no|on|off|none|null|nil|nan|undefined|auto|n/a|[*•x.…]{3,}|redacted|masked)"
)
_STANDS_FOR = re.compile(
    r"<\|?[\w .:/|-]{0,60}\|?>|\[[\w .:/|-]{0,60}\]|\{{1,3}[\w .:/|-]{0,60}\}{1,3}|\$\{[\w.:-]{1,100}\}"
    r"|\$[A-Z_][A-Z0-9_]{0,60}|%\(?\w{1,60}\)?[%s]"
)
_REFERS = re.compile(
    r"(?i)arn:aws[\w-]{0,20}:|\{\{resolve:|(?:env|secret|vault|ssm|op|file|s3)://?"
)
_PATH = re.compile(r"~|\.{0,2}/|[A-Za-z]:\\")
_NUMBER = re.compile(r"(?i)[+-]?[\d.,_]{1,40}(?:e[+-]?\d{1,3})?")
_NAME = re.compile(r"[a-z]+(?:[_-][a-z]+)*|[A-Z]+(?:_[A-Z]+)*")
_CODE = re.compile(r"[\[{(]|[A-Za-z_][\w.]{0,80}[\[(]")
_SHORTEST = 6
# What follows a name and a colon in a sentence.
_PROSE = re.compile(
    r"(?i)(?:an?|and|any|are|argument|as|at|authentication|be|been|but|by|can|cannot|can't|check|could|denied"
    r"|does|error|expected|expired|failed|failure|for|from|given|has|have|if|in|incorrect|invalid|is|it"
    r"|missing|must|needs?|not?|of|on|or|please|provided|required|should|that|the|this|to|unexpected"
    r"|unknown|use|was|were|when|which|will|with|wrong|your?|str|bytes|int|bool)[.,!]?"
)


def is_secret(name: str, value: Any) -> bool:
    """Whether a value is secret by its name."""
    says = _says(name)
    if says is Says.NOTHING or value is None or isinstance(value, bool):
        return False
    text = str(value).strip()
    if _NO_VALUE.fullmatch(text) or _STANDS_FOR.fullmatch(text) or _REFERS.match(text):
        return False
    if says is Says.MAYBE:
        return is_random(text)
    snake = _snake(name)
    is_password = _PASSWORDS.search(snake) is not None
    if _PATH.match(text) and (not is_password or snake in _FOLDERS):
        return is_random(text)
    if says is Says.SURELY:
        return True
    is_name = _NAME.fullmatch(text) is not None and not is_password
    return len(text) >= _SHORTEST and not is_name and not _NUMBER.fullmatch(text)


def may_be_secret(name: str) -> bool:
    """Whether a value may be secret by this name."""
    return _says(name) is not Says.NOTHING


def is_secret_in_text(name: str, value: str, *, is_header: bool = False) -> bool:
    """Whether `value` is secret where a text has `name: value`, which may be a sentence."""
    first = value.split(maxsplit=1)[0] if value.strip() else ""
    is_said = _PROSE.fullmatch(first) is not None or _CODE.match(value) is not None
    if is_said or not is_secret(name, value):
        return False
    has_digit = is_header or any(map(str.isdigit, value))
    return _says(name) is Says.SURELY or has_digit or _PASSWORDS.search(_snake(name)) is not None


@functools.lru_cache(maxsize=8192)
def _says(name: str) -> Says:
    snake = _snake(name)
    if _SURELY.search(snake):
        is_about = _ABOUT.search(snake) is not None and not snake.endswith("key_id")
        return Says.MAYBE if is_about else Says.SURELY
    if _OF_MODELS.search(snake):
        return Says.MAYBE
    if _LIKELY.search(snake):
        return Says.LIKELY
    return Says.MAYBE if _MAYBE.search(snake) else Says.NOTHING


def _snake(name: str) -> str:
    return "_".join(_WORDS.findall(name[-_LONGEST:])).lower()
