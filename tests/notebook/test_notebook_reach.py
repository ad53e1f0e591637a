"""A target that can't be reached, in a notebook: told once, in a sentence, and never as a warning."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import jupyter_sm as sm
from jupyter_sm.diagnosis import ExplainedError
from jupyter_sm.jobs import JobKey
from jupyter_sm.notebook import api, line_commands
from jupyter_sm.notebook.session import desk
from jupyter_sm.store import Store, targets
from jupyter_sm.targets.aws.target import AwsTarget
from jupyter_sm.tracking import tracker

from kit.aws_account import ENDLESS, TARGET, Account
from kit.broken import BREAKS, broken
from kit.kernel import kernel_in
from kit.known import add_job
from kit.wait import wait_for

SAYS = r"aws sso login --profile default"
# urllib3 leaves the socket of a handshake that failed to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def expired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tracker, "_BACK_OFF_SECONDS", (0.05,))
    with broken("sso-expired", tmp_path, monkeypatch) as one:
        yield one


@pytest.mark.parametrize("name", BREAKS)
def test_a_cell_returns_and_its_card_says_what_is_in_the_way(
    name: str, script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracker, "_BACK_OFF_SECONDS", (0.05,))
    monkeypatch.setattr("jupyter_sm.targets.aws.target._CONNECT_SECONDS", 1)
    monkeypatch.setattr("jupyter_sm.targets.aws.target._READ_SECONDS", 0.3)
    with broken(name, tmp_path, monkeypatch) as one:
        image = f"123456789012.dkr.ecr.{one.target.partition('@')[2]}.amazonaws.com/mine:1"
        job = sm.train(script, target=one.target, name="mine", image=image)
        assert job.status == "Submitting"
        wait_for(lambda: re.search(f"(?:{one.says}).* As of ", repr(job)))
        assert len(repr(job).splitlines()) <= 4
        bundle = job._repr_mimebundle_()
        assert "As of " in bundle["text/html"] and "Submitting" in bundle["text/plain"]
        # The local target goes on as if nothing were.
        assert sm.train(script).wait(60, progress=False).status == "Completed"


def test_waiting_says_it_once(expired, script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    job = sm.train(script, target=expired.target)
    with pytest.raises(ExplainedError, match=SAYS) as caught:
        job.wait_until_accepted()
    assert "jupyter sm stop" in str(caught.value.explanation)
    with pytest.raises(TimeoutError, match="is still Submitting") as late:
        job.wait(timeout=1)
    said = capsys.readouterr()
    assert not re.search(SAYS, str(late.value))
    with pytest.raises(TimeoutError, match=SAYS):
        job.wait(timeout=0, progress=False)
    assert len(re.findall(SAYS, said.out)) == 1 and said.err == ""
    assert re.search(SAYS, repr(sm.list_jobs()))
    with pytest.raises(ExplainedError, match=SAYS):
        sm.track("theirs", target=expired.target)


def test_following_a_log_says_it_once(
    account: Account, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    account.sim.scenario("*", ENDLESS)
    monkeypatch.setattr(AwsTarget, "log_quiet_seconds", 0.4)
    job = sm.train(account.script(), target=TARGET)
    job.wait_until_accepted(60)
    account.sim.traps.expired_token = True
    wait_for(lambda: desk().trouble(TARGET))
    seen: list[str] = []

    def mended() -> None:
        account.sim.traps.clear()
        job.stop()

    # Once it was told, the session is renewed and the job stopped, so that the log ends.
    real = type(job)._trouble

    def trouble(self: sm.Job):
        found = real(self)
        if found is not None:
            seen.append(found.reason or "")
        if len(seen) == 3:
            mended()
        return found

    monkeypatch.setattr(type(job), "_trouble", trouble)
    account.sim.clock.speed = 100
    job.logs(follow=True)
    said = capsys.readouterr()
    assert len(re.findall("aws sso login", said.out)) == 1 and said.err == ""


def test_a_kernel_prints_no_warnings(expired, home: Path) -> None:
    home.mkdir(exist_ok=True)
    with kernel_in(home) as kernel:
        kernel.run("%load_ext jupyter_sm")
        card = kernel.text(f"%%sm train --target {expired.target} --name mine\nprint(1)")
        assert "mine" in card
        wait_for(lambda: re.search(SAYS, kernel.text("%sm status mine")))
        # Whatever its threads have to say while cells run.
        outputs = kernel.run("import time; time.sleep(3)")
        outputs += kernel.run("%sm ls") + kernel.run("%sm targets")
        assert [one for one in outputs if one.get("name") == "stderr"] == []
        refused = kernel.text("import jupyter_sm as sm; sm.get_job('mine').wait_until_accepted()")
        assert re.search(SAYS, refused) and "waiting.py" not in refused


def test_a_target_is_taken_away_again(expired, store: Store) -> None:
    key = JobKey(expired.target, "training", "theirs")
    add_job(store, key)
    job = api.get_job("theirs")
    wait_for(lambda: desk().trouble(expired.target))
    assert line_commands.run("targets", ["remove", expired.target]).count("unused") == 0
    assert desk().job(key) is None and not targets.is_used(store, expired.target)
    # A handle that somebody still has does not bring it back, and ends whoever waits for it.
    assert "theirs" in repr(job)
    with pytest.raises(ExplainedError, match="was removed"):
        job.wait(60, progress=False)
    assert not targets.is_used(store, expired.target)
    for wrong in (["remove"], ["remove", "local"], ["remove", expired.target], ["drop", "x"]):
        with pytest.raises(ExplainedError):
            line_commands.run("targets", wrong)
    line_commands.run("targets", ["add", expired.target])
    assert targets.is_used(store, expired.target)
