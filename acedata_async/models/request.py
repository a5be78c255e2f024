"""The base of everything that is sent: checked before it costs money."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, get_args
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

from acedata_async._rules.addresses import is_private
from acedata_async._rules.exchange import Call
from acedata_async._rules.masking import without
from acedata_async.errors import NOT_SHOWN, InvalidRequest

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


CALLBACK_FIELD = "callback_url"
"""The field that may hold a secret, and that no repr, error or export shows."""


def mask_url(url: Any) -> Any:
    """Leave nothing of an address but where it is; what is no text stays as it is."""
    if not isinstance(url, str):
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return "…"
    return f"{parts.scheme}://{parts.hostname}/…"


def hidden(value: Any, url: object) -> Any:
    """Return a value of JSON in which nothing of an address is left but where it is."""
    return without(value, url, mask_url(url)) if isinstance(url, str) and url else value


class RequestWarning(UserWarning):
    """A request that will be sent although it looks like a mistake."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """In words, what a field takes; stands in the field's annotation."""

    words: str


def _filled(value: str) -> str:
    if not value.strip():
        raise ValueError("empty")
    value.encode()  # half a character cannot be sent; it raises a ValueError
    return value


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    blank = any(char.isspace() or not char.isprintable() for char in value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or blank:
        raise ValueError("no web address")
    return value


Filled = Annotated[str, AfterValidator(_filled), Allowed("a text that is not empty")]
WebAddress = Annotated[
    str, AfterValidator(_web_address), Allowed("an address that begins with http:// or https://")
]


def _public_address(value: str) -> str:
    if is_private(urlsplit(_web_address(value)).hostname or ""):
        raise ValueError("an address that only this machine or network knows")
    return value


PublicAddress = Annotated[
    str,
    AfterValidator(_public_address),
    Allowed(
        "an address that begins with http:// or https:// and that the API can reach, which is on"
        " another network: no file on this machine, no localhost"
    ),
]
"""Where the vendor fetches something. What it cannot reach would be paid for, and fail."""

Seconds = Annotated[
    float, Field(ge=0, allow_inf_nan=False), Allowed("a number of seconds, 0 or more")
]


class Checked(BaseModel):
    """What is sent: frozen, strict about types, and with nothing but the fields that were set.

    Raises:
        InvalidRequest: From the constructor and from `model_validate`, in place of pydantic's own
            error, naming the field, its value and what is allowed.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, protected_namespaces=(), defer_build=True
    )

    if not TYPE_CHECKING:  # a type checker is to see the fields, not this

        def __init__(self, **fields: Any) -> None:
            with _our_errors(type(self)):
                known = type(self).model_fields
                super().__init__(
                    **{k: v for k, v in fields.items() if v is not None or k not in known}
                )

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """Check `obj` and build the request from it.

        Raises:
            InvalidRequest: `obj` is not such a request.
        """
        if isinstance(obj, Mapping) and not all(isinstance(name, str) for name in obj):
            raise InvalidRequest(None, None, "the name of a field is a text")
        with _our_errors(cls):
            return super().model_validate(obj, **options)

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **options: Any) -> Self:
        """Check a JSON text and build the request from it.

        Raises:
            InvalidRequest: The text is not such a request.
        """
        with _our_errors(cls):
            return super().model_validate_json(json_data, **options)

    def fields_given(self) -> dict[str, Any]:
        """Return what was set, and nothing else, as JSON has it."""
        return {name: _plain(getattr(self, name)) for name in self.model_fields_set}

    def fields_to_send(self) -> dict[str, Any]:
        """Return the JSON object: what was set and what has a default, and nothing else.

        Raises:
            InvalidRequest: The request was built around its checks, and does not pass them.
        """
        checked = type(self).model_validate(self.fields_given())
        return {name: _plain(value) for name, value in checked if value is not None}

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        return [(name, value) for name, value in super().__repr_args__() if value is not None]


class ApiRequest(Checked):
    """A request to the API."""

    path: ClassVar[str]
    """Where it is sent."""

    way_to_watch: ClassVar[str] = ""
    """What to do about a task that an answer names although none is documented."""

    def to_call(self) -> Call:
        """Return what is sent.

        Raises:
            InvalidRequest: The request was built around its checks, and does not pass them.
        """
        return Call(self.path, self.fields_to_send(), "hold")

    def oddities(self) -> list[str]:
        """Return what is allowed and yet looks like a mistake, in words."""
        return []


def part_of(kind: type[Checked]) -> BeforeValidator:
    """Return what builds a part of a request from a JSON object."""
    return BeforeValidator(
        lambda value: kind.model_validate(dict(value)) if isinstance(value, Mapping) else value
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Checked):
        return value.fields_to_send()
    return [_plain(one) for one in value] if isinstance(value, list) else value


@contextmanager
def _our_errors(model: type[Checked]) -> Iterator[None]:
    try:
        yield
    except ValidationError as error:
        raise _explain(model, error) from None


def _explain(model: type[Checked], error: ValidationError) -> InvalidRequest:
    """Turn pydantic's findings into one error of ours, in the order of the fields."""
    ours = [_read_problem(model, detail) for detail in error.errors(include_url=False)]
    first = ours[0]
    # What may be of several types has a finding for each of them.
    problems = dict.fromkeys(problem for one in ours for problem in one.problems)
    return InvalidRequest(first.field, first.value, first.allowed, problems=list(problems))


def _read_problem(model: type[Checked], detail: ErrorDetails) -> InvalidRequest:
    cause = detail.get("ctx", {}).get("error")
    if isinstance(cause, InvalidRequest):
        return _within(detail["loc"], cause)
    if not detail["loc"]:
        return InvalidRequest(None, None, detail["msg"])
    name = str(detail["loc"][0])
    if detail["type"] == "missing":
        return InvalidRequest(name, None, _allowed(model, name))
    if detail["type"] == "extra_forbidden":
        # Not shown: it may be a misspelt callback address.
        return InvalidRequest(name, NOT_SHOWN, _known_fields(model, name))
    if name == CALLBACK_FIELD:
        return InvalidRequest(name, NOT_SHOWN, f"not allowed; allowed: {_allowed(model, name)}")
    return _wrong_value(name, detail, _allowed(model, name))


def _wrong_value(name: str, detail: ErrorDetails, allowed: str) -> InvalidRequest:
    given, place = detail["input"], ".".join(map(str, detail["loc"]))
    # Within a list nothing is not missing: it is there.
    within = given is None and place != name
    words = [f"{place}: None is not allowed; allowed: {allowed}"] if within else []
    return InvalidRequest(name, given, allowed, problems=words)


def _within(place: tuple[int | str, ...], error: InvalidRequest) -> InvalidRequest:
    """Name a field of a part by the way to it."""
    if not place:
        return error
    way = ".".join(map(str, place))
    name, joint = (way, ": ") if error.field is None else (f"{way}.{error.field}", ".")
    problems = [f"{way}{joint}{problem}" for problem in error.problems]
    return InvalidRequest(name, error.value, error.allowed, problems=problems)


def _allowed(model: type[Checked], name: str) -> str:
    field = model.model_fields[name]
    inner = [
        note for arg in get_args(field.annotation) for note in getattr(arg, "__metadata__", ())
    ]
    words = [note.words for note in (*field.metadata, *inner) if isinstance(note, Allowed)]
    if words:
        return words[-1]
    return "true or false" if field.annotation in (bool, bool | None) else "a text"


def _known_fields(model: type[Checked], name: str) -> str:
    # Not at the top: needed for a mistake only.
    from difflib import get_close_matches  # noqa: PLC0415

    names: Iterable[str] = model.model_fields
    close = get_close_matches(name, names, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    return f"no field of this name; {hint}the fields are {', '.join(names)}"
