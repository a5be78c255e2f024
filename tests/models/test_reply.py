"""The base of everything that the API sends back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from acedata_async.models.reply import Moment, Number, ReplyModel, Share, Text


class Thing(ReplyModel):
    """A reply with a field of each kind."""

    text: Text = None
    number: Number = None
    share: Share = None
    moment: Moment = None


def test_kinds() -> None:
    """Each kind reads the forms that the API uses."""
    thing = Thing.read(
        {"text": 7, "number": "1.5", "share": "40%", "moment": "2025-12-30T18:36:00.994141Z"}
    )
    assert (thing.text, thing.number, thing.share) == ("7", 1.5, 0.4)
    assert thing.moment == datetime(2025, 12, 30, 18, 36, 0, 994141, UTC)


@pytest.mark.parametrize("value", [None, True, [], {}, [1], {"a": 1}])
@pytest.mark.parametrize("name", ["text", "number", "share", "moment"])
def test_unreadable(name: str, value: Any) -> None:
    """What cannot be read is None, and `raw` has it as it was sent."""
    thing = Thing.read({name: value})
    assert getattr(thing, name) is None
    assert thing.raw == {name: value}


def test_unknown_fields_are_kept() -> None:
    """New fields are there, as attributes, in a dump and in `raw`."""
    thing: Any = Thing.read({"brand_new": [1], "_id": "6954"})
    assert thing.brand_new == [1]
    assert thing.model_dump()["_id"] == "6954"
    assert thing.raw == {"brand_new": [1], "_id": "6954"}


@pytest.mark.parametrize(
    "name",
    [
        *("raw", "read", "_raw", "model_config", "model_dump", "model_fields", "copy", "json"),
        *("__class__", "__dict__", "self", "cls", "", "a b", "1"),
    ],
)
def test_fields_with_names_of_ours(name: str) -> None:
    """A field named like something of ours breaks nothing and changes nothing."""
    thing = Thing.read({name: "x", "text": "y"})
    assert type(thing) is Thing
    assert thing.text == "y"
    assert thing.raw == {name: "x", "text": "y"}
    assert thing.model_dump()["text"] == "y"


def test_half_a_character() -> None:
    """Half a character, which JSON can spell, breaks nothing, in a value or in a name."""
    for text in ('{"text": "\\ud800"}', '{"x": "\\ud800"}', '{"\\ud800": 1}'):
        raw = json.loads(text)
        thing = Thing.read(raw)
        assert thing.raw == raw
        assert json.loads(thing.model_dump_json())["text"] == raw.get("text")
        assert json.loads(thing.model_dump_json(indent=2)) == json.loads(thing.model_dump_json())


def test_known_facts() -> None:
    """Facts from beside the object are added, and win."""
    assert Thing.read({"text": "a"}, text="b", number=1).text == "b"
    assert Thing.read({"text": "a"}, text=None).text == "a"


def test_raw_is_what_was_sent() -> None:
    """`raw` has the object as it was sent, without the facts from beside it."""
    assert Thing.read({"text": "a"}, number=1).raw == {"text": "a"}


def test_frozen() -> None:
    """A reply does not change."""
    thing = Thing.read({"text": "a"})
    with pytest.raises(ValidationError):
        thing.text = "b"  # type: ignore[misc] # that it is refused is what is tested


def test_made_by_hand() -> None:
    """A reply that a test makes by hand has its fields."""
    thing = Thing(text="a")
    assert thing.text == "a"
    assert Thing.model_validate(thing) is thing
