"""One thing to make, from a request or from a JSON object."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from acedata_async.bulk.items import ACTIONS, KINDS, BulkItem, product_kind, source_kind
from acedata_async.errors import InvalidRequest
from acedata_async.models.producer import CoverRequest, GenerateRequest
from acedata_async.models.request import ApiRequest
from acedata_async.models.siblings import UploadRequest, WavRequest

SONG: dict[str, Any] = {"action": "generate", "prompt": "x"}
SECRET = "https://me.example/s3cret"


def problems_of(entry: dict[str, Any], *, line: int = 0) -> tuple[str, ...]:
    """Return what is found wrong with an entry."""
    with pytest.raises(InvalidRequest) as caught:
        BulkItem.read(entry, line=line)
    assert str(caught.value) == "; ".join(caught.value.problems)
    return caught.value.problems


def test_every_action_has_its_request() -> None:
    """An item can be any Producer action, an upload, a voice or a speech."""
    assert len(ACTIONS) == 14
    for action, kind in KINDS.items():
        assert vars(kind)["action"] == action
    assert KINDS["upload"] is UploadRequest


@pytest.mark.parametrize(
    ("action", "source", "product"),
    [
        ("generate", None, "a song"),
        ("upload", None, "an upload"),
        ("cover", "a song", "a song"),
        ("upload_cover", "an upload", "a song"),
        ("upload_replace_section", "an upload", "a song"),
        ("stems", "a song", "stems"),
        ("create_voice", None, "a voice"),
        ("speak", "a voice", "a speech"),
    ],
)
def test_actions_say_what_they_take_and_make(action: str, source: str | None, product: str) -> None:
    """What an action starts from and what it makes is known by the same words."""
    assert (source_kind(action), product_kind(action)) == (source, product)


def test_read_keeps_what_was_set() -> None:
    """Fields are kept as the request reads them, without defaults, nulls and what it adds."""
    item = BulkItem.read(
        {**SONG, "key": "a", "seed": 7, "weirdness": 1, "title": None, "model": None}, line=3
    )
    assert (item.key, item.action, item.source, item.line) == ("a", "generate", None, 3)
    assert item.fields == {"prompt": "x", "seed": "7", "weirdness": 1.0}
    assert isinstance(item.fields["weirdness"], float)
    assert not item.derived


def test_what_the_request_adds_by_itself_is_no_field() -> None:
    """The default model, and the choice of lyrics over a prompt, were set by nobody."""
    lyrics = BulkItem.read({"action": "generate", "lyric": "la"})
    assert lyrics.fields == {"lyric": "la"}
    assert lyrics.request().fields_to_send() == {
        "lyric": "la",
        "custom": True,
        "model": "FUZZ-2.0 Pro",
    }
    chosen = BulkItem.read({"action": "generate", "lyric": "la", "model": "FUZZ-2.0 Pro"})
    assert chosen.fields == {"lyric": "la", "model": "FUZZ-2.0 Pro"}


def test_a_request_and_an_object_make_the_same_item() -> None:
    """It does not matter in which form a song is asked for."""
    request = GenerateRequest(prompt="x", seed="7", weirdness=1, title=None)
    read = BulkItem.read({"key": "a", **SONG, "seed": "7", "weirdness": 1.0})
    assert BulkItem.of(request, key="a") == read
    assert BulkItem.of(request).key is None
    assert read.request() == request


@pytest.mark.parametrize(
    "request_",
    [
        GenerateRequest(prompt="x"),
        CoverRequest(audio_id="id", cover_strength=1),
        UploadRequest(audio_url="https://x.example/a.mp3"),
    ],
)
def test_a_request_comes_back(request_: ApiRequest) -> None:
    """What goes in as a request is sent as that request."""
    item = BulkItem.of(request_)
    assert type(item.request()) is type(request_)
    assert item.request().fields_to_send() == request_.fields_to_send()


def test_a_request_that_was_changed_around_its_checks_is_checked() -> None:
    """A copy with other values is read anew."""
    request = GenerateRequest(prompt="x")
    assert BulkItem.of(request.model_copy(update={"seed": 7})).fields["seed"] == "7"
    with pytest.raises(InvalidRequest, match="weirdness: 7"):
        BulkItem.of(request.model_copy(update={"weirdness": 7}))


def test_other_requests_are_refused() -> None:
    """What is no such request, or a class made from one, could not be sent as it is."""

    class MySong(GenerateRequest):
        model: str = "FUZZ-0.8"

    for request in (WavRequest(audio_id="x"), MySong(prompt="x")):
        with pytest.raises(InvalidRequest, match=r"allowed: one of GenerateRequest, .*Upload"):
            BulkItem.of(request)


def test_an_item_with_a_source_gets_its_id_later() -> None:
    """The id of the song that it starts from is known only when that is made."""
    item = BulkItem.read({"action": "extend", "source": "a", "continue_at": 5})
    assert (item.source, dict(item.fields)) == ("a", {"continue_at": 5.0})
    assert item.request("the id").fields_to_send()["audio_id"] == "the id"
    with pytest.raises(InvalidRequest, match="audio_id: missing; needed: the id of its source"):
        item.request()


def test_an_item_without_a_source_takes_no_id() -> None:
    """An id that does not belong there is not sent in place of the right one."""
    item = BulkItem.read({"action": "stems", "audio_id": "mine"})
    assert item.request().fields_to_send() == {"audio_id": "mine"}
    with pytest.raises(InvalidRequest, match="none, for the item has no source"):
        item.request("other")


def test_shown_is_what_was_asked_for() -> None:
    """A ledger keeps the action, the fields and the source, with the callback_url masked."""
    item = BulkItem.read({"key": "b", "action": "cover", "source": "a", "callback_url": SECRET})
    assert item.shown() == {
        "action": "cover",
        "callback_url": "https://me.example/…",
        "source": "a",
    }
    assert "s3cret" not in repr(item)
    assert item.request("id").fields_to_send()["callback_url"] == SECRET
    assert BulkItem.read(SONG).shown() == SONG


def test_a_callback_address_is_in_no_error() -> None:
    """A bad one is told without its text, since it may hold a secret."""
    (problem,) = problems_of({**SONG, "callback_url": "s3cret place"})
    assert "s3cret" not in problem


def test_an_item_can_be_pickled() -> None:
    """Items are plain values."""
    item = BulkItem.read({**SONG, "key": "a"})
    assert pickle.loads(pickle.dumps(item)) == item  # noqa: S301 - our own


@pytest.mark.parametrize(
    "key",
    [
        "",
        " ",
        "../up",
        "a/b",
        "a\\b",
        ".hidden",
        "..",
        "end.",
        "a b",
        "a\nb",
        "a\n",
        "ü",
        "🎵",
        "\ud800",
        "x" * 81,
        "CON",
        "nul.txt",
        "lpt1",
        "a.json",
        "song.M4A",
        5,
        [10**5_000],
        True,
        ["a"],
        "v1-0123456789abcdef-1",
        "V1-0123456789ABCDEF-1",
        "v2-0123456789abcdef-12",
    ],
)
def test_a_key_is_a_safe_name_of_its_own(key: Any) -> None:
    """A key names files, and is none of those that are given to what has none."""
    (problem,) = problems_of({**SONG, "key": key})
    assert problem.startswith("key: ")
    with pytest.raises(InvalidRequest) as caught:
        BulkItem.of(GenerateRequest(prompt="x"), key=key)
    assert caught.value.problems == (problem,)


@pytest.mark.parametrize(
    "key", ["a", "A-b_c.9", "x" * 80, "-", "com10", "console", "v1", "v1-0123456789abcdef"]
)
def test_plain_keys_are_taken(key: str) -> None:
    """Letters, digits, dash, underscore and dot make a key."""
    assert BulkItem.read({**SONG, "key": key}).key == key


def test_an_action_is_needed() -> None:
    """An object without a usable action is refused, with a guess at what was meant."""
    assert problems_of({"prompt": "x"})[0].startswith("action: missing; needed: one of generate,")
    assert problems_of({"action": ["generate"]})[0].startswith("action: ['generate']")
    assert problems_of({"action": "genrate"})[0].endswith("did you mean generate?")
    assert "did you mean" not in problems_of({"action": "zzz"})[0]
    assert "did you mean" not in problems_of({"action": "generate" * 1_000_000})[0]
    assert len(problems_of({"action": 10**5_000, "key": "a b"})) == 2


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"action": "cover"}, "source: missing; needed: the key of an earlier item, or audio_id"),
        ({"action": "cover", "audio_id": None}, "source: missing"),
        ({"action": "cover", "source": 5}, "the key of an earlier item"),
        ({"key": "self", "action": "cover", "source": "self"}, "the key of an earlier item"),
        ({"action": "cover", "source": "a", "audio_id": "x"}, "either source or audio_id"),
        ({**SONG, "source": "a"}, "none, for generate starts from nothing"),
        ({"action": "upload", "audio_url": "https://x.example/a", "source": "a"}, "nothing"),
        ({"action": "cover", "audio_id": ""}, "audio_id: ''"),
        ({"action": "upload"}, "audio_url: missing"),
        ({"action": "extend", "source": "a"}, "continue_at: missing"),
        ({**SONG, "titel": "T"}, "titel: no field of this name; did you mean title?"),
        ({**SONG, "titel": None}, "titel: no field of this name; did you mean title?"),
        ({**SONG, "audio_id": "x"}, "audio_id: no field of this name"),
        ({**SONG, "weirdness": "0.5"}, "weirdness: '0.5' is not allowed"),
        ({**SONG, "weirdness": 10**400}, "weirdness: 1000"),
        ({**SONG, "instrumental": 1}, "instrumental: 1 is not allowed; allowed: true or false"),
        ({**SONG, "title": ["T"]}, "title: ['T'] is not allowed; allowed: a text"),
        ({"action": "generate", "prompt": "\ud800"}, "prompt: "),
    ],
)
def test_what_is_wrong_is_told(entry: dict[str, Any], said: str) -> None:
    """A problem names the field, its value and what is allowed."""
    (problem,) = problems_of(entry)
    assert said in problem


def test_a_mapping_that_is_no_json_object_is_refused() -> None:
    """Python allows names that are no text, and the API does not."""
    entry: dict[Any, Any] = {**SONG, 5: "x"}
    assert problems_of(entry) == ("the name of a field is a text",)


def test_all_problems_are_told_at_once() -> None:
    """Key, source and fields are all looked at."""
    found = problems_of(
        {"key": "a/b", "action": "cover", "source": 5, "titel": "T", "weirdness": 2}, line=4
    )
    assert [problem.partition(":")[0] for problem in found] == [
        "key",
        "source",
        "weirdness",
        "titel",
    ]
    assert found[1].endswith("the key of an earlier line")


@pytest.mark.parametrize("title", ["🎵" * 300, "x" * 300, "../../etc/passwd", "CON", "a\nb"])
def test_any_title_is_taken(title: str) -> None:
    """A title is a text for the vendor; it names no file here."""
    assert BulkItem.read({**SONG, "title": title}).fields["title"] == title
