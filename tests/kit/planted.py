"""Secrets of many kinds, drawn at random, as users plant them without a thought.

None is real; each is put together here, so that no scanner of repositories takes it for one.
"""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_ALNUM = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"
_UPPER = string.ascii_uppercase + "234567"


@dataclass(frozen=True)
class Planted:
    """A secret: its kind, the name it goes by (empty: it shows itself), the text it stands in."""

    kind: str
    name: str
    text: str
    secret: str


def _bare() -> dict[str, Callable[[random.Random], str]]:
    """Secrets that their form betrays."""

    def token(prefix: str, size: int, letters: str = _ALNUM) -> Callable[[random.Random], str]:
        # A capital, a small letter and a digit, as chance nearly always has it.
        return lambda r: (
            prefix + "".join(r.choices(letters, k=size - 4)) + "".join(r.sample(letters, 4))
        )

    def parts(template: str) -> Callable[[random.Random], str]:
        def made(r: random.Random) -> str:
            text = template
            while "{" in text:
                begin, end = text.index("{"), text.index("}")
                size, _, letters = text[begin + 1 : end].partition(":")
                of = {"": _ALNUM, "h": _HEX, "U": _UPPER, "d": string.digits}[letters]
                text = text[:begin] + "".join(r.choices(of, k=int(size))) + text[end + 1 :]
            return text

        return made

    def jwt(r: random.Random) -> str:
        def part(data: dict[str, str]) -> str:
            return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")

        head, body = part({"alg": "HS256"}), part({"sub": "x" + str(r.random())})
        return f"{head}.{body}.{''.join(r.choices(_ALNUM, k=43))}"

    def pem(label: str) -> Callable[[random.Random], str]:
        def made(r: random.Random) -> str:
            lines = "\n".join("".join(r.choices(_ALNUM, k=64)) for _ in range(4))
            return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----"

        return made

    return {
        "aws key id": parts("AK" + "IA{16:U}"),
        "aws temporary key id": parts("AS" + "IA{16:U}"),
        "aws secret key": lambda r: "wJ4+" + "".join(r.choices(_ALNUM, k=33)) + "/K7",
        "github classic": token("ghp_", 36),
        "github oauth": token("gho_", 36),
        "github app": token("ghs_", 36),
        "github fine": parts("github_pat_{22}_{59}"),
        "gitlab": token("glpat-", 20),
        "gitlab runner": token("glrt-", 20),
        "hugging face": token("hf_", 34),
        "hugging face organisation": token("api_org_", 34),
        "openai": token("sk-", 48),
        "openai project": token("sk-proj-", 64),
        "anthropic": token("sk-ant-api03-", 90),
        "openrouter": token("sk-or-v1-", 64, _HEX),
        "groq": token("gsk_", 52),
        "perplexity": token("pplx-", 48),
        "replicate": token("r8_", 37),
        "xai": token("xai-", 80),
        "nvidia": token("nvapi-", 64),
        "pinecone": token("pcsk_", 60),
        "langsmith": parts("lsv2_pt_{32:h}_{10:h}"),
        "langfuse": parts("sk-lf-{8:h}-{4:h}-{4:h}-{4:h}-{12:h}a1b2c3d4e5f6a7b8c9"),
        "slack bot": parts("xox" + "b-{11:d}-{12:d}-{24}"),
        "slack user": parts("xox" + "p-{11:d}-{12:d}-{24}"),
        "slack app": parts("xapp-1-{10:U}-{13:d}-{64:h}"),
        "slack webhook": parts("https://hooks.slack.com/services/T{8:U}/B{8:U}/{24}"),
        "discord webhook": parts("https://discord.com/api/webhooks/{18:d}/{68}"),
        "discord bot": parts("MT{22}.{6}.{38}"),
        "telegram": parts("{10:d}:AA{33}"),
        "google api": token("AIza", 35),
        "google oauth": token("ya29.", 60),
        "google client": token("GOCSPX-", 28),
        "stripe live": token("sk_" + "live_", 24),
        "stripe restricted": token("rk_" + "live_", 24),
        "stripe webhook": token("whsec_", 32),
        "twilio": parts("SK{32:h}"),
        "sendgrid": parts("SG.{22}.{43}"),
        "mailgun": parts("key-{32:h}"),
        "mailchimp": parts("{32:h}-us14"),
        "shopify": parts("shpat_{32:h}"),
        "square": token("sq0atp-", 22),
        "npm": token("npm_", 36),
        "pypi": token("pypi-AgEIcHlwaS5vcmc", 80),
        "rubygems": token("rubygems_", 48, _HEX),
        "docker": token("dckr_pat_", 27),
        "artifactory": token("AKCp8", 60),
        "databricks": token("dapi", 32, _HEX),
        "digitalocean": token("dop_v1_", 64, _HEX),
        "heroku": token("HRKU-AA", 58),
        "vault": token("hvs.", 24),
        "terraform": parts("{14}.atlasv1.{60}"),
        "grafana": token("glsa_", 41),
        "new relic": token("NRAK-", 27, _UPPER),
        "sentry": token("sntrys_", 80),
        "linear": token("lin_api_", 40),
        "notion": token("secret_", 43),
        "airtable": parts("pat{14}.{64:h}"),
        "hubspot": parts("pat-na1-{8:h}-{4:h}-{4:h}-{4:h}-{12:h}"),
        "postman": parts("PMAK-{24:h}-{34:h}"),
        "planetscale": token("pscale_tkn_", 43),
        "supabase": token("sbp_", 40, _HEX),
        "figma": token("figd_", 40),
        "atlassian": token("ATATT3xFfGF0", 180),
        "azure client": lambda r: "aB3" + "8Q~" + "".join(r.choices(_ALNUM, k=34)),
        "age": token("AGE-SECRET-KEY-1", 58, string.ascii_uppercase + string.digits),
        "jwt": jwt,
        "rsa key": pem("RSA PRIVATE" + " KEY"),
        "openssh key": pem("OPENSSH PRIVATE" + " KEY"),
        "pkcs8 key": pem("PRIVATE" + " KEY"),
    }


_NAMES = (
    "password",
    "PASSWORD",
    "DB_PASS",
    "PASS",
    "pwd",
    "MYSQL_PWD",
    "auth",
    "REDISCLI_AUTH",
    "apiKey",
    "api-key",
    "APIKEY",
    "WANDB_API_KEY",
    "HF_TOKEN",
    "token",
    "accessToken",
    "client_secret",
    "clientSecret",
    "aws_secret_access_key",
    "AWS_SESSION_TOKEN",
    "private_key",
    "ssh_passphrase",
    "dbPassword",
    "db_credentials",
    "encryption_key",
    "AccountKey",
    "authorization",
    "session_cookie",
    "GITHUB_PAT",
)

# Texts that hold a secret: `%s` is where.
_TEXTS = {
    "address with a password": "postgres://user:%s@db.example.com:5432/train",
    "address without a user": "redis://:%s@cache.example.com/0",
    "git address": "https://x-access-token:%s@git.example.com/org/repo.git",
    "jdbc address": "jdbc:postgresql://db/x?user=u&password=%s&ssl=true",
    "odbc string": "Driver={ODBC 18};Server=tcp:db;UID=sa;PWD=%s;Encrypt=yes",
    "ado string": "Server=db;User ID=sa;Password=%s;",
    "azure string": "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=%s;EndpointSuffix=x",
    "signed s3 address": "https://b.s3.amazonaws.com/k?X-Amz-Date=2024&X-Amz-Signature=%s",
    "old signed s3 address": "https://b.s3.amazonaws.com/k?Expires=17&Signature=%s",
    "sas address": "https://a.blob.core.windows.net/c?sv=2022&se=2024&sig=%s",
    "address with a token": "https://api.example.com/v1/data?access_token=%s&x=1",
    "option": "python fetch.py --api-key=%s --lr 0.1",
    "option and word": "python fetch.py --password %s --lr 0.1",
    "curl": "curl -u admin:%s https://example.com/data",
    "header": "curl -H 'Authorization: Bearer %s' https://example.com",
    "variable": "export DB_PASSWORD=%s",
    "json": '{"db": {"user": "u", "password": "%s"}}',
    "json in json": '{"config": "{\\"auth\\": {\\"api_key\\": \\"%s\\"}}"}',
    "dict": "{'db': {'user': 'u', 'password': '%s'}}",
    "yaml": "db:\n  user: u\n  password: %s\n",
    "xml": "<db><user>u</user><password>%s</password></db>",
    "python": "os.environ['DB_PASSWORD'] = '%s'",
    "words of a list": "['--token', '%s', '--lr', '0.1']",
}


def planted(seed: int = 0) -> Iterator[Planted]:
    """One of each kind."""
    r = random.Random(seed)

    def drawn(size: int = 24) -> str:
        return "x7" + "".join(r.choices(_ALNUM, k=size))

    for kind, make in _bare().items():
        secret = make(r)
        # Of a key in a file's form the first line would be enough.
        told = secret.split("\n")[1] if "\n" in secret else secret
        told = told.partition("/services/")[2] or told
        told = told.partition("/webhooks/")[2] or told
        yield Planted(kind, "", secret, told)
    for name in _NAMES:
        secret = drawn()
        yield Planted(f"named {name}", name, secret, secret)
    for kind, text in _TEXTS.items():
        secret = drawn()
        yield Planted(kind, "", text % secret, secret)
