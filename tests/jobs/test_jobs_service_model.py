"""What an older botocore lacks: operations that we use are added, all else is said in words."""

from __future__ import annotations

import gzip
import importlib.util
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from jupyter_sm.diagnosis import explain
from jupyter_sm.jobs import service_model as models
from jupyter_sm.jobs.validation import check_request
from jupyter_sm.targets.clients import _loader, unconfigured_client
from jupyter_sm.tracking.calls import call


@pytest.fixture
def old_botocore(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The installed service model as it was before DeleteTrainingJob, where botocore keeps it."""
    installed = Path(importlib.util.find_spec("botocore").submodule_search_locations[0])
    packed = installed / "data" / "sagemaker" / "2017-07-24" / "service-2.json.gz"
    model = json.loads(gzip.decompress(packed.read_bytes()))
    for name in ("DeleteTrainingJob", "StopTrainingJob"):
        model["operations"].pop(name, None)
        model["shapes"].pop(f"{name}Request", None)
    folder = tmp_path / "data" / "sagemaker" / "2017-07-24"
    folder.mkdir(parents=True)
    folder.joinpath("service-2.json").write_text(json.dumps(model))

    class Spec:
        submodule_search_locations = [str(tmp_path)]

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: Spec)
    models.service_model.cache_clear()
    _loader.cache_clear()
    yield
    models.service_model.cache_clear()
    _loader.cache_clear()


class OldTarget:
    """A target whose clients are of the old model."""

    def client(self, service: str) -> Any:
        return unconfigured_client(service, "http://local.invalid")


def test_deleting_is_there_with_a_botocore_that_is_older(old_botocore: None) -> None:
    client = OldTarget().client("sagemaker")
    shape = client.meta.service_model.operation_model("DeleteTrainingJob").input_shape
    assert list(shape.members) == shape.required_members == ["TrainingJobName"]
    faults = check_request("DeleteTrainingJob", {"TrainingJobName": "no_name"})
    assert [fault.rule for fault in faults] == ["pattern"]


def test_an_operation_that_the_installed_botocore_lacks_is_refused_in_words(
    old_botocore: None,
) -> None:
    with pytest.raises(Exception, match="does not know the operation StopTrainingJob") as caught:
        call(OldTarget(), "StopTrainingJob", {})
    said = explain(caught.value)
    assert said.category == "sdk-version"
    assert "StopTrainingJob" in said.what_happened and "pip install -U boto3" in said.sentence


def test_a_member_that_the_installed_botocore_lacks_is_told_with_its_version() -> None:
    [fault] = [
        fault
        for fault in check_request("CreateTrainingJob", {"NewerConfig": {}})
        if fault.rule == "unknown"
    ]
    assert (
        f"botocore {version('botocore')} knows (a newer one needs a newer boto3)" in fault.message
    )
