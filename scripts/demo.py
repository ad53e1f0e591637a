"""The main job, end to end: a real Jupyter server, a real kernel, examples/quickstart.ipynb.

Run by `make demo` in an environment that has the built wheel installed. Prints what it
sees; ends with a non-zero code if any of it did not happen.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

from live_server import LiveError, LiveServer

ROOT = Path(__file__).resolve().parent.parent
EXPECTED = "✔", "✖"


class DemoError(Exception):
    """Something that should have happened did not."""


def check(happened: object, what: str) -> None:
    if not happened:
        raise DemoError(what)
    print(f"  {EXPECTED[0]} {what}")


def text_of(outputs: list[dict]) -> str:
    parts = [o.get("text") or o.get("data", {}).get("text/plain", "") for o in outputs]
    return "\n".join([*parts, *(line for o in outputs for line in o.get("traceback", []))])


def name_of(outputs: list[dict]) -> str:
    for output in outputs:
        card = output.get("data", {}).get("application/vnd.jupyter-sm.job+json")
        if card:
            return card["name"]
    raise DemoError(f"The training cell showed no card but: {text_of(outputs)}")


def print_states(job: dict) -> None:
    for transition in job["transitions"]:
        seconds = (transition["end"] or time.time()) - transition["start"]
        print(f"    {transition['status']:<12} {seconds:6.2f} s")


async def train(server: LiveServer, cells: list[str]) -> None:
    seconds, outputs = await server.run(cells.pop(0))
    name = name_of(outputs)
    print(f"\nThe training cell returned after {seconds * 1000:.0f} ms: {name}")
    check("text/html" in outputs[-1]["data"], "its output is a card, with HTML and text beside it")

    path = f"jupyter-sm/api/jobs/local/training/{name}"
    before = await server.ask(path)
    _, outputs = await server.run(cells.pop(0))
    after = await server.ask(path)
    print(f"  the second cell says: {text_of(outputs).strip()}")
    check(
        "ended" not in (before["phase"], after["phase"]),
        "a second cell ran while the job was running",
    )

    while (job := await server.ask(path))["phase"] != "ended":
        await asyncio.sleep(0.2)
    await server.run(cells.pop(0))
    print("\nIts states:")
    print_states(job)
    check(job["status"] == "Completed", "the job completed")
    _, outputs = await server.run(cells.pop(0))
    check("accuracy" in text_of(outputs), "its metrics are there")
    print(f"    {job['metric']['name']} {job['metric']['value']}")

    page = await server.ask(f"{path}/logs?from=-3")
    print("\nThe last lines of its log:")
    for record in page["records"]:
        print(f"    {record['text']}")
    check(page["total"] >= 20, f"the log is there ({page['total']} lines)")
    archive = Path(unquote(urlsplit(job["model_uri"]).path))
    check(
        archive.stat().st_size > 1000,
        f"the model archive: {archive}, {archive.stat().st_size} bytes",
    )
    await server.run(cells.pop(0))


async def fail(server: LiveServer, cells: list[str]) -> None:
    _, outputs = await server.run(cells.pop(0))
    name = name_of(outputs)
    print(f"\nA job that fails: {name}")
    _, outputs = await server.run(cells.pop(0))
    job = await server.ask(f"jupyter-sm/api/jobs/local/training/{name}")
    print_states(job)
    print("\n".join(f"    {line}" for line in text_of(outputs).strip().splitlines()))
    check(job["status"] == "Failed", "the job failed, as it should")
    check("letters.csv" in job["explanation"]["what_happened"], "its reason names the missing file")


async def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="jupyter-sm-demo-"))
    shutil.copytree(ROOT / "examples", folder / "work", ignore=shutil.ignore_patterns("data"))
    notebook = json.loads((folder / "work" / "quickstart.ipynb").read_text())
    cells = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]
    server = LiveServer(folder)
    try:
        await server.wait_until_up()
        print(f"A Jupyter server runs at {server.address}; everything is below {folder}")
        await server.start_kernel()
        for _ in range(2):  # load the extension, write the data
            _, outputs = await server.run(cells.pop(0))
            check(
                all(o["type"] != "error" for o in outputs), text_of(outputs).strip() or "%load_ext"
            )
        await train(server, cells)
        await fail(server, cells)
        check(not cells, "every cell of the notebook ran")
    finally:
        code = server.stop()
    check(code == 0, "the server ended cleanly")


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except (DemoError, LiveError) as error:
        sys.exit(f"  {EXPECTED[1]} {error}")
