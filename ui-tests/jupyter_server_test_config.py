"""The server of the browser tests: galata's settings, a job store and an AWS account of its own."""

import atexit
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from jupyterlab.galata import configure_jupyter_server

c = get_config()  # noqa: F821
configure_jupyter_server(c)
given = os.environ.get("JUPYTER_SM_HOME")
home = given or tempfile.mkdtemp(prefix="jupyter-sm-ui-")
os.environ["JUPYTER_SM_HOME"] = home
os.environ["JUPYTER_SM_STOP_GRACE"] = "5"
c.SageMakerApp.home = home

# SageMaker and its logs are the tests' simulator, S3 and STS moto's; kernels inherit the way there.
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from kit.simulator import ROLE, Scenario, Simulator, moto_server  # noqa: E402

account = ExitStack()
atexit.register(account.close)
sim = account.enter_context(Simulator(speed=20))
sim.scenario(
    "*",
    Scenario(
        starting=40,
        training=120,
        lines=[f"epoch {n}/24 loss: {1 / n:.4f} accuracy: {1 - 1 / n:.4f}" for n in range(1, 25)],
    ),
)
endpoints = account.enter_context(moto_server())
os.environ.update({**endpoints, **sim.environment()})
os.environ["AWS_CONFIG_FILE"] = str(Path(home, "aws-config"))
os.environ["AWS_SHARED_CREDENTIALS_FILE"] = str(Path(home, "aws-credentials"))
Path(home).mkdir(parents=True, exist_ok=True)
Path(home, "aws-config").write_text("[default]\nregion = us-east-1\n")
Path(home, "config.toml").write_text(f'[defaults]\nrole = "{ROLE}"\n')

if not given:
    # A long log and many curves are there from the start, as printing them takes a while.
    from jupyter_sm.store import open_store

    from kit.long_log import add_finished_job, add_job_with_curves

    store = open_store(Path(home))
    add_finished_job(store, "million", 1_000_000)
    add_job_with_curves(store, "curves", 100, 10_000)
    store.close()
