"""Whatever is sent to the REST API, it answers in its own words and lives on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from traitlets.config import Config

from jupyter_sm.jobs import JobKey
from jupyter_sm.server.openapi import document
from jupyter_sm.server.routes import API, ROUTES
from jupyter_sm.store import Store, submissions
from jupyter_sm.store.logs import streams
from jupyter_sm.store.logs.streams import LoggedJob

DOCUMENT = document(ROUTES)
fuzz = settings(
    deadline=None,
    max_examples=30,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# The extension is not started, so whatever is accepted stays submitted and nothing runs.
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["~nobody-of-that-name/x.py", "nul\0", "x" * 5_000, "\ud83d", "/", "~"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
SPEC_MEMBERS = sorted(DOCUMENT["components"]["schemas"]["TrainingSpec"]["properties"])


@pytest.fixture
def jp_server_config(home: Path) -> Config:
    return Config({"ServerApp": {"jpserver_extensions": {"jupyter_sm": True}}})


@pytest.fixture
def call(jp_serverapp, jp_asyncio_loop, jp_auth_header, jp_base_url, http_server_client):
    """Send a request; the answer, checked against the OpenAPI document."""

    def call(path: str, method: str = "GET", body: bytes | None = None) -> tuple[int, Any]:
        asked = http_server_client.fetch(
            f"{jp_base_url}{API}{path}",
            method=method,
            headers={**jp_auth_header, "Content-Type": "application/json"},
            body=body,
            allow_nonstandard_methods=True,
            follow_redirects=False,
            raise_error=False,
        )
        answer = jp_asyncio_loop.run_until_complete(asked)
        assert answer.code != 599, (path, method, body, answer.error)
        said = answer.body.decode()
        assert answer.code < 500 or answer.code == 507, (path, method, body, said)
        assert "application/json" in answer.headers["Content-Type"], (path, method, said)
        data = json.loads(said, parse_constant=_no_json)
        assert "Traceback" not in said
        if answer.code >= 400:
            validate(data, "ApiError")
            assert data["message"] and data["explanation"]["what_happened"]
        return answer.code, data

    yield call
    assert call("/targets")[0] == 200
    assert call("/jobs?limit=1000")[0] == 200


def _no_json(word: str) -> None:
    raise AssertionError(f"{word} is no JSON")


def validate(data: Any, schema: str) -> None:
    wanted = {**DOCUMENT, "$ref": f"#/components/schemas/{schema}"}
    jsonschema.validate(data, wanted, cls=jsonschema.Draft202012Validator)


@pytest.fixture
def logged(jp_serverapp) -> Store:
    """The server's store, with one job that has a log."""
    store = jp_serverapp.web_app.settings["jupyter_sm"]["desk"].store
    submissions.add_submission(
        store,
        JobKey("local", "training", "x"),
        submission_id="s",
        request={"TrainingJobName": "x"},
        script="",
    )
    job = LoggedJob(1, JobKey("local", "training", "x"), False, None)
    from jupyter_sm.logs import Metric, Record

    streams.append(
        store,
        job,
        streams.Parsed(
            "x/algo-1",
            [Record(n, "algo-1", "info", "user", f"line {n} <b>") for n in range(5)],
            [Metric("loss", value, None, 0) for value in (1.0, float("nan"))],
            None,
        ),
        before="",
        after="t",
    )
    return store


@fuzz
@given(value=JSON)
def test_any_json_is_answered(call, value: Any) -> None:
    code, _ = call("/jobs", "POST", json.dumps(value).encode())
    assert code == 400


@fuzz
@given(body=st.binary(max_size=200))
def test_any_bytes_are_answered(call, body: bytes) -> None:
    code, _ = call("/jobs", "POST", body)
    assert code == 400


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"spec": {"script": "x", "hyperparameters": {"a": ' + b"[" * 900 + b"]" * 900 + b"}}}",
        b"1" * 10_000,
        b"\xff\xfe",
        b"",
        b"NaN",
        b'{"target\\n\\n": 1}',
        b'{"target": "\\ud83d", "spec": {"script": "x"}}',
    ],
    ids=lambda body: ascii(body[:30]),
)
def test_odd_bodies_are_answered_in_one_line(call, body: bytes) -> None:
    code, answer = call("/jobs", "POST", body)
    assert code == 400
    assert "\n" not in answer["message"]


@fuzz
@given(data=st.data())
def test_nearly_valid_specs_are_answered(call, script: Path, data: st.DataObject) -> None:
    spec = {
        "script": str(script),
        "inputs": {"train": str(script.parent)},
        "environment": {"A": "b"},
    }
    for _ in range(data.draw(st.integers(0, 3))):
        name = data.draw(st.sampled_from(SPEC_MEMBERS))
        odd = data.draw(
            JSON | st.dictionaries(st.text(max_size=9), st.text(max_size=9), max_size=2)
        )
        spec[name] = odd
    body = {"spec": spec}
    if data.draw(st.booleans()):
        body[data.draw(st.sampled_from(["target", "name", "request", "spec"]))] = data.draw(JSON)
    code, answer = call("/jobs", "POST", json.dumps(body).encode())
    assert code in (202, 400, 409)
    if code == 202:
        validate(answer, "JobView")


@pytest.mark.parametrize(
    "member", ["script", "output", "checkpoint", "inputs", "entry_point", "dependencies"]
)
@pytest.mark.parametrize(
    "place", ["~nobody-of-that-name/x.py", "nul\0.py", "long" * 500 + ".py", "half \ud83d.py"]
)
def test_places_that_can_not_be_are_answered(call, script: Path, member: str, place: str) -> None:
    spec: dict[str, Any] = {"script": str(script)}
    given: dict[str, Any] = {"inputs": {"train": place}, "dependencies": [place]}
    spec[member] = given.get(member, place)
    if member == "entry_point":
        spec["script"] = str(script.parent)
    code, _ = call("/jobs", "POST", json.dumps({"spec": spec}).encode())
    assert code == 400


@pytest.mark.parametrize("query", ["_" * 30_000, "%25" * 10_000, "%00", "%5C", "%ED%A0%BD", "%FF"])
def test_queries_of_any_length_and_kind_are_answered(call, logged, query: str) -> None:
    code, answer = call(f"/jobs/local/training/x/logs?query={query}")
    assert code in (200, 400)
    assert code == 400 or answer["total"] == 5


def paths_of(value: Any, here: tuple = ()) -> list[tuple]:
    found = [here] if here else []
    items = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list) else items
    return found + [path for key, inner in items for path in paths_of(inner, (*here, key))]


@fuzz
@given(data=st.data())
def test_nearly_valid_requests_are_answered(call, script: Path, data: st.DataObject) -> None:
    request = {
        "TrainingJobName": f"n{data.draw(st.integers(0, 10**6))}",
        "HyperParameters": {
            "sagemaker_program": '"train.py"',
            "sagemaker_submit_directory": json.dumps(script.as_uri()),
        },
        "AlgorithmSpecification": {"TrainingImage": "python", "TrainingInputMode": "File"},
        "RoleArn": "arn:aws:iam::000000000000:role/local",
        "OutputDataConfig": {"S3OutputPath": script.parent.as_uri()},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "Tags": [{"Key": "k", "Value": "v"}],
    }
    for _ in range(data.draw(st.integers(0, 3))):
        path = data.draw(st.sampled_from(paths_of(request)))
        place: Any = request
        for key in path[:-1]:
            place = place[key]
        if data.draw(st.integers(0, 3)) == 0:
            del place[path[-1]]
        else:
            place[path[-1]] = data.draw(JSON)
    code, answer = call("/jobs", "POST", json.dumps({"request": request}).encode())
    assert code in (202, 400, 409)
    if code == 202:
        validate(answer, "JobView")
        address = f"/jobs/{quote(answer['target'])}/{answer['kind']}/{answer['name']}"
        assert call(address)[0] == call(f"{address}/request")[0] == 200


@fuzz
@given(
    path=st.lists(
        st.sampled_from(["jobs", "local", "training", "x", "logs", "stop", "changes", "..", ""])
        | st.text(max_size=10).map(lambda text: quote(text.encode("utf-8", "replace"), safe="")),
        max_size=6,
    ),
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]),
)
def test_any_path_is_answered(call, logged, path: list[str], method: str) -> None:
    call("/" + "/".join(path), method, b"" if method != "GET" else None)


ROUTES = {
    "/jobs": "JobList",
    "/changes": "ChangePage",
    "/jobs/local/training/x/logs": "LogPage",
    "/jobs/local/training/x/metrics": "MetricList",
    "/jobs/local/training/x": "JobView",
    "/targets": "TargetList",
}
WORDS = ["from", "limit", "offset", "query", "severity", "since", "target", "odd"]


@settings(fuzz, max_examples=60)
@given(
    route=st.sampled_from(sorted(ROUTES)),
    query=st.lists(
        st.tuples(
            st.sampled_from(WORDS),
            st.integers().map(str)
            | st.text(max_size=8)
            | st.binary(max_size=4)
            | st.sampled_from(["-1", "0", "1e3", "9" * 30, "nan", "", "%", "\\", "_" * 30_000]),
        ),
        max_size=4,
    ),
)
def test_any_query_is_answered(call, logged, route: str, query: list[tuple[str, Any]]) -> None:
    raw = [(k, v.encode("utf-8", "replace") if isinstance(v, str) else v) for k, v in query]
    if sum(len(value) for _, value in raw) > 40_000:
        raw = raw[:1]  # beyond 64 KiB of headers, tornado itself hangs up
    code, answer = call(route + "?" + "&".join(f"{k}={quote(v)}" for k, v in raw))
    assert code in (200, 400)
    if code == 200:
        validate(answer, ROUTES[route])
