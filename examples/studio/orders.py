"""What can be ordered, checked by the package's own models before it costs money."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from acedata_async import (
    BulkItem,
    CoverRequest,
    ExtendRequest,
    GenerateRequest,
    InvalidRequest,
    StemsRequest,
    VariationRequest,
)

_CALLBACK = "callback_url"

Action = Literal["generate", "extend", "cover", "variation", "stems"]

_REQUESTS: Mapping[
    Action,
    type[GenerateRequest | ExtendRequest | CoverRequest | VariationRequest | StemsRequest],
] = MappingProxyType(
    {
        "generate": GenerateRequest,
        "extend": ExtendRequest,
        "cover": CoverRequest,
        "variation": VariationRequest,
        "stems": StemsRequest,
    }
)


class Order(BaseModel):
    """The body of an order.

    Attributes:
        key: Chosen by the browser, a new one for each song that is wanted: so a double click, or
            a second try after a lost answer, is the same order.
        action: What to do.
        fields: The fields of the action's request, such as `prompt` or `audio_id`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: UUID
    action: Action
    fields: dict[str, Any]

    def item(self) -> BulkItem:
        """Return what a run takes.

        Raises:
            InvalidRequest: A field is wrong.
        """
        if _CALLBACK in self.fields:
            raise InvalidRequest(None, None, f"{_CALLBACK}: the studio sets it, not the page")
        request = _REQUESTS[self.action].model_validate(self.fields)
        return BulkItem.of(request, key=str(self.key))

    def problems(self, error: InvalidRequest) -> dict[str, str]:
        """Return what is wrong with each field, by its name; under "" what is of none."""
        found: dict[str, str] = {}
        for told in error.problems:
            problem = told.replace(f" {_CALLBACK},", "")  # which is not allowed here
            name, _, words = problem.partition(": ")
            known = bool(words) and name in {*_REQUESTS[self.action].model_fields, *self.fields}
            found.setdefault(name if known else "", words if known else problem)
        return found
