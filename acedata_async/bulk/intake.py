"""Taking requests in, from whatever they come in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Mapping, Sized
from contextlib import aclosing
from dataclasses import replace
from itertools import islice
from typing import Any

from acedata_async.bulk.items import BulkItem, key_problems, refusal, service_kind
from acedata_async.bulk.keys import Register
from acedata_async.errors import InvalidRequest
from acedata_async.ledger.entry import Entry
from acedata_async.models.request import CALLBACK_FIELD, ApiRequest

Requests = Iterable[object] | AsyncIterable[object]

_PART = 250
"""How many requests are taken in at once, where they are all there: so many fill five lookups."""

ALLOWED = "a request such as GenerateRequest, a BulkItem, or a mapping with an action"


class Intake:
    """The requests of a run, in parts.

    Args:
        requests: What the user gave.
        service: The service that they have to be for, such as `producer`.

    Raises:
        InvalidRequest: It is nothing that can be iterated over.
    """

    def __init__(self, requests: Requests, service: str) -> None:
        usable = isinstance(requests, Iterable | AsyncIterable)
        if not usable or isinstance(requests, str | bytes | Mapping | ApiRequest):
            raise InvalidRequest("requests", type(requests).__name__, "many requests, as a list")
        self._requests = requests
        self._service = service
        self._register = Register()
        self._stopped = False
        self._pulling: asyncio.Task[Any] | None = None

    @property
    def ends(self) -> bool:
        """Whether it is known to come to an end: a list does, a generator may not."""
        return isinstance(self._requests, Sized)

    @property
    def total(self) -> int | None:
        """How many there are; None where that is not known."""
        return len(self._requests) if isinstance(self._requests, Sized) else None

    def stop(self) -> None:
        """Take in no more of what may have no end; a list is still gone through."""
        if self._stopped:
            return  # a second cancellation would be taken for somebody else's
        self._stopped = True
        if self._pulling is not None:
            self._pulling.cancel()

    async def parts(self) -> AsyncGenerator[list[object], None]:
        """Yield them as they are there: a list in parts, all else one by one."""
        if isinstance(self._requests, AsyncIterable):
            async with aclosing(self._pulled(self._requests)) as pulled:
                async for one in pulled:
                    yield [one]
            return
        several = iter(self._requests)
        size = _PART if self.ends else 1
        while part := list(islice(several, size)):
            yield part
            if self._stopped and not self.ends:
                return
            await asyncio.sleep(0)

    async def _pulled(self, requests: AsyncIterable[object]) -> AsyncGenerator[object, None]:
        """Yield what comes, until there is no more or nobody wants it; the source is closed."""
        source = aiter(requests)
        try:
            while not self._stopped:
                pulling = self._pulling = asyncio.current_task()
                try:
                    one = await anext(source)
                except StopAsyncIteration:
                    return
                except asyncio.CancelledError:
                    if self._only_stopped(pulling):
                        return
                    raise
                finally:
                    self._pulling = None
                yield one
        finally:
            closing = getattr(source, "aclose", None)
            if closing is not None:
                await closing()

    def _only_stopped(self, pulling: asyncio.Task[Any] | None) -> bool:
        """Say whether pulling was cancelled by `stop`, and by nobody else."""
        return self._stopped and pulling is not None and not pulling.uncancel()

    def admit(self, given: object) -> tuple[str, BulkItem]:
        """Check a request and return its key with it.

        Raises:
            InvalidRequest: It is wrong, on its own or beside the others.
        """
        try:
            item = _as_item(given)
            _check_service(item.action, self._service)
        except InvalidRequest as error:
            more = self._register.mention(given, 0) if isinstance(given, Mapping) else []
            if more:
                problems = [*error.problems, *more]
                raise InvalidRequest(None, None, problems[0], problems=problems) from error
            raise
        key = self._register.admit(item)
        return key, replace(item, key=key, derived=item.derived or item.key is None)


def _as_item(given: object) -> BulkItem:
    if isinstance(given, BulkItem):
        problems = [] if given.key is None or given.derived else key_problems(given.key)
        if problems:
            raise refusal(problems)
        return given
    if isinstance(given, ApiRequest):
        return BulkItem.of(given)
    if isinstance(given, Mapping):
        return BulkItem.read(given)
    raise InvalidRequest("request", type(given).__name__, ALLOWED)


def _check_service(action: str, service: str) -> None:
    other = service_kind(action)
    if other != service:
        words = f"an action of {service}; ace.{other}.bulk takes those of {other}"
        raise InvalidRequest("action", action, words)


def key_of(given: object) -> str | None:
    """Return the key that a wrong request was given, or None."""
    key = given.get("key") if isinstance(given, Mapping) else getattr(given, "key", None)
    return key if isinstance(key, str) else None


def is_same(entry: Entry, item: BulkItem) -> bool:
    """Say whether an entry of the ledger is that of an item; where news are sent is no matter."""
    return _lasting(entry.request) == _lasting(item.shown())


def contradicts(entry: Entry, item: BulkItem) -> bool:
    """Say whether an entry with an item's key is another song, which was paid for or may be."""
    return entry.state not in {"pending", "failed"} and not is_same(entry, item)


def _lasting(request: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in request.items() if name != CALLBACK_FIELD}
