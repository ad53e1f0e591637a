"""A policy statement is offered only where it is whole, valid, and would help."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from jupyter_sm.diagnosis import explain

USER = "User: arn:aws:sts::123456789012:assumed-role/Analyst/ann is not authorized to perform: "
JOB = "arn:aws:sagemaker:eu-west-1:123456789012:training-job/churn"
ROLE = "arn:aws:iam::123456789012:role/sagemaker/Trainer"


def statements(
    text: str, operation: str = "CreateTrainingJob", code: str = "AccessDenied"
) -> list[Any]:
    error = ClientError({"Error": {"Code": code, "Message": text}}, operation)
    found = explain(error)
    return [a["statement"] for a in found.actions if a["kind"] == "copy-iam-statement"]


def test_what_was_refused_is_allowed_with_its_real_values() -> None:
    text = (
        f"{USER}sagemaker:CreateTrainingJob on resource: {JOB} because no identity-based policy "
        "allows the sagemaker:CreateTrainingJob action"
    )
    assert statements(text) == [
        {"Effect": "Allow", "Action": "sagemaker:CreateTrainingJob", "Resource": JOB}
    ]


def test_a_role_is_passed_to_sagemaker_where_sagemaker_was_called() -> None:
    text = f"{USER}iam:PassRole on resource: {ROLE}"
    assert statements(text) == [
        {
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": ROLE,
            "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        }
    ]
    # Glue is given the role, so that a condition on SageMaker would keep it refused.
    assert statements(text, "CreateSession") == [
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": ROLE}
    ]


@pytest.mark.parametrize(
    "reason",
    [
        "with an explicit deny in an identity-based policy",
        "with an explicit deny in a service control policy",
        "because no service control policy allows the action",
        "because no permissions boundary allows the sagemaker:CreateTrainingJob action",
        "because no session policy allows the sagemaker:CreateTrainingJob action",
        "because no resource-based policy allows the sagemaker:CreateTrainingJob action",
    ],
)
def test_none_is_offered_that_would_not_help(reason: str) -> None:
    assert statements(f"{USER}sagemaker:CreateTrainingJob on resource: {JOB} {reason}") == []


@pytest.mark.parametrize(
    "resource",
    [
        "arn:aws:sagemaker:eu-west-1:********9012:training-job/churn",
        "arn:aws:sagemaker:eu-west-1:········9012:training-job/churn",
        "arn:aws:sagemaker:<region>:<account>:training-job/churn",
        "arn:aws:sagemaker:eu-west-1::training-job/churn",
        "arn:aws:sagemaker:eu-west-1:123456789012:",
        "training-job/churn",
        "churn",
    ],
)
def test_none_is_offered_for_a_resource_that_is_not_whole(resource: str) -> None:
    assert statements(f"{USER}sagemaker:CreateTrainingJob on resource: {resource}") == []


@pytest.mark.parametrize("action", ["sagemaker:*", "sagemaker:", "CreateTrainingJob"])
def test_none_is_offered_for_an_action_that_is_none(action: str) -> None:
    assert statements(f"{USER}{action} on resource: {JOB}") == []


def test_none_is_offered_without_a_resource() -> None:
    assert statements(f"{USER}sagemaker:CreateTrainingJob") == []


def test_s3_names_neither_and_the_call_tells_both() -> None:
    text = (
        "Access Denied reading s3://letters-data/a.csv: An error occurred (AccessDenied) when "
        "calling the GetObject operation: Access Denied"
    )
    found = explain(text)
    offered = [a for a in found.actions if a["kind"] == "copy-iam-statement"]
    assert offered == [
        {
            "kind": "copy-iam-statement",
            "statement": {
                "Effect": "Allow",
                "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::letters-data/*",
            },
        }
    ]


def test_s3_without_a_bucket_has_none() -> None:
    assert statements("Access Denied", "GetObject") == []
