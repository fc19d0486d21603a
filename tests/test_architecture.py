"""Who may import whom, and who may ask a clock: read from the source. The README draws the same picture."""

import ast
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, cached_property, partial
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

PAGES = "pages/*"
CALCULATION = "loan_core/calculation/*"
MIGRATIONS = "loan_core/migrations/*"
WITH_QUERIES = (
    "book",
    "doing",
    "recording",
    "checking",
    "batches",
    "ledger",
    "whole_book",
    "blocks",
    "lists",
    "packing",
    "known",
    "since",
    "inbox",
)
THE_BOOK = tuple(f"loan_core/{part}.py" for part in WITH_QUERIES)
THE_API = tuple(f"loan_core/{part}.py" for part in ("api", "routes", "asked", "problems"))
THE_CLOCK = "loan_core/settings.py"
RUN_BY_ALEMBIC = "loan_core/migrations/env.py"

# A package, and the only places that name it. In a pattern ``*`` crosses folders too.
ONLY_IN = {
    "streamlit": ("app.py", PAGES),
    "plotly": ("pages/_*chart*.py",),
    "fastapi": ("app.py", *THE_API),
    "starlette": ("app.py", *THE_API, "loan_core/access.py"),
    "pydantic": ("loan_core/asked.py",),
    "prometheus_client": ("loan_core/metrics.py",),
    "sqlalchemy": (
        MIGRATIONS,
        "loan_core/models.py",
        "loan_core/store.py",
        "loan_core/prepared.py",
        "loan_core/writing.py",
        "loan_core/watched.py",
        *THE_BOOK,
    ),
    # A second library that opens the same SQLite file in one process takes away the locks of the first.
    "adbc_driver_sqlite": (),
    "alembic": (MIGRATIONS, "loan_core/store.py"),
    "redis": ("loan_core/cache.py",),
    "click": ("loan_core/__main__.py",),
    "loan_core.calculation": ("loan_core/*",),
    "pages": ("app.py", PAGES),
    "app": (),
    "tests": (),
}

# Seconds that only measure a wait (``time.monotonic``) are no clock.
CLOCKS = (
    "datetime.date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "pandas.Timestamp.now",
    "pandas.Timestamp.today",
    "pandas.Timestamp.utcnow",
    "time.gmtime",
    "time.localtime",
    "time.time",
    "time.time_ns",
)

ARITHMETIC = {"numpy", "loan_core.calculation"} | sys.stdlib_module_names - {"time"}

# Calls that open something, by their last words.
OPENINGS = ("connect", "create_engine", "from_url", "urlopen", "Redis", "Cache.at", "Store", "Book", "open_book")


@dataclass(frozen=True)
class Name:
    """A name as a file says it, in full: ``np.int64`` is ``numpy.int64``. ``here`` is what an import calls it."""

    full: str
    line: int
    here: str = ""

    def within(self, outer: str) -> bool:
        return f"{self.full}.".startswith(f"{outer}.")


@dataclass(frozen=True)
class Source:
    """A file of ours: where it is, and what it says."""

    place: str
    text: str

    def at(self, *patterns: str) -> bool:
        return any(fnmatchcase(self.place, pattern) for pattern in patterns)

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.place)

    @cached_property
    def imports(self) -> list[Name]:
        return [name for node in ast.walk(self.tree) for name in self._imported(node)]

    @cached_property
    def uses(self) -> list[Name]:
        """Every use of an imported name, with what follows its dots."""
        known = {name.here: name.full for name in self.imports if name.here}
        said = [(dotted(node).partition("."), node) for node in ast.walk(self.tree)]
        return [Name(known[root] + dot + rest, node.lineno) for (root, dot, rest), node in said if root in known]

    def _imported(self, node: ast.AST) -> Iterator[Name]:
        match node:
            case ast.Import(names=aliases):
                for alias in aliases:
                    yield Name(alias.name, node.lineno, alias.asname or "")
                    if not alias.asname:
                        root = alias.name.partition(".")[0]
                        yield Name(root, node.lineno, root)
            case ast.ImportFrom(module=module, names=aliases, level=level):
                package = Path(self.place).parts[:-level] if level else ()
                for alias in aliases:
                    full = ".".join([*package, *filter(None, [module]), alias.name])
                    yield Name(full, node.lineno, alias.asname or alias.name)
            case ast.Call(func=function, args=[ast.Constant(value=str(name)), *_]):
                if dotted(function).endswith(("import_module", "__import__")):
                    yield Name(name, node.lineno)

    def lines(self, names: Iterable[Name]) -> list[str]:
        found = sorted({(name.line, name.full) for name in names})
        return [f"{self.place}, line {line}: {full}" for line, full in found]


def dotted(node: ast.AST) -> str:
    """``a.b.c`` of a name with attributes; an expression before the first dot is left out: ``.b.c``."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attribute):
            return f"{dotted(value)}.{attribute}"
    return ""


def strangers(source: Source, package: str) -> list[str]:
    if source.at(*ONLY_IN[package]):
        return []
    return source.lines(name for name in source.imports + source.uses if name.within(package))


def impurities(source: Source) -> list[str]:
    if not source.at(CALCULATION):
        return []
    named = (name for name in source.imports if name.full != "loan_core")
    return source.lines(name for name in named if not any(map(name.within, ARITHMETIC)))


def clocks(source: Source) -> list[str]:
    if source.at(THE_CLOCK):
        return []
    asked = [name for name in source.uses if any(map(name.within, CLOCKS))]
    for node in ast.walk(source.tree):
        match node:
            case ast.Call(func=function, args=[ast.Constant(value="now" | "today" as day), *_]):
                asked.append(Name(f"{dotted(function)}({day!r})", node.lineno))
    return source.lines(asked)


def private_names(source: Source) -> list[str]:
    if not source.at(PAGES):
        return []
    allowed = {"loan_core", *(f"loan_core.{name}" for name in public_names())}
    return source.lines(name for name in source.imports if name.within("loan_core") and name.full not in allowed)


def public_names() -> list[str]:
    """``__all__`` of the package."""
    for package in sources():
        for node in package.tree.body if package.place == "loan_core/__init__.py" else ():
            match node:
                case ast.Assign(targets=[ast.Name(id="__all__")], value=listed):
                    return list(ast.literal_eval(listed))
    return []


def openings(source: Source) -> list[str]:
    if source.at(RUN_BY_ALEMBIC):
        return []
    calls = [Name(dotted(node.func), node.lineno) for node in run_on_import(source.tree) if isinstance(node, ast.Call)]
    return source.lines(call for call in calls if f".{call.full}".endswith(tuple(f".{words}" for words in OPENINGS)))


def run_on_import(node: ast.AST) -> Iterator[ast.AST]:
    """Everything but the bodies of functions and of ``if __name__ == "__main__"``; decorators and defaults do run."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            inside: Iterable[ast.AST] = [*node.decorator_list, node.args]
        case ast.Lambda():
            inside = [node.args]
        case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
            inside = node.orelse
        case _:
            inside = ast.iter_child_nodes(node)
    yield node
    for each in inside:
        yield from run_on_import(each)


RULES: dict[str, Callable[[Source], list[str]]] = {
    **{
        f"{package} is named only in {', '.join(places) or 'no file of ours'}": partial(strangers, package=package)
        for package, places in ONLY_IN.items()
    },
    "the calculation imports only numpy, the standard library without its clock, and itself": impurities,
    f"the day comes from the one clock, in {THE_CLOCK}": clocks,
    "a page takes only public names from loan_core": private_names,
    "nothing is opened on import": openings,
}


@cache
def sources() -> list[Source]:
    """Every file the rules are about. Tests import what they test."""
    files = sorted([*ROOT.glob("app.py"), *ROOT.glob("pages/**/*.py"), *ROOT.glob("loan_core/**/*.py")])
    return [Source(file.relative_to(ROOT).as_posix(), file.read_text("utf-8")) for file in files]


def rooms() -> list[list[str]]:
    """The modules of each line of the README's picture, from the top."""
    drawn = (ROOT / "README.md").read_text("utf-8").partition("\nloan_core/ ")[2].partition("\ntests/ ")[0]
    return [re.findall(r"\w+", line) for line in re.findall(r"^  (\w+(?:, \w+)*)(?:  |$)", drawn, re.MULTILINE)]


def taken(source: Source, names: Iterable[str]) -> set[str]:
    """Which of our modules a file imports."""
    return {name for name in names if any(each.within(f"loan_core.{name}") for each in source.imports)}


def test_the_readme_draws_who_imports_whom():
    place = {name: number for number, line in enumerate(rooms()) for name in line}
    ours = {Path(each.place).parts[1].removesuffix(".py"): [] for each in sources() if each.at("loan_core/*")}
    assert sorted(place) == sorted(set(ours) - {"__init__"})
    for each in sources():
        if each.at("loan_core/*") and not each.at("loan_core/__init__.py", RUN_BY_ALEMBIC):
            mine = Path(each.place).parts[1].removesuffix(".py")
            above = [name for name in taken(each, place) if place[name] < place[mine]]
            assert not above, f"{each.place} imports {above}, which the README draws above it"
            ours[mine] += [name for name in taken(each, place) if name != mine]
    in_order = TopologicalSorter(ours)
    in_order.prepare()


def defined(source: Source) -> Iterator[str]:
    """What a file defines, as the README names it: ``store.Store``, ``Store.write``, ``Form``, ``status_chart``."""
    for node in source.tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from (node.name, f"{Path(source.place).stem}.{node.name}")
        for each in node.body if isinstance(node, ast.ClassDef) else ():
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{node.name}.{each.name}"


def test_the_paths_that_the_readme_tells_lead_through_what_is_there():
    told = (ROOT / "README.md").read_text("utf-8").partition("**One repayment**")[2].partition("`make lint`")[0]
    named = {name.removeprefix("pages/") for name in re.findall(r"`([\w/.]+)`", told)}
    known = {name for source in sources() for name in defined(source)}
    # The book has what it does and what it is asked from two others.
    known |= {re.sub(r"^(Doing|Asking)\.", "Book.", name) for name in known}
    assert len(named) > 30
    assert named - known == set()


def taken_from_tests(source: Source) -> list[str]:
    return source.lines(name for name in source.imports if name.full.startswith("tests.test_"))


def test_no_test_takes_from_another_test():
    """What two tests need stands beside them, and each can be read, run and moved alone."""
    files = sorted((ROOT / "tests").rglob("*.py"))
    read = [Source(file.relative_to(ROOT).as_posix(), file.read_text("utf-8")) for file in files]
    assert [line for source in read for line in taken_from_tests(source)] == []
    taking = ("from tests import desk, test_book", "from tests.test_book import lend", "from .test_book import lend")
    assert all(taken_from_tests(Source("tests/test_memory.py", text)) for text in taking)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_the_house_keeps_the_rule_that(rule):
    broken = [line for source in sources() for line in RULES[rule](source)]
    assert not broken, f"The rule is that {rule}. It is broken in:\n" + "\n".join(broken)


@pytest.mark.parametrize(
    ("rule", "place", "text"),
    [
        ("streamlit is", "loan_core/book.py", "import streamlit"),
        ("streamlit is", "loan_core/book.py", "import streamlit.components.v1 as components"),
        ("streamlit is", "loan_core/book.py", "def later():\n    from streamlit import session_state"),
        ("pages is", "loan_core/book.py", "import importlib\nimportlib.import_module('pages.loans')"),
        ("plotly is", "app.py", "import plotly"),
        ("starlette is", "pages/loans.py", "from starlette.responses import Response"),
        ("sqlalchemy is", "pages/loans.py", "from sqlalchemy import select"),
        ("sqlalchemy is", "loan_core/exchange.py", "from sqlalchemy import select"),
        ("loan_core.calculation is", "pages/loans.py", "from loan_core.calculation import money"),
        ("loan_core.calculation is", "pages/loans.py", "import loan_core as core\ncore.calculation.money"),
        ("app is", "loan_core/api.py", "import app"),
        ("public names", "pages/loans.py", "from loan_core import store"),
        ("public names", "pages/loans.py", "from loan_core.errors import Refusal"),
        ("the calculation", "loan_core/calculation/money.py", "import pandas"),
        ("the calculation", "loan_core/calculation/money.py", "from ..errors import Refusal"),
        ("the calculation", "loan_core/calculation/money.py", "import time"),
        ("one clock", "loan_core/calculation/dates.py", "import numpy as np\nnp.datetime64('today')"),
        ("one clock", "loan_core/models.py", "import datetime as dt\nfield(default_factory=dt.datetime.now)"),
        ("one clock", "loan_core/book.py", "from datetime import date\ndef age(): return date.today()"),
        ("one clock", "pages/loans.py", "from datetime import datetime as clock\nclock.now()"),
        ("one clock", "loan_core/cache.py", "from time import time\ntime()"),
        ("opened on import", "loan_core/cache.py", "import redis\nCLIENT = redis.Redis()"),
        ("opened on import", "loan_core/store.py", "class Store:\n    engine = create_engine('sqlite://')"),
        ("opened on import", "loan_core/store.py", "def read(connection=engine.connect()): ..."),
    ],
)
def test_a_broken_rule_is_noticed(rule, place, text):
    (check,) = [RULES[words] for words in RULES if rule in words]
    assert check(Source(place, text))


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("app.py", "import streamlit as st\nfrom starlette.routing import Mount\nfrom loan_core.api import api"),
        ("pages/loans.py", "import streamlit as st\nfrom pages._desk import book\nbook().loans()"),
        ("pages/loans.py", "import loan_core\nstreamlit_like = 1"),
        ("loan_core/calculation/money.py", "import numpy as np\nfrom fractions import Fraction"),
        ("loan_core/calculation/money.py", "from .dates import due\nfrom loan_core.calculation import dates"),
        ("loan_core/calculation/dates.py", "from datetime import date\ndate(2026, 1, 1)"),
        ("loan_core/settings.py", "from datetime import UTC, datetime\ndatetime.now(UTC)"),
        ("loan_core/book.py", "def open_it(url): return Book(Store(url))"),
        ("loan_core/cache.py", "from time import monotonic\nmonotonic()"),
        ("loan_core/__main__.py", "import click\nif __name__ == '__main__':\n    Book(Store('sqlite:///loans.db'))"),
    ],
)
def test_a_rule_that_is_kept_is_left_alone(place, text):
    assert [line for check in RULES.values() for line in check(Source(place, text))] == []
