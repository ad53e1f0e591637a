"""Submitting: all that is wrong is said before anything is created, and what is sent is a copy."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from jupyter_sm.desk.submit import submit_request, submit_spec
from jupyter_sm.diagnosis import ExplainedError
from jupyter_sm.jobs import JobKey, TrainingSpec
from jupyter_sm.jobs.differences import SUBMISSION_TAG
from jupyter_sm.store import Store, submissions
from jupyter_sm.store import jobs as jobs_table
from jupyter_sm.store.leases import Rank
from jupyter_sm.store.logs.pages import LogPages
from jupyter_sm.targets import open_target
from jupyter_sm.tracking.service import TrackingService

from kit.wait import wait_for

PRINTS = "print({!r})\n"


@pytest.fixture
def request_(store: Store, script: Path) -> dict[str, Any]:
    """A full request that is fine."""
    submit_spec(store, TrainingSpec(str(script)), name="model")
    request = jobs_table.request_of(store, JobKey("local", "training", "model"))
    with store.write() as db:
        db.execute("DELETE FROM jobs")
    return {key: value for key, value in request.items() if key != "Tags"}


def refused(store: Store, **spec: Any) -> ExplainedError:
    """The refusal of a spec: one sentence, an explanation, and nothing in the store."""
    more = {key: spec.pop(key) for key in ("name", "target") if key in spec}
    with pytest.raises(ExplainedError) as caught:
        submit_spec(store, TrainingSpec(**spec), **more)
    return checked(store, caught.value)


def refused_request(store: Store, request: dict[str, Any], **more: Any) -> ExplainedError:
    with pytest.raises(ExplainedError) as caught:
        submit_request(store, request, **more)
    return checked(store, caught.value)


def checked(store: Store, error: ExplainedError) -> ExplainedError:
    assert "\n" not in str(error) and str(error).endswith(".")
    assert error.explanation.title and error.explanation.category
    assert jobs_table.listed(store)[1] == 0
    return error


def ran(store: Store, name: str) -> list[str]:
    """Track from here on, and give what the job printed."""
    tracking = TrackingService(store, Rank.SERVER)
    tracking.start()
    key = JobKey("local", "training", name)
    try:
        wait_for(lambda: jobs_table.get(store, key).status == "Completed")
        # Closed only when read to its end: the first page may hold a part of it.
        closed = "SELECT 1 FROM jobs WHERE name = ? AND log_closed = 1"
        wait_for(lambda: store.read().execute(closed, (name,)).fetchone())
    finally:
        tracking.stop()
    return [record.text for record in LogPages(store).page(key).records]


def test_a_submission_is_committed_and_comes_back_as_a_view(store: Store, script: Path) -> None:
    view = submit_spec(
        store,
        TrainingSpec(str(script), instance="ml.g5.xlarge", instance_count=3, tags={"team": "x"}),
        name="mine",
    )
    assert (view.target, view.kind, view.name) == ("local", "training", "mine")
    assert (view.status, view.is_over, view.script) == ("Submitting", False, "train.py")
    assert (view.instance_type, view.instance_count) == ("ml.g5.xlarge", 3)
    assert [(t.status, t.end) for t in view.transitions] == [("Submitting", None)]
    (due,) = submissions.open_submissions(store, "local")
    assert (due.id, due.steps, due.attempts) == (view.submission_id, ("pending",), 0)
    tags = {t["Key"]: t["Value"] for t in due.request["Tags"]}
    assert tags["team"] == "x" and tags[SUBMISSION_TAG] == view.submission_id
    # The target has been asked nothing yet.
    target = open_target("local", store.folder)
    assert target.client("sagemaker").list_training_jobs()["TrainingJobSummaries"] == []


def test_names_are_fresh_and_legal_without_one(store: Store, tmp_path: Path) -> None:
    script = tmp_path / "größtes Modell (2).py"
    script.write_text("pass")
    names = {submit_spec(store, TrainingSpec(str(script))).name for _ in range(20)}
    assert len(names) == 20


@pytest.mark.parametrize("then", ["edited", "deleted"])
def test_the_source_is_copied_when_it_is_submitted(store: Store, tmp_path: Path, then: str) -> None:
    script = tmp_path / "train.py"
    script.write_text(PRINTS.format("the old text"))
    submit_spec(store, TrainingSpec(str(script)), name="copied")
    if then == "edited":
        script.write_text(PRINTS.format("the new text"))
    else:
        script.unlink()
    assert ran(store, "copied") == ["the old text"]


def test_a_source_folder_is_copied_whole(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "src"
    folder.mkdir()
    (folder / "main.py").write_text("from helper import TEXT; print(TEXT)")
    (folder / "helper.py").write_text("TEXT = 'old'")
    submit_spec(store, TrainingSpec(str(folder), entry_point="main.py"), name="folder")
    (folder / "helper.py").write_text("TEXT = 'new'")
    assert ran(store, "folder") == ["old"]


def test_dependencies_can_be_imported_as_they_were(store: Store, tmp_path: Path) -> None:
    library = tmp_path / "elsewhere" / "library"
    library.mkdir(parents=True)
    (library / "__init__.py").write_text("TEXT = 'from the library'")
    (tmp_path / "util.py").write_text("from library import TEXT")
    script = tmp_path / "src" / "train.py"
    script.parent.mkdir()
    script.write_text("from util import TEXT; print(TEXT)")
    given = [str(library), str(tmp_path / "util.py")]
    submit_spec(store, TrainingSpec(str(script), dependencies=given), name="dependent")
    (library / "__init__.py").write_text("TEXT = 'edited'")
    assert ran(store, "dependent") == ["from the library"]


def test_inputs_are_read_when_they_are_staged(store: Store, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "file").write_text("old")
    script = tmp_path / "train.py"
    script.write_text("import os; print(open(os.environ['SM_CHANNEL_TRAIN'] + '/file').read())")
    submit_spec(store, TrainingSpec(str(script), inputs={"train": str(data)}), name="inputs")
    (data / "file").write_text("new")
    assert "new" in ran(store, "inputs")


def test_a_missing_input_is_named_with_where_it_was_looked_for(
    store: Store, script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").write_text("1\n")
    error = refused(store, script=str(script), inputs={"train": "here", "test": "not/here"})
    assert "'not/here'" in str(error) and "'test'" in str(error)
    assert str(tmp_path / "not" / "here") in str(error)
    assert error.explanation.category == "local-file-not-found"


def test_an_input_in_the_home_folder_is_found(
    store: Store, script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "data").write_text("1\n")
    view = submit_spec(store, TrainingSpec(str(script), inputs={"train": "~/data"}))
    request = jobs_table.request_of(store, JobKey("local", "training", view.name))
    channel = request["InputDataConfig"][0]["DataSource"]["S3DataSource"]
    assert channel["S3Uri"] == (tmp_path / "data").as_uri()


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"script": "/no/such.py"}, "There is no script '/no/such.py'"),
        ({"script": ""}, "There is no script"),
        ({"script": "nul\0.py"}, "script: holds what is no text"),
        ({"script": "long" * 100 + ".py"}, "script"),
        ({"script": "~nobody-of-that-name/train.py"}, "nobody-of-that-name"),
        ({"script": "half-\ud83d.py"}, "script: holds what is no text"),
        ({"script": "{folder}"}, "entry_point"),
        ({"script": "{folder}", "entry_point": "../train.py"}, "There is no script"),
        ({"script": "{folder}", "entry_point": "none.py"}, "There is no script 'none.py'"),
        ({"script": "{folder}", "entry_point": "nul\0.py"}, "holds what is no text"),
        ({"script": "{folder}", "entry_point": "long" * 100 + ".py"}, "script"),
        ({"inputs": {"train": "nul\0"}}, "'train'"),
        ({"inputs": {"train": ""}}, "'train'"),
        ({"dependencies": [""]}, "An empty text is no path"),
        ({"hyperparameters": {"lr": float("nan")}}, "hyperparameters['lr']: is nan"),
        ({"hyperparameters": {"lr": [1, float("inf")]}}, "hyperparameters['lr']"),
        ({"hyperparameters": {"a=b": 1}}, "leave the = out"),
        ({"hyperparameters": {"": 1}}, "is no name of a hyperparameter"),
        ({"hyperparameters": {"a\0": 1}}, "hyperparameters (name): holds what is no text"),
        ({"hyperparameters": {"a": "x\0y"}}, "hyperparameters['a']: holds what is no text"),
        (
            {"hyperparameters": {f"a{n}": 1 for n in range(96)}},
            "96 entries, and script mode adds 5",
        ),
        ({"script": "{folder}/notes.txt"}, "notes.txt is no script"),
        ({"inputs": {"train": "long" * 100}}, "'train'"),
        ({"inputs": {"train": "~nobody-of-that-name/x"}}, "'train'"),
        ({"inputs": {"no spaces": "{folder}"}}, "ChannelName"),
        ({"inputs": {"train": "s3://bucket/x", "t" * 65: "s3://bucket/x"}}, "ChannelName"),
        ({"output": "~nobody-of-that-name/x"}, "nobody-of-that-name"),
        ({"output": "nul\0"}, "nul"),
        ({"checkpoint": "nul\0"}, "nul"),
        ({"checkpoint": "~nobody-of-that-name/x"}, "nobody-of-that-name"),
        ({"dependencies": ["/no/such"]}, "There is no file or folder '/no/such'"),
        ({"dependencies": ["train.py"]}, "There is no file or folder 'train.py'"),
        ({"dependencies": "train.py"}, "dependencies"),
        ({"dependencies": ["~nobody-of-that-name/x"]}, "nobody-of-that-name"),
        ({"instance": "ML.M5.LARGE"}, "the nearest: ml.m5.large"),
        ({"instance": ""}, "InstanceType"),
        ({"instance_count": 10**9}, "processes of this machine"),
        ({"instance_count": 0}, "InstanceCount"),
        ({"instance_count": -1}, "InstanceCount"),
        ({"max_runtime": 0}, "MaxRuntimeInSeconds"),
        ({"max_runtime": 29 * 86_400}, "at most 2419200 (28 days)"),
        ({"max_runtime": 10**30}, "MaxRuntimeInSeconds"),
        ({"volume_gb": 0}, "VolumeSizeInGB"),
        ({"tags": {"aws:team": "x"}}, "tags that begin with aws: are AWS's own"),
        (
            {"hyperparameters": {"sagemaker_program": "x"}},
            "names with sagemaker_ are SageMaker's own",
        ),
        ({"hyperparameters": 3}, "hyperparameters"),
        ({"max_wait": 10}, "spot"),
        ({"max_wait": 10, "max_runtime": 20, "spot": True}, "MaxWaitTimeInSeconds"),
        ({"hyperparameters": {"f": {1, 2}}}, "can't be sent"),
        ({"hyperparameters": {"long": "x" * 3_000}}, "HyperParameters"),
        ({"hyperparameters": {f"p{n}": n for n in range(101)}}, "HyperParameters"),
        ({"environment": {"1bad name": "x"}}, "Environment"),
        ({"metrics": {"": "x"}}, "MetricDefinitions"),
        ({"role": "me"}, "RoleArn"),
        ({"name": "-bad-"}, "not legal"),
        ({"name": "x" * 64}, "64 characters"),
        ({"name": "größe"}, "not legal"),
        ({"name": "trailing\n"}, "not legal"),
        ({"target": "mars"}, "no target 'mars'"),
        ({"target": "../local"}, "no target"),
    ],
    ids=lambda value: ascii(value)[:60],
)
def test_what_is_wrong_with_a_spec_is_said_in_a_sentence(
    store: Store, script: Path, tmp_path: Path, spec: dict[str, Any], says: str
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "notes.txt").write_text("none")
    spec = {"script": str(script), **spec}
    for key, value in spec.items():
        if isinstance(value, str):
            spec[key] = value.replace("{folder}", str(folder))
        elif key == "inputs":
            spec[key] = {k: v.replace("{folder}", str(folder)) for k, v in value.items()}
    error = refused(store, **spec)
    assert error.status == 400
    assert says in str(error)


def test_every_fault_of_a_request_is_named(store: Store, request_: dict[str, Any]) -> None:
    del request_["RoleArn"]
    request_["Colour"] = "red"
    request_["ResourceConfig"]["InstanceCount"] = "two"
    said = str(refused_request(store, request_))
    assert "3 faults" in said
    for name in ("RoleArn", "Colour", "InstanceCount"):
        assert name in said


def test_a_bad_name_hides_no_other_fault(store: Store, request_: dict[str, Any]) -> None:
    request_["TrainingJobName"] = "no_name"
    request_["AlgorithmSpecification"]["TrainingInputMode"] = "Pipe"
    request_["StoppingCondition"]["MaxRuntimeInSeconds"] = 0
    request_["Environment"] = {"1bad": "x"}
    said = str(refused_request(store, request_))
    assert "4 faults" in said
    for part in ("'no_name' is not legal", "Pipe", "MaxRuntimeInSeconds: is 0", "Environment.1bad"):
        assert said.count(part) == 1, part


def test_every_fault_of_a_spec_is_named(store: Store, tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text("if x\n")
    error = refused(
        store,
        script=str(script),
        name="a b",
        inputs={"train": "/nowhere/data"},
        instance_count=0,
        max_wait=10,
        environment={"1bad": "x"},
    )
    assert error.status == 400 and "6 faults" in str(error)
    for part in ("train.py line 1", "'a b'", "'train'", "InstanceCount", "MaxWait", "1bad"):
        assert part in str(error)


def test_one_fault_beside_a_target_that_is_none_is_told_with_it(store: Store) -> None:
    error = refused(store, script="/nowhere/train.py", target="mars")
    assert "2 faults" in str(error) and "/nowhere" in str(error) and "'mars'" in str(error)


@pytest.mark.parametrize(
    "member",
    [
        {"TrainingJobName": 7},
        {"TrainingJobName": None},
        {"TrainingJobName": ""},
        {"Tags": None},
        {"Tags": {}},
        {"Tags": "x"},
        {"Tags": [7]},
        {"HyperParameters": None},
        {"HyperParameters": []},
        {"HyperParameters": {"sagemaker_program": 7}},
        {"AlgorithmSpecification": None},
        {"ResourceConfig": []},
        {"InputDataConfig": [None]},
    ],
    ids=str,
)
def test_members_of_the_wrong_kind_are_refused(
    store: Store, request_: dict[str, Any], member: dict[str, Any]
) -> None:
    error = refused_request(store, {**request_, **member})
    assert error.status == 400


@pytest.mark.parametrize("program", ['"half a pair: \\ud83d"', "[" * 2_000, "[1]", "train.py", ""])
def test_a_program_of_any_text_is_taken_or_refused_in_a_sentence(
    store: Store, request_: dict[str, Any], program: str
) -> None:
    request_["HyperParameters"]["sagemaker_program"] = program
    try:
        view = submit_request(store, request_)
    except ExplainedError as error:
        checked(store, error)
    else:
        assert view.name == "model"


def test_a_request_is_left_as_the_caller_gave_it(store: Store, request_: dict[str, Any]) -> None:
    request_["Tags"] = [{"Key": "team", "Value": "x"}]
    submit_request(store, request_)
    assert request_["Tags"] == [{"Key": "team", "Value": "x"}]


def test_a_name_used_before_is_a_conflict_also_for_a_job_of_others(
    store: Store, script: Path
) -> None:
    submit_spec(store, TrainingSpec(str(script)), name="used")
    with pytest.raises(ExplainedError) as caught:
        submit_spec(store, TrainingSpec(str(script)), name="used")
    assert caught.value.status == 409
    assert caught.value.explanation.category == "duplicate-name"
    assert jobs_table.listed(store)[1] == 1


def test_a_script_that_can_not_be_compiled_is_refused_with_its_line(
    store: Store, tmp_path: Path
) -> None:
    script = tmp_path / "bad.py"
    script.write_text("x = 1\n\nif x\n")
    assert "bad.py line 3" in str(refused(store, script=str(script)))
    script.write_bytes(b"x = 1\0")
    assert "bad.py" in str(refused(store, script=str(script)))
    script.write_bytes(b"x = 'latin: \xfc'\n")
    assert "bad.py" in str(refused(store, script=str(script)))
    script.write_text("x = " + "(" * 500 + ")" * 500)
    assert "bad.py" in str(refused(store, script=str(script)))


def test_a_relative_script_is_looked_for_where_the_caller_is(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("near.py").write_text("pass")
    assert submit_spec(store, TrainingSpec("near.py")).script == "near.py"
    with pytest.raises(ExplainedError) as caught:
        submit_spec(store, TrainingSpec("far.py"))
    assert os.fspath(tmp_path / "far.py") in str(caught.value)
