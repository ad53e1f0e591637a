"""Write jupyter_sm/store/schema.sql, the tables as all steps of the schema leave them."""

import tempfile
from pathlib import Path

from jupyter_sm.store import open_store, schema

TARGET = Path(schema.__file__).with_suffix(".sql")

with tempfile.TemporaryDirectory() as folder:
    store = open_store(Path(folder))
    rows = store.read().execute("SELECT sql FROM sqlite_master WHERE sql NOT NULL ORDER BY name")
    TARGET.write_text("\n\n".join(f"{row['sql']};" for row in rows) + "\n")
    store.close()
