"""Making boto3 sessions that read service models cut down, which saves 50 MB."""

from __future__ import annotations

import functools
from typing import Any

from jupyter_sm.jobs.service_model import CUT, service_model


def session(**settings: Any) -> Any:
    """A boto3 session; `settings` are boto3's own, such as `profile_name` and `region_name`."""
    import boto3
    import botocore.session

    core = botocore.session.Session(profile=settings.pop("profile_name", None))
    core.register_component("data_loader", _loader(core.get_config_variable("data_path") or ""))
    return boto3.session.Session(botocore_session=core, **settings)


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
