"""Making boto3 sessions that read SageMaker's service model cut down, which saves 50 MB each."""

from __future__ import annotations

from typing import Any

from jupyter_sm.jobs.service_model import SERVICE, service_model


def session(**settings: Any) -> Any:
    """A boto3 session; `settings` are boto3's own, such as `profile_name` and `region_name`."""
    import boto3
    import botocore.session
    from botocore.loaders import JSONFileLoader, Loader

    class LeanFiles(JSONFileLoader):  # type: ignore[misc]
        def load_file(self, file_path: str) -> Any:
            parts = file_path.replace("\\", "/").split("/")
            if parts[-3:-2] == [SERVICE] and parts[-1] == "service-2" and self.exists(file_path):
                return service_model()
            return super().load_file(file_path)

    core = botocore.session.Session(profile=settings.pop("profile_name", None))
    paths = core.get_config_variable("data_path") or ""
    loader = Loader(file_loader=LeanFiles(), extra_search_paths=[p for p in paths.split(":") if p])
    core.register_component("data_loader", loader)
    return boto3.session.Session(botocore_session=core, **settings)
