"""What is too much for the memory: kept on the disk while it is needed, in memory while it is small."""

from collections.abc import Iterator, Sequence
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import IO, Any, BinaryIO

import msgspec

IN_MEMORY = 16_000_000
_ROWS_AT_ONCE = 10_000
_CHUNK = 1_000_000


def kept(file: BinaryIO) -> IO[bytes]:
    """A copy of what is left of a file, at its beginning: nobody changes it while it is read again and again."""
    copy = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - whoever asked for it closes it
    for chunk in chunks(file):
        copy.write(chunk)
    copy.seek(0)
    return copy


def chunks(file: IO[bytes] | BinaryIO) -> Iterator[bytes]:
    """The rest of a file, a megabyte at a time."""
    while chunk := file.read(_CHUNK):
        yield chunk


class Spool:
    """Rows that were found and are wanted again, in their order: plain tuples of texts, numbers and None."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed with the spool
        self._latest: list[tuple[Any, ...]] = []
        self._sizes: list[int] = []

    def __enter__(self) -> "Spool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, rows: Sequence[tuple[Any, ...]]) -> None:
        self._latest += rows
        if len(self._latest) >= _ROWS_AT_ONCE:
            self._sizes.append(self._file.write(_ENCODER.encode(self._latest)))
            self._latest = []

    def clear(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._latest, self._sizes = [], []

    def __iter__(self) -> Iterator[list[tuple[Any, ...]]]:
        """The rows, some ten thousand at a time."""
        at = 0
        for size in self._sizes:
            self._file.seek(at)
            yield _DECODER.decode(self._file.read(size))
            at += size
        self._file.seek(at)
        if self._latest:
            yield self._latest


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(list[tuple[Any, ...]])
