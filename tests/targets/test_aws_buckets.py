"""Which bucket files go to, and one clear sentence when it can't be that one."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_sm.diagnosis import ExplainedError

from kit.aws_account import BUCKET, Account
from kit.aws_gate import Gate, refusal
from kit.wait import wait_for


def test_the_default_bucket_is_created_only_when_asked(account: Account) -> None:
    account.settings(role="arn:aws:iam::123456789012:role/Training")
    account.track()
    account.submit("no")
    job = account.refused("no")
    assert BUCKET in (job.failure_reason or "") and "not created without asking" in (
        job.failure_reason or ""
    )
    assert any("create_bucket=True" in fix for fix in job.explanation.fixes)  # type: ignore[union-attr]
    assert account.client("s3").list_buckets()["Buckets"] == []
    account.submit("yes", create_bucket=True)
    wait_for(lambda: account.created("yes"))
    assert f"Created the bucket {BUCKET}." in account.known("yes").notes
    account.submit("then")
    wait_for(lambda: account.created("then"))
    assert not any("Created" in note for note in account.known("then").notes)


@pytest.mark.parametrize(
    ("options", "settings", "says"),
    [
        (
            {"output": "s3://not-there/out"},
            {},
            "There is no bucket 'not-there', which the output names",
        ),
        ({}, {"bucket": "not-there"}, "which config.toml names"),
        ({"bucket": "not-there"}, {"bucket": "team"}, "which the call names"),
        ({"inputs": {"train": "s3://not-there/x"}}, {}, "which the channel train names"),
        ({"output": "s3://Bad_Bucket!/x"}, {}, "Bad_Bucket!"),
        ({"inputs": {"train": "s3://Bad Bucket/x"}}, {}, "Bad Bucket"),
        ({}, {"bucket": "Bad Bucket"}, "Bad Bucket"),
        ({}, {"bucket": ""}, ""),
    ],
)
def test_a_bucket_that_is_none_is_refused_in_words(
    account: Account, options: dict[str, Any], settings: dict[str, Any], says: str
) -> None:
    account.settings(role="arn:aws:iam::123456789012:role/Training", create_bucket=True, **settings)
    account.track()
    try:
        account.submit("job", **options)
    except ExplainedError as error:
        assert says in str(error)
        return
    if settings.get("bucket") == "":
        wait_for(lambda: account.known("job").status != "Submitting", 10)
        return
    wait_for(lambda: account.status("job") == "Rejected", 10)
    assert says in (account.refused("job").failure_reason or "")


def test_a_bucket_that_the_call_names_takes_all_files(account: Account) -> None:
    account.settings(role="arn:aws:iam::123456789012:role/Training", bucket="team")
    account.client("s3").create_bucket(Bucket="mine")
    account.track()
    account.submit("job", bucket="mine", output_kms_key="alias/model")
    wait_for(lambda: account.created("job"))
    request = account.client("sagemaker").describe_training_job(TrainingJobName="job")
    assert request["OutputDataConfig"]["S3OutputPath"] == "s3://mine/jupyter-sm/output"
    assert request["OutputDataConfig"]["KmsKeyId"] == "alias/model"
    assert "s3://mine/" in request["HyperParameters"]["sagemaker_submit_directory"]


@pytest.mark.parametrize("whose", ["output", "input", "settings"])
@pytest.mark.parametrize("status", [200, 301, 403])
def test_a_bucket_of_another_region_is_refused(
    account: Account, s3: Gate, whose: str, status: int
) -> None:
    headers = {"x-amz-bucket-region": "eu-west-1"}
    s3.rule = lambda method, path: (
        refusal(status, "", headers)._replace(body=b"") if path.startswith("/far") else None
    )
    options: dict[str, Any] = {}
    if whose == "output":
        options["output"] = "s3://far/out"
    elif whose == "input":
        options["inputs"] = {"train": "s3://far/data"}
    else:
        account.settings(role="arn:aws:iam::123456789012:role/Training", bucket="far")
    account.track()
    account.submit("job", **options)
    reason = account.refused("job").failure_reason or ""
    assert "lies in eu-west-1" in reason and "us-east-1" in reason
    assert s3.count("PUT", "sourcedir") == 0


def test_the_default_bucket_of_another_owner_is_refused(account: Account, s3: Gate) -> None:
    s3.rule = lambda method, path: refusal(403, "")._replace(body=b"") if BUCKET in path else None
    account.track()
    account.submit("job")
    assert "another account" in (account.refused("job").failure_reason or "")
