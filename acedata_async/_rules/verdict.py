"""Is a record final, and how did it end?

The API has no documented state of its own on a record, and no published record of a task that
runs or failed. These rules agree with every document and with the vendor's own clients where
those agree with the documents; each rule names the shape that it is about.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from acedata_async._rules.failures import read_failure
from acedata_async._rules.wire import as_number, as_object, as_objects, as_share, as_text, as_unix

TaskState = Literal["pending", "running", "succeeded", "failed", "anomalous"]
"""`pending`: not begun. `running`: begun, perhaps with a preview. `succeeded` and `failed`:
final. `anomalous`: finished, yet neither a result nor a failure is in the record."""

_FIRST_FAILURE = 400
REFUSALS = frozenset({400, 401, 402, 403, 404, 413, 422})
"""Statuses that say that nothing is made, and nothing will be."""

RESULT_KEYS = ("audio_url", "stems_url", "file_url", "video_url", "_id")

_DONE_WORDS = frozenset({"succeeded", "complete", "trained", "成功"})
"""`succeeded` is documented, `complete` is the vendor's tool's word, `trained` a voice's; the
last is `succeeded` as a translated document shows it."""

_DONE_STATUSES = _DONE_WORDS | {"success"}
"""What a `status` in words says of what is done; it proves nothing without a result."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a record says of its task.

    Attributes:
        state: Where the task stands.
        code: The API's code of a failure, or None.
        message: The API's words for a failure.
    """

    state: TaskState
    code: str | None = None
    message: str = ""

    @property
    def final(self) -> bool:
        """Whether the task will not change any more."""
        return self.state not in ("pending", "running")


_RUNNING, _PENDING, _SUCCEEDED = Verdict("running"), Verdict("pending"), Verdict("succeeded")
_UNTRAINED = Verdict("failed", message="the voice could not be trained")


def judge(record: Mapping[str, Any]) -> Verdict:
    """Say where the task of `record` stands. Never raises, whatever the record holds."""
    raw = record.get("response")
    response = as_object(raw)
    if _finished(record.get("finished_at")):
        return _judge_finished(response)
    code = as_text(as_object(response.get("error")).get("code"))
    if response.get("success") is False and code:
        # Structured failures have been seen without `finished_at`; a bare string there is passing.
        return _failure(response)
    if status_within(response) in REFUSALS:
        # No document says whether Fish's refusals come with `finished_at`; they are for good.
        return _failure(response)
    if response.get("success") is True and "failed" in _words_of_voices(response):
        return _UNTRAINED
    done = has_result(response) and _all_items_done(response) and not response.get("error")
    if response.get("success") is True and done:
        # Older Fish records are complete without `finished_at`.
        return _SUCCEEDED
    begun = record.get("started_at") is not None or raw is not None
    return _RUNNING if begun else _PENDING


def complete(body: Mapping[str, Any], *, bare: str | None) -> bool:
    """Say whether the answer to a submission is the result.

    Args:
        body: The answer.
        bare: What the result is called where the address answers with it alone, without an
            envelope and without a state, as Fish's do. Elsewhere an address without a word that
            it is done may be a preview.
    """
    success = body.get("success")
    if not (has_result(body) and _all_items_done(body)) or body.get("error"):
        return False
    if success is not None:
        return success is True
    items = as_objects(body.get("data"))
    if bare is not None:
        return any(as_text(place.get(bare)) for place in (body, *items))
    return bool(items) and all(as_text(item.get("state")) for item in items)


def status_within(body: Mapping[str, Any]) -> int | None:
    """Return the status of a failure that Fish reports within a body, whatever the HTTP status.

    It stands beside a message, and there is no result.
    """
    status = as_number(body.get("status"))
    if status is None or status < _FIRST_FAILURE or body.get("success") is True:
        return None
    return int(status) if body.get("message") and not has_result(body) else None


def items_of(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what the task has made so far, previews among it."""
    return as_objects(as_object(record.get("response")).get("data"))


def progress_of(record: Mapping[str, Any], verdict: Verdict) -> float | None:
    """Return how far the task is, from 0 to 1: as far as the least of what it makes."""
    if verdict.state == "succeeded":
        return 1.0
    known = (as_share(item.get("progress")) for item in items_of(record))
    return min((share for share in known if share is not None), default=None)


def news_of(record: Mapping[str, Any], verdict: Verdict) -> Hashable:
    """Return what a watcher calls a change: state, progress and playable audio."""
    urls = (as_text(item.get("audio_url")) for item in items_of(record))
    return verdict.state, progress_of(record, verdict), tuple(url for url in urls if url)


def _judge_finished(response: Mapping[str, Any]) -> Verdict:
    made = has_result(response)
    failed = (
        response.get("success") is False
        or bool(response.get("error"))
        or _says_failed(response)
        or (bool(response.get("message")) and not made)
    )
    if failed:
        return _failure(response)
    words = _words_of_voices(response)
    if "failed" in words:
        return _UNTRAINED
    if words:
        return _RUNNING  # a voice that cannot speak yet
    if made:
        return _SUCCEEDED
    return Verdict("anomalous", message="the record is finished but holds no result")


def _failure(response: Mapping[str, Any]) -> Verdict:
    code, message = read_failure(response)
    return Verdict("failed", code, message)


def _finished(moment: Any) -> bool:
    # The one mark that every completed Producer record has and none has before completion.
    seconds = as_unix(moment)
    return seconds is not None and seconds > 0


def _words_of_voices(response: Mapping[str, Any]) -> set[str]:
    """Return the words for voices that are not trained."""
    places = (response, *as_objects(response.get("data")))
    words = {as_text(place.get("state")) for place in places if place.get("_id")}
    return {word for word in words if word is not None and word not in _DONE_WORDS}


def _says_failed(place: Mapping[str, Any]) -> bool:
    status = as_number(place.get("status"))
    return status is not None and status >= _FIRST_FAILURE


def has_result(response: Mapping[str, Any]) -> bool:
    """Say whether there is something that may be a result, or a preview of it."""
    return any(map(_has_result_itself, (response, *as_objects(response.get("data")))))


def _has_result_itself(place: Mapping[str, Any]) -> bool:
    return any(isinstance(place.get(key), str) and place[key] for key in RESULT_KEYS)


def _all_items_done(response: Mapping[str, Any]) -> bool:
    return all(_is_done(item) for item in (response, *as_objects(response.get("data"))))


def _is_done(item: Mapping[str, Any]) -> bool:
    # An unknown word is "running": new ones must not end a wait early.
    word, share = item.get("state"), as_share(item.get("progress"))
    status = item.get("status")
    return (
        (word is None or as_text(word) in _DONE_WORDS)
        and not _says_failed(item)
        and (
            not isinstance(status, str) or status in _DONE_STATUSES or as_number(status) is not None
        )
        and (share is None or share >= 1)
    )
