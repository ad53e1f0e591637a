"""Making botocore's clients, with service models cut down, which saves 50 MB."""

from __future__ import annotations

import functools
import os
from typing import Any

from jupyter_sm.jobs.service_model import CUT, service_model


def session(**settings: Any) -> Any:
    """A boto3 session; `settings` are boto3's own, such as `profile_name` and `region_name`."""
    import boto3
    import botocore.session

    core = botocore.session.Session(profile=settings.pop("profile_name", None))
    core.register_component("data_loader", _loader(core.get_config_variable("data_path") or ""))
    return boto3.session.Session(botocore_session=core, **settings)


def unconfigured_client(service: str, endpoint: str) -> Any:
    """A client that is the same whatever the AWS configuration is, or how broken it is.

    It reads no file and no variable, loads no plugin and asks nobody for credentials.
    """
    from botocore import UNSIGNED
    from botocore.config import Config
    from botocore.configprovider import (
        BOTOCORE_DEFAUT_SESSION_VARIABLES,
        ConfigValueStore,
        ConstantProvider,
    )
    from botocore.session import Session

    class Unconfigured(Session):  # type: ignore[misc]
        def _register_client_plugins(self, client: Any) -> None:
            """None: BOTOCORE_EXPERIMENTAL__PLUGINS is for clients of AWS."""

    values = {name: row[2] for name, row in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()}
    values |= dict.fromkeys(("config_file", "credentials_file"), os.devnull)
    core = Unconfigured()
    core.register_component(
        "config_store",
        ConfigValueStore({name: ConstantProvider(value) for name, value in values.items()}),
    )
    core.register_component("data_loader", _loader(""))
    return core.create_client(
        service,
        region_name="us-east-1",
        endpoint_url=endpoint,
        # Given, so that none are looked for; nothing is signed, as nobody would look at it.
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - no secret
        config=Config(
            signature_version=UNSIGNED,
            retries={"total_max_attempts": 1, "mode": "standard"},
            proxies={},
        ),
    )


def tell_no_retries(client: Any) -> None:
    """Leave "(reached max retries: 0)" out of the words of a client's errors: we retry ourselves."""
    client.meta.events.register("after-call", _forget_attempts)


def _forget_attempts(parsed: Any, **_: Any) -> None:
    found = parsed.get("ResponseMetadata", {})
    if not found.get("RetryAttempts"):
        found.pop("MaxAttemptsReached", None)


@functools.cache
def _loader(paths: str) -> Any:
    """One for all sessions, since it keeps what it has read."""
    from botocore.loaders import JSONFileLoader, Loader

    class LeanFiles(JSONFileLoader):  # type: ignore[misc]
        def load_file(self, file_path: str) -> Any:
            parts = file_path.replace("\\", "/").split("/")
            if len(parts) > 2 and parts[-3] in CUT and parts[-1] == "service-2":
                return service_model(parts[-3]) if self.exists(file_path) else None
            return super().load_file(file_path)

    return Loader(file_loader=LeanFiles(), extra_search_paths=[p for p in paths.split(":") if p])
