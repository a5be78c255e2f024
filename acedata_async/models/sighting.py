"""A record as a lookup showed it: what watching needs, at little cost."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any
from weakref import ReferenceType, ref

from acedata_async._rules.durations import kind_of
from acedata_async._rules.leads import leads_of
from acedata_async._rules.verdict import Verdict, judge, news_of
from acedata_async._rules.wire import as_number, as_object, as_text, as_unix
from acedata_async.models.request import CALLBACK_FIELD
from acedata_async.models.task import Task

_KEPT = ("action", "model", CALLBACK_FIELD)


class Sighting:
    """A record seen. Thousands of them are held at a time, so the `Task` is made on demand.

    Args:
        raw: The record as it was sent.
        service: The service that it belongs to.
    """

    __slots__ = ("_task", "kind", "raw", "verdict")

    def __init__(self, raw: Mapping[str, Any], service: str) -> None:
        self.raw = raw
        self.verdict: Verdict = judge(raw)
        self.kind = kind_of(service, as_object(raw.get("request")), as_text(raw.get("type")))
        self._task: ReferenceType[Task] | None = None

    @property
    def task(self) -> Task:
        """The record for users: the same object for as long as anybody holds it."""
        task = None if self._task is None else self._task()
        if task is None:
            task = Task.read(self.raw)
            self._task = ref(task)
        return task

    @property
    def final(self) -> bool:
        """Whether the task will not change any more."""
        return self.verdict.final

    @property
    def news(self) -> Hashable:
        """What a watcher calls a change."""
        return news_of(self.raw, self.verdict)

    @property
    def callback_url(self) -> str | None:
        """Where the vendor calls when the task is over, secret and all; None for nowhere."""
        return as_text(as_object(self.raw.get("request")).get(CALLBACK_FIELD))

    @property
    def leads(self) -> tuple[str, ...]:
        """What it shows of a result: ids of voices, and addresses."""
        return leads_of(self.raw)

    @property
    def begun(self) -> float | None:
        """When the task began, in Unix seconds of the server."""
        return as_unix(self.raw.get("created_at"))

    @property
    def ended(self) -> float | None:
        """When the task ended, in Unix seconds of the server."""
        return as_unix(self.raw.get("finished_at"))

    @property
    def took(self) -> float | None:
        """How long the task took in seconds, once it has succeeded."""
        if self.verdict.state != "succeeded":
            return None
        return self.seconds

    @property
    def seconds(self) -> float | None:
        """How long the task took in seconds, however it ended."""
        begun, ended = self.begun, self.ended
        if begun is not None and ended is not None:
            return ended - begun
        # The second best: it may leave out the time in the queue.
        elapsed = as_number(self.raw.get("elapsed"))
        return as_number(self.raw.get("duration")) if elapsed is None else elapsed


def slimmed(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a record without the echo of its request, of which only the kind is kept.

    The echo, lyrics and all, is most of a record, and a task that runs has nothing else to say.
    """
    request = as_object(record.get("request"))
    kept = {name: request[name] for name in _KEPT if name in request}
    return {**record, "request": kept}
