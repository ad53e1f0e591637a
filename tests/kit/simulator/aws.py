"""moto for the services around SageMaker: S3, STS, IAM, ECR and SQS."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config

_SERVICES = ("S3", "STS", "IAM", "ECR", "SQS")


@functools.lru_cache(maxsize=1)
def _session() -> boto3.Session:
    return boto3.Session(aws_access_key_id="simulated", aws_secret_access_key="simulated")


def client(service: str, url: str, region: str, **config: Any) -> Any:
    """A boto3 client for this endpoint; each call is sent once unless `retries` says more."""
    settings = Config(
        **{"retries": {"total_max_attempts": 1}, "connect_timeout": 5, "read_timeout": 30, **config}
    )
    return _session().client(service, endpoint_url=url, region_name=region, config=settings)


@contextmanager
def moto_server() -> Iterator[dict[str, str]]:
    """Runs moto's server on a free port; gives the environment variables that point to it."""
    from moto.server import ThreadedMotoServer  # only where it is used: it is heavy

    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # no line for each call
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield {f"AWS_ENDPOINT_URL_{name}": f"http://{host}:{port}" for name in _SERVICES}
    finally:
        server.stop()
