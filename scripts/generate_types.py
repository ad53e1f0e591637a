"""Write src/api/types.ts from the schemas and the table of routes; `--check` only says whether it is
current.
"""

import json
import sys
from pathlib import Path

from jupyter_sm.server.routes import ROUTES
from jupyter_sm.server.schemas import components

TARGET = Path(__file__).parent.parent / "src" / "api" / "types.ts"
PLAIN = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}
HEAD = "// Made by scripts/generate_types.py from the Python models; not to be edited.\n"


def name_of(component: str) -> str:
    return f"I{component}"


def type_of(schema: dict) -> str:
    if "$ref" in schema:
        return name_of(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " | ".join(type_of(s) for s in schema["anyOf"])
    kind = schema.get("type")
    if kind == "array":
        inner = type_of(schema["items"])
        return f"({inner})[]" if " | " in inner else f"{inner}[]"
    if kind == "object":
        extra = schema.get("additionalProperties", {})
        return f"{{ [key: string]: {type_of(extra) if extra else 'unknown'} }}"
    return PLAIN.get(kind, "unknown")


def interface(name: str, schema: dict) -> str:
    lines = (
        [f"/** {' '.join(schema['description'].split())} */"] if schema.get("description") else []
    )
    lines.append(f"export interface {name_of(name)} {{")
    for key, member in schema["properties"].items():
        if "description" in member:
            lines.append(f"  /** {member['description']} */")
        mark = "" if key in schema["required"] else "?"
        lines.append(f"  {key}{mark}: {type_of(member)};")
    return "\n".join([*lines, "}"])


def operations() -> str:
    """The routes, as the client calls them: method and address, and what each answers."""
    rows = [(route, method, one) for route in ROUTES for method, one in route.operations.items()]
    table = [
        f"  {one.id}: {{ method: '{method.upper()}', path: '{route.path.removeprefix('/')}' }}"
        for route, method, one in rows
    ]
    answers = [
        f"  {one.id}: {name_of(one.answer) if one.answer else 'unknown'};" for _, _, one in rows
    ]
    return (
        "/** Method and address of each operation of the API. */\n"
        "export const OPERATIONS = {\n" + ",\n".join(table) + "\n} as const;\n\n"
        "/** What each operation answers. */\n"
        "export interface IAnswers {\n" + "\n".join(answers) + "\n}"
    )


def text() -> str:
    parts = [*(interface(n, s) for n, s in components().items()), operations()]
    return HEAD + "\n" + "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    new = text()
    if "--check" in sys.argv:
        if not TARGET.exists() or TARGET.read_text() != new:
            sys.exit("src/api/types.ts is not current: run python scripts/generate_types.py")
    else:
        TARGET.parent.mkdir(parents=True, exist_ok=True)
        TARGET.write_text(new)
        print(json.dumps({"written": str(TARGET)}))
