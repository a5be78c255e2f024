"""How Fish answers about its voices: the list of those there are, and one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from acedata_async.sandbox.fault_replies import stand_in
from acedata_async.sandbox.fish_validation import Problem, problem
from acedata_async.sandbox.kinds import CATALOGUE
from acedata_async.sandbox.lookups import damaged, lookup_fault
from acedata_async.sandbox.replies import (
    Answer,
    Reply,
    failure_of_fields,
    failure_passed_through,
    json_reply,
)
from acedata_async.sandbox.vendor import Vendor
from acedata_async.sandbox.voices import ACCOUNT_AUTHOR, State, Voice, model_entity

_PAGE_SIZE = 10
_LARGEST_PAGE = 100
_FLAGS = {"false": False, "0": False, "False": False, "true": True, "1": True, "True": True}
_SORTS = ("created_at", "task_count")


def show_voices(vendor: Vendor, path: str, query: str, now: float, base: str) -> Answer:
    """Return the answer to a GET of the catalogue or of one voice.

    Args:
        vendor: Who is asked.
        path: What is asked for.
        query: What stands behind the question mark.
        now: The time, in Unix seconds.
        base: What comes before the paths of media.
    """
    name = lookup_fault(vendor, [], "catalogue")
    refusal = stand_in(name, vendor.trace_id(), now)
    if refusal is not None:
        return refusal
    if path == CATALOGUE:
        return damaged(_list(vendor, dict(parse_qsl(query)), now, base), name)
    found = vendor.voices.find(path.removeprefix(f"{CATALOGUE}/"), now)
    if found is None:
        return failure_passed_through(400, "Model not found")
    return damaged(json_reply(200, _entity(vendor, *found, base)), name)


def _list(vendor: Vendor, query: Mapping[str, str], now: float, base: str) -> Reply:
    wrong = list(filter(None, (check(query) for check in _CHECKS)))
    if wrong:
        return failure_of_fields(wrong)
    matching = [found for found in vendor.voices.all(now) if _matches(found[0], query)]
    # Reversed before it is sorted, so that of two created at once the later one is newer.
    matching.reverse()
    by_uses = query.get("sort_by") == "task_count"
    matching.sort(
        key=lambda found: (
            found[0].uses + vendor.voices.uses(found[0]) if by_uses else found[0].created_at
        ),
        reverse=True,
    )
    size = int(query.get("page_size", _PAGE_SIZE))
    first = size * (int(query.get("page_number", 1)) - 1)
    items = [_entity(vendor, *found, base) for found in matching[first : first + size]]
    return json_reply(200, {"total": len(matching), "items": items, "has_more": None})


def _entity(vendor: Vendor, voice: Voice, state: State, base: str) -> dict[str, Any]:
    return model_entity(voice, state, base, uses=vendor.voices.uses(voice))


def _matches(voice: Voice, query: Mapping[str, str]) -> bool:
    own = _FLAGS[query.get("self", "false")]
    author = query.get("author_id", voice.author)
    if voice.visibility != "public" and not own and query.get("author_id") != ACCOUNT_AUTHOR:
        return False
    return (
        (voice.own or not own)
        and voice.author == author
        and query.get("title", "").lower() in voice.title.lower()
        and ("tag" not in query or query["tag"] in voice.tags)
        and query.get("language", voice.languages[0]) in voice.languages
        and query.get("title_language", voice.languages[0]) == voice.languages[0]
    )


_Check = Callable[[Mapping[str, str]], Problem | None]


def _whole(name: str, default: int, most: int) -> _Check:
    def check(query: Mapping[str, str]) -> Problem | None:
        given = query.get(name, str(default))
        # At most nine digits: more are no page that anybody can mean.
        if given.isascii() and given.isdigit() and len(given) <= 9 and 1 <= int(given) <= most:
            return None
        words = f"Input should be a whole number from 1 to {most}"
        return problem("int_parsing", ["query", name], words, given)

    return check


def _one_of(name: str, choices: tuple[str, ...]) -> _Check:
    def check(query: Mapping[str, str]) -> Problem | None:
        given = query.get(name, choices[0])
        if given in choices:
            return None
        words = f"Input should be one of {', '.join(choices)}"
        return problem("literal_error", ["query", name], words, given)

    return check


_CHECKS = (
    _whole("page_size", _PAGE_SIZE, _LARGEST_PAGE),
    _whole("page_number", 1, 10**9),
    _one_of("self", tuple(_FLAGS)),
    _one_of("sort_by", _SORTS),
)
