"""Reading voices: a page of them, or one. Free, and as often as one likes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from functools import partial
from itertools import count
from typing import Any

from acedata_async._clock import Clock
from acedata_async._rules.exchange import Call
from acedata_async._rules.refusals import NOT_FOUND_HELP, read_error, status_of
from acedata_async._rules.wire import as_object
from acedata_async._transport.seam import Interrupted, NotDelivered, Transport
from acedata_async.errors import APIError, ConnectionFailed, MalformedResponse, NotFound
from acedata_async.models.fish import VoiceModelRequest, VoiceQuery
from acedata_async.models.voices import Voice, VoicePage
from acedata_async.tasks.patience import Patience

_PATH = VoiceModelRequest.path
_MOST_STALE = 3


class Catalogue:
    """The voices at Fish.

    Args:
        transport: The network.
        clock: For a `Retry-After` given as a date.
        patience: Asks.
        timeout: Seconds for a whole answer.
    """

    def __init__(
        self, transport: Transport, clock: Clock, patience: Patience, *, timeout: float
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._patience = patience
        self._timeout = timeout

    async def page(self, query: VoiceQuery, number: int) -> VoicePage:
        """Return a page of voices.

        Raises what `Patience.run` raises.
        """
        raw = await self._patience.run(partial(self._get, _PATH, query.to_query(number)))
        if not isinstance(raw.get("items"), list):
            raise MalformedResponse(f"{_PATH} answered 200 with something that is no page")
        return VoicePage.read(raw)

    async def voice(self, voice_id: str) -> Voice:
        """Return one voice; the id is one that fits into a path.

        Raises what `Patience.run` raises, and NotFound where there is no such voice.
        """
        path = f"{_PATH}/{voice_id}"
        voice = Voice.read(await self._patience.run(partial(self._get, path, {})))
        if not voice.id:
            raise MalformedResponse(f"{path} answered 200 with something that is no voice")
        return voice

    async def _get(self, path: str, query: dict[str, str]) -> Any:
        try:
            call = Call(path, query, "read", method="GET")
            reply = await self._transport.send(call, timeout=self._timeout)
        except (NotDelivered, Interrupted) as fault:
            raise ConnectionFailed(f"reading {path}: {fault}") from fault
        body = as_object(reply.body)
        failed = body.get("error") or body.get("success") is False
        if status_of(reply) == 200 and body and not failed:
            return body
        if reply.status == 200 and not body:
            raise MalformedResponse(f"{path} answered 200 with something that is no JSON object")
        raise _as_not_found(read_error(reply, now=self._clock.time()))


class VoiceListing:
    """Voices that were asked for; comes from `ace.fish.models`.

    Await it for one page, iterate over it for the voices of that page and all later ones. Each
    use asks anew. Raises APIError and its kinds, ConnectionFailed, MalformedResponse and
    ClientClosed; cancelling ends it at once.
    """

    def __init__(self, catalogue: Catalogue, query: VoiceQuery) -> None:
        self._catalogue = catalogue
        self._query = query

    def __repr__(self) -> str:
        return f"<VoiceListing {self._query!r}>"

    def __await__(self) -> Generator[Any, None, VoicePage]:
        return self._catalogue.page(self._query, self._query.page_number).__await__()

    async def __aiter__(self) -> AsyncIterator[Voice]:
        """Yield the voices, each once, though the list may move on while it is read."""
        seen: set[str] = set()
        async for page in self.pages():
            for voice in page.items:
                if voice.id is None or voice.id not in seen:
                    yield voice
                seen.add(voice.id or "")

    async def pages(self) -> AsyncIterator[VoicePage]:
        """Yield one page after the other, until there are no more.

        Of several pages in a row without a new voice the third one counts as the end: a list that
        moves on while it is read repeats a page, and one that ignores the page repeats all.
        A page may have fewer voices than were asked for: what came is counted.
        """
        seen: set[str] = set()
        stale = passed = 0
        first = self._query.page_number
        for number in count(first):
            page = await self._catalogue.page(self._query, number)
            ids = {voice.id or repr(voice.raw) for voice in page.items}
            fresh = bool(ids - seen)
            seen |= ids
            stale = 0 if fresh else stale + 1
            if fresh:
                yield page
            passed += len(page.items) * (number if number == first else 1)
            end = page.total is not None and passed >= page.total
            told = page.total is not None or page.has_more is True
            over = page.has_more is False or (page.has_more is None and end)
            if over or not page.items or stale == _MOST_STALE or (stale and not told):
                return


def _as_not_found(error: APIError) -> APIError:
    """Tell of a voice that is not there alike, whichever way the API says so.

    The vendor documents a 404, and shows a 400 without a code, which is how Fish words it.
    """
    if error.status != 400 or error.code is not None or "not found" not in error.message.lower():
        return error
    return NotFound(
        f"{error}; {NOT_FOUND_HELP}",
        status=error.status,
        code=error.code,
        message=error.message,
        trace_id=error.trace_id,
        body=error.body,
        retry_after=error.retry_after,
    )
