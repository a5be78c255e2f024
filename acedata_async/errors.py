"""Every error of this package, in one tree.

AceDataError
├── ConfigurationError          the client cannot work as it was set up
├── ClientClosed                the client was closed
├── InvalidRequest              (ValueError) wrong before it cost anything
├── ConnectionFailed            nothing reached the API; safe to try again
├── APIError                    the API refused, with its status, code and trace id
│   ├── AuthenticationError     the token is missing, wrong, expired or for another service
│   ├── PermissionDenied        not allowed, or stopped by content moderation
│   ├── InsufficientBalance     the balance is used up
│   ├── PaymentRequired         the pay-per-call host asks for a payment
│   ├── NotFound                no such address or thing
│   ├── RateLimited             too many requests
│   └── ServerError             the API failed
├── MalformedResponse           an answer that is not what the API documents
├── SubmissionUnknown           a paid submission whose outcome nobody knows
├── TaskFailed                  the task's own record says that it failed
├── TaskNotFound                no record has this id
├── WatchTimeout                (TimeoutError) the wait ended; the task lives on
├── DownloadError               a file could not be fetched or written
│   └── LinkExpired             its address leads nowhere any more
└── LedgerError                 the ledger could not be read or written

Errors carry plain facts and can be copied and pickled.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from acedata_async.models.request import ApiRequest
    from acedata_async.models.results import Audio
    from acedata_async.models.task import Task


class AceDataError(Exception):
    """The root of every error that this package raises."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, self.__dict__.copy())


def _rebuild(
    kind: type[AceDataError], args: tuple[Any, ...], facts: dict[str, Any]
) -> AceDataError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(facts)
    return error


class ConfigurationError(AceDataError):
    """The client cannot work as it was set up: no token, an unsafe address, a wrong event loop."""


class ClientClosed(AceDataError):
    """The client was closed, before the call or while something still waited on it."""


class InvalidRequest(AceDataError, ValueError):
    """A request that is wrong before it has cost anything.

    Attributes:
        field: The field at fault, or None where the request as a whole is.
        value: What was given.
        allowed: What is allowed instead, in words.
        problems: Every problem found, a line each; the first is the one described above.
    """

    def __init__(
        self, field: str | None, value: object, allowed: str, *, problems: Sequence[str] = ()
    ) -> None:
        self.field = field
        self.value = value
        self.allowed = allowed
        self.problems = tuple(problems) or (describe_problem(field, value, allowed),)
        super().__init__("; ".join(self.problems))


class _NotShown:
    """Stands for a value that may be a secret."""

    def __repr__(self) -> str:
        return "(not shown)"

    def __reduce__(self) -> str:
        return "NOT_SHOWN"


NOT_SHOWN = _NotShown()


def describe_problem(field: str | None, value: object, allowed: str) -> str:
    """Put one problem of a request into words, with a long value cut short."""
    if field is None:
        return allowed
    if value is None:
        return f"{field}: missing; needed: {allowed}"
    if value is NOT_SHOWN:
        return f"{field}: {allowed}"
    try:
        shown = repr(value)
    except ValueError:  # a number too long to be written
        shown = f"this {type(value).__name__}"
    if len(shown) > 80:
        shown = f"{shown[:60]}… ({len(shown)} characters)"
    return f"{field}: {shown} is not allowed; allowed: {allowed}"


class ConnectionFailed(AceDataError):
    """Nothing reached the API: no connection, no free slot, a proxy or TLS in the way.

    For a submission this is safe: no task was created and nothing was paid.
    """


class APIError(AceDataError):
    """The API answered, and the answer is a refusal or a failure.

    Attributes:
        status: The HTTP status; where a 200 reports a failure with a status in its body, that one.
        code: The API's own code, such as `used_up`; None where the body had none. Decide by it,
            never by the message, which the vendor translates.
        message: The API's message; empty where the body had none.
        trace_id: What the vendor's support asks for; None where the body had none.
        body: The parsed JSON body, or the start of the text where it was not JSON.
        retry_after: Seconds the API asked to wait, or None. No document promises it.
    """

    def __init__(
        self,
        summary: str,
        *,
        status: int,
        code: str | None = None,
        message: str = "",
        trace_id: str | None = None,
        body: Any = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(summary)
        self.status = status
        self.code = code
        self.message = message
        self.trace_id = trace_id
        self.body = body
        self.retry_after = retry_after


class AuthenticationError(APIError):
    """The token is missing, wrong, expired, or was not acquired for this service."""


class PermissionDenied(APIError):
    """The API forbids it. Content moderation of the prompt or lyrics may be the reason."""


class InsufficientBalance(APIError):
    """The balance is used up. Nothing was created; top up, then send it again."""


class PaymentRequired(APIError):
    """The pay-per-call host wants a payment first; this package does not make payments."""


class NotFound(APIError):
    """No such address, or no such thing at it."""


class RateLimited(APIError):
    """Too many requests, for longer than the client was willing to wait."""


class ServerError(APIError):
    """The API, or something behind it, failed."""


class MalformedResponse(AceDataError):
    """An answer that is not what the API documents, such as a success without its result."""


class SubmissionUnknown(AceDataError):
    """A paid submission was sent, and nobody knows whether the API accepted it.

    It is never sent again by itself, since a second submission may be a second paid song. Look
    at the vendor's console, or submit again if paying twice is acceptable.

    Attributes:
        request: The request that was sent.
        marker: What identifies it in the vendor's records, or None where none was sent.
        status: The HTTP status of the unclear answer, or None where none came.
        task_id: The task that the answer named beside what it lacked, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        request: ApiRequest,
        marker: str | None = None,
        status: int | None = None,
        task_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.request = request
        self.marker = marker
        self.status = status
        self.task_id = task_id


class TaskFailed(AceDataError):
    """The task is final, and what was asked for did not come out of it.

    Attributes:
        task: The final record.
        code: The API's code for the failure, or None.
        message: The API's message.
        audios: Playable audio that the failed task left behind, usually none.
    """

    def __init__(self, task: Task) -> None:
        failure = task.failure
        self.task = task
        self.code = failure.code if failure else None
        self.message = failure.message if failure else ""
        self.audios: list[Audio] = task.audios
        reason = " ".join(filter(None, [self.code, self.message])) or "no reason given"
        trace = f" (trace_id {task.trace_id})" if task.trace_id else ""
        links = ", ".join(str(audio.audio_url) for audio in self.audios)
        salvage = f"; it left playable audio: {links}" if links else ""
        advice = (
            "a failed task is not charged, as the vendor says: change the request, or try again"
            if task.state == "failed"
            else "ask the vendor, who knows whether it was charged"
        )
        super().__init__(f"task {task.id} {task.state}: {reason}{trace}{salvage}; {advice}")


class TaskNotFound(AceDataError):
    """No record has this id: it never existed, is too old, or belongs to somebody else.

    Attributes:
        task_id: The id that was looked for.
    """

    def __init__(self, task_id: str) -> None:
        self.task_id = task_id
        super().__init__(
            f"task {task_id} was not found; check the id and that the token belongs to the"
            " account that submitted it (records may be removed after a day)"
        )


class WatchTimeout(AceDataError, TimeoutError):
    """The wait ended before the task did. The task lives on: wait again, or look it up later.

    Attributes:
        task_ids: The ids that were not final.
        waited: How long the wait lasted, in seconds.
        shown: What was shown of a result so far: ids of voices, and addresses. None of them is
            proof that it is done.
    """

    def __init__(
        self, task_ids: Sequence[str], waited: float, *, shown: Sequence[str] = ()
    ) -> None:
        self.task_ids = tuple(task_ids)
        self.waited = waited
        self.shown = tuple(shown)
        ids = ", ".join(self.task_ids[:5]) + (" …" if len(self.task_ids) > 5 else "")
        subject = "task" if len(self.task_ids) == 1 else f"{len(self.task_ids)} tasks"
        verb = "is" if len(self.task_ids) == 1 else "are"
        seconds = f"{waited:.0f}" if waited >= 10 else f"{waited:.2g}"
        super().__init__(
            f"{subject} {ids} {verb} still running after {seconds} s;"
            " the work goes on at the vendor: watch the id again, and do not submit it again"
            + in_words(self.shown)
        )

    @property
    def task_id(self) -> str:
        """The first id that was not final."""
        return self.task_ids[0]


def in_words(shown: Sequence[str]) -> str:
    """Say what was shown of a result that may be none, and who tells more of it."""
    return "".join(
        f"; the address {one} was shown, which may be a preview"
        if "://" in one
        else f'; the voice {one} was shown: ace.fish.model("{one}") tells how it stands'
        for one in shown
    )


class DownloadError(AceDataError):
    """A file could not be fetched or written; nothing was left under its final name.

    Attributes:
        url: Where it was to come from.
    """

    def __init__(self, message: str, *, url: str) -> None:
        super().__init__(message)
        self.url = url


class LinkExpired(DownloadError):
    """The address of a file leads nowhere any more, and no record has another one."""


class LedgerError(AceDataError):
    """The ledger could not be read or written."""
