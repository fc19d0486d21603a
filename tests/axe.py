"""axe on a page as it stands: what it finds wrong, but for what the framework itself brings."""

import re
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

# What Streamlit 1.67 brings and no option of it mends, each with a mark of the element that it is about: the parts of
# a date field are small; the field for files has a role and a name; a grid's header over its boxes is empty; the
# drawings within a grid, and the small line under a figure, have no text.
FRAMEWORK = {
    "target-size": 'role="spinbutton"',
    "presentation-role-conflict": 'data-testid="stFileUploaderDropzone"',
    "empty-table-header": 'role="columnheader"',
    "svg-img-alt": 'role="(img|graphics-symbol)"',
}
# Of a page of a thousand elements axe has much to say that is right: it takes five times as long to write down.
RULES: dict[str, Any] = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
    "selectors": False,
}
# What can be wrong in other colors alone: the rest of a page that was looked at before is the same in the dark.
OF_COLORS = RULES | {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
FOUND = """rules => axe.run(document, rules).then(({violations}) =>
    violations.flatMap(({id, nodes}) => nodes.map(({html}) => [id, html])))"""


def violations(page: Page, rules: dict[str, Any] = RULES) -> list[str]:
    """What axe finds, one line an element; what the framework brings is left out."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found: list[Any] = page.evaluate(FOUND, rules)
    return [f"{rule}: {html[:300]}" for rule, html in found if not re.search(FRAMEWORK.get(rule, "(?!)"), html)]
