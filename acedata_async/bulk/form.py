"""Reading a form: JSON lines, all of them checked before anything costs money."""

from __future__ import annotations

import codecs
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, BinaryIO, NoReturn

from acedata_async.bulk.items import BulkItem
from acedata_async.bulk.keys import Register
from acedata_async.errors import InvalidRequest

LONGEST_LINE = 10_000_000
"""Bytes; what is longer is no song, and is not parsed."""

_MOST_PROBLEMS = 1_000
_PIECE = 65_536
_START = 100
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_HINT = "JSON lines are needed: one object a line"


def read_form(source: BinaryIO | bytes | Iterable[bytes], *, name: str) -> list[BulkItem]:
    """Read items from JSON lines and check every one of them.

    The text is UTF-8, with or without a byte order mark. Blank lines, and lines that begin with
    `#`, are allowed.

    Args:
        source: A file opened for reading bytes, its content, or its lines.
        name: What to call the form in an error.

    Returns:
        The items in their order, each with a key.

    Raises:
        InvalidRequest: Something is wrong, or there is no item at all; `problems` has a line for
            everything that is, up to 1,000 of them.
        OSError: The file could not be read.
    """
    reader = _Reader()
    for number, line in enumerate(_lines(source), start=1):
        if not reader.begun and (reason := _wrong_format(line[:_START])):
            reader.refuse(number, [reason])
            break
        if len(line) > LONGEST_LINE:
            reader.refuse(number, [f"longer than {LONGEST_LINE:,} bytes; {_HINT}"])
            continue
        content = line.removeprefix(codecs.BOM_UTF8).strip()
        if content and not content.startswith(b"#"):
            reader.read(number, content)
    reader.conclude(name)
    return reader.items


class _Reader:
    """Reads line after line, and keeps what it finds."""

    def __init__(self) -> None:
        self.items: list[BulkItem] = []
        self.begun = False
        self._register = Register()
        self._problems: list[str] = []
        self._unlisted = 0

    def read(self, number: int, content: bytes | bytearray) -> None:
        """Take in a line: an item, or problems."""
        self.begun = True
        try:
            self._judge(number, _parse(content))
        except InvalidRequest as error:
            self.refuse(number, error.problems)
        except RecursionError:
            self.refuse(number, ["not a JSON object: too many brackets inside one another"])

    def refuse(self, number: int, problems: Sequence[str]) -> None:
        """Keep the problems of a line, as long as they are not too many."""
        room = _MOST_PROBLEMS - len(self._problems)
        self._problems += [f"line {number}: {problem}" for problem in problems[:room]]
        self._unlisted += len(problems[room:])

    def conclude(self, name: str) -> None:
        """Raise what has been found wrong."""
        problems = self._problems
        if self._unlisted:
            problems = [*problems, f"… and {self._unlisted:,} more"]
        if not problems and not self.items:
            problems = [f"no songs in {name}"]
        if problems:
            raise InvalidRequest(None, None, problems[0], problems=problems)

    def _judge(self, number: int, entry: dict[str, Any]) -> None:
        try:
            item = BulkItem.read(entry, line=number)
        except InvalidRequest as error:
            self.refuse(number, [*error.problems, *self._register.mention(entry, number)])
            return
        key = self._register.admit(item)
        if not self._problems:
            self.items.append(replace(item, key=key, derived=item.key is None))


def _lines(source: BinaryIO | bytes | Iterable[bytes]) -> Iterator[bytes | bytearray]:
    """Iterate over lines; of one that is too long only the beginning is kept."""
    if isinstance(source, bytes | bytearray | memoryview):
        source = io.BytesIO(source)
    readline: Callable[[int], bytes] | None = getattr(source, "readline", None)
    if readline is None:
        yield from source
        return
    while line := _next_line(readline):
        yield line


def _next_line(readline: Callable[[int], bytes]) -> bytes | bytearray:
    """Return the next line; of one that is too long only the beginning; nothing at the end."""
    line = readline(_PIECE)
    if len(line) < _PIECE:
        return line
    whole, piece = bytearray(line), line
    while piece and not piece.endswith(b"\n"):
        piece = readline(_PIECE)
        if len(whole) <= LONGEST_LINE:
            whole += piece
    return whole


def _wrong_format(start: bytes | bytearray) -> str | None:
    """Say why a file whose first line begins so cannot be JSON lines, if so."""
    if start.startswith(_UTF16_MARKS) or b"\0" in start[:2]:
        return "not UTF-8; it looks like UTF-16: save the file as UTF-8"
    if start.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"["):
        return f"not a JSON object: a JSON array begins here; {_HINT}"
    return None


def _parse(content: bytes | bytearray) -> dict[str, Any]:
    """Return the object in a line.

    Raises:
        InvalidRequest: There is none; the error says why.
    """
    try:
        entry = _DECODER.decode(content.decode())
    except UnicodeDecodeError as error:
        words = f"not UTF-8, from byte {error.start + 1} of the line on: save the file as UTF-8"
        raise InvalidRequest(None, None, words) from None
    except json.JSONDecodeError as error:
        raise _no_object(f"{error.msg}, at character {error.pos + 1} of the line") from None
    except InvalidRequest:
        raise
    except ValueError:
        raise _no_object("a number in it has too many digits") from None
    if not isinstance(entry, dict):
        start = content[:40].decode(errors="replace")
        raise _no_object(f"{start!r}; {_HINT}")
    return entry


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entry = dict(pairs)
    if len(entry) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, count in counts.items() if count > 1)
        raise _no_object(f"{twice[:40]!r} stands in it twice")
    return entry


def _no_number(name: str) -> NoReturn:
    raise _no_object(f"{name} is no number in JSON")


def _no_object(reason: str) -> InvalidRequest:
    return InvalidRequest(None, None, f"not a JSON object: {reason}")


_DECODER = json.JSONDecoder(object_pairs_hook=_distinct, parse_constant=_no_number)
