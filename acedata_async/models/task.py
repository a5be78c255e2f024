"""A task's record."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

from pydantic import (
    AliasChoices,
    BeforeValidator,
    Field,
    PlainValidator,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from acedata_async._rules.verdict import (
    TaskState,
    Verdict,
    items_of,
    judge,
    news_of,
    progress_of,
)
from acedata_async._rules.wire import as_object, as_text
from acedata_async.models.reply import Moment, Number, ReplyModel, Text
from acedata_async.models.request import CALLBACK_FIELD, hidden, mask_url
from acedata_async.models.results import Audio, Stems
from acedata_async.models.voices import Speech, Voice


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a task failed.

    Attributes:
        code: The API's code, or None.
        message: The API's words, perhaps empty.
    """

    code: str | None
    message: str


def mask_callback(request: Mapping[str, Any]) -> dict[str, Any]:
    """Copy a request with its `callback_url` masked: the record echoes it, secret and all."""
    masked = dict(request)
    if CALLBACK_FIELD in masked:
        masked[CALLBACK_FIELD] = mask_url(masked[CALLBACK_FIELD])
    return masked


class Task(ReplyModel):
    """A task as its record shows it.

    `state`, `progress`, `failure` and what it made (`audios`, `stems`, `speech`, `voice`) are
    worked out from the record; the API itself sends no such thing.

    Attributes:
        id: The task's id; empty for an answer that never was a task.
        type: The vendor's kind, such as `audios`.
        trace_id: What the vendor's support asks for.
        request: The submitted body, as the vendor stored it. The `callback_url` in it is masked
            in every repr, dump and export, wherever the vendor repeats it.
        response: What the operation answered so far, or None.
        created_at: When the vendor took the task in.
        started_at: When it began to work on it, where that is told.
        finished_at: When the task was over; None while it runs.
        elapsed: How long the vendor worked on it, in seconds.
    """

    id: Annotated[str, PlainValidator(lambda value: as_text(value) or "")] = ""
    type: Text = None
    trace_id: Text = None
    request: Annotated[
        dict[str, Any],
        BeforeValidator(lambda value: dict(as_object(value))),
    ] = Field(default_factory=dict, repr=False)
    response: Any = Field(None, repr=False)
    created_at: Moment = None
    started_at: Moment = None
    finished_at: Moment = None
    elapsed: Number = Field(None, validation_alias=AliasChoices("elapsed", "duration"))

    @cached_property
    def _verdict(self) -> Verdict:
        return judge(self.raw)

    @property
    def _response(self) -> Mapping[str, Any]:
        return as_object(self.response)

    @cached_property
    def _items(self) -> list[Mapping[str, Any]]:
        return items_of(self.raw)

    @property
    def state(self) -> TaskState:
        """Where the task stands: pending, running, succeeded, failed or anomalous."""
        return self._verdict.state

    @property
    def final(self) -> bool:
        """Whether the task will not change any more."""
        return self._verdict.final

    @property
    def failure(self) -> Failure | None:
        """Why it failed, or why its record makes no sense; None while it runs or succeeded."""
        if self.state not in {"failed", "anomalous"}:
            return None
        # The API's words may quote the request, in whole or cut short.
        told = judge(self.export())
        return Failure(told.code, told.message)

    @property
    def progress(self) -> float | None:
        """How far it is, from 0 to 1; None where the record does not say."""
        return progress_of(self.raw, self._verdict)

    @property
    def audios(self) -> list[Audio]:
        """The songs that can be played. Before the task is final they are previews."""
        return [audio for audio in self._songs if audio.audio_url]

    @property
    def stems(self) -> Stems | None:
        """The stems, where the task made some."""
        found = [item for item in self._items if _is_address(item.get("stems_url"))]
        return Stems.read(found[0], task_id=self.id) if found else None

    @property
    def speech(self) -> Speech | None:
        """What was said, where the task said something."""
        # An item with an id is a song.
        said = (self._response, *(item for item in self._items if not item.get("id")))
        found = next((place for place in said if _is_address(place.get("audio_url"))), None)
        if found is None:
            return None
        asked = {name: self.request.get(name) for name in ("text", "format")}
        return Speech.read(found, **asked, task_id=self.id or None)

    @property
    def voice(self) -> Voice | None:
        """The voice, where the task made one."""
        made = (*self._items, self._response)
        found = next((place for place in made if as_text(place.get("_id"))), None)
        return None if found is None else Voice.read(found, task_id=self.id or None)

    @property
    def news(self) -> Hashable:
        """What a watcher calls a change: state, progress and playable audio."""
        return news_of(self.raw, self._verdict)

    @cached_property
    def _songs(self) -> list[Audio]:
        return [Audio.read(item, task_id=self.id) for item in self._items]

    def export(self) -> dict[str, Any]:
        """Return the record as it was sent, fit for JSON, with the `callback_url` masked."""
        exported: dict[str, Any] = self._hidden(dict(self.raw))
        return exported

    @model_serializer(mode="wrap")
    def _dump(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        dumped: dict[str, Any] = self._hidden(handler(self))
        return dumped

    def _hidden(self, value: Any) -> Any:
        return hidden(value, self.request.get(CALLBACK_FIELD))

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        yield "id", self.id
        yield "state", self.state
        yield "progress", self.progress


def _is_address(value: object) -> bool:
    return isinstance(value, str) and bool(value)
