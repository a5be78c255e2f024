"""Reading the job form: JSON lines, all of them checked before anything costs money."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, NoReturn

from acedata_async.errors import InvalidRequest, describe_problem
from acedata_async.jobs.job import ACTIONS, KINDS, Job, product_kind, source_kind

_KEY = re.compile(r"[A-Za-z0-9_-](?:[A-Za-z0-9._-]{0,78}[A-Za-z0-9_-])?")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[1-9]|lpt[1-9])(?:\..*)?", re.IGNORECASE)
_ENDING = re.compile(r".*\.(?:json|m4a|mp3|mp4|wav|flac|zip|bin)", re.IGNORECASE)

_KEY_WORDS = (
    "letters, digits, - _ and . (80 at most, no . at either end, no file ending such as .m4a,"
    " no name that Windows reserves)"
)
_KEY_VERSION = "v1"
_ASSUMED_ID = "the source's id"


def read_jobs(text: str | Iterable[str]) -> list[Job]:
    """Read jobs from JSON lines and check every one of them.

    Blank lines, and lines that begin with `#`, are allowed.

    Args:
        text: The whole text, or its lines.

    Raises:
        InvalidRequest: Something is wrong; `problems` has a line for everything that is.
    """
    # Not str.splitlines: JSON texts may hold other line separators.
    lines = text.split("\n") if isinstance(text, str) else text
    reader = _Reader()
    for number, line in enumerate(lines, start=1):
        content = line.removeprefix("\ufeff").strip() if number == 1 else line.strip()
        if content and not content.startswith("#"):
            reader.read(number, content)
    if reader.problems:
        raise InvalidRequest(None, None, reader.problems[0], problems=reader.problems)
    return reader.jobs


class _Reader:
    """Reads line after line, and remembers the keys that later lines may name."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.problems: list[str] = []
        self._lines: dict[str, int] = {}
        self._actions: dict[str, str] = {}
        self._alike: Counter[str] = Counter()

    def read(self, number: int, content: str) -> None:
        """Take in one line: a job, or problems."""
        found: list[str] = []
        try:
            entry = _parse(content)
        except (ValueError, RecursionError) as error:
            found.append(f"not a JSON object: {error}")
        else:
            job = self._judge(number, entry, found)
            if not found:
                self.jobs.append(job)
        self.problems += [f"line {number}: {problem}" for problem in found]

    def _judge(self, number: int, entry: dict[str, Any], found: list[str]) -> Job:
        fields = {name: value for name, value in entry.items() if value is not None}
        key, action, source = (fields.pop(name, None) for name in ("key", "action", "source"))
        known = isinstance(action, str) and action in KINDS
        if not known:
            found.append(describe_problem("action", action, _action_words(action)))
        if key is None:
            key = self._derived_key(action, source, fields)
        found += self._key_problems(number, key)
        if known:
            if isinstance(key, str):  # known even if its line is wrong: no problem twice
                self._actions.setdefault(key, action)
            found += self._source_problems(key, action, source, fields)
            found += _field_problems(action, source, fields)
        return Job(key, action, fields, source, number)

    def _derived_key(self, action: object, source: object, fields: dict[str, Any]) -> str:
        # Without the callback_url: its secret may change, and the song stays the same.
        asked = {name: value for name, value in fields.items() if name != "callback_url"}
        canonical = json.dumps([action, source, asked], sort_keys=True)
        digest = hashlib.sha256(canonical.encode()).hexdigest()[:10]
        self._alike[digest] += 1
        return f"{_KEY_VERSION}-{digest}-{self._alike[digest]}"

    def _key_problems(self, number: int, key: object) -> list[str]:
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            return [describe_problem("key", key, _KEY_WORDS)]
        if _RESERVED.fullmatch(key) or _ENDING.fullmatch(key):
            return [describe_problem("key", key, _KEY_WORDS)]
        # Some file systems do not tell upper case from lower.
        first = self._lines.setdefault(key.lower(), number)
        if first != number:
            return [describe_problem("key", key, f"a key of its own; line {first} has this one")]
        return []

    def _source_problems(
        self, key: object, action: str, source: object, fields: dict[str, Any]
    ) -> list[str]:
        if source is None:
            return []
        needed = source_kind(action)
        if needed is None:
            return [describe_problem("source", source, f"none, for {action} starts from nothing")]
        if "audio_id" in fields:
            return [describe_problem("source", source, "either source or audio_id, not both")]
        if not isinstance(source, str) or source not in self._actions or source == key:
            return [describe_problem("source", source, "the key of an earlier line")]
        made = product_kind(self._actions[source])
        if made != needed:
            allowed = f"the key of a line that makes {needed}; that one makes {made}"
            return [describe_problem("source", source, allowed)]
        return []


def _field_problems(action: str, source: object, fields: dict[str, Any]) -> list[str]:
    needs_source = source_kind(action) is not None
    assumed: dict[str, str] = {}
    problems = []
    if needs_source and "audio_id" not in fields:
        assumed = {"audio_id": _ASSUMED_ID}
        if source is None:
            allowed = "the key of an earlier line, or audio_id in its place (one is needed)"
            problems.append(describe_problem("source", None, allowed))
    try:
        KINDS[action].model_validate({**fields, **assumed})
    except InvalidRequest as error:
        problems += error.problems
    return problems


def _action_words(action: object) -> str:
    close = get_close_matches(str(action), ACTIONS, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"one of {', '.join(ACTIONS)}{hint}"


def _parse(content: str) -> dict[str, Any]:
    entry = json.loads(content, object_pairs_hook=_distinct, parse_constant=_no_number)
    if not isinstance(entry, dict):
        raise ValueError(f"{content[:40]!r}")  # noqa: TRY004 - caught with json's own errors
    return entry


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entry = dict(pairs)
    if len(entry) < len(pairs):
        twice = next(
            name for name, count in Counter(name for name, _ in pairs).items() if count > 1
        )
        raise ValueError(f"{twice!r} stands in it twice")
    return entry


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")
