"""Whatever a command is given, it says in a sentence what is wrong, or does as told."""

from __future__ import annotations

from pathlib import Path

import pytest

import jupyter_sm as sm
from jupyter_sm.cli import main
from jupyter_sm.cli.parser import parser
from jupyter_sm.tracking import service

COMMANDS = sorted(parser()._subparsers._group_actions[0].choices)
ODD = [
    [],
    [""],
    ["one"],
    ["zz"],
    ["one", "zz"],
    ["one", "one", "one", "one"],
    ["--zz"],
    ["one", "--zz=3"],
    ["one", "--json", "--csv"],
    ["one", "--to", "/dev/null/x"],
    ["one", "--form", "zz"],
    ["one", "--change", "zz"],
    ["one", "--instance-count", "two"],
    ["one", "--timeout", "-1"],
    ["one", "--timeout", "nan"],
    ["one", "-p", "a"],
    ["one", "-p", "=1"],
    ["one", "--target", "zz"],
    ["-n", "0"],
    ["-n", "1e3"],
    ["-n", "٣"],
    ["-"],
    ["train.py", "--input", "x="],
    ["train.py", "--target", " local"],
    ["train.py", "--name", "half \udcff"],
    ["notes.txt"],
    ["half \udcff"],
    ["x" * 5_000],
    ["~nobody-of-that-name/x"],
    ["add", "zz"],
    ["remove", "local"],
]


@pytest.mark.parametrize("command", ["", "zz", "--zz", "half \udcff", *COMMANDS])
def test_odd_arguments_are_told_of_in_a_sentence(
    home: Path,
    script: Path,
    command: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(script.parent)
    Path("notes.txt").write_text("none")
    # Nobody tracks, so what is accepted stays submitted and nothing runs.
    monkeypatch.setattr(service, "ensure_tracked", lambda *_: None)
    monkeypatch.setattr(service, "catch_up_all", lambda *_: [])
    sm.train(script, name="one")
    monkeypatch.setattr("sys.stdin.read", lambda: "x", raising=False)
    for words in ODD:
        capsys.readouterr()
        try:
            code = main(
                [command, *words, *(["--timeout", "1"] if command in ("train", "track") else [])]
            )
        except SystemExit as ended:
            code = int(ended.code or 0)
        out, err = capsys.readouterr()
        assert code in (0, 1, 2), (words, code)
        assert "Traceback" not in out + err and "not recognised" not in err, (words, err)
        assert out or err or code == 0, words
        if code == 2:
            assert err.count("\n") == 1 and "invalid _" not in err, (words, err)
