"""What is too much for the memory: on the disk while it is needed, in memory as long as it is small."""

import errno
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile, gettempdir
from types import TracebackType
from typing import IO, Any, BinaryIO

import msgspec

from loan_core.errors import NoRoom

IN_MEMORY = 16_000_000
_ROWS_AT_ONCE = 10_000
_CHUNK = 1_000_000


@contextmanager
def kept(file: BinaryIO) -> Iterator[IO[bytes]]:
    """A copy of what is left of a file, at its beginning: whatever becomes of the file, and if it is a pipe."""
    with SpooledTemporaryFile(max_size=IN_MEMORY) as copy:
        for chunk in chunks(file):
            copy.write(chunk)
        copy.seek(0)
        yield copy


def handed_out(fill: Callable[[IO[bytes]], object]) -> Iterator[bytes]:
    """A file, whole before its first bytes are handed out: whoever is slow to take them keeps nothing else waiting."""
    file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed when all of it was handed out
    try:
        with room():
            fill(file)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return _rest(file)


def _rest(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        yield from chunks(file)


@contextmanager
def room() -> Iterator[None]:
    """``NoRoom`` where the disk is full on which temporary files are."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise NoRoom(gettempdir()) from error


def chunks(file: IO[bytes] | BinaryIO) -> Iterator[bytes]:
    """The rest of a file, a megabyte at a time."""
    while chunk := file.read(_CHUNK):
        yield chunk


class Frames:
    """Plain values, of lists, texts, numbers and None: they come back in their order, as often as they are wanted."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed with the frames
        self._sizes: list[int] = []

    def __enter__(self) -> "Frames":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, value: Any) -> None:
        self._sizes.append(self._file.write(_ENCODER.encode(value)))

    def clear(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._sizes = []

    def __iter__(self) -> Iterator[Any]:
        at = 0
        for size in self._sizes:
            self._file.seek(at)
            yield _DECODER.decode(self._file.read(size))
            at += size


class Spool:
    """Rows that were found and are wanted again: some come in at a time, some ten thousand come out."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self._latest: list[Sequence[Any]] = []

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        self._latest += rows
        if len(self._latest) >= _ROWS_AT_ONCE:
            self.finish()

    def finish(self) -> None:
        if self._latest:
            self._frames.add(self._latest)
            self._latest = []

    def clear(self) -> None:
        self._frames.clear()
        self._latest = []

    def __iter__(self) -> Iterator[list[Sequence[Any]]]:
        self.finish()
        return iter(self._frames)


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder()
