"""A failed job's cause is looked for in its log: the exception, and the user's own line."""

from __future__ import annotations

from pathlib import Path

import jupyter_sm as sm


def explained(tmp_path: Path, code: str, **options):
    script = tmp_path / "train.py"
    script.write_text(code)
    job = sm.train(script, **options)
    job.wait(60, check=False, progress=False)
    assert job.explanation is not None
    return job.explanation


def test_the_users_own_line_is_named(tmp_path: Path) -> None:
    code = "import json\n\ndef load():\n    return json.loads('{')\n\nload()\n"
    found = explained(tmp_path, code)
    assert found.category == "user-script-exception"
    assert "JSONDecodeError" in found.what_happened
    assert "train.py line 4" in found.what_happened
    assert found.actions[0] == {"kind": "show-log", "line": 0}


def test_a_failure_file_that_says_little_is_filled_in_from_the_log(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path\nPath('../output').mkdir(exist_ok=True)\n"
        "Path('../output/failure').write_text('exit code: 1')\nraise ValueError('labels are missing')\n"
    )
    found = explained(tmp_path, code)
    assert "ValueError: labels are missing in train.py line 4" in found.what_happened


def test_a_missing_package_keeps_its_own_explanation(tmp_path: Path) -> None:
    found = explained(tmp_path, "import no_such_package\n")
    assert found.category == "missing-dependency"
    assert "no_such_package" in found.what_happened
    assert found.entities["place"] == "train.py line 1"


def test_of_two_instances_the_one_that_failed_is_named(tmp_path: Path) -> None:
    code = (
        "import os, time\nif os.environ['SM_CURRENT_HOST'] == 'algo-2':\n    raise KeyError('rank')\n"
        "time.sleep(30)\n"
    )
    found = explained(tmp_path, code, instance_count=2)
    assert "KeyError: 'rank' in train.py line 3" in found.what_happened
