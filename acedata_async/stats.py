"""What a client has done so far, in figures."""

from __future__ import annotations

from dataclasses import dataclass

from acedata_async.events import CallAnswered, CallSent, Event, TaskFinal

_PAID = ("submit", "hold")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """What a client has done so far; a snapshot that does not change any more.

    Attributes:
        requests: Calls sent to the API, each time that one was sent; downloads are not counted.
        submissions: Those of them that ask for paid work.
        submissions_under_way: Those of these that have not been answered yet.
        submissions_unanswered: Those that may have arrived and got no whole answer: any of them may
            be paid.
        lookups: Those of them that look at tasks, which is free.
        bytes_sent: Bytes of the bodies of all calls.
        bytes_received: Bytes of the bodies of all answers, unpacked.
        rate_limited: Calls that were answered 429.
        faults: Calls that were sent and got no whole answer.
        tasks: Watched tasks that became final.
        mean_lag: Seconds from a task's end to its being noticed, on average; None while unknown.
            A task that ended before anybody waited for it is noticed late.
        max_lag: The longest of these spans, in seconds; None while unknown.
    """

    requests: int = 0
    submissions: int = 0
    submissions_under_way: int = 0
    submissions_unanswered: int = 0
    lookups: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0
    rate_limited: int = 0
    faults: int = 0
    tasks: int = 0
    mean_lag: float | None = None
    max_lag: float | None = None

    @property
    def lookups_per_task(self) -> float | None:
        """All lookups, whatever they were for, a task that became final; None while none has."""
        return self.lookups / self.tasks if self.tasks else None

    def __str__(self) -> str:
        text = (
            f"requests: {self.requests} (submissions: {self.submissions}, lookups: {self.lookups});"
            f" bytes sent: {self.bytes_sent:,}, received: {self.bytes_received:,};"
            f" answered 429: {self.rate_limited}, not answered: {self.faults}; tasks: {self.tasks}"
        )
        if self.lookups_per_task is not None:
            text += f", lookups for each: {self.lookups_per_task:.2f}"
        if self.mean_lag is not None and self.max_lag is not None:
            text += f", noticed after {self.mean_lag:.2f} s, at most {self.max_lag:.2f} s"
        return text


class Tally:
    """The observer behind `AceData.stats`."""

    def __init__(self) -> None:
        self._sent = {"lookup": 0, "read": 0, "submit": 0, "hold": 0}
        self._under_way = 0
        self._unanswered = 0
        self._bytes_sent = 0
        self._bytes_received = 0
        self._rate_limited = 0
        self._faults = 0
        self._tasks = 0
        self._lags = 0
        self._lag_sum = 0.0
        self._max_lag: float | None = None

    def __call__(self, event: Event) -> None:
        """Count an event."""
        match event:
            case CallSent():
                self._sent[event.purpose] += 1
                self._under_way += event.purpose in _PAID
                self._bytes_sent += event.size
            case CallAnswered():
                self._bytes_received += event.size
                self._rate_limited += event.status == 429
                self._faults += event.status is None
                if event.purpose in _PAID:
                    self._under_way -= 1
                    self._unanswered += event.status is None and event.delivered
            case TaskFinal():
                self._tasks += 1
                if event.lag is not None:
                    self._note_lag(event.lag)
            case _:
                pass

    def _note_lag(self, lag: float) -> None:
        self._lags += 1
        self._lag_sum += lag
        self._max_lag = lag if self._max_lag is None else max(self._max_lag, lag)

    def snapshot(self) -> Stats:
        """Return the figures as they stand."""
        lookups = self._sent["lookup"]
        submissions = sum(self._sent[purpose] for purpose in _PAID)
        return Stats(
            requests=sum(self._sent.values()),
            submissions=submissions,
            submissions_under_way=self._under_way,
            submissions_unanswered=self._unanswered,
            lookups=lookups,
            bytes_sent=self._bytes_sent,
            bytes_received=self._bytes_received,
            rate_limited=self._rate_limited,
            faults=self._faults,
            tasks=self._tasks,
            mean_lag=self._lag_sum / self._lags if self._lags else None,
            max_lag=self._max_lag,
        )
