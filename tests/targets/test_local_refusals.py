"""What SageMaker refuses the local target refuses, with the same codes and words."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from jupyter_sm.desk.submit import submit_request
from jupyter_sm.diagnosis import ExplainedError
from jupyter_sm.jobs.kinds.training import TRAINING
from jupyter_sm.store import Store
from jupyter_sm.store import jobs as jobs_table
from jupyter_sm.targets.local.api.offer import MOST_HOSTS

from kit.local_machine import Machine, call, channel, machine_in
from kit.simulator import Simulator, default_request

INVALID = "ValidationException"
UNREADABLE = "SerializationException"
CHANNEL = channel("train", "s3://bucket/data")
GROUP = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "InstanceGroupName": "one"}
NO_WAIT = (
    "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to "
    "MaxRuntimeInSeconds"
)
TAGS = [{"Key": f"k{n}", "Value": ""} for n in range(51)]


class Gone:
    """Stands for a member that is left out."""


class Refused(NamedTuple):
    """What is changed in a request that is fine; code and words of the answer; a submission's."""

    changes: Mapping[str, Any]
    words: str
    said: str
    code: str = INVALID


def limit(path: str, value: Any, must: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    head = "1 validation error detected: Value"
    return f"{head} {shown} at '{path}' failed to satisfy constraint: Member must {must}"


REFUSED = {
    "spot without MaxWait": Refused(
        {"EnableManagedSpotTraining": True},
        NO_WAIT,
        "MaxWaitTimeInSeconds: is missing; with spot it covers MaxRuntimeInSeconds too",
    ),
    "MaxWait below MaxRuntime": Refused(
        {"EnableManagedSpotTraining": True, "StoppingCondition.MaxWaitTimeInSeconds": 119},
        NO_WAIT,
        "MaxWaitTimeInSeconds: is 119; with spot it covers MaxRuntimeInSeconds too, so at least 120",
    ),
    "MaxWait without spot": Refused(
        {"StoppingCondition.MaxWaitTimeInSeconds": 900},
        "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set "
        "to true",
        "MaxWaitTimeInSeconds: counts with spot only",
    ),
    "spot and a warm pool": Refused(
        {
            "EnableManagedSpotTraining": True,
            "StoppingCondition.MaxWaitTimeInSeconds": 900,
            "ResourceConfig.KeepAlivePeriodInSeconds": 60,
        },
        "KeepAlivePeriodInSeconds is not supported with EnableManagedSpotTraining",
        "KeepAlivePeriodInSeconds: keeps instances for the next job",
    ),
    "two channels of one name": Refused(
        {"InputDataConfig": [CHANNEL, CHANNEL]},
        "Channel names must be unique",
        "InputDataConfig: holds 'train' more than once",
    ),
    "AlgorithmName with TrainingImage": Refused(
        {"AlgorithmSpecification.AlgorithmName": "mine"},
        "Either TrainingImage or AlgorithmName must be given, and not both.",
        "AlgorithmSpecification: must name either TrainingImage or AlgorithmName",
    ),
    "neither of them": Refused(
        {"AlgorithmSpecification.TrainingImage": Gone},
        "Either TrainingImage or AlgorithmName must be given, and not both.",
        "AlgorithmSpecification: must name either TrainingImage or AlgorithmName",
    ),
    "no instance": Refused(
        {"ResourceConfig.InstanceCount": 0},
        limit("resourceConfig.instanceCount", 0, "have value greater than or equal to 1"),
        "ResourceConfig.InstanceCount: is 0; at least 1.",
    ),
    "no instance type": Refused(
        {"ResourceConfig.InstanceType": Gone},
        limit("resourceConfig.instanceType", None, "not be null"),
        "ResourceConfig.InstanceType: is missing.",
    ),
    "an empty instance type": Refused(
        {"ResourceConfig.InstanceType": ""},
        limit("resourceConfig.instanceType", "", "satisfy enum value set: [ml."),
        "ResourceConfig.InstanceType: '' is not among the",
    ),
    "an instance type in capitals": Refused(
        {"ResourceConfig.InstanceType": "ML.M5.LARGE"},
        limit("resourceConfig.instanceType", "ML.M5.LARGE", "satisfy enum value set: [ml."),
        "the nearest: ml.m5.large",
    ),
    "an instance type without ml": Refused(
        {"ResourceConfig.InstanceType": "m5.large"},
        limit("resourceConfig.instanceType", "m5.large", "satisfy enum value set: [ml."),
        "the nearest: ml.m5.large",
    ),
    "groups beside a type": Refused(
        {"ResourceConfig.InstanceGroups": [GROUP]},
        "InstanceType or InstanceCount cannot be specified with InstanceGroups",
        "ResourceConfig: names InstanceType or InstanceCount beside InstanceGroups",
    ),
    "a count beyond integers": Refused(
        {"ResourceConfig.InstanceCount": 10**30},
        "NUMBER_VALUE can not be converted to an Integer",
        "InstanceCount: is a number that SageMaker can't read; at most 2147483647.",
        UNREADABLE,
    ),
    "a runtime beyond integers": Refused(
        {"StoppingCondition.MaxRuntimeInSeconds": 10**30},
        "NUMBER_VALUE can not be converted to an Integer",
        "MaxRuntimeInSeconds: is a number that SageMaker can't read; at most 2147483647.",
        UNREADABLE,
    ),
    "a runtime above 28 days": Refused(
        {"StoppingCondition.MaxRuntimeInSeconds": 28 * 86_400 + 1},
        "The account-level service limit 'Longest run time for a training job' is 2419200 Seconds, "
        "with current utilization of 0 Seconds and a request delta of 2419201 Seconds.",
        "MaxRuntimeInSeconds: is 2419201; at most 2419200 (28 days).",
        "ResourceLimitExceeded",
    ),
    "no runtime": Refused(
        {"StoppingCondition.MaxRuntimeInSeconds": 0},
        limit("stoppingCondition.maxRuntimeInSeconds", 0, "have value greater than or equal to 1"),
        "MaxRuntimeInSeconds: is 0; at least 1.",
    ),
    "no StoppingCondition": Refused(
        {"StoppingCondition": Gone},
        limit("stoppingCondition", None, "not be null"),
        "StoppingCondition: is missing.",
    ),
    "no volume": Refused(
        {"ResourceConfig.VolumeSizeInGB": 0},
        limit("resourceConfig.volumeSizeInGB", 0, "have value greater than or equal to 1"),
        "VolumeSizeInGB: is 0; at least 1.",
    ),
    "too large a volume": Refused(
        {"ResourceConfig.VolumeSizeInGB": 16_385},
        limit("resourceConfig.volumeSizeInGB", 16_385, "have value less than or equal to 16384"),
        "VolumeSizeInGB: is 16385; at most 16384.",
    ),
    "TensorBoard's folder below /opt/ml": Refused(
        {"TensorBoardOutputConfig": {"S3OutputPath": "s3://b/t", "LocalPath": "/opt/ml/output/t"}},
        '"LocalPath" of "TensorBoardOutputConfig" cannot start with the following reserved path: '
        "[/opt/ml, /tmp, /usr/local/nvidia]",
        "TensorBoardOutputConfig.LocalPath: is '/opt/ml/output/t', and SageMaker keeps",
    ),
    "a tag of AWS's own": Refused(
        {"Tags": [{"Key": "AWS:team", "Value": "x"}]},
        "Tag keys starting with 'aws:' are reserved for internal use",
        "Tags[0].Key: is 'AWS:team'; tags that begin with aws: are AWS's own.",
    ),
    "two tags of one key": Refused(
        {"Tags": [TAGS[0], TAGS[1], TAGS[0]]},
        "Tag keys must be unique; k0",
        "Tags: holds 'k0' more than once; tag keys must be unique.",
    ),
    "more than 50 tags": Refused(
        {"Tags": TAGS},
        "at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50",
        "Tags: has 51 entries, and jupyter-sm adds 2; at most 50.",
    ),
    "a name with an underscore": Refused(
        {"TrainingJobName": "my_job"},
        limit("trainingJobName", "my_job", "satisfy regular expression pattern: "),
        "my_job",
    ),
    "a channel name with a space": Refused(
        {"InputDataConfig": [channel("a b", "s3://bucket/data")]},
        limit("inputDataConfig.1.member.channelName", "a b", "satisfy regular expression pattern"),
        "InputDataConfig[0].ChannelName: 'a b' does not match",
    ),
    "a channel without data": Refused(
        {"InputDataConfig": [{"ChannelName": "train"}]},
        limit("inputDataConfig.1.member.dataSource", None, "not be null"),
        "InputDataConfig[0].DataSource: is missing.",
    ),
    "a mode in small letters": Refused(
        {"AlgorithmSpecification.TrainingInputMode": "file"},
        limit("algorithmSpecification.trainingInputMode", "file", "satisfy enum value set: [Pipe"),
        "TrainingInputMode: 'file' is not among the 3 values that botocore knows: Pipe, File",
    ),
    "too long a variable": Refused(
        {"Environment": {"note": "x" * 513}},
        "' at 'environment' failed to satisfy constraint: Map value must satisfy constraint: "
        "[Member must have length less than or equal to 512]",
        "Environment.note: has 513 characters; at most 512.",
    ),
    "a hyperparameter that is no text": Refused(
        {"HyperParameters.epochs": 3},
        "NUMBER_VALUE can not be converted to a String",
        "HyperParameters.epochs: must be a string, not int.",
        UNREADABLE,
    ),
    "a role that is none": Refused(
        {"RoleArn": "the-role-of-the-house-of-mine"},
        limit("roleArn", "the-role-of-the-house-of-mine", "satisfy regular expression pattern: "),
        "RoleArn: 'the-role-of-the-house-of-mine' does not match",
    ),
    "a warm pool of a day": Refused(
        {"ResourceConfig.KeepAlivePeriodInSeconds": 86_400},
        limit("resourceConfig.keepAlivePeriodInSeconds", 86_400, "have value less than or equal"),
        "KeepAlivePeriodInSeconds: is 86400; at most 21600.",
    ),
}
each = pytest.mark.parametrize("row", REFUSED.values(), ids=[n.replace(" ", "-") for n in REFUSED])


def changed(request: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A request's copy with members, given by their paths, set or left out."""
    result: dict[str, Any] = copy.deepcopy(dict(request))
    for path, value in changes.items():
        *heads, last = path.split(".")
        at = result
        for head in heads:
            at = at.setdefault(head, {})
        if value is Gone:
            del at[last]
        else:
            at[last] = value
    return result


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with machine_in(tmp_path_factory.mktemp("refusals"), max_jobs=1) as made:
        yield made


@pytest.fixture(scope="module")
def simulated() -> Iterator[Any]:
    """SageMaker as the simulator has it, by a client that leaves all checks to the service."""
    with Simulator(speed=0) as simulator:
        yield simulator.client("sagemaker", parameter_validation=False)


def answered(machine: Machine, request: dict[str, Any]) -> tuple[str, str]:
    """Code and message of the refusal, past botocore where that itself refuses to send."""
    try:
        machine.sagemaker.create_training_job(**request)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    except ParamValidationError:
        body = json.dumps(request).encode()
        status, answer = call(machine.target.engine, "SageMaker.CreateTrainingJob", body)
        found = json.loads(answer)
        assert status == 400
        return found["__type"], found["message"]
    raise AssertionError("The request was taken.")


@each
def test_a_request_is_refused_with_sagemakers_code_and_words(
    machine: Machine, simulated: Any, row: Refused
) -> None:
    code, message = answered(machine, changed(machine.request(), row.changes))
    assert (code, row.words in message) == (row.code, True), message
    with pytest.raises(ClientError) as caught:
        simulated.create_training_job(**changed(default_request("there"), row.changes))
    there = caught.value.response["Error"]
    assert (there["Code"], there["Message"]) == (code, message)


@each
def test_a_submission_is_refused_in_one_sentence(
    machine: Machine, store: Store, row: Refused
) -> None:
    said = refusal_of(store, changed(machine.request(), row.changes))
    assert row.said in said
    assert "\n" not in said and said.endswith(".")


def refusal_of(store: Store, request: dict[str, Any]) -> str:
    with pytest.raises(ExplainedError) as caught:
        submit_request(store, request)
    assert caught.value.status == 400
    assert jobs_table.listed(store)[1] == 0
    return str(caught.value)


def test_all_constraints_that_are_broken_are_answered_together(machine: Machine) -> None:
    changes = {"ResourceConfig.InstanceCount": 0, "TrainingJobName": "my_job", "RoleArn": "me"}
    code, message = answered(machine, changed(machine.request(), changes))
    assert (code, message[:30]) == (INVALID, "4 validation errors detected: ")
    for path in ("trainingJobName", "roleArn", "resourceConfig.instanceCount"):
        assert f"' at '{path}' failed to satisfy" in message


def test_so_many_hosts_are_refused_with_the_reason(machine: Machine, store: Store) -> None:
    request = changed(machine.request(), {"ResourceConfig.InstanceCount": 10**9})
    code, message = answered(machine, request)
    assert code == "ResourceLimitExceeded"
    assert message == refusal_of(store, request)
    limit = f"'ml.m5.large for training job usage' is {MOST_HOSTS} Instances"
    assert limit in message and "a request delta of 1000000000 Instances" in message
    assert message.endswith("a job on the local target are processes of this machine.")


@pytest.mark.parametrize(
    "path",
    [
        *("/", "//", "/opt", "/opt/ml", "/opt/ml/", "/opt/ml/input", "/opt/ml/input/data/train"),
        *("/opt/ml/model", "/opt/ml/code/", "/opt/ml/output", "/opt/ml/output/data"),
        *("/opt/ml/foo/../code", "/opt/ml/../../etc", "//etc", "/etc", "/usr", "/usr/lib", "/bin"),
        *("/proc/x", "/dev/shm", "/var", "/tmp", sys.prefix, str(Path(sys.executable).parent)),
    ],
)
def test_checkpoints_do_not_lie_over_what_a_job_needs(
    machine: Machine, store: Store, path: str
) -> None:
    config = {"S3Uri": machine.output.as_uri(), "LocalPath": path}
    request = machine.request(CheckpointConfig=config)
    said = refusal_of(store, request)
    assert f"CheckpointConfig.LocalPath is {path!r}, where the job finds what it needs" in said
    assert said == answered(machine, request)[1]


@pytest.mark.parametrize(
    "path",
    [
        *("/opt/ml/checkpoints", "/opt/ml/checkpoints/", "/opt/ml/foo", "/opt/ml/code/checkpoints"),
        *("/data/ckpt", "/checkpoints", "/tmp/ckpt", "/opt/mine", "/usr/local/of-this-test"),
    ],
)
def test_checkpoints_lie_in_folders_of_their_own(machine: Machine, path: str) -> None:
    config = {"S3Uri": machine.output.as_uri(), "LocalPath": path}
    assert machine.target.check(TRAINING, machine.request(CheckpointConfig=config)) is None
