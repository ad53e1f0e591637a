"""Python packages made by hand, so that nothing is built or fetched."""

from __future__ import annotations

import zipfile
from pathlib import Path


def wheel(folder: Path, word: str) -> Path:
    """A wheel of one module `tiny_local` whose WORD is given, with a program `tiny-say`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tiny_local-1.0-py3-none-any.whl"
    info = "tiny_local-1.0.dist-info"
    files = {
        "tiny_local.py": f"WORD = {word!r}\ndef say(): print('said', WORD)\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: tiny-local\nVersion: 1.0\n",
        f"{info}/entry_points.txt": "[console_scripts]\ntiny-say = tiny_local:say\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(name, content)
    return path
