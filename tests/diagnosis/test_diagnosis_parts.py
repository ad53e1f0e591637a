"""A text is taken apart: dressing off, wrappers into fields, the exception that is the root."""

from __future__ import annotations

import json

import pytest

from jupyter_sm.diagnosis import explain
from jupyter_sm.diagnosis.lines import undressed
from jupyter_sm.diagnosis.parts import Parts, parts_of

TRACEBACK = """Traceback (most recent call last):
  File "/opt/ml/code/train.py", line 31, in <module>
    main()
  File "/opt/ml/code/train.py", line 20, in main
    model.fit(table)  # raise MemoryError, AccessDenied, quota
  File "/opt/conda/lib/python3.11/site-packages/lib/fitting.py", line 7, in fit
    raise ValueError("no rows")
ValueError: no rows"""


def root(text: str) -> tuple[str, str]:
    raised = parts_of(text).raised
    assert raised is not None
    return raised.type, raised.message


# ---- what it travelled in ----------------------------------------------------------------------


def test_escapes_come_off_however_often_they_were_put_on() -> None:
    text = TRACEBACK
    for _ in range(3):
        text = json.dumps({"FailureReason": text})
    assert root(text)[0] == "ValueError"


@pytest.mark.parametrize(
    "prefix",
    [
        "[1,0]<stderr>:",
        "[1,mpirank:3,algo-2]<stderr>:",
        "[rank2]: ",
        "(TrainWorker pid=77, ip=10.0.0.2) ",
        "algo-1-x2k9a  | ",
        "2026-03-01T10:00:00.123Z ",
        "W-9000-model_1.0-stdout MODEL_LOG - ",
        "\x1b[36m(EngineCore pid=9)\x1b[0m ",
    ],
)
def test_who_writes_a_line_is_no_part_of_it(prefix: str) -> None:
    text = "\n".join(prefix + line for line in TRACEBACK.splitlines())
    assert root(text) == ("ValueError", "no rows")


def test_a_table_of_cloudwatch_is_read() -> None:
    rows = TRACEBACK.replace('"', '""').splitlines()
    text = "\n".join(f'{1700000000000 + n},"{row}"' for n, row in enumerate(rows))
    assert root(text) == ("ValueError", "no rows")


def test_a_folder_of_windows_is_no_new_line() -> None:
    assert undressed(r"No such file: 'C:\nets\train.py'") == r"No such file: 'C:\nets\train.py'"


def test_terraform_draws_its_errors_in_a_box() -> None:
    text = (
        "│ Error: creating SageMaker Model: ValidationException: no such role\n"
        "│ \n"
        "│   with aws_sagemaker_model.m"
    )
    assert parts_of(text).said.text == (
        "Error: creating SageMaker Model: ValidationException: no such role"
    )


# ---- wrappers ----------------------------------------------------------------------------------


def test_botocores_words_become_code_and_operation() -> None:
    parts = parts_of(
        "botocore.exceptions.ClientError: An error occurred (AccessDenied) when calling the "
        "PutObject operation (reached max retries: 4): Access Denied"
    )
    assert (parts.code, parts.operation, parts.voice) == ("AccessDenied", "PutObject", "service")
    assert "Access Denied" in parts.service.text


def test_javas_and_gos_words_do_as_well() -> None:
    java = parts_of(
        "No such job (Service: AWSGlue; Status Code: 400; Error Code: EntityNotFoundException; Request ID: 1)"
    )
    assert java.code == "EntityNotFoundException"
    assert java.said.text == "No such job"
    go = parts_of(
        "operation error SageMaker: CreateModel, https response error StatusCode: 400, "
        "RequestID: 1, api error ValidationException: bad name"
    )
    assert (go.code, go.operation) == ("ValidationException", "CreateModel")
    assert go.said.text == "bad name"


@pytest.mark.parametrize(
    "head",
    [
        "UnexpectedStatusException: Error for Training job a-1: Failed. Reason: ",
        "Error for Processing job a-1: Failed. Reason: ",
        "{'FailureReason': '",
        "sagemaker.exceptions.UnexpectedStatusException: Error for Training job a: Failed. Reason: ",
        "",
    ],
)
def test_a_jobs_failure_is_its_reason(head: str) -> None:
    text = head + (
        "AlgorithmError: ExecuteUserScriptError:\nExitCode 3\n"
        f'ErrorMessage "{TRACEBACK}"\nCommand "/usr/bin/python3 train.py --rows 0", exit code: 3'
    )
    parts = parts_of(text)
    assert parts.raised is not None
    assert (parts.raised.type, parts.raised.message) == ("ValueError", "no rows")
    assert parts.raised.user_frame == "train.py line 20"
    assert parts.raised.where.endswith("lib/fitting.py fit")
    assert (parts.exit_code, parts.program.text) == ("3", "python3 train.py")
    assert "algorithm" in parts.voices


def test_the_statement_that_raised_is_no_part_of_what_was_raised() -> None:
    text = (
        "AlgorithmError: ExecuteUserScriptError: ExitCode 1 "
        'ErrorMessage "raise ValueError( ValueError: no rows", exit code: 1'
    )
    assert root(text) == ("ValueError", "no rows")


def test_a_flat_traceback_is_one_all_the_same() -> None:
    assert root(" ".join(TRACEBACK.split("\n"))) == ("ValueError", "no rows")


def test_pydantics_rows_become_fields() -> None:
    parts = parts_of(
        "1 validation error for Compute\ninstance_count\n  Input should be a valid integer "
        "[type=int_type, input_value='two', input_type=str]\n"
        "    For further information visit https://errors.pydantic.dev/2.11/v/int_type"
    )
    assert parts.voice == "pydantic"
    assert parts.entities["model"] == "Compute"
    assert parts.entities["field"] == "instance_count"
    assert parts.entities["wanted"] == "Input should be a valid integer"
    assert parts.entities["given"] == "str"
    assert not parts.service


def test_an_exit_code_above_128_is_a_signal() -> None:
    assert parts_of("Process exited with code: 139").signal == "SIGSEGV"
    assert parts_of("failed (exitcode: -9) local_rank: 0 (pid: 16)").signal == "SIGKILL"
    assert parts_of("Command failed with exit code 1").signal == ""


# ---- which exception is the root ----------------------------------------------------------------


def test_of_a_chain_the_cause_counts_and_what_only_passes_on_does_not() -> None:
    chained = TRACEBACK + (
        "\n\nThe above exception was the direct cause of the following exception:\n\n"
        'Traceback (most recent call last):\n  File "run.py", line 3, in <module>\n    go()\n'
    )
    assert root(chained + "ray.exceptions.RayTaskError(ValueError): it failed") == (
        "ValueError",
        "no rows",
    )
    assert root(chained + "KeyError: 'rows'") == ("ValueError", "no rows")
    handled = chained.replace(
        "The above exception was the direct cause of the following exception",
        "During handling of the above exception, another exception occurred",
    )
    assert root(handled + "KeyError: 'rows'") == ("KeyError", "'rows'")


def test_java_names_its_cause_at_the_end() -> None:
    text = (
        "py4j.protocol.Py4JJavaError: An error occurred while calling o47.parquet.\n"
        ": org.apache.spark.SparkException: Job aborted\n\tat org.apache.Spark.run(Spark.scala:1)\n"
        "Caused by: java.lang.OutOfMemoryError: Java heap space\n\tat java.base/A.b(A.java:2)"
    )
    assert root(text) == ("java.lang.OutOfMemoryError", "Java heap space")


def test_a_cell_of_ipython_is_read() -> None:
    text = (
        "ValueError                                Traceback (most recent call last)\n"
        "Cell In[3], line 2\n      1 table = load()\n----> 2 model.fit(table)\n\n"
        "File /opt/lib/python3.11/site-packages/lib/fitting.py:7, in fit(table)\n"
        '      6 if not table:\n----> 7     raise ValueError("no rows")\n\nValueError: no rows'
    )
    assert root(text) == ("ValueError", "no rows")


def test_r_has_errors_too() -> None:
    assert root("Error in fit(table) : there are no rows") == ("RError", "there are no rows")


# ---- what decides nothing -----------------------------------------------------------------------


def test_frames_source_lines_and_comments_decide_nothing() -> None:
    # The source line speaks of memory, rights and quotas.
    assert explain(TRACEBACK).category == "user-script-exception"


def test_the_echo_of_a_command_decides_nothing() -> None:
    command = "/usr/bin/python3 train.py --hf_token abc --quota ResourceLimitExceeded --nccl 1"
    text = (
        "AlgorithmError: ExecuteUserScriptError:\nExitCode 1\n"
        f'ErrorMessage "ValueError: no rows"\nCommand "{command}"'
    )
    found = explain(text)
    assert found.category == "user-script-exception"
    assert found.what_happened == "ValueError: no rows."


@pytest.mark.parametrize(
    "text",
    [
        "FileNotFoundError: image cat.png not found",
        "RuntimeError: limit of 5 exceeded",
        "ValueError: the endpoint of the line is not in service",
        "PermissionError: access denied to column salary",
        "RuntimeError: role admin not found",
    ],
)
def test_a_services_rules_are_silent_where_no_service_spoke(text: str) -> None:
    found = explain(text)
    assert found.category in ("user-script-exception", "local-file-not-found")
    assert found.confidence < 0.7


def test_the_same_words_of_a_service_are_its_own() -> None:
    text = (
        "An error occurred (ResourceLimitExceeded) when calling the CreateEndpoint operation: "
        "limit of 5 exceeded"
    )
    assert explain(text).category == "quota-exceeded"


def test_no_part_is_missing_of_an_empty_text() -> None:
    parts = parts_of("")
    assert isinstance(parts, Parts)
    assert not any(parts.of(name) for name in ("said", "root", "service", "process", "program"))


def test_a_program_that_subprocess_does_not_find_is_no_file_that_is_missing() -> None:
    text = (
        "Traceback (most recent call last):\n"
        '  File "/opt/ml/code/t.py", line 6, in <module>\n'
        '    subprocess.run(["uv", "pip", "install", "toolz"])\n'
        '  File "/usr/lib/python3.11/subprocess.py", line 1950, in _execute_child\n'
        "    raise child_exception_type(errno_num, err_msg, err_filename)\n"
        "FileNotFoundError: [Errno 2] No such file or directory: 'uv'"
    )
    found = explain(text)
    assert found.title == "A program is missing"
    assert "'uv'" in found.what_happened
