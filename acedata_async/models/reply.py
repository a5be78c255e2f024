"""The base of everything that the API sends back."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainValidator,
    PrivateAttr,
    model_validator,
)
from pydantic.functional_validators import ModelWrapValidatorHandler
from pydantic_core import PydanticSerializationError

from acedata_async._rules.wire import as_moment, as_number, as_share, as_text, as_whole

Text = Annotated[str | None, PlainValidator(as_text)]
Number = Annotated[float | None, BeforeValidator(as_number)]
Whole = Annotated[int | None, BeforeValidator(as_whole)]
Share = Annotated[float | None, BeforeValidator(as_share)]
Flag = Annotated[
    bool | None, PlainValidator(lambda value: value if isinstance(value, bool) else None)
]
Moment = Annotated[datetime | None, BeforeValidator(as_moment)]


class ReplyModel(BaseModel):
    """A reply: frozen, with unknown fields kept, and never raising over a field's type.

    A field that the API left out, or sent in a form that cannot be read, is None; `raw` has it
    as it was sent.
    """

    model_config = ConfigDict(frozen=True, extra="allow", protected_namespaces=(), defer_build=True)

    _raw: Mapping[str, Any] = PrivateAttr(default_factory=dict)

    @model_validator(mode="wrap")
    @classmethod
    def _keep_raw(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(data, Mapping):
            return handler(data)
        # A null says no more than a missing field, and would hide the same field under its other
        # name. A name with half a character in it cannot be a field.
        reply = handler({k: v for k, v in data.items() if v is not None and _is_text(k)})
        reply._raw = data  # noqa: SLF001 - its own
        return reply

    @classmethod
    def read(cls, raw: Mapping[str, Any], **known: Any) -> Self:
        """Build the model from what the API sent; `known` are facts from beside it.

        One that is None is not known, and leaves what was sent.
        """
        facts = {name: fact for name, fact in known.items() if fact is not None}
        reply = cls.model_validate({**raw, **facts})
        reply._raw = raw  # noqa: SLF001 - its own
        return reply

    def model_dump_json(self, **options: Any) -> str:
        """Return it as a JSON text; half a character, which UTF-8 has no form for, is escaped."""
        try:
            return super().model_dump_json(**options)
        except PydanticSerializationError:
            indent = options.pop("indent", None)
            options.pop("ensure_ascii", None)
            return json.dumps(self.model_dump(mode="json", **options), indent=indent)

    @property
    def raw(self) -> Mapping[str, Any]:
        """The JSON object as it was sent."""
        return self._raw


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
