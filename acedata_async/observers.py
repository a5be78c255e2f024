"""Telling observers what happens, without ever being stopped by one of them."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Iterable
from contextlib import suppress

from acedata_async.errors import ConfigurationError
from acedata_async.events import Event, Observer

_log = logging.getLogger("acedata_async")


class Observers:
    """Everybody who is told what happens in one client.

    Args:
        own: The client's own observers; they are told first.
        users: The user's observers, in the order in which they are told.

    Raises:
        ConfigurationError: One of them cannot be called, or would have to be awaited.
    """

    def __init__(self, *own: Observer, users: Iterable[Observer]) -> None:
        self._observers = (*own, *_checked(users))
        self._blamed: set[int] = set()

    def __repr__(self) -> str:
        return f"<Observers: {len(self._observers)}>"

    def emit(self, event: Event) -> None:
        """Tell every observer. One that raises is named in the log once, and told on.

        Only what is no error goes through, such as `KeyboardInterrupt`.
        """
        for place, observer in enumerate(self._observers):
            try:
                observer(event)
            # Nobody cancels a plain call: a CancelledError out of it is the observer's own, and
            # would be taken for the end of the request that it was told about.
            except (Exception, asyncio.CancelledError):  # noqa: BLE001 - logged, not swallowed
                self._blame(place, event)

    def _blame(self, place: int, event: Event) -> None:
        if place in self._blamed:
            return
        self._blamed.add(place)
        observer = self._observers[place]
        # Logging may be what failed: then nobody is left to be told.
        with suppress(Exception):
            name = getattr(observer, "__qualname__", type(observer).__qualname__)
            _log.exception(
                "the observer %s failed at %s; it is told on, and not named here again",
                name,
                type(event).__name__,
            )


def _checked(observers: Iterable[Observer]) -> tuple[Observer, ...]:
    if not isinstance(observers, Iterable):
        raise ConfigurationError("observers: a list or tuple of functions is needed")
    checked = tuple(observers)
    for observer in checked:
        call = getattr(observer, "__call__", None)  # noqa: B004 - its kind matters too
        if call is None:
            raise ConfigurationError(f"observers: a {type(observer).__name__} cannot be called")
        if inspect.iscoroutinefunction(observer) or inspect.iscoroutinefunction(call):
            raise ConfigurationError(
                "observers: an async function cannot be one, since nobody awaits it; let a plain"
                " function put the events into an asyncio.Queue"
            )
    return checked
