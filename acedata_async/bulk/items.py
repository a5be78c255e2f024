"""One thing to make: what is known of it before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from sys import intern
from types import MappingProxyType
from typing import Any, Self

from acedata_async._rules.exchange import service_of
from acedata_async.errors import InvalidRequest, describe_problem
from acedata_async.models import fish, producer
from acedata_async.models.request import ApiRequest
from acedata_async.models.siblings import UploadRequest
from acedata_async.models.task import mask_callback

UPLOAD = "upload"
STEMS = "stems"

KINDS: Mapping[str, type[ApiRequest]] = MappingProxyType(
    {
        **{kind.action: kind for kind in producer.SUBMISSIONS},
        UPLOAD: UploadRequest,
        **{kind.action: kind for kind in fish.SUBMISSIONS},
    }
)
"""The request of each action, of whatever service."""

ACTIONS: tuple[str, ...] = tuple(KINDS)
"""What an item can ask for."""

_SOURCE_FIELDS = ("audio_id", "reference_id")
_ASSUMED_ID = "the source's id"
_NO_FIELDS = frozenset({"key", "action", "source"})
_LONGEST_GUESS = 80
"""Characters of a misspelt action; for a longer one no likeness is looked for."""

_KEY = re.compile(r"[A-Za-z0-9_-](?:[A-Za-z0-9._-]{0,78}[A-Za-z0-9_-])?")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[1-9]|lpt[1-9])(?:\..*)?", re.IGNORECASE)
_ENDING = re.compile(r".*\.(?:json|m4a|mp3|mp4|wav|flac|zip|bin)", re.IGNORECASE)
_LIKE_DERIVED = re.compile(r"v[0-9]+-[0-9a-f]{16}-[0-9]+", re.IGNORECASE)
_KEY_WORDS = (
    "letters, digits, - _ and . (80 at most, no . at either end, no file ending such as .m4a,"
    " no name that Windows reserves)"
)


_PRODUCTS = {UPLOAD: "an upload", STEMS: "stems", "speak": "a speech", "create_voice": "a voice"}


def service_kind(action: str) -> str:
    """Return the service that an action belongs to, such as `producer`."""
    return service_of(KINDS[action].path)


def belongs(action: object, service: str) -> bool:
    """Say whether an action is one of a service; one that another release knew may be."""
    return action not in KINDS or service_kind(str(action)) == service


def source_field(action: str) -> str | None:
    """Return the field that says what an action starts from; None where it has none."""
    fields = KINDS[action].model_fields
    return next((name for name in _SOURCE_FIELDS if name in fields), None)


def source_kind(action: str) -> str | None:
    """Return what an action starts from, in words; None for one that starts from nothing."""
    field_name = source_field(action)
    if field_name is None:
        return None
    if field_name == "reference_id":
        return "a voice"
    return "an upload" if action.startswith("upload_") else "a song"


def product_kind(action: str) -> str:
    """Return what an action makes, in the words of `source_kind`."""
    return _PRODUCTS.get(action, "a song")


def makes_file(action: object) -> bool:
    """Say whether an action makes something that can be downloaded."""
    return product_kind(str(action)) not in {"an upload", "a voice"}


@dataclass(frozen=True, slots=True)
class BulkItem:
    """One thing to make; comes from `of` or `read`, which check it.

    Attributes:
        action: What to do: a Producer action, `upload`, `create_voice` or `speak`.
        fields: The request's fields as they were set, and no others; `audio_id`, or
            `reference_id`, is not among them where there is a source. Not shown, for a
            `callback_url` may hold a secret.
        key: Its name among all items; None where it is to be derived from what is asked for.
        source: The key of the earlier item whose song, upload or voice it starts from, or None.
        line: The number of its line; 0 where it comes from no file.
        derived: Whether the key was derived, and not chosen by the user.
    """

    action: str
    fields: Mapping[str, Any] = field(repr=False)
    key: str | None = None
    source: str | None = None
    line: int = 0
    derived: bool = False

    @classmethod
    def of(cls, request: ApiRequest, *, key: str | None = None) -> Self:
        """Make an item of a request.

        Args:
            request: A request of one of the classes in `KINDS`, and not of one made from them:
                what such a class changes would not be sent.
            key: Its name among all items; derived from the request if left out.

        Raises:
            InvalidRequest: It is no such request, does not pass its checks, or the key is not
                allowed.
        """
        action = next((name for name, kind in KINDS.items() if type(request) is kind), None)
        if action is None:
            names = ", ".join(kind.__name__ for kind in KINDS.values())
            raise InvalidRequest("request", type(request).__name__, f"one of {names}")
        problems = [] if key is None else key_problems(key)
        if problems:
            raise refusal(problems)
        return cls(action, _checked(action, request.fields_given()), key)

    @classmethod
    def read(cls, entry: Mapping[str, Any], *, line: int = 0) -> Self:
        """Make an item of a JSON object: `key`, `action`, `source` and the request's fields.

        What is null counts as left out. Whether the key is free and the source is there is a
        question for `Register`, which knows the other items.

        Args:
            entry: The object.
            line: The number of its line in a file, or 0.

        Raises:
            InvalidRequest: Something is wrong; `problems` has a line for everything that is.
        """
        key, action, source = (entry.get(name) for name in ("key", "action", "source"))
        problems = [] if key is None else key_problems(key)
        if not isinstance(action, str) or action not in KINDS:
            raise refusal([describe_problem("action", action, _action_words(action)), *problems])
        problems += source_problems(entry, line)
        given = {name: value for name, value in entry.items() if name not in _NO_FIELDS}
        place = source_field(action)
        if place is None or given.get(place) is not None:
            assumed: dict[str, Any] = {}
        else:
            assumed = {place: _ASSUMED_ID}
        fields: dict[str, Any] = {}
        try:
            fields = _checked(action, {**given, **assumed})
        except InvalidRequest as error:
            problems += error.problems
        if problems:
            raise refusal(problems)
        fields = {name: value for name, value in fields.items() if name not in assumed}
        return cls(intern(action), fields, key, source, line)  # thousands of items share it

    def request(self, source_id: str | None = None) -> ApiRequest:
        """Return the request to send.

        Args:
            source_id: The id of what its source made; None where it has no source.

        Raises:
            InvalidRequest: The id of the source is missing, or there is no source.
        """
        if self.action not in KINDS:  # from a ledger that another release has written
            raise InvalidRequest("action", self.action, _action_words(self.action))
        place = source_field(self.action) or _SOURCE_FIELDS[0]
        if (source_id is None) is not (self.source is None):
            words = "none, for the item has no source" if source_id else "the id of its source"
            raise InvalidRequest(place, source_id, words)
        known = {} if source_id is None else {place: source_id}
        return KINDS[self.action].model_validate({**self.fields, **known})

    def shown(self) -> dict[str, Any]:
        """Return what is asked for, fit for a file: with the `callback_url` masked."""
        asked = {"action": self.action, **mask_callback(self.fields)}
        return asked if self.source is None else {**asked, "source": self.source}


def refusal(problems: list[str]) -> InvalidRequest:
    """Return the error that tells several problems."""
    return InvalidRequest(None, None, problems[0], problems=problems)


def key_problems(key: object) -> list[str]:
    """Return what keeps a key from being the user's own, in words."""
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        return [describe_problem("key", key, _KEY_WORDS)]
    if _RESERVED.fullmatch(key) or _ENDING.fullmatch(key):
        return [describe_problem("key", key, _KEY_WORDS)]
    if _LIKE_DERIVED.fullmatch(key):
        words = "a key that does not look like those given to what has none of its own"
        return [describe_problem("key", key, words)]
    return []


def source_problems(entry: Mapping[str, Any], line: int) -> list[str]:
    """Return what is wrong with the source of a JSON object on its own, in words.

    Args:
        entry: The object; its action is known.
        line: The number of its line, or 0.
    """
    key, action, source = (entry.get(name) for name in ("key", "action", "source"))
    place = source_field(str(action))
    earlier = f"the key of an earlier {'line' if line else 'item'}"
    if place is None:
        words = f"none, for {action} starts from nothing"
        return [] if source is None else [describe_problem("source", source, words)]
    has_id = entry.get(place) is not None
    if source is None:
        needed = KINDS[str(action)].model_fields[place].is_required()
        words = f"{earlier}, or {place} in its place (one is needed)"
        return [describe_problem("source", None, words)] if needed and not has_id else []
    if has_id:
        return [describe_problem("source", source, f"either source or {place}, not both")]
    if not isinstance(source, str) or source == key:
        return [describe_problem("source", source, earlier)]
    return []


def _checked(action: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that are set, as the request's class reads them."""
    return KINDS[action].model_validate(given).fields_given()


def _action_words(action: object) -> str:
    guessable = isinstance(action, str) and len(action) <= _LONGEST_GUESS
    close = get_close_matches(str(action), ACTIONS, n=1) if guessable else []
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"one of {', '.join(ACTIONS)}{hint}"
