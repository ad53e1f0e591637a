"""The magics in a real kernel, started and spoken to as a notebook does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kit.kernel import Kernel

MIME = "application/vnd.jupyter-sm.job+json"
ERROR = "application/vnd.jupyter-sm.error+json"


def test_a_cell_trains_and_shows_a_card(running: Kernel) -> None:
    outputs = running.run("%%sm train --name in-a-cell --epochs 2\nprint('epoch 1/2 loss: 0.5')")
    data = outputs[0]["data"]
    assert data[MIME]["name"] == "in-a-cell"
    assert "in-a-cell" in data["text/html"] and "in-a-cell" in data["text/plain"]
    assert "Completed" in running.text("import jupyter_sm as sm; sm.get_job('in-a-cell').wait(60)")
    assert "epoch 1/2 loss: 0.5" in running.text("%sm logs in-a-cell")
    assert "in-a-cell" in running.text("%sm ls")
    assert "Completed" in running.text("%sm status in-a-cell")
    assert "has no error" in running.text("%sm explain in-a-cell")


def test_hyperparameters_and_options_reach_the_request(running: Kernel) -> None:
    running.run(
        "%%sm train --name options --instance ml.c5.xlarge --instance-count 2 --lr=0.1"
        " --label 'two words' --flag --ver 1.10 --rate=1e-3 -p instance=3"
        " --env MODE=fast --tag team=vision --max-runtime 60\npass"
    )
    text = running.text("import json; print(json.dumps(sm.get_job('options').request))")
    for part in (
        '"lr": "0.1"',
        '"label": "\\"two words\\""',
        '"flag": "true"',
        '"ver": "\\"1.10\\""',
        '"rate": "\\"1e-3\\""',
        '"instance": "3"',
        '"InstanceType": "ml.c5.xlarge"',
        '"InstanceCount": 2',
        '"Environment": {"MODE": "fast"}',
        '{"Key": "team", "Value": "vision"}',
        '"MaxRuntimeInSeconds": 60',
    ):
        assert part in text


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("%%sm train\nx = = 3", "train.py line 1"),
        ("%%sm train --input train=nowhere/\npass", "There is nothing at 'nowhere/'"),
        ("%%sm train --input data\npass", "'data' is not NAME=PATH"),
        ("%%sm train --lr 0.1 -p lr=0.2\npass", "lr is given twice"),
        ("%%sm train --instance-count many\npass", "instance-count"),
        ("%%sm fly\npass", "takes train"),
        ("%sm", "A command is missing"),
        ("%sm land", "no command 'land'"),
        ("%sm logs", "required: job"),
        ("%sm logs nobody", "no job named 'nobody'"),
        ("%sm train", "needs the script's path"),
        ("%sm train nowhere.py", "There is no script"),
        ('%sm logs "', "can't be read"),
        ("%%sm train --name in--a--cell-\npass", "not legal"),
        ("%%sm train --name same\npass\n", ""),
        ("%%sm train --name same\npass\n", "already exists"),
    ],
)
def test_a_wrong_line_gets_a_sentence_and_no_traceback(
    running: Kernel, cell: str, says: str
) -> None:
    text = running.text(cell)
    assert says in text
    assert "Traceback" not in text and 'File "' not in text


@pytest.mark.parametrize(
    ("cell", "usage"),
    [
        ("%%sm train --help\npass", "usage: %%sm train [-h]"),
        ("%sm train -h", "usage: %sm train SCRIPT [-h]"),
        ("%sm train x.py --help", "usage: %sm train SCRIPT [-h]"),
        ("%sm track --help", "usage: %sm track [-h]"),
    ],
)
def test_help_is_plain_output(running: Kernel, cell: str, usage: str) -> None:
    outputs = running.run(cell)
    assert {(output["type"], output.get("name")) for output in outputs} == {("stream", "stdout")}
    assert "".join(output["text"] for output in outputs).startswith(usage)


def test_a_failing_cell_says_why(running: Kernel) -> None:
    running.run("%%sm train --name broken\nraise KeyError('label')")
    text = running.text("sm.get_job('broken').wait(60)")
    assert "KeyError" in text and "Traceback" not in text
    assert "KeyError" in running.text("%sm explain broken")


def test_stop_is_one_line(running: Kernel) -> None:
    running.run("%%sm train --name endless\nimport time\nwhile True: time.sleep(1)")
    running.run("%sm stop endless")
    assert "Stopped" in running.text("sm.get_job('endless').wait(60, check=False)")


def test_the_script_sees_the_cell_as_its_file(running: Kernel, tmp_path: Path) -> None:
    running.run("%%sm train --name file\nprint(__file__, __name__)")
    running.run("sm.get_job('file').wait(60)")
    assert "train.py __main__" in running.text("%sm logs file")


BOTO = """
import boto3
client = boto3.client("sagemaker", region_name="us-east-1", aws_access_key_id="a",
    aws_secret_access_key="b", endpoint_url="http://127.0.0.1:9")
from botocore.exceptions import ClientError
raise ClientError({"Error": {"Code": "ResourceLimitExceeded", "Message": "The account-level service"
    " limit 'ml.p3.2xlarge for training job usage' is 0 Instances, with current utilization of 0"
    " Instances and a request delta of 1 Instances."}}, "CreateTrainingJob")
"""


def test_an_error_of_aws_in_any_cell_is_explained_first_and_folded_below(running: Kernel) -> None:
    outputs = running.run(BOTO)
    errors = [o for o in outputs if o["type"] == "error"]
    assert len(errors) == 1 and errors[0]["ename"] == "ClientError"
    (line,) = errors[0]["traceback"]
    assert "The quota is 0" in line
    (card,) = (o["data"] for o in outputs if o["type"] == "display_data")
    assert "ml.p3.2xlarge" in card["text/plain"] and "Traceback" not in card["text/plain"]
    assert "<details>" in card["text/html"] and "Traceback" in card["text/html"]
    assert "Traceback" in card[ERROR]["folded"]
    assert "The quota is 0" in running.text("%sm explain")


def test_a_dry_run_says_what_would_be_started(running: Kernel) -> None:
    text = running.text("%%sm train --dry-run --name dry --instance ml.m5.xlarge\npass")
    assert "ml.m5.xlarge × 1: can be started (nothing was)" in text
    assert "no job named 'dry'" in running.text("%sm status dry")


def test_a_refusal_is_a_card_above_one_line(running: Kernel) -> None:
    card, error = running.run("%%sm train --instance-count 0\npass")
    assert error["traceback"] == ["\x1b[31m✖ The request is not valid\x1b[0m"]
    assert error["evalue"].startswith("The request has 1 fault. ResourceConfig.InstanceCount")
    assert card["data"][ERROR]["title"] == "The request is not valid"
    assert card["data"][ERROR]["job"] is None and card["data"][ERROR]["folded"] == ""
    assert "InstanceCount" in card["data"]["text/html"] and "Instance" in card["data"]["text/plain"]


def test_a_failed_job_s_error_bears_its_key(running: Kernel) -> None:
    running.run("%%sm train --name failing\nraise KeyError('label')")
    *_, card, error = running.run("sm.get_job('failing').wait(60)")
    key = {"target": "local", "kind": "training", "name": "failing"}
    assert card["data"][ERROR]["job"] == key
    assert len(error["traceback"]) == 1


def test_an_error_behind_another_is_found(running: Kernel) -> None:
    text = running.text(
        "try:\n    from botocore.exceptions import NoRegionError\n    raise NoRegionError()\n"
        "except Exception as error:\n    raise RuntimeError('could not start') from error"
    )
    assert "No region" in text


def test_other_errors_show_as_always(running: Kernel) -> None:
    outputs = running.run("def f():\n    return 1 / 0\nf()")
    assert [o["type"] for o in outputs] == ["error"]
    text = re.sub(r"\x1b\[[\d;]*m", "", "\n".join(outputs[0]["traceback"]))
    assert "Traceback" in text and "ZeroDivisionError" in text and "f()" in text


@pytest.fixture(scope="module")
def pair(running: Kernel) -> tuple[str, str]:
    """Two jobs that have ended."""
    for name, lr in (("pair-a", 1), ("pair-b", 2)):
        running.run(f"%%sm train --name {name} --lr {lr}\nprint('loss: {lr}')")
    running.text("%sm wait pair-a pair-b")
    return "pair-a", "pair-b"


def test_notebook_variables_stand_in_options(running: Kernel) -> None:
    running.run("rounds = 7")
    running.run("%%sm train --name counted --epochs {rounds} --label $rounds\npass")
    assert "'epochs': '7'" in running.text("sm.get_job('counted').request['HyperParameters']")


def test_jobs_are_waited_for_compared_run_again_and_shown_as_code(running: Kernel, pair) -> None:
    a, b = pair
    assert "Completed" in running.text(f"%sm wait {a}")
    table = running.text(f"%sm compare {a} {b}")
    assert a in table and "loss" in table
    assert "HyperParameters.lr" in running.text(f"%sm diff {a} {b}")
    assert "sm.train(" in running.text(f"%sm code {a}")
    assert "create_training_job" in running.text(f"%sm code {a} boto3")
    outputs = running.run(f"%sm again {a} --lr 5 --instance ml.m5.xlarge")
    name = outputs[0]["data"][MIME]["name"]
    changed = running.text(f"sm.get_job({a!r}).diff(sm.get_job({name!r}))")
    assert "ml.m5.xlarge" in changed and "HyperParameters.lr" in changed
    assert "local" in running.text("%sm targets")
    assert "%sm again JOB" in running.text("%sm help")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("%sm sta", {"status"}),
        ("%sm status pair-", {"pair-a", "pair-b"}),
        ("%sm train a.py --insta", {"--instance", "--instance-count"}),
        ("%sm train a.py --target lo", {"local"}),
        ("%sm train a.py --instance ml.m5.24", {"ml.m5.24xlarge"}),
        ("%%sm tr", {"train"}),
        ("%%sm train --spo", {"--spot"}),
        ("%sm again pair-b", {"pair-b"}),
    ],
)
def test_what_is_typed_completes(running: Kernel, pair, line: str, expected: set[str]) -> None:
    # IPython adds what it would complete itself.
    offered = {match for match in running.complete(line) if "/" not in match}
    assert expected <= offered
    assert not offered & ({"status", "pair-a", "pair-b", "local", "--spot"} - expected)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("%sm statsu x", "Did you mean status?"),
        ("%sm ls extra", "Unrecognized arguments: extra"),
        ("%sm wait", "required: jobs"),
        ("%sm diff one", "required: other"),
        ("%sm code pair-a cobol", "There is no code 'cobol'"),
        ("%sm again pair-a --change zz", "There is no change 'zz'"),
        ("%sm again nobody", "no job named 'nobody'"),
        ("%sm train a.py --inputs train=data", "--inputs is no option; --input is"),
        ("%sm train a.py --instance_count 2", "--instance_count is no option; --instance-count"),
        ("%sm train a.py --=3", "has no name before the equals sign"),
    ],
)
def test_a_line_that_can_not_be_is_one_sentence(running: Kernel, pair, line: str, says) -> None:
    text = running.text(line)
    assert says in text and "line_commands.py" not in text


def test_a_word_that_looks_like_an_option_is_told_of(running: Kernel) -> None:
    text = running.text("%%sm train --name mistyped --instanse ml.m5.xlarge\npass")
    assert "--instanse goes to the script as a hyperparameter; the option is --instance" in text
