"""What the vendor makes, by the address that asks for it, and of which service each is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PRODUCER = "producer"
FISH = "fish"

LOOKUPS: Mapping[str, str] = {f"/{service}/tasks": service for service in (PRODUCER, FISH)}
"""The services by the address at which their tasks are looked up."""

CATALOGUE = "/fish/model"
"""Where voices are listed, and below it shown one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of thing that is made.

    Attributes:
        service: Whose it is.
        address: The last part of its path; a task's record of this kind has a type instead.
        type: The type of its records; empty if it creates no task.
        action: What faults and counts call it; None if its body says so.
        share: How much of a song's time it takes.
        background: The fields that ask for an answer before it is made.
        traced: Whether the whole answer has the trace id.
        bare: Whether the result stands by itself, without an envelope.
        start_told: Whether the answer before it is made has its start.
    """

    service: str
    address: str
    type: str
    action: str | None
    share: float
    background: tuple[str, ...] = ()
    traced: bool = True
    bare: bool = False
    start_told: bool = False

    @property
    def path(self) -> str:
        """Where it is asked for."""
        return f"/{self.service}/{self.address}"


def _sibling(address: str, *, traced: bool = True) -> Kind:
    return Kind(
        service=PRODUCER,
        address=address,
        type=address,
        action=address,
        share=0.1,
        traced=traced,
    )


SONG = Kind(
    service=PRODUCER,
    address="audios",
    type="audios",
    action=None,
    share=1.0,
    background=("async", "callback_url"),
)
"""All that `/producer/audios` makes."""

_KINDS = (
    SONG,
    # No document says that these can be asked for in the background.
    _sibling("lyrics", traced=False),
    _sibling("upload", traced=False),
    _sibling("videos"),
    _sibling("wav"),
    Kind(
        service=FISH,
        address="voices",
        type="voices",
        action="create_voice",
        share=2.0,
        background=("callback_url",),
    ),
    Kind(
        service=FISH,
        address="tts",
        type="fish_tts",
        action="speak",
        share=0.1,
        background=("async", "callback_url"),
        bare=True,
        start_told=True,
    ),
    Kind(service=FISH, address="model", type="", action="create_model", share=0.0, bare=True),
)

SUBMISSIONS: Mapping[str, Kind] = {kind.path: kind for kind in _KINDS}
"""What is made, by its path."""

BY_TYPE: Mapping[str, Kind] = {kind.type: kind for kind in _KINDS if kind.type}
"""What tasks make, by the type of their records."""

CALLING_BACK = tuple(kind for kind in _KINDS if "callback_url" in kind.background)
"""What somebody can be called back about."""

FISH_ACTIONS = tuple(kind.action for kind in _KINDS if kind.service == FISH and kind.action)
"""What faults and counts call the kinds of Fish."""
