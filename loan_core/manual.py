"""The API's description for a person: one page of HTML without scripts, and nothing from elsewhere."""

from html import escape

import msgspec

from loan_core.interface import SCHEMAS, Schema


def page(description: Schema) -> str:
    """An OpenAPI description as a page: each operation with its parameters, its body and an example of both sides."""
    operations = [
        _operation(method, path, said) for path, each in description["paths"].items() for method, said in each.items()
    ]
    title = escape(description["info"]["title"])
    about = escape(description["info"].get("description", ""))
    return _PAGE.format(title=title, about=about, operations="\n".join(operations))


def _operation(method: str, path: str, said: Schema) -> str:
    rows = [
        (each["name"], each["in"], each.get("description", ""), msgspec.json.encode(each.get("schema", {})).decode())
        for each in said.get("parameters", [])
    ]
    body = said.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    required = body.get("required", [])
    rows += [
        (name, "body, required" if name in required else "body", each.get("description", ""), "")
        for name, each in body.get("properties", {}).items()
    ]
    parts = [f"<h2><code>{method.upper()} {escape(path)}</code></h2>", f"<p>{escape(said.get('summary', ''))}</p>"]
    parts += [f"<p>{escape(said['description'])}</p>"] if said.get("description") else []
    if rows:
        cells = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row[:3])}</tr>" for row in rows)
        parts.append(f"<table><tr><th>name</th><th>in</th><th>means</th></tr>{cells}</table>")
    if body.get("example"):
        parts.append(f"<p>Send</p><pre>{_pretty(body['example'])}</pre>")
    for status, answer in said["responses"].items():
        schemas: list[Schema] = [each.get("schema", {}) for each in answer.get("content", {}).values()]
        name = schemas[0].get("$ref", "").rpartition("/")[2] if schemas else ""
        example = SCHEMAS.get(name, {}).get("example")
        if str(status).startswith("2") and example:
            parts.append(f"<p>Answer, {escape(str(status))}</p><pre>{_pretty(example)}</pre>")
    refused = ", ".join(str(status) for status in said["responses"] if str(status) >= "3")
    return "\n".join([*parts, f"<p>Also: {escape(refused)}.</p>"])


def _pretty(example: Schema) -> str:
    return escape(msgspec.json.format(msgspec.json.encode(example)).decode())


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }}
body {{ max-width: 52rem; margin: 2rem auto; padding: 0 1rem }}
h2 {{ margin-top: 3rem; border-top: 1px solid; padding-top: 1rem }}
table {{ border-collapse: collapse }}
td, th {{ text-align: left; vertical-align: top; padding: .2rem 1rem .2rem 0 }}
pre {{ overflow: auto; padding: 1rem; border: 1px solid }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{about} For programs: <a href="openapi.json">openapi.json</a>.</p>
{operations}
</body>
</html>
"""
