"""The server of the browser tests: galata's settings, and a job store of its own."""

import os
import tempfile

from jupyterlab.galata import configure_jupyter_server

c = get_config()  # noqa: F821
configure_jupyter_server(c)
home = os.environ.get("JUPYTER_SM_HOME") or tempfile.mkdtemp(prefix="jupyter-sm-ui-")
os.environ["JUPYTER_SM_HOME"] = home
os.environ["JUPYTER_SM_STOP_GRACE"] = "5"
c.SageMakerApp.home = home
