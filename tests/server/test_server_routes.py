"""The REST routes on a real server: answers, errors, authentication, activity."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from openapi_spec_validator import validate
from tornado.httpclient import HTTPClientError
from traitlets.config import Config

from jupyter_sm.server.routes import API, handlers

ROOT = "jupyter-sm/api"


@pytest.fixture
def jp_server_config(home: Path) -> Config:
    return Config(
        {
            "ServerApp": {"jpserver_extensions": {"jupyter_sm": True}},
            "SageMakerApp": {"home": str(home)},
        }
    )


@pytest.fixture
def jp_base_url() -> str:
    return "/user/somebody/"


@pytest.fixture
def ask(jp_fetch):
    async def ask(path: str, **options):
        parts = [*ROOT.split("/"), *path.split("/")]
        response = await jp_fetch(*parts, **options)
        return response, json.loads(response.body)

    return ask


@pytest.fixture
def refused(jp_fetch):
    async def refused(path: str, **options):
        with pytest.raises(HTTPClientError) as caught:
            await jp_fetch(*ROOT.split("/"), *path.split("/"), **options)
        body = json.loads(caught.value.response.body)
        assert body["explanation"]["what_happened"], "an error must say what happened"
        assert "Traceback" not in caught.value.response.body.decode()
        return caught.value.code, body["message"]

    return refused


def submission(script: Path, **more) -> str:
    return json.dumps({"spec": {"script": str(script)}, **more})


async def ended(ask, name: str, seconds: float = 30.0):
    import asyncio
    import time

    until = time.monotonic() + seconds
    while time.monotonic() < until:
        _, job = await ask(f"jobs/local/training/{name}")
        if job["phase"] == "ended":
            return job
        await asyncio.sleep(0.05)
    raise AssertionError(f"{name} did not end")


async def test_a_submitted_job_runs_and_its_log_can_be_read(ask, script: Path) -> None:
    response, job = await ask("jobs", method="POST", body=submission(script, name="first"))
    assert response.code == 202
    assert response.headers["Location"] == f"/user/somebody/{API}/jobs/local/training/first"
    assert job["status"] == "Submitting"
    job = await ended(ask, "first")
    assert job["status"] == "Completed"
    assert [t["status"] for t in job["transitions"]][-3:] == ["Training", "Uploading", "Completed"]
    page = await whole_log(ask, "first")
    assert [record["seq"] for record in page] == [0, 1, 2]
    _, middle = await ask("jobs/local/training/first/logs", params={"from": 1, "limit": 1})
    assert [record["text"] for record in middle["records"]] == [page[1]["text"]]
    assert (middle["next"], middle["total"]) == (2, 3)
    _, found = await ask("jobs/local/training/first/logs", params={"query": "EPOCH 3"})
    assert len(found["records"]) == 1
    _, metrics = await ask("jobs/local/training/first/metrics")
    assert {series["name"] for series in metrics["series"]} == {"loss", "accuracy"}
    _, request = await ask("jobs/local/training/first/request")
    assert request["request"]["TrainingJobName"] == "first"
    _, listed = await ask("jobs")
    assert [job["name"] for job in listed["jobs"]] == ["first"]


async def whole_log(ask, name: str) -> list[dict]:
    import asyncio

    for _ in range(100):
        _, page = await ask(f"jobs/local/training/{name}/logs")
        if page["total"] >= 3:
            return page["records"]
        await asyncio.sleep(0.05)
    raise AssertionError("the log did not come")


async def test_secrets_in_the_request_are_masked(ask, script: Path) -> None:
    spec = {"script": str(script), "environment": {"DB_PASSWORD": "hunter2"}}
    body = json.dumps({"spec": spec, "name": "secret"})
    await ask("jobs", method="POST", body=body)
    response, _ = await ask("jobs/local/training/secret/request")
    assert b"hunter2" not in response.body
    response, _ = await ask("jobs/local/training/secret")
    assert b"hunter2" not in response.body


async def test_stop_is_accepted_then_refused_once_ended(ask, refused, tmp_path: Path) -> None:
    script = tmp_path / "long.py"
    script.write_text("import time; time.sleep(600)")
    await ask("jobs", method="POST", body=submission(script, name="long"))
    response, _ = await ask("jobs/local/training/long/stop", method="POST", body="")
    assert response.code == 202
    job = await ended(ask, "long")
    assert job["status"] == "Stopped"
    code, message = await refused("jobs/local/training/long/stop", method="POST", body="")
    assert code == 409 and "ended already" in message


async def test_the_change_feed_tells_of_a_submission(ask, script: Path) -> None:
    _, before = await ask("changes")
    await ask("jobs", method="POST", body=submission(script, name="told"))
    _, page = await ask("changes", params={"since": before["last"]})
    assert ("job", "told") in {(c["topic"], c["name"]) for c in page["changes"]}
    _, beyond = await ask("changes", params={"since": page["last"] + 10_000})
    assert beyond["reset"] is True


async def test_a_name_already_used_is_a_conflict(ask, refused, script: Path) -> None:
    await ask("jobs", method="POST", body=submission(script, name="twice"))
    code, message = await refused("jobs", method="POST", body=submission(script, name="twice"))
    assert code == 409
    assert message.startswith("A job named 'twice' already exists on local.")


@pytest.mark.parametrize(
    ("body", "code", "says"),
    [
        ('{"spec"', 400, "not JSON"),
        ("[]", 400, "JSON object"),
        ("{}", 400, "either spec or request"),
        ('{"spec": {"script": "x"}, "colour": 1}', 400, "Unknown members colour"),
        ('{"spec": {"script": "x", "gpu": 1}}', 400, "Unknown members gpu in spec"),
        ('{"spec": {"script": 3}}', 400, "spec.script must be a text, not 3"),
        ('{"spec": {"script": "/no/such.py"}}', 400, "There is no script"),
        ('{"spec": {}}', 400, "spec.script is missing"),
        ('{"request": {"TrainingJobName": "a"}}', 400, "RoleArn: is missing"),
        ('{"request": {"TrainingJobName": "../../etc"}}', 400, "not legal"),
        ('{"spec": {"script": "x"}, "target": "mars"}', 400, "no target 'mars'"),
        ('{"request": {"TrainingJobName": "a"}, "target": "mars"}', 400, "no target 'mars'"),
        ("x" * 10_000_000, 413, "more than 1000000 bytes"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_a_bad_body_gets_one_sentence(ask, refused, body: str, code: int, says: str) -> None:
    got, message = await refused("jobs", method="POST", body=body)
    assert got == code
    assert says in message
    assert "\n" not in message
    _, listed = await ask("jobs")
    assert listed["total"] == 0


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("jobs/local/training/none", 404),
        ("jobs/local/cooking/none", 404),
        ("jobs/local/training/..%2F..%2Fetc%2Fpasswd", 404),
        ("jobs/local/training/none/logs", 404),
        ("jobs/local/training/none/metrics", 404),
        ("jobs/local/training/none/request", 404),
        ("nothing/here", 404),
        ("jobs?limit=many", 400),
        ("jobs?limit=0", 400),
        ("changes?since=-1", 400),
    ],
)
async def test_a_bad_address_gets_one_sentence(
    http_server_client, jp_auth_header, jp_base_url, path, code
):
    url = f"{jp_base_url}{ROOT}/{path}"
    with pytest.raises(HTTPClientError) as caught:
        await http_server_client.fetch(url, headers=jp_auth_header)
    assert caught.value.code == code
    assert json.loads(caught.value.response.body)["message"].count("\n") == 0


async def test_a_target_is_used_and_removed(ask, refused, home, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    name = "default@us-east-1"

    async def health() -> str:
        _, body = await ask("targets")
        return {row["name"]: row["health"] for row in body["targets"]}[name]

    assert await health() == "unused"
    code, message = await refused(f"targets/{name}/remove", method="POST", body="")
    assert code == 404 and name in message
    await ask(f"targets/{name}/use", method="POST", body="")
    assert await health() != "unused"
    response, body = await ask(f"targets/{name}/remove", method="POST", body="")
    assert (response.code, body) == (200, {"name": name})
    assert await health() == "unused"
    assert (await refused("targets/local/remove", method="POST", body=""))[0] == 400


async def test_every_route_wants_a_login_and_a_right(jp_serverapp, http_server_client, jp_base_url):
    """Walks all routes and methods: without a token 403; with one but no right, 403 too."""
    paths = {
        "/targets": "targets",
        "/jobs": "jobs",
        "/changes": "changes",
        r"/openapi\.json": "openapi.json",
        "(?:/.*)?": "anything",
    }
    walked = 0
    for pattern, handler in handlers():
        short = pattern.removeprefix(f"/{API}")
        begin = "targets/x" if short.startswith("/targets/") else "jobs/local/training/x"
        path = paths.get(short) or f"{begin}{short.rpartition(')')[2]}"
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            if getattr(handler, method.lower()).__qualname__.startswith("RequestHandler."):
                continue  # tornado's own: method not allowed
            with pytest.raises(HTTPClientError) as caught:
                await http_server_client.fetch(
                    f"{jp_base_url}{ROOT}/{path}",
                    method=method,
                    headers={"Content-Type": "application/json"},
                    allow_nonstandard_methods=True,
                )
            assert caught.value.code == 403, (path, method)
            walked += 1
    assert walked >= 10


async def test_a_user_without_the_right_is_refused(jp_serverapp, refused, ask, monkeypatch) -> None:
    asked = []

    def deny(self, handler, user, action, resource):
        asked.append((action, resource))
        return False

    monkeypatch.setattr(type(jp_serverapp.authorizer), "is_authorized", deny)
    for path, method in (("jobs", "GET"), ("jobs", "POST"), ("jobs/local/training/x/stop", "POST")):
        options = {"body": ""} if method == "POST" else {}
        code, _ = await refused(path, method=method, **options)
        assert code == 403
    assert set(asked) == {("read", "jupyter_sm"), ("write", "jupyter_sm")}


async def test_polling_does_not_count_as_activity(jp_serverapp, ask) -> None:
    before = jp_serverapp.web_app.settings.get("api_last_activity")
    await ask("changes")
    await ask("jobs")
    assert jp_serverapp.web_app.settings.get("api_last_activity") == before


async def test_the_openapi_document_is_valid_and_answers_fit_it(ask, script: Path) -> None:
    _, document = await ask("openapi.json")
    validate(document)
    assert document["servers"] == [{"url": f"/user/somebody/{API}"}]
    await ask("jobs", method="POST", body=submission(script, name="fits"))
    await ended(ask, "fits")
    for path, answer in (
        ("jobs", "JobList"),
        ("jobs/local/training/fits", "JobView"),
        ("jobs/local/training/fits/logs", "LogPage"),
        ("jobs/local/training/fits/metrics", "MetricList"),
        ("jobs/local/training/fits/request", "JobRequest"),
        ("targets", "TargetList"),
        ("changes", "ChangePage"),
    ):
        _, body = await ask(path)
        schema = {**document, "$ref": f"#/components/schemas/{answer}"}
        jsonschema.validate(body, schema, cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize("body", ['"more-disk"', "[]", "3", '{"change": 3}', '{"name": "x"}', "{"])
async def test_a_bad_body_runs_nothing_again(ask, refused, script: Path, body: str) -> None:
    await ask("jobs", method="POST", body=submission(script, name="once"))
    code, message = await refused("jobs/local/training/once/again", method="POST", body=body)
    assert code == 400 and "\n" not in message
    _, listed = await ask("jobs")
    assert listed["total"] == 1
