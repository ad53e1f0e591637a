"""TrainingSpec compiles to the exact request of script mode."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_sm.jobs import Origin, TrainingSpec, check_request, hyperparameter_text
from jupyter_sm.jobs.kinds.training_spec import spec_of
from jupyter_sm.jobs.spec import Placement

PLACE = Placement(
    source_uri="s3://bucket/digits/source/sourcedir.tar.gz",
    output_uri="s3://bucket/digits/output",
    image="123456789012.dkr.ecr.eu-west-1.amazonaws.com/sklearn:1.2-1",
    role="arn:aws:iam::123456789012:role/SageMakerRole",
    region="eu-west-1",
    input_uris={"train": "s3://bucket/train", "test": "s3://bucket/test"},
    checkpoint_uri="s3://bucket/checkpoints",
)
BARE = Placement(
    source_uri="s3://b/s.tar.gz",
    output_uri="s3://b/o",
    image="image",
    role=PLACE.role,
    region="us-east-1",
    input_uris={},
)

FULL = TrainingSpec(
    script="train.py",
    inputs={"train": "data/train", "test": "data/test"},
    hyperparameters={"epochs": 3, "lr": 0.01, "name": "net", "deep": True, "layers": [8, 4]},
    instance="ml.g5.xlarge",
    instance_count=2,
    max_runtime=7200,
    spot=True,
    max_wait=10_800,
    volume_gb=50,
    tags={"team": "vision", "cost": "42"},
    environment={"LOG_LEVEL": "debug"},
    checkpoint="s3://bucket/checkpoints",
    metrics={"loss": "loss=([0-9.]+)"},
    input_mode="FastFile",
    subnets=["subnet-1", "subnet-2"],
    security_group_ids=["sg-1"],
    volume_kms_key="alias/disk",
    output_kms_key="alias/model",
    bucket="where-the-target-puts-files",
)


def channel(name: str, uri: str) -> dict[str, Any]:
    return {
        "ChannelName": name,
        "DataSource": {
            "S3DataSource": {
                "S3DataType": "S3Prefix",
                "S3Uri": uri,
                "S3DataDistributionType": "FullyReplicated",
            }
        },
    }


def test_a_full_spec_compiles_to_exactly_this_request() -> None:
    assert FULL.request("digits-1", "train.py", PLACE) == {
        "TrainingJobName": "digits-1",
        "HyperParameters": {
            "epochs": "3",
            "lr": "0.01",
            "name": '"net"',
            "deep": "true",
            "layers": "[8, 4]",
            "sagemaker_program": '"train.py"',
            "sagemaker_submit_directory": '"s3://bucket/digits/source/sourcedir.tar.gz"',
            "sagemaker_container_log_level": "20",
            "sagemaker_job_name": '"digits-1"',
            "sagemaker_region": '"eu-west-1"',
        },
        "AlgorithmSpecification": {
            "TrainingImage": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/sklearn:1.2-1",
            "TrainingInputMode": "FastFile",
            "MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9.]+)"}],
        },
        "RoleArn": "arn:aws:iam::123456789012:role/SageMakerRole",
        "InputDataConfig": [
            channel("train", "s3://bucket/train"),
            channel("test", "s3://bucket/test"),
        ],
        "OutputDataConfig": {
            "S3OutputPath": "s3://bucket/digits/output",
            "KmsKeyId": "alias/model",
        },
        "ResourceConfig": {
            "InstanceType": "ml.g5.xlarge",
            "InstanceCount": 2,
            "VolumeSizeInGB": 50,
            "VolumeKmsKeyId": "alias/disk",
        },
        "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1", "subnet-2"]},
        "StoppingCondition": {"MaxRuntimeInSeconds": 7200, "MaxWaitTimeInSeconds": 10_800},
        "EnableManagedSpotTraining": True,
        "CheckpointConfig": {
            "S3Uri": "s3://bucket/checkpoints",
            "LocalPath": "/opt/ml/checkpoints",
        },
        "Environment": {"LOG_LEVEL": "debug"},
        "Tags": [{"Key": "team", "Value": "vision"}, {"Key": "cost", "Value": "42"}],
    }


def test_a_bare_spec_leaves_out_what_was_not_asked_for() -> None:
    request = TrainingSpec(script="train.py").request("digits-1", "train.py", BARE)
    assert set(request) == {
        "TrainingJobName",
        "HyperParameters",
        "AlgorithmSpecification",
        "RoleArn",
        "OutputDataConfig",
        "ResourceConfig",
        "StoppingCondition",
    }
    assert request["AlgorithmSpecification"] == {
        "TrainingImage": "image",
        "TrainingInputMode": "File",
    }
    assert request["ResourceConfig"] == {
        "InstanceType": "ml.m5.large",
        "InstanceCount": 1,
        "VolumeSizeInGB": 30,
    }
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 86_400}


@pytest.mark.parametrize(("spec", "place"), [(FULL, PLACE), (TrainingSpec("t.py"), BARE)])
def test_a_compiled_request_has_no_fault_by_the_model(spec: TrainingSpec, place: Placement) -> None:
    assert check_request("CreateTrainingJob", spec.request("digits-1", "train.py", place)) == []


@pytest.mark.parametrize(
    ("launcher", "sent"),
    [
        (
            "torchrun",
            {
                "sagemaker_torch_distributed_enabled": "true",
                "sagemaker_instance_type": '"ml.c5.large"',
            },
        ),
        ("mpi", {"sagemaker_mpi_enabled": "true"}),
    ],
)
def test_a_distribution_is_asked_for_as_sagemakers_sdk_does(
    launcher: str, sent: dict[str, str]
) -> None:
    bare = TrainingSpec(script="train.py", instance="ml.c5.large")
    spread = replace(bare, distribution=launcher)
    assert not spread.faults()
    one, other = (s.request("x", "train.py", BARE)["HyperParameters"] for s in (bare, spread))
    assert other == {**one, **sent}
    read = spec_of(spread.request("x", "train.py", BARE), Origin("/project/train.py"))
    assert read is not None and read.distribution == launcher


def test_an_unknown_distribution_is_refused_in_a_sentence() -> None:
    (fault,) = TrainingSpec(script="train.py", distribution="horovod").faults()
    assert fault.path == "distribution"
    assert "torchrun or mpi" in fault.message


def test_spot_without_max_wait_waits_as_long_as_it_may_run() -> None:
    request = TrainingSpec("t.py", spot=True, max_runtime=600).request("n", "t.py", BARE)
    assert request["StoppingCondition"] == {
        "MaxRuntimeInSeconds": 600,
        "MaxWaitTimeInSeconds": 600,
    }


def test_without_spot_there_is_no_wait_time() -> None:
    request = TrainingSpec("t.py").request("n", "t.py", BARE)
    assert "MaxWaitTimeInSeconds" not in request["StoppingCondition"]
    assert "EnableManagedSpotTraining" not in request


def test_a_wait_without_spot_is_passed_on_to_be_refused() -> None:
    request = TrainingSpec("t.py", max_wait=900_000).request("n", "t.py", BARE)
    assert request["StoppingCondition"]["MaxWaitTimeInSeconds"] == 900_000


def test_hyperparameters_of_sagemakers_own_name_are_a_fault() -> None:
    spec = TrainingSpec("t.py", hyperparameters={"sagemaker_program": "x.py", "epochs": 1})
    (fault,) = spec.faults()
    assert "sagemaker_program" in fault.message and "epochs" not in fault.message


def test_numbers_in_tags_and_environment_become_texts() -> None:
    odd: dict[str, Any] = {"a": 1}
    request = TrainingSpec("t.py", tags=odd, environment=odd).request("n", "t.py", BARE)
    assert request["Tags"] == [{"Key": "a", "Value": "1"}]
    assert request["Environment"] == {"a": "1"}


def test_the_scripts_own_hyperparameters_can_not_change_what_runs() -> None:
    spec = TrainingSpec("t.py", hyperparameters={"sagemaker_program": "other.py"})
    request = spec.request("n", "t.py", BARE)
    assert request["HyperParameters"]["sagemaker_program"] == '"t.py"'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (-0.5, "-0.5"),
        (True, "true"),
        (None, "null"),
        ("a b", '"a b"'),
        ('say "x"', '"say \\"x\\""'),
        ([1, "a"], '[1, "a"]'),
        ({"a": {"b": 1}}, '{"a": {"b": 1}}'),
        ("", '""'),
    ],
)
def test_a_hyperparameter_is_sent_as_its_json_text(value: object, text: str) -> None:
    assert hyperparameter_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.int64(3), "3"),
        (np.uint8(255), "255"),
        (np.float32(0.5), "0.5"),
        (np.float64(0.1), "0.1"),
        (np.bool_(True), "true"),
        (np.str_("adam"), '"adam"'),
        (np.array(7), "7"),
        ([np.int32(1), {"a": np.float16(2)}], '[1, {"a": 2.0}]'),
    ],
    ids=repr,
)
def test_scalars_of_numpy_are_the_numbers_they_hold(value: object, text: str) -> None:
    assert hyperparameter_text(value) == text


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_every_json_value_comes_back_from_its_text(value: object) -> None:
    assert json.loads(hyperparameter_text(value)) == value


@pytest.mark.parametrize(
    "value",
    [
        {1, 2},
        object(),
        len,
        b"bytes",
        {"a": {3}},
        np.array([3]),
        np.complex64(1),
        np.longdouble(1),
        np.datetime64("2025-01-01"),
        np.float32,
    ],
)
def test_a_value_json_can_not_hold_is_refused_in_a_sentence(value: object) -> None:
    with pytest.raises(TypeError) as caught:
        hyperparameter_text(value)
    said = str(caught.value)
    assert said.startswith("is ") and "can't be sent" in said
    assert said.endswith("use numbers, strings, booleans, lists or dicts.")


def test_a_value_that_holds_itself_is_refused_like_others() -> None:
    circular: list[object] = []
    circular.append(circular)
    with pytest.raises(TypeError, match="can't be sent"):
        hyperparameter_text(circular)
