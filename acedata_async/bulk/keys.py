"""The names of items: derived from what is asked for, or the user's own.

A derived key is `v1-<digest>-<n>`: the digest stands for the action, the source and the fields
that were set, and `n` counts items that are alike. So lines may be added, taken out and moved
without a song being made again; what is edited is another song.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from acedata_async.bulk.items import (
    ACTIONS,
    KINDS,
    BulkItem,
    key_problems,
    product_kind,
    refusal,
    source_kind,
    source_problems,
)
from acedata_async.errors import describe_problem
from acedata_async.models.request import CALLBACK_FIELD

_VERSION = "v1"
_DERIVED = re.compile(rf"{_VERSION}-([0-9a-f]{{16}})-([1-9][0-9]{{0,17}})")
_DIGEST_BYTES = 8

# Changing any of this changes the keys, and so makes every song again.
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode


def is_derived(key: str) -> bool:
    """Say whether a key has the form of one that was derived."""
    return _DERIVED.fullmatch(key) is not None


def digest_of(item: BulkItem) -> int:
    """Return a number of 64 bits that stands for what an item asks for."""
    asked = {
        # 0.0 and -0.0 are the same.
        name: value + 0.0 if isinstance(value, float) else value
        for name, value in item.fields.items()
        if name != CALLBACK_FIELD  # its secret may change, and the song stays the same
    }
    text = _canonical([item.action, item.source, asked])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:_DIGEST_BYTES], "big")


class _Owner(NamedTuple):
    """Who has a key: as it is spelt, its line or 0, and its action or nothing if unknown."""

    key: str
    line: int
    action: str


class Register:
    """What earlier items are called and make; gives each its key.

    It keeps a small, constant amount for each item, and less for those without a key of their own.
    """

    def __init__(self) -> None:
        self._owners: dict[str, _Owner] = {}
        self._alike: dict[int, int] = {}

    def admit(self, item: BulkItem) -> str:
        """Take in an item and return its key: the one it has, or one derived from it.

        A key of its own is taken even if the item is refused.

        Raises:
            InvalidRequest: The key is taken, or the source is no earlier item of the right kind;
                `problems` has a line for each.
        """
        problems: list[str] = []
        if item.source is not None:
            problems += self._relation_problems(item.source, item.action, item.line)
        if item.key is not None:
            problems += self._claim(item.key, item.action, item.line)
        if problems:
            raise refusal(problems)
        return self._next_key(item) if item.key is None else item.key

    def mention(self, entry: Mapping[str, Any], line: int) -> list[str]:
        """Note the key of a JSON object that `BulkItem.read` refused.

        Later items may name it as their source: that is not one more mistake.

        Args:
            entry: The object.
            line: The number of its line, or 0.

        Returns:
            What is wrong with it beside what `read` says, in words.
        """
        key, action, source = (entry.get(name) for name in ("key", "action", "source"))
        problems: list[str] = []
        if not isinstance(action, str) or action not in KINDS:
            action = ""
        elif isinstance(source, str) and not source_problems(entry, line):
            problems += self._relation_problems(source, action, line)
        if isinstance(key, str) and not key_problems(key):
            problems += self._claim(key, action, line)
        return problems

    def _claim(self, key: str, action: str, line: int) -> list[str]:
        """Note that a key is taken, or say by whom it already is."""
        # Some file systems do not tell upper case from lower.
        folded = key.casefold()
        owner = self._owners.get(folded)
        if owner is not None:
            return [_taken(key, f"line {owner.line}" if owner.line else "an earlier item")]
        derived = _DERIVED.fullmatch(key)
        if derived is not None:
            digest, number = int(derived[1], 16), int(derived[2])
            count, _ = self._count(digest)
            if number <= count:
                return [_taken(key, "an earlier item")]
            if number == count + 1:
                self._set_count(digest, number, action)
                return []
        self._owners[folded] = _Owner(key, line, action)
        return []

    def _next_key(self, item: BulkItem) -> str:
        digest = digest_of(item)
        number, _ = self._count(digest)
        while True:
            number += 1
            key = f"{_VERSION}-{digest:0{2 * _DIGEST_BYTES}x}-{number}"
            if key not in self._owners:
                self._set_count(digest, number, item.action)
                return key

    def _relation_problems(self, source: str, action: str, line: int) -> list[str]:
        word = "line" if line else "item"
        maker = self._action_of(source)
        if maker is None:
            allowed = f"the key of an earlier {word}"
            owner = self._owners.get(source.casefold())
            if owner is not None:
                allowed += f" as it is spelt there: {owner.key}"
            return [describe_problem("source", source, allowed)]
        needed = source_kind(action)
        if maker and product_kind(maker) != needed:
            makes = product_kind(maker)
            one = "a line" if line else "an item"
            allowed = f"the key of {one} that makes {needed}; that one makes {makes}"
            return [describe_problem("source", source, allowed)]
        return []

    def _action_of(self, key: str) -> str | None:
        """Return the action of the item with a key, "" if it is unknown; None without an item."""
        owner = self._owners.get(key.casefold())
        if owner is not None:
            return owner.action if owner.key == key else None
        derived = _DERIVED.fullmatch(key)
        if derived is None:
            return None
        count, action = self._count(int(derived[1], 16))
        return action if int(derived[2]) <= count else None

    # How many items are alike and what they do, in one number: it takes the least memory.

    def _count(self, digest: int) -> tuple[int, str]:
        count, index = divmod(self._alike.get(digest, 0), len(ACTIONS))
        return count, ACTIONS[index]

    def _set_count(self, digest: int, count: int, action: str) -> None:
        self._alike[digest] = count * len(ACTIONS) + ACTIONS.index(action)


def _taken(key: str, owner: str) -> str:
    return describe_problem("key", key, f"a key of its own; {owner} has this one")
