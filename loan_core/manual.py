"""The API's description for a person: one page of HTML without scripts, and nothing from elsewhere."""

import re
from collections.abc import Iterator
from decimal import Decimal
from html import escape
from typing import Any

import msgspec

from loan_core.interface import SCHEMAS, Schema

_MOST_NAMES = 40
_json = msgspec.json.Encoder(decimal_format="number")


def page(description: Schema) -> str:
    """An OpenAPI description as a page: each operation with its parameters, its body and an example of both sides."""
    operations = [(method, path, said) for path, each in description["paths"].items() for method, said in each.items()]
    contents = "\n".join(
        f'<li><a href="#{said["operationId"]}"><code>{method.upper()} {escape(path)}</code></a> '
        f"{_text(said.get('summary', ''))}</li>"
        for method, path, said in operations
    )
    return _PAGE.format(
        title=escape(description["info"]["title"]),
        about=_text(description["info"].get("description", "")),
        contents=contents,
        operations="\n".join(_operation(*each) for each in operations),
    )


def _operation(method: str, path: str, said: Schema) -> str:
    body = said.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    parts = [f'<h2 id="{said["operationId"]}"><code>{method.upper()} {escape(path)}</code></h2>']
    parts += [f"<p>{_text(said[name])}</p>" for name in ("summary", "description") if said.get(name)]
    if rows := [*_parameters(said), *_fields(body)]:
        cells = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
        head = "".join(f"<th>{name}</th>" for name in ("name", "in", "means", "may be"))
        parts.append(f'<div class="wide"><table><tr>{head}</tr>{cells}</table></div>')
    if body.get("example"):
        parts.append(f"<p>Send</p><pre>{_pretty(body['example'])}</pre>")
    parts += [f"<p>Answer, {status}</p><pre>{_pretty(example)}</pre>" for status, example in _examples(said)]
    refused = (each for each in said["responses"].items() if str(each[0]) >= "3")
    parts.append("<dl>" + "".join(f"<dt>{code}</dt><dd>{_text(each['description'])}</dd>" for code, each in refused))
    return "\n".join(parts) + "</dl>"


def _parameters(said: Schema) -> Iterator[tuple[str, ...]]:
    for each in said.get("parameters", []):
        name = f"<code>{escape(each['name'])}</code>"
        yield name, each["in"], _text(each.get("description", "")), _may_be(each.get("schema", {}))


def _fields(body: Schema) -> Iterator[tuple[str, ...]]:
    for name, schema in body.get("properties", {}).items():
        place = "body, required" if name in body["required"] else "body"
        yield f"<code>{escape(name)}</code>", place, _text(schema.get("description", "")), _may_be(schema)


def _examples(said: Schema) -> Iterator[tuple[str, Schema]]:
    """The example of each answer that is no refusal, where its schema has one."""
    for status, answer in said["responses"].items():
        for each in answer.get("content", {}).values():
            example = SCHEMAS.get(each.get("schema", {}).get("$ref", "").rpartition("/")[2], {}).get("example")
            if str(status).startswith("2") and example:
                yield str(status), example


def _may_be(schema: Schema) -> str:
    """The names that a value is one of, or its limits."""
    either = [schema, *schema.get("anyOf", [])]
    names: list[Any] = next((each["enum"] for each in either if "enum" in each), [])
    if names:
        listed = [f"<code>{escape(str(name))}</code>" for name in names if not str(name).startswith("-")]
        return ", ".join(listed) if len(listed) <= _MOST_NAMES else f"one of {len(listed)}, such as {listed[0]}"
    for each in either:
        low, high = each.get("minimum", each.get("exclusiveMinimum")), each.get("maximum")
        if low is not None and high is not None:
            return f"{'more than ' if 'exclusiveMinimum' in each else ''}{low} to {high:,}"
    formats = {"date": "<code>2026-01-31</code>"}
    length = next((each["maxLength"] for each in either if "maxLength" in each), None)
    known = next((formats[each["format"]] for each in either if each.get("format") in formats), "")
    return known or (f"up to {length:,} characters" if length else "")


def _text(written: str) -> str:
    """A sentence of the description, whose code stands between backticks."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(written, quote=False))


def _pretty(example: Schema) -> str:
    return escape(msgspec.json.format(_json.encode(_with_decimals(example))).decode(), quote=False)


def _with_decimals(value: Any) -> Any:
    """Money as the API writes it, with its decimals."""
    if isinstance(value, dict):
        return {name: _with_decimals(each) for name, each in value.items()}
    return Decimal(f"{value:.2f}") if isinstance(value, float) else value


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }}
:root {{ --line: color-mix(in srgb, currentcolor 25%, #0000) }}
body {{ max-width: 56rem; margin: 2rem auto; padding: 0 1rem }}
ul {{ list-style: none; padding: 0 }}
h2 {{ margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1rem }}
h2 {{ font-size: 1.25rem; overflow-wrap: anywhere }}
code, pre {{ font-family: ui-monospace, monospace; font-size: .9em }}
table {{ border-collapse: collapse }}
td, th {{ text-align: left; vertical-align: top; padding: .25rem 1rem .25rem 0; border-bottom: 1px solid var(--line) }}
td:nth-child(3) {{ min-width: 14rem }}
td:nth-child(4) {{ min-width: 9rem }}
.wide, pre {{ overflow-x: auto }}
pre {{ padding: 1rem; border: 1px solid var(--line); border-radius: .5rem }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem }}
dd {{ margin: 0 }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{about} For programs: <a href="openapi.json">openapi.json</a>.</p>
<ul>
{contents}
</ul>
{operations}
</body>
</html>
"""
