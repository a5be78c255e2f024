"""Everything that the sandbox can do wrong on purpose, by name.

`FAULTS` below is the one table of them. A fault is asked for with `Sandbox.inject`, with
`POST /sandbox/faults`, or by a single submission that carries the marker `#sandbox:NAME` in
its prompt, title, lyric, text or description. A marked submission fault strikes each time that
body is sent, so that a refusal stays one. A marked lookup fault strikes the first `MARKED_LOOKUPS`
lookups of that task, so that it hurts those that share the request, but not for ever.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

MARKED_LOOKUPS = 3
"""How many lookups a fault strikes that a submission asked for by its marker."""

_MARKER = re.compile(r"#sandbox:([A-Za-z0-9-]+)")
_MARKED_FIELDS = ("prompt", "title", "lyric", "text", "description")


class Stage(StrEnum):
    """What a fault strikes."""

    SUBMISSION = "submission"
    RECORD = "record"
    LOOKUP = "lookup"
    BATCH = "batch"
    LIST = "list"
    MEDIA = "media"
    CALLBACK = "callback"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that can go wrong.

    Attributes:
        name: How it is asked for.
        stage: What it strikes: a submission, the record of a task made while it is active, a
            lookup of any kind or a look at the catalogue of voices, only a `retrieve_batch` with
            ids, only a list, a media file, or the callback of a task made while it is active.
        effect: What happens, in words.
    """

    name: str
    stage: Stage
    effect: str


_EFFECTS: Mapping[Stage, Mapping[str, str]] = {
    Stage.SUBMISSION: {
        # A task is created and its acknowledgement is lost or odd.
        "cut-after-accept": "task created, connection closed without an answer",
        "reset-after-accept": "task created, connection reset without an answer",
        "hang-after-accept": "task created, no answer ever comes",
        "error-500-after-accept": "task created, 500 api_error",
        "error-502-after-accept": "task created, 502 upstream_error",
        "error-504-after-accept": "task created, 504 timeout",
        "empty-after-accept": "task created, 200 with an empty body",
        "html-after-accept": "task created, 200 with a web page",
        "truncated-after-accept": "task created, 200 with half of the JSON",
        "task-id-in-error": "task created, 500 api_error whose body has its task_id",
        "ack-with-success": 'task created, acknowledged with "success": true as well',
        "sync": "task created, answered with the result although async was asked",
        "sync-training": "task created, a voice answered at once while its state is training",
        # No task is created.
        "cut-before-accept": "nothing created, connection closed without an answer",
        "refuse-connection": "nothing created, no connection (as a server: closed at once)",
        "error-500": "nothing created, 500 api_error",
        "redirect": "nothing created, 307 to another host",
        "throttle": "nothing created, 429 too_many_requests without Retry-After",
        "throttle-retry-after": "nothing created, 429 with Retry-After: 2",
        "throttle-retry-after-date": "nothing created, 429 with Retry-After as a date 2 s ahead",
        "payment-required": "nothing created, 402 with the x402 challenge",
        "used-up": "nothing created, 403 used_up",
        "insufficient-balance": "nothing created, 402 insufficient_balance",
        "moderation": "nothing created, 403 forbidden",
        "invalid-token": "nothing created, 401 invalid_token",
        "token-mismatched-400": "nothing created, 400 token_mismatched",
        "token-mismatched-401": "nothing created, 401 token_mismatched",
        "bad-request": "nothing created, 400 bad_request in the envelope without success",
        "e3-error": "nothing created, 400 in the envelope of a supplier (status, message)",
        "e3-fields": "nothing created, 400 with a list of problems as JSON in the message",
        "e3-nested": "nothing created, 400 with a supplier's envelope as JSON in the message",
        "bare-error": 'nothing created, 402 with {"error": "text"}',
        "not-json-error": "nothing created, 503 with plain text",
        "success-false": "nothing created, 200 with success: false and an error",
    },
    Stage.RECORD: {
        "fail-F1": "fails with success: false, error code and message, data: []",
        "fail-F2": "fails with error as a bare string, without success",
        "fail-F3": "fails with an error object that has a message but no code",
        "fail-F4": "fails with success: false, an error and data that plays",
        "fail-F5": "fails with success: false and an error code, without finished_at",
        "fail-F6": "shows success: false and a bare error string for ever, without finished_at",
        "fail-F7": "fails with a status and a message in place of success and error",
        "recovers": "shows the same as fail-F6 while it runs, then succeeds",
        "preview": "shows data with an audio_url and state processing while it runs",
        "null-keys": "has finished_at and response as null until it is finished",
        "ack-stored": "has the acknowledgement as its response while it runs",
        "late-visible": "is unknown to lookups for its first 5 s",
        "with-success": "has success: true inside the response when it succeeds",
        "with-cost": "has cost.amount 8 inside the response when it succeeds",
        "trained-late": "a voice is finished in state training, and trained in twice the time",
        "elapsed": "has started_at and elapsed in place of duration when it succeeds",
        "iso-started-at": "has started_at as an ISO 8601 string",
        "no-result": "finishes with success: true and data: []",
        "never": "never finishes",
        "vanish": "is unknown to lookups once it has been seen",
        "media-expires": "its links are signed and good for link_lifetime (60 s) once shown",
    },
    Stage.LOOKUP: {
        "lookup-500": "500 api_error",
        "lookup-502-html": "502 with a web page",
        "lookup-429": "429 too_many_requests without Retry-After",
        "lookup-429-retry-after": "429 with Retry-After: 2",
        "lookup-cut": "connection closed without an answer",
        "lookup-cut-body": "connection closed in the middle of the answer",
        "lookup-truncated": "200 with half of the JSON",
        "lookup-hang": "no answer ever comes",
        "lookup-not-json": "200 with plain text",
        "lookup-401": "401 invalid_token",
        "lookup-403": "403 forbidden",
    },
    Stage.BATCH: {
        "batch-empty-count": "items empty although count is not",
        "batch-foreign": "one more item, of another user",
        "batch-duplicates": "each item twice",
        "batch-too-many-400": "400 bad_request if more ids than the sandbox's batch_limit",
        "batch-too-large-413": "413 content_too_large if more ids than the batch_limit",
    },
    Stage.LIST: {
        "list-refused": "400 bad_request, as if there were no lists",
        "list-empty": "no items and count 0, whatever there is",
        "list-ignores-limit": "limit and offset have no effect: a full page of the newest comes",
        "list-ignores-bounds": "created_at_min and created_at_max have no effect",
        "list-oldest-first": "the order is reversed: the oldest first",
    },
    Stage.MEDIA: {
        "media-cut": "connection closed in the middle of what is sent",
        "media-cut-random": "connection closed at a random place of what is sent",
        "media-hang": "nothing more comes after half of what is sent",
        "media-slow": "16 bytes a second",
        "media-short": "half of what Content-Length says, then an orderly end",
        "media-long": "1000 bytes more than Content-Length says (as a server: none more)",
        "media-no-length": "chunked, without Content-Length",
        "media-no-length-cut": "the same, and half of the file is the whole answer",
        "media-endless": "without Content-Length, and after the file noise without end",
        "media-empty": "200 without a byte",
        "media-gzip": "200 with the whole file in Content-Encoding: gzip, though not asked for",
        "media-no-range": "Range is ignored: 200 with the whole file",
        "media-bad-range": "206 with another range than the one asked for",
        "media-other": "from its second request on another file with another ETag, for good",
        "media-html": "200 with a web page in place of the file",
        "media-json": "200 with an error as JSON in place of the file",
        "media-redirect": "302 to another host, which has the file",
        "media-redirect-loop": "302 to the same address",
        "media-redirect-private": "302 to http://169.254.169.254/latest/",
        "media-403": "403, as of a link that has expired",
        "media-404": "404",
        "media-408": "408",
        "media-410": "410, as of a link that has expired",
        "media-429": "429 with Retry-After: 2",
        "media-500": "500 with plain text",
    },
    Stage.CALLBACK: {
        "callback-lost": "never comes",
        "callback-twice": "comes again 1 s after it was answered",
        "callback-late": "comes 30 s later",
        "callback-early": "comes before the submission is answered, and not again",
        "callback-while-running": "comes when the task has just started, and not again",
        "callback-garbled": "comes with half of the JSON",
        "callback-wrong-type": "comes as text/html",
        "callback-lies": "tells of success, at another host, though the task fails or still runs",
        "callback-wrong-id": "names a task that does not exist",
    },
}

FAULTS: Mapping[str, Fault] = {
    name: Fault(name, stage, effect)
    for stage, effects in _EFFECTS.items()
    for name, effect in effects.items()
}


def named(name: str) -> Fault:
    """Return the fault of that name.

    Raises:
        ValueError: There is none; the message lists those that there are.
    """
    fault = FAULTS.get(name)
    if fault is None:
        raise ValueError(f"unknown fault {name!r}; there are: {', '.join(sorted(FAULTS))}")
    return fault


def marked(body: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield the faults that a submission asks for by its markers.

    Raises:
        ValueError: A marker names a fault that does not exist.
    """
    for field in _MARKED_FIELDS:
        text = body.get(field)
        if isinstance(text, str):
            yield from map(named, _MARKER.findall(text))
