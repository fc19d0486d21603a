"""The same questions, asked at a prompt: ``python -m loan_core --help``."""

import logging
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

import click
import msgspec

from loan_core import access
from loan_core.answers import portfolio_in_major, status_in_major
from loan_core.book import Book, open_book
from loan_core.calculation.words import counted
from loan_core.entries import day_entry
from loan_core.errors import InvalidFile, Problem, Refusal
from loan_core.verify import check_the_arithmetic, summary

_PROBLEMS_SHOWN = 100


class Day(click.ParamType[date]):
    """A day as ``2024-01-31``."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        return value if isinstance(value, date) else day_entry("as_of", value)


as_of_option = click.option("--as-of", type=Day(), help="The day that is asked about; today unless given.")
json_option = click.option("--json", "as_json", is_flag=True, help="Answer in JSON, money in major units.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """A loan book: what was expected against what came in, on any day.

    SQLALCHEMY_DATABASE_URI says where it is kept (sqlite:///loans.db), LOANS_TIMEZONE where its days begin.
    """


@cli.group("import")
def import_() -> None:
    """Bring in a CSV file: checked as a whole, then written as a whole."""


def _importer(kind: str, method: str) -> None:
    @import_.command(kind, help=f"Import {kind} from a CSV FILE (- for standard input).")
    @click.argument("file", type=click.File("rb"))
    @click.option("--dry-run", is_flag=True, help="Check only, write nothing.")
    def command(file: BinaryIO, dry_run: bool) -> None:
        with _book() as book, _bar() as progress, _named(file.name):
            receipt = getattr(book, method)(file, name=Path(file.name).name, dry_run=dry_run, progress=progress)
        click.echo(receipt.sentence)


_importer("loans", "import_loans")
_importer("repayments", "import_repayments")


@cli.command("undo-import")
@click.argument("batch", type=int)
def undo_import(batch: int) -> None:
    """Take import number BATCH back: its repayments count on no day any more, its loans are voided."""
    with _book() as book:
        click.echo(book.undo_import(batch).sentence)


@cli.command()
@click.argument("what", type=click.Choice(["loans", "repayments", "schedule"]))
@click.option("--loan", help="Only this loan, by its id or its reference.")
@as_of_option
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A file; standard output unless given.")
def export(what: str, loan: str | None, as_of: date | None, output: Path | None) -> None:
    """Write CSV: UTF-8 with BOM, dates as 2024-01-31, money with a decimal point."""
    with _book() as book:
        loan_id = None if loan is None else book.loan_id(loan)
        lines = getattr(book, f"export_{what}")(as_of or book.today(), loan_id)
        _write(lines, output)


@cli.command()
@click.argument("loan_id")
@as_of_option
@json_option
def status(loan_id: str, as_of: date | None, as_json: bool) -> None:
    """Where loan LOAN_ID (its id or its reference) stands."""
    with _book() as book:
        said = status_in_major(book.status(book.loan_id(loan_id), as_of or book.today()))
    _say(said, as_json)


@cli.command()
@as_of_option
@json_option
def portfolio(as_of: date | None, as_json: bool) -> None:
    """What the book comes to, each currency by itself."""
    with _book() as book:
        said = portfolio_in_major(book.portfolio(as_of or book.today()))
    if as_json:
        _say(said, as_json)
    elif not said["by_currency"]:
        click.echo("The book is empty.")
    else:
        for code, figures in said.pop("by_currency").items():
            _say(said | {"currency": code} | _flat(figures), as_json)


@cli.command()
@click.option("--loans", type=click.IntRange(1, 10_000_000), default=100, show_default=True, help="How many loans.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same book.")
def demo(loans: int, seed: int) -> None:
    """Fill an empty book with a made-up one: early, late, missed, partial, reversed, paid off."""
    with _book() as book, _bar() as progress:
        click.echo(book.load_demo(loans=loans, seed=seed, progress=progress).sentence)


@cli.command()
@as_of_option
def check(as_of: date | None) -> None:
    """Check the arithmetic: published cases, and what must hold of this book. Ends with 1 if anything does not."""
    done = []
    with _book() as book:
        for each in check_the_arithmetic(book, as_of or book.today()):
            click.echo(each.sentence)
            done.append(each)
    if not all(each.passed for each in done):
        _fail(summary(done))
    click.echo(summary(done))


@cli.command("make-token")
@click.argument("name")
@click.option("--write", is_flag=True, help="It may also record; else it may only read.")
def make_token(name: str, write: bool) -> None:
    """Make a token for the API, to be given to NAME, who signs with that name."""
    token, entry = access.make_token(name, write)
    click.echo(f"The token, shown this once:       {token}")
    click.echo(f"The entry of LOANS_API_TOKENS:    {entry}")


def main() -> None:
    """Run a command; exit with 0, or with 1 and one sentence on standard error."""
    # What the book can do without is no news at a prompt.
    logging.getLogger("loan_core").setLevel(logging.ERROR)
    try:
        cli(prog_name="python -m loan_core", standalone_mode=False)
    except InvalidFile as refusal:
        _show_problems(refusal.problems, refusal.count)
        _fail(str(refusal))
    except Refusal as refusal:
        _fail(str(refusal))
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help())
    except click.ClickException as error:
        message = " ".join(error.format_message().split())
        _fail(message if message.endswith((".", "?")) else f"{message}.")
    except (click.Abort, KeyboardInterrupt):
        _fail("Stopped. Nothing was written.")
    except OSError as error:
        _fail(f"{error.filename or 'The output'} cannot be used: {(error.strerror or str(error)).lower()}.")


def _fail(sentence: str) -> None:
    click.echo(sentence, err=True)
    sys.exit(1)


@contextmanager
def _book() -> Iterator[Book]:
    book = open_book()
    try:
        yield book
    finally:
        book.close()


@contextmanager
def _named(file: str) -> Iterator[None]:
    """A failure to read says which file it was."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, error.filename or file) from error


@contextmanager
def _bar() -> Iterator[Any]:
    """A progress bar on standard error, for what takes longer than a second."""
    started, bars = time.monotonic(), {}

    def progress(doing: str, done: int, rows: int) -> None:
        if doing not in bars and time.monotonic() - started > 1 and sys.stderr.isatty():
            bars[doing] = click.progressbar(length=rows, label=doing, file=sys.stderr)
        if doing in bars:
            bars[doing].update(done - bars[doing].pos)

    try:
        yield progress
    finally:
        for bar in bars.values():
            bar.render_finish()


def _write(lines: Iterable[bytes], output: Path | None) -> None:
    """All of it or nothing: a file takes its name when it is whole."""
    if output is None:
        try:
            sys.stdout.buffer.writelines(lines)
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            # Whoever read our output has seen enough; Python must not complain of it again at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    # A link stays a link; what is no file, such as a pipe, takes the lines as they come.
    target = output.resolve()
    is_plain = target.is_file() or not target.exists()
    unfinished = target.with_name(f"{target.name}.unfinished") if is_plain else target
    try:
        with unfinished.open("wb") as stream:
            stream.writelines(lines)
        if is_plain:
            unfinished.replace(target)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(output)) from error
    finally:
        if is_plain:
            with suppress(OSError):
                unfinished.unlink()


def _say(said: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.Encoder(decimal_format="number").encode(said)))
        return
    widest = max(map(len, said))
    for name, value in said.items():
        click.echo(f"{name:<{widest}}  {'-' if value in (None, '') else value}")


def _flat(figures: dict[str, Any], within: str = "") -> dict[str, Any]:
    """Nested figures as one list: ``par 30``, ``ageing 1-30 loans``."""
    flat: dict[str, Any] = {}
    for name, value in figures.items():
        flat |= _flat(value, f"{within}{name} ") if isinstance(value, dict) else {f"{within}{name}": value}
    return flat


def _show_problems(problems: tuple[Problem, ...], count: int) -> None:
    """Line, column, value, what is wrong, what would be right."""
    rows = [("Line", "Column", "Found", "What is wrong", "What would be right")]
    rows += [
        (str(each.line or ""), each.field, " ".join(each.found.split()), each.wrong, each.right)
        for each in problems[:_PROBLEMS_SHOWN]
    ]
    widths = [max(len(row[at]) for row in rows) for at in range(4)]
    for row in rows:
        click.echo("  ".join(f"{cell:<{width}}" for cell, width in zip(row, [*widths, 0], strict=True)).rstrip())
    if count > _PROBLEMS_SHOWN:
        click.echo(f"And {counted(count - _PROBLEMS_SHOWN, 'more problem')} to correct.")


if __name__ == "__main__":
    main()
