"""check_request: every fault of a CreateTrainingJob request, found in the installed model."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_sm.jobs import Fault, InvalidRequestError, check_request
from jupyter_sm.jobs.faults import errors_of

CREATE = "CreateTrainingJob"

VALID: dict[str, Any] = {
    "TrainingJobName": "digits-1",
    "HyperParameters": {"epochs": "3"},
    "AlgorithmSpecification": {
        "TrainingImage": "123.dkr.ecr.us-east-1.amazonaws.com/train:1",
        "TrainingInputMode": "File",
        "MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9.]+)"}],
    },
    "RoleArn": "arn:aws:iam::123456789012:role/SageMakerRole",
    "InputDataConfig": [
        {
            "ChannelName": "train",
            "DataSource": {
                "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/train"}
            },
        }
    ],
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    "Tags": [{"Key": "team", "Value": "vision"}],
}


@pytest.fixture
def request_body() -> dict[str, Any]:
    """A valid request to damage."""
    return copy.deepcopy(VALID)


def rules(faults: list[Fault]) -> dict[str, str]:
    return {fault.path: fault.rule for fault in faults}


def test_a_valid_request_has_no_faults(request_body: dict[str, Any]) -> None:
    assert check_request(CREATE, request_body) == []


def test_all_eight_faults_of_a_request_are_found_with_their_paths(
    request_body: dict[str, Any],
) -> None:
    del request_body["OutputDataConfig"]
    request_body["TrainingJobName"] = "not_legal"
    request_body["HyperParameters"] = {"epochs": "3", "note": "x" * 2501}
    request_body["ResourceConfig"]["InstanceCount"] = "two"
    request_body["ResourceConfig"]["KeepAlivePeriodInSeconds"] = 21_601
    request_body["StoppingCondition"]["MaxRuntimeInSeconds"] = 0
    request_body["Tags"] = [{"Key": f"k{n}", "Value": ""} for n in range(51)]
    request_body["Colour"] = "red"

    assert rules(check_request(CREATE, request_body)) == {
        "OutputDataConfig": "required",
        "TrainingJobName": "pattern",
        "HyperParameters.note": "max",
        "ResourceConfig.InstanceCount": "type",
        "ResourceConfig.KeepAlivePeriodInSeconds": "max",
        "StoppingCondition.MaxRuntimeInSeconds": "min",
        "Tags": "max",
        "Colour": "unknown",
    }


def test_a_fault_within_a_list_names_the_item(request_body: dict[str, Any]) -> None:
    request_body["InputDataConfig"][0]["DataSource"]["S3DataSource"].pop("S3Uri")
    request_body["InputDataConfig"].append({"ChannelName": "a b", "DataSource": {}})
    assert rules(check_request(CREATE, request_body)) == {
        "InputDataConfig[0].DataSource.S3DataSource.S3Uri": "required",
        "InputDataConfig[1].ChannelName": "pattern",
        "InputDataConfig[1].DataSource": "one of",
    }


def test_an_illegal_environment_name_is_told_at_its_key(request_body: dict[str, Any]) -> None:
    request_body["Environment"] = {"1BAD": "x"}
    assert rules(check_request(CREATE, request_body)) == {"Environment.1BAD (key)": "pattern"}


def test_a_name_over_63_characters_says_how_long_it_is(request_body: dict[str, Any]) -> None:
    request_body["TrainingJobName"] = "a" * 64
    faults = {fault.rule: fault for fault in check_request(CREATE, request_body)}
    assert faults["max"].path == "TrainingJobName"
    assert "64 characters" in faults["max"].message
    assert "at most 63" in faults["max"].message


def test_a_trailing_newline_does_not_slip_past_a_pattern(request_body: dict[str, Any]) -> None:
    request_body["TrainingJobName"] = "digits\n"
    assert rules(check_request(CREATE, request_body)) == {"TrainingJobName": "pattern"}


def test_a_long_value_is_cut_in_the_message(request_body: dict[str, Any]) -> None:
    request_body["RoleArn"] = "nobody-" * 100
    (fault,) = check_request(CREATE, request_body)
    assert fault.rule == "pattern"
    assert fault.message.count("nobody-") < 10


def test_an_instance_type_the_model_does_not_know_only_warns(request_body: dict[str, Any]) -> None:
    request_body["ResourceConfig"]["InstanceType"] = "ml.m99.large"
    (fault,) = check_request(CREATE, request_body)
    assert (fault.path, fault.rule) == ("ResourceConfig.InstanceType", "instance-type")
    assert fault.severity == "warning"
    assert errors_of([fault]) == []


def test_errors_of_keeps_what_refuses() -> None:
    error, warning = Fault("a", "max", "m"), Fault("b", "enum", "m", severity="warning")
    assert errors_of([warning, error]) == [error]


@pytest.mark.parametrize("file_uris", [False, True])
def test_a_folder_may_stand_for_s3_only_on_the_local_target(
    request_body: dict[str, Any], file_uris: bool
) -> None:
    request_body["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] = "file:///data"
    request_body["OutputDataConfig"]["S3OutputPath"] = "file:///out"
    request_body["CheckpointConfig"] = {"S3Uri": "file:///ckpt"}
    found = rules(check_request(CREATE, request_body, file_uris=file_uris))
    wanted = {
        "InputDataConfig[0].DataSource.S3DataSource.S3Uri": "pattern",
        "OutputDataConfig.S3OutputPath": "pattern",
        "CheckpointConfig.S3Uri": "pattern",
    }
    assert found == ({} if file_uris else wanted)


@pytest.mark.parametrize("uri", ["file:/data", "file://data", "/data", "ftp://bucket/x", "s3://"])
def test_other_addresses_are_refused_on_the_local_target_too(
    request_body: dict[str, Any], uri: str
) -> None:
    request_body["OutputDataConfig"]["S3OutputPath"] = uri
    found = rules(check_request(CREATE, request_body, file_uris=True))
    assert found == {"OutputDataConfig.S3OutputPath": "pattern"}


def test_a_folder_does_not_stand_where_no_address_is_asked_for(
    request_body: dict[str, Any],
) -> None:
    request_body["RoleArn"] = "file:///etc/role-of-the-house"
    assert rules(check_request(CREATE, request_body, file_uris=True)) == {"RoleArn": "pattern"}


def test_a_boolean_is_no_integer_and_an_integer_no_boolean(request_body: dict[str, Any]) -> None:
    request_body["ResourceConfig"]["InstanceCount"] = True
    request_body["EnableManagedSpotTraining"] = 1
    assert rules(check_request(CREATE, request_body)) == {
        "ResourceConfig.InstanceCount": "type",
        "EnableManagedSpotTraining": "type",
    }


def test_a_member_that_is_none_is_a_fault(request_body: dict[str, Any]) -> None:
    request_body["RoleArn"] = None
    assert rules(check_request(CREATE, request_body)) == {"RoleArn": "type"}


@pytest.mark.parametrize("text", ["équipe Zürich", "視覚", "Отдел 7", "a/b_c.d:e=f+g-h@i", "٣", ""])
def test_tags_may_hold_letters_of_any_script(request_body: dict[str, Any], text: str) -> None:
    request_body["Tags"] = [{"Key": "team", "Value": text}]
    assert check_request(CREATE, request_body) == []


@pytest.mark.parametrize("text", ["50%", "a#b", "<b>", "a,b", "🙂"])
def test_tags_may_not_hold_other_signs(request_body: dict[str, Any], text: str) -> None:
    request_body["Tags"] = [{"Key": text, "Value": "x"}]
    assert rules(check_request(CREATE, request_body)) == {"Tags[0].Key": "pattern"}


@pytest.mark.parametrize("body", [None, [], "text", 3, True, 1.5])
def test_a_request_that_is_no_object_has_one_fault(body: object) -> None:
    (fault,) = check_request(CREATE, body)
    assert (fault.path, fault.rule) == ("request", "type")
    assert type(body).__name__ in fault.message


def test_the_error_counts_its_faults_and_names_each(request_body: dict[str, Any]) -> None:
    request_body["RoleArn"] = None
    one = InvalidRequestError(check_request(CREATE, request_body))
    assert str(one).startswith("The request has 1 fault. RoleArn: must be a string")
    del request_body["TrainingJobName"]
    two = InvalidRequestError(check_request(CREATE, request_body))
    assert str(two).startswith("The request has 2 faults.")
    assert "TrainingJobName: is missing." in str(two)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)


@given(json_values)
def test_it_never_raises_on_any_json(body: object) -> None:
    faults = check_request(CREATE, body)
    assert errors_of(faults), "no JSON made at random is a request"


@given(st.dictionaries(st.sampled_from(sorted(VALID)), json_values), st.booleans())
def test_it_never_raises_on_any_json_in_a_members_place(
    damage: dict[str, Any], file_uris: bool
) -> None:
    faults = check_request(CREATE, {**VALID, **damage}, file_uris=file_uris)
    assert {fault.path.split(".")[0].split("[")[0] for fault in faults} <= set(damage)


PROCESSING_MEMBERS = (
    "AppSpecification",
    "ProcessingInputs",
    "ProcessingOutputConfig",
    "ProcessingResources",
    "StoppingCondition",
    "Tags",
)


@given(st.dictionaries(st.sampled_from(PROCESSING_MEMBERS), json_values))
def test_it_never_raises_on_any_json_in_a_processing_jobs_members(body: dict[str, Any]) -> None:
    assert errors_of(check_request("CreateProcessingJob", body)), "the name is missing"


@given(
    st.lists(
        st.fixed_dictionaries({}, optional={"InputName": json_values, "S3Input": json_values})
    ),
    st.lists(st.fixed_dictionaries({"Key": json_values})),
    st.fixed_dictionaries(
        {}, optional={"InstanceCount": json_values, "InstanceGroups": json_values}
    ),
)
def test_it_never_raises_on_any_json_within_members(
    inputs: list[Any], tags: list[Any], machines: dict[str, Any]
) -> None:
    processing = {
        "ProcessingInputs": inputs,
        "Tags": tags,
        "ProcessingResources": {"ClusterConfig": machines},
    }
    assert errors_of(check_request("CreateProcessingJob", processing)), "the name is missing"
    training = {"InputDataConfig": inputs, "Tags": tags, "ResourceConfig": machines}
    assert errors_of(check_request(CREATE, training)), "the name is missing"
