"""Ways in which an AWS target can't be reached: broken servers, and environments with one thing wrong.

Each is real: sockets that answer nothing, TLS that nobody trusts, programs that fail.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from kit.simulator.httpd import Application, HttpServer, Response

TARGET = "default@us-east-1"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example"}
_PAGE = b"<html><body>Log in to the network</body></html>"
_CLOCK = "The difference between the request time and the current time is too large"
_DENIED = (
    b"<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: "
    b"arn:aws:iam::123456789012:user/me is not authorized to perform: sts:AssumeRole on resource: "
    b"arn:aws:iam::123456789012:role/R</Message></Error><RequestId>1</RequestId></ErrorResponse>"
)
_SSO = """[default]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = Training
[sso-session corp]
sso_region = us-east-1
sso_start_url = https://corp.example.com/start
"""
_ROLE = "role_arn = arn:aws:iam::123456789012:role/R\n"
_SOURCE = "[profile source]\naws_access_key_id = x\naws_secret_access_key = x\n"


class Servers:
    """Servers that answer as nobody wants; each is started when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = contextlib.ExitStack()

    def close(self) -> None:
        """Stop them."""
        self._stack.close()

    def answering(self, status: int, body: bytes = b"", **headers: str) -> str:
        """The address of a server that always answers the same."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._serving(lambda *_: Response(status, body, told))

    def _serving(self, application: Application) -> str:
        server = HttpServer(application)
        server.start()
        self._stack.callback(server.close)
        return f"http://127.0.0.1:{server.port}"

    def refusing(self, code: str, message: str) -> str:
        """The address of a server that refuses in AWS's own ways: in JSON, and as S3 in XML."""
        told = json.dumps({"__type": code, "message": message}).encode()
        xml = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
        return self._serving(
            lambda method, path, headers, body: Response(
                400, told if "x-amz-target" in headers else xml
            )
        )

    def page(self, status: int) -> str:
        """The address of a portal: a page for people, or a redirect to one."""
        where = {"Location": "https://login.example.com/"} if status == 302 else {}
        return self.answering(status, _PAGE, Content_Type="text/html", **where)

    def silent(self) -> str:
        """The address of a server that takes connections, and says nothing."""
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        self._stack.callback(listening.close)
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    def untrusted(self) -> str:
        """The address of a TLS server whose certificate nobody has signed."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(_certificate(self._folder))
        listening = socket.create_server(("127.0.0.1", 0))
        self._stack.callback(listening.close)

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with contextlib.suppress(OSError), connection:
                        context.wrap_socket(connection, server_side=True).close()

        threading.Thread(target=serve, name="tls", daemon=True).start()
        return f"https://localhost:{listening.getsockname()[1]}"


def _certificate(folder: Path) -> Path:
    """A key and a certificate that it signed itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    begin = datetime.datetime(2020, 1, 1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    path = folder / "localhost.pem"
    path.write_bytes(
        certificate.public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    )
    return path


@dataclass(frozen=True)
class Break:
    """One thing that is wrong.

    `health`: `waiting` for the user, or `stale` where it passes; `says` stands in what is told.
    `environment` makes variables, given the servers; `config` is AWS's own file.
    """

    health: str
    says: str
    environment: Callable[[Servers], dict[str, str]] = field(default=lambda servers: dict(KEYS))
    config: str = ""
    target: str = TARGET


def _at(address: Callable[[Servers], str], **more: str) -> Callable[[Servers], dict[str, str]]:
    return lambda servers: {**KEYS, "AWS_ENDPOINT_URL": address(servers), **more}


def _without(**variables: str) -> Callable[[Servers], dict[str, str]]:
    return lambda servers: variables


_HTTPS = "https://sagemaker.invalid"
BREAKS = {
    "no-credentials": Break("waiting", "aws sso login", _without()),
    "half-of-them": Break(
        "waiting", "Set AWS_SECRET_ACCESS_KEY too", _without(AWS_ACCESS_KEY_ID="x")
    ),
    "sso-expired": Break("waiting", "aws sso login --profile default", _without(), _SSO),
    "session-expired": Break(
        "waiting",
        "has expired|is expired",
        _at(lambda s: s.refusing("ExpiredTokenException", "The security token is expired")),
    ),
    "process-fails": Break(
        "waiting",
        "boom.*credential_process",
        _without(),
        '[default]\ncredential_process = sh -c "echo boom >&2; exit 3"\n',
    ),
    "process-missing": Break(
        "waiting", "/nowhere/tool", _without(), "[default]\ncredential_process = /nowhere/tool\n"
    ),
    "process-prints-no-json": Break(
        "waiting", "no JSON", _without(), "[default]\ncredential_process = echo hello\n"
    ),
    "source-profile-missing": Break(
        "waiting",
        'source_profile "gone".*Correct',
        _without(),
        f"[default]\n{_ROLE}source_profile = gone\n",
    ),
    "role-not-assumed": Break(
        "waiting",
        "sts:AssumeRole",
        lambda s: {"AWS_ENDPOINT_URL_STS": s.answering(403, _DENIED, Content_Type="text/xml")},
        f"[default]\n{_ROLE}source_profile = source\n{_SOURCE}",
    ),
    "wants-a-code": Break(
        "waiting",
        "MFA",
        _without(),
        f"[default]\n{_ROLE}source_profile = source\nmfa_serial = arn:aws:iam::1:mfa/me\n{_SOURCE}",
    ),
    "profile-missing": Break("waiting", "aws configure", _without(AWS_PROFILE="nobody")),
    "region-missing": Break("waiting", "region's code", target="default@us-moon-7"),
    "setting": Break(
        "waiting", "AWS_… variable", lambda s: {**KEYS, "AWS_ENDPOINT_URL": "nowhere"}
    ),
    "clock": Break(
        "waiting", "Set the clock", _at(lambda s: s.refusing("RequestTimeTooSkewed", _CLOCK))
    ),
    "tls-untrusted": Break("waiting", "AWS_CA_BUNDLE", _at(Servers.untrusted)),
    "ca-missing": Break(
        "waiting", "AWS_CA_BUNDLE", _at(Servers.untrusted, AWS_CA_BUNDLE="/nowhere/ca.pem")
    ),
    "ca-is-none": Break(
        "waiting", "AWS_CA_BUNDLE", _at(Servers.untrusted, AWS_CA_BUNDLE=os.devnull)
    ),
    "proxy-is-none": Break(
        "waiting", "HTTPS_PROXY", _at(lambda s: _HTTPS, HTTPS_PROXY="http://[nowhere")
    ),
    "proxy-away": Break(
        "stale", "HTTPS_PROXY", _at(lambda s: _HTTPS, HTTPS_PROXY="http://127.0.0.1:9")
    ),
    "silent": Break("stale", "not answered|Read timeout", _at(Servers.silent)),
    "refused": Break("stale", "Check the network", _at(lambda s: "http://127.0.0.1:9")),
    "page-200": Break("stale", "web page", _at(lambda s: s.page(200))),
    "page-302": Break("stale", "web page", _at(lambda s: s.page(302))),
    "bare-403": Break("stale", "HTTP 403 and no reason", _at(lambda s: s.answering(403))),
    "nothing-200": Break("stale", "no answer of AWS", _at(lambda s: s.answering(200))),
    "another-json": Break("stale", "no answer of AWS", _at(lambda s: s.answering(200, b'["x"]'))),
}


@contextlib.contextmanager
def broken(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Break]:
    """An environment in which one thing is wrong with AWS, also for processes that are started."""
    one = BREAKS[name]
    for variable in [variable for variable in os.environ if variable.startswith("AWS_")]:
        monkeypatch.delenv(variable)
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(variable, raising=False)
    config, credentials = folder / "aws-config", folder / "aws-credentials"
    config.write_text(one.config)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.fspath(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.fspath(credentials))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", os.fspath(folder))
    _expired_session(folder / ".aws" / "sso" / "cache")
    servers = Servers(folder)
    try:
        for variable, value in one.environment(servers).items():
            monkeypatch.setenv(variable, value)
        yield one
    finally:
        servers.close()


def _expired_session(cache: Path) -> None:
    """What `aws sso login` left, long ago."""
    cache.mkdir(parents=True, exist_ok=True)
    token = {
        "startUrl": "https://corp.example.com/start",
        "region": "us-east-1",
        "accessToken": "x",
        "expiresAt": "2020-01-01T00:00:00Z",
    }
    cache.joinpath(f"{hashlib.sha1(b'corp').hexdigest()}.json").write_text(json.dumps(token))
