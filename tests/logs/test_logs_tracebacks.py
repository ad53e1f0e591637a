"""Tracebacks that did not reach the log in one piece."""

from __future__ import annotations

import pytest

from jupyter_sm.logs import LogParser, parse_text


def test_a_traceback_whose_head_was_cut_off() -> None:
    error = parse_text(
        '  File "/opt/conda/lib/python3.10/site-packages/torch/nn/modules/module.py", line 15, in f\n'
        "    return forward()\n"
        '  File "/opt/ml/code/model.py", line 51, in forward\n'
        "    return torch.matmul(a, b)\n"
        "RuntimeError: mat1 and mat2 shapes cannot be multiplied (8x4 and 5x2)\n"
        "\n"
        "real 0m22.170s\n"
    ).error
    assert error is not None
    assert (error.type, error.user_frame) == (
        "RuntimeError",
        "/opt/ml/code/model.py:51 in forward",
    )
    assert error.message.startswith("mat1 and mat2 shapes")


def test_of_long_lines_within_a_traceback_none_is_held_back() -> None:
    parser = LogParser(group_tracebacks=True)
    assert parser.feed(0, "", "Traceback (most recent call last):") == []
    (record,) = parser.feed(0, "", f'  File "train.py", line 3, in f{"x" * 100_000}')
    assert record.text.startswith("Traceback (most recent") and record.severity == "error"
    assert parser.state()["held"] == {}


@pytest.mark.parametrize(
    "text",
    [
        # faulthandler's frames, a linter's and a warning's places are no traceback.
        '  File "train.py", line 3 in f\nValueError: no\n',
        '  File "train.py", line 3\nSyntaxWarning: no\n',
        '  File "train.py", line 3, in f\nDone: 3 files\n',
    ],
)
def test_a_place_in_a_file_alone_is_no_error(text: str) -> None:
    assert parse_text(text).error is None


def test_a_toolkits_line_amid_a_traceback() -> None:
    error = parse_text(
        "Traceback (most recent call last):\n"
        '  File "train.py", line 9, in <module>\n'
        "    main()\n"
        "2024-11-18 02:20:19,103 sagemaker-training-toolkit ERROR    ExecuteUserScriptError:\n"
        '  File "train.py", line 7, in main\n'
        "    fit(rows)\n"
        "TypeError: Expected binary or unicode string, got 1\n"
        'Command "/usr/local/bin/python3.7 train.py"\n'
    ).error
    assert error is not None
    assert (error.type, error.user_frame) == ("TypeError", "train.py:7 in main")


def test_ranks_that_write_over_each_others_tracebacks() -> None:
    error = parse_text(
        "Traceback (most recent call last):\n"
        "Traceback (most recent call last):\n"
        '  File "/job/train.py", line 35, in <module>\n'
        '  File "/job/train.py", line 35, in <module>\n'
        "        params = Params(path)params = Params(path)\n"
        "^^^^^^Traceback (most recent call last):\n"
        '^^^^^^^  File "/job/train.py", line 35, in <module>\n'
        "^^^^^^    ^^params = Params(path)^^\n"
        "^^^^IsADirectoryError^^: ^^[Errno 21] Is a directory: '/job'^^\n"
        "^\n"
        'IsADirectoryError:   File "/job/params.py", line 16, in __init__\n'
        "[Errno 21] Is a directory: '/job'\n"
        "    with open(path) as file:\n"
        "IsADirectoryError: [Errno 21] Is a directory: '/job'\n"
        "W0529 17:42:43.793000 338 api.py:897] Sending process 33 closing signal SIGTERM\n"
        "Traceback (most recent call last):\n"
        '  File "/conda/bin/torchrun", line 8, in <module>\n'
        "    sys.exit(main())\n"
        "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: \n"
    ).error
    assert error is not None
    assert error.type == "IsADirectoryError"
    assert error.message.startswith("[Errno 21] Is a directory: '/job'")


def test_a_failure_reason_made_one_line() -> None:
    error = parse_text(
        "AlgorithmError: ExecuteUserScriptError: ExitCode 1 ErrorMessage \"TypeError: can't multiply "
        "sequence by non-int of type 'float' Traceback (most recent call last) File "
        '"/opt/ml/code/train.py", line 39, in main result = run() File "/opt/ml/code/layer.py", '
        "line 18, in __init__ dims=int(0.5*hidden) ERROR:torch.distributed.elastic:failed "
        '(exitcode: 1) local_rank: 0 (pid: 192) of binary: /opt/conda/bin/python3.9 File "/opt/c'
    ).error
    assert error is not None
    assert error.type == "TypeError"
    assert error.message == "can't multiply sequence by non-int of type 'float'"
    assert error.user_frame == "/opt/ml/code/layer.py:18 in __init__"


def test_a_traceback_that_lost_its_line_ends() -> None:
    error = parse_text(
        "Traceback (most recent call last):\n"
        '  File "train.py", line 25, in <module>\n'
        "    table = pd.read_csv(filename)NameError: name 'filename' is not defined2021-07-27"
        " 00:45:21,618 sagemaker-containers ERROR    Reporting training FAILURE\n"
    ).error
    assert error is not None
    assert (error.type, error.message) == ("NameError", "name 'filename' is not defined")
    assert error.user_frame == "train.py:25 in <module>"


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        (
            "UnexpectedStatusException: Error for Training job: Failed. Reason: ClientError: \n"
            "Data download failed:Please ensure that the subnet has a route\n"
            "to S3\n",
            "ClientError",
            "Data download failed:Please ensure that the subnet has a route",
        ),
        (
            "UnexpectedStatusException: Error for Training job a: Failed. Reason: AlgorithmError:"
            ' ExecuteUserScriptError:\nCommand "/opt/conda/bin/python3.6 train.py --epochs 3"\n',
            "ExecuteUserScriptError",
            'Command "/opt/conda/bin/python3.6 train.py --epochs 3"',
        ),
    ],
)
def test_a_reason_that_goes_on_in_the_next_line(text: str, name: str, message: str) -> None:
    error = parse_text(text).error
    assert error is not None
    assert (error.type, error.message.split("\n")[0]) == (name, message)


def test_strays_between_a_tracebacks_frames_and_its_error() -> None:
    lines = '  File "train.py", line 9, in f\n    raise ValueError(\n'
    error = parse_text(f"{lines}: of another rank\nraise ValueError(\nValueError: no\n").error
    assert error is not None
    assert (error.type, error.message, error.user_frame) == ("ValueError", "no", "train.py:9 in f")
    assert parse_text(f"{lines}: of another rank\nStatus: 3 files\n").error is None


def test_an_abort_of_native_code_says_what() -> None:
    error = parse_text(
        "terminate called after throwing an instance of 'dmlc::Error'\n"
        "  what():  src/tree/updater.h:272: Check failed: is_leaf()\n"
    ).error
    assert error is not None
    assert (error.type, error.message) == (
        "dmlc::Error",
        "src/tree/updater.h:272: Check failed: is_leaf()",
    )


def test_what_a_wrapper_wraps_may_be_a_line_alone() -> None:
    wrapped = "RuntimeError: Sizes of tensors must match except in dimension 1"
    wrapper = (
        "Traceback (most recent call last):\n"
        '  File "/conda/bin/accelerate", line 8, in <module>\n'
        "    sys.exit(main())\n"
        "subprocess.CalledProcessError: Command 'python train.py' returned 1\n"
    )
    error = parse_text(f"{wrapped}\nsteps: 0%\n{wrapper}").error
    assert error is not None
    assert f"{error.type}: {error.message}" == wrapped
    assert parse_text(wrapped).error is None
