"""What Producer can be asked for."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acedata_async.errors import InvalidRequest, MalformedResponse
from acedata_async.models.producer import (
    DEFAULT_MODEL,
    MODELS,
    SUBMISSIONS,
    CoverRequest,
    ExtendRequest,
    GenerateRequest,
    ProducerRequest,
    ReplaceSectionRequest,
    SongRequest,
    StemsRequest,
    SwapInstrumentalsRequest,
    SwapVocalsRequest,
    UploadCoverRequest,
    UploadExtendRequest,
    UploadReplaceSectionRequest,
    VariationRequest,
)
from acedata_async.models.task import Task
from tests.examples import examples

NEEDED: dict[type[SongRequest | StemsRequest], dict[str, Any]] = {
    GenerateRequest: {"prompt": "x"},
    CoverRequest: {"audio_id": "1"},
    UploadCoverRequest: {"audio_id": "1"},
    ExtendRequest: {"audio_id": "1", "continue_at": 3},
    UploadExtendRequest: {"audio_id": "1", "continue_at": 3},
    VariationRequest: {"audio_id": "1"},
    ReplaceSectionRequest: {
        "audio_id": "1",
        "replace_section_start": 3,
        "replace_section_end": 70,
    },
    UploadReplaceSectionRequest: {
        "audio_id": "1",
        "replace_section_start": 3,
        "replace_section_end": 70,
    },
    SwapVocalsRequest: {"audio_id": "1"},
    SwapInstrumentalsRequest: {"audio_id": "1"},
    StemsRequest: {"audio_id": "1"},
}
ALL = list(NEEDED)
SONG_REQUESTS = [model for model in ALL if model is not StemsRequest]


def refused(model: type[SongRequest | StemsRequest], field: str, value: Any) -> InvalidRequest:
    """Check that a value is refused by its field, also in a dict, and return the error."""
    fields = {**NEEDED[model], field: value}
    with pytest.raises(InvalidRequest) as from_dict:
        model.model_validate(fields)
    with pytest.raises(InvalidRequest) as caught:
        model(**fields)
    assert caught.value.field == from_dict.value.field == field
    assert field in str(caught.value)
    assert caught.value.allowed in str(caught.value)
    return caught.value


def test_actions() -> None:
    """There is one class for each documented action, and every one is listed."""
    assert tuple(ALL) == SUBMISSIONS
    assert [model.action for model in SUBMISSIONS] == [
        "generate",
        "cover",
        "upload_cover",
        "extend",
        "upload_extend",
        "variation",
        "replace_section",
        "upload_replace_section",
        "swap_vocals",
        "swap_instrumentals",
        "stems",
    ]


def test_base_is_abstract() -> None:
    """What all submissions share cannot be sent itself."""
    with pytest.raises(TypeError, match="abstract"):
        ProducerRequest()  # type: ignore[abstract] # that it is refused is what is tested


@pytest.mark.parametrize("model", ALL)
def test_least(model: type[SongRequest | StemsRequest]) -> None:
    """What is needed suffices, and the default model is sent where there is a model at all."""
    extra = {} if model is StemsRequest else {"model": DEFAULT_MODEL}
    assert model(**NEEDED[model]).fields_to_send() == {**NEEDED[model], **extra}


@pytest.mark.parametrize(
    ("model", "field"), [(model, field) for model in ALL for field in NEEDED[model]]
)
def test_missing(model: type[SongRequest | StemsRequest], field: str) -> None:
    """Each needed field is named where it is missing."""
    fields = {name: value for name, value in NEEDED[model].items() if name != field}
    for missing in (fields, {**fields, field: None}):
        with pytest.raises(InvalidRequest) as caught:
            model(**missing)
        assert caught.value.field == field
        assert "missing; needed" in str(caught.value)


@pytest.mark.parametrize("model", ALL)
def test_extra(model: type[SongRequest | StemsRequest]) -> None:
    """No class takes a field that its action does not have."""
    refused(model, "callback", "https://x/")
    refused(model, "async", True)
    refused(model, "action", "generate")


@pytest.mark.parametrize("field", ["lyrics_strength", "weirdness"])
@pytest.mark.parametrize("model", SONG_REQUESTS)
def test_strength(model: type[SongRequest], field: str) -> None:
    """These go from 0 to 1, the ends included."""
    for good in (0, 0.0, 0.5, 1, 1.0):
        request = model(**{**NEEDED[model], field: good})
        assert request.fields_to_send()[field] == good
    bad: list[Any] = [-0.001, 1.001, 2, math.nan, math.inf, -math.inf, True, False, "0.5", [], {}]
    for value in bad:
        assert refused(model, field, value).allowed == "a number from 0 to 1"


@pytest.mark.parametrize(
    ("model", "field"),
    [
        *((model, "sound_strength") for model in SONG_REQUESTS),
        (CoverRequest, "cover_strength"),
        (UploadCoverRequest, "cover_strength"),
    ],
)
def test_upper_strength(model: type[SongRequest], field: str) -> None:
    """These go from 0.2 to 1, the ends included."""
    for good in (0.2, 0.5, 1):
        request = model(**{**NEEDED[model], field: good})
        assert request.fields_to_send()[field] == good
    bad: list[Any] = [0, 0.199, 1.001, math.nan, math.inf, True, False, "0.5", []]
    for value in bad:
        assert refused(model, field, value).allowed == "a number from 0.2 to 1"


@pytest.mark.parametrize("model", [m for m in ALL if m not in {CoverRequest, UploadCoverRequest}])
def test_cover_strength_is_for_covers(model: type[SongRequest | StemsRequest]) -> None:
    """Only a cover has a cover_strength."""
    refused(model, "cover_strength", 0.5)


@pytest.mark.parametrize(
    ("model", "field"),
    [
        (ExtendRequest, "continue_at"),
        (UploadExtendRequest, "continue_at"),
        (ReplaceSectionRequest, "replace_section_start"),
        (UploadReplaceSectionRequest, "replace_section_start"),
    ],
)
def test_seconds(model: type[SongRequest], field: str) -> None:
    """Moments in a song are seconds from its start."""
    for good in (0, 0.5, 3, 69.9):
        assert model(**{**NEEDED[model], field: good}).fields_to_send()[field] == good
    bad: list[Any] = [-0.1, math.nan, math.inf, True, "3", "0:03", []]
    for value in bad:
        assert "seconds" in refused(model, field, value).allowed


@pytest.mark.parametrize("model", [ReplaceSectionRequest, UploadReplaceSectionRequest])
@pytest.mark.parametrize(("start", "end"), [(3, 3), (70, 3), (0, 0), (0.5, 0.4)])
def test_start_before_end(model: type[SongRequest], start: float, end: float) -> None:
    """A part ends after it begins; the message tells where it begins."""
    fields: dict[str, Any] = {**NEEDED[model], "replace_section_start": start}
    fields["replace_section_end"] = end
    with pytest.raises(InvalidRequest) as caught:
        model(**fields)
    with pytest.raises(InvalidRequest) as from_dict:
        model.model_validate(fields)
    assert str(from_dict.value) == str(caught.value)
    assert (caught.value.field, caught.value.value) == ("replace_section_end", end)
    assert f"({float(start)})" in caught.value.allowed


@pytest.mark.parametrize("model", SONG_REQUESTS)
@pytest.mark.parametrize("field", ["prompt", "lyric", "title", "model"])
def test_texts(model: type[SongRequest], field: str) -> None:
    """Texts are texts, and an empty one is no text."""
    bad: list[Any] = ["", " ", "\n\t", 7, True, [], {}, b"x", ["x"]]
    for value in bad:
        refused(model, field, value)
    request = model(**{**NEEDED[model], field: " x "})
    assert request.fields_to_send()[field] == " x "


@pytest.mark.parametrize("model", [model for model in ALL if "audio_id" in NEEDED[model]])
def test_audio_id(model: type[SongRequest | StemsRequest]) -> None:
    """An audio id is a text that is not empty; the message says where to get one."""
    bad: list[Any] = ["", " ", 7, True, []]
    for value in bad:
        assert "Audio.id" in refused(model, "audio_id", value).allowed


@pytest.mark.parametrize("field", ["custom", "instrumental"])
def test_booleans(field: str) -> None:
    """Only true and false are true and false."""
    bad: list[Any] = [0, 1, "true", "yes", "", []]
    for value in bad:
        assert refused(GenerateRequest, field, value).allowed == "true or false"
    for flag in (True, False):
        fields: dict[str, Any] = {field: flag}
        request = GenerateRequest(prompt="x", lyric="la", **fields)
        assert request.fields_to_send()[field] is flag


@pytest.mark.parametrize(
    ("seed", "sent"),
    [(0, "0"), (7, "7"), ("7", "7"), (4294469624, "4294469624"), ("0042", "0042")],
)
def test_seed(seed: Any, sent: str) -> None:
    """A seed is a whole number, as a number or as digits, and is sent as digits."""
    assert GenerateRequest(prompt="x", seed=seed).fields_to_send()["seed"] == sent


@pytest.mark.parametrize(
    "seed",
    [-1, "-1", "", " 7", "7\n", "seven", 7.0, "7.0", True, [], "1" * 21, "\u0663", "\uff17"],
)
def test_bad_seed(seed: Any) -> None:
    """Anything else is no seed, digits of other scripts included."""
    assert "whole number" in refused(GenerateRequest, "seed", seed).allowed


def test_huge_seed() -> None:
    """Nor is a number that is too long to be written."""
    refused(GenerateRequest, "seed", 10**5000)


@pytest.mark.parametrize("model", ALL)
def test_callback_url(model: type[SongRequest | StemsRequest]) -> None:
    """Every submission takes an address to call back."""
    for url in ("https://x.example/a?b=c", "http://127.0.0.1:8000/hook", "https://[::1]/"):
        request = model(**NEEDED[model], callback_url=url)
        assert request.fields_to_send()["callback_url"] == url
    bad: list[Any] = [
        "",
        "x.example/a",
        "ftp://x.example",
        "https://",
        "https:///a",
        7,
        [],
        "http://[",
    ]
    for value in bad:
        refused(model, "callback_url", value)


@pytest.mark.parametrize("url", ["https://x.example/\n", "https://x.example/a b", "https://a b/"])
def test_broken_callback_url(url: str) -> None:
    """An address with blanks or line breaks in it is none."""
    refused(GenerateRequest, "callback_url", url)


@pytest.mark.parametrize("model", SONG_REQUESTS)
def test_lyric_lines(model: type[SongRequest]) -> None:
    """Lyrics have real line breaks; a backslash followed by n is refused."""
    error = refused(model, "lyric", "[Verse]\\nWoke up")
    assert "real line breaks" in error.allowed
    request = model(**{**NEEDED[model], "lyric": "[Verse]\nWoke up"})
    assert request.fields_to_send()["lyric"] == "[Verse]\nWoke up"


@pytest.mark.parametrize("model", SONG_REQUESTS)
def test_lyrics_are_used(model: type[SongRequest]) -> None:
    """Lyrics are meant to be sung: `custom` is set with them, unless it was set to false."""
    needed = {name: value for name, value in NEEDED[model].items() if name != "prompt"}
    assert model(**needed, lyric="la").fields_to_send()["custom"] is True
    assert model(**needed, lyric="la").custom is True
    kept = model(**needed, lyric="la", custom=False)
    assert kept.fields_to_send()["custom"] is False
    assert "custom" not in model(**NEEDED[model]).fields_to_send()


@pytest.mark.parametrize("model", SONG_REQUESTS)
def test_custom_needs_lyrics(model: type[SongRequest]) -> None:
    """`custom` without lyrics is refused."""
    with pytest.raises(InvalidRequest) as caught:
        model(**NEEDED[model], custom=True)
    assert caught.value.field == "lyric"
    assert "custom" in caught.value.allowed


def test_something_to_sing() -> None:
    """A new song needs a prompt or lyrics."""
    for fields in ({}, {"title": "x"}, {"instrumental": True}, {"prompt": None, "lyric": None}):
        with pytest.raises(InvalidRequest) as caught:
            GenerateRequest(**fields)
        assert caught.value.field == "prompt"
        assert "lyric" in str(caught.value)
    assert GenerateRequest(lyric="la").fields_to_send()["lyric"] == "la"


def test_oddities() -> None:
    """An unknown model and a long prompt are allowed and pointed out."""
    assert GenerateRequest(prompt="x" * 200, model="FUZZ-0.8").oddities() == []
    model, prompt = GenerateRequest(prompt="x" * 201, model="FUZZ-9").oddities()
    assert "'FUZZ-9'" in model
    assert all(name in model for name in MODELS)
    assert "201 characters" in prompt


def test_text_that_cannot_be_sent() -> None:
    """Half a character is refused here, not by the encoder on the way out."""
    refused(GenerateRequest, "prompt", "x\ud800")


@pytest.mark.parametrize(
    ("response", "words"),
    [
        ({"data": [{"stems_url": "https://x/1.zip"}]}, "stems"),
        ({"data": [{"file_url": "https://x/1.wav"}]}, "no song"),
        ({"data": []}, "no song"),
    ],
)
def test_no_song(response: Any, words: str) -> None:
    """A task that succeeded without a song says what it holds instead."""
    task = Task.read({"id": "t", "finished_at": 1.0, "response": response})
    with pytest.raises(MalformedResponse, match=words):
        GenerateRequest(prompt="x").result_of(task)


def test_results() -> None:
    """Each request reads its own result."""
    song = Task.read({"id": "t", "response": {"data": [{"audio_url": "https://x/1.m4a"}]}})
    assert GenerateRequest(prompt="x").result_of(song) == song.audios
    with pytest.raises(MalformedResponse, match="no stems_url"):
        StemsRequest(audio_id="1").result_of(song)
    stems = Task.read({"id": "t", "response": {"data": [{"stems_url": "https://x/1.zip"}]}})
    assert StemsRequest(audio_id="1").result_of(stems) == stems.stems


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.lists(st.integers(), max_size=2),
    st.sampled_from(["https://x/", "7", "FUZZ-2.0", 0.5, 1, 3, 70]),
)


@examples(300)
@given(
    st.sampled_from(ALL),
    st.dictionaries(
        st.sampled_from(
            [
                *("prompt", "lyric", "custom", "title", "model", "seed", "weirdness", "audio_id"),
                *("lyrics_strength", "sound_strength", "cover_strength", "continue_at"),
                *("callback_url", "replace_section_end", "lyrics"),
            ]
        ),
        VALUES,
        max_size=4,
    ),
)
def test_sent_or_refused(model: type[SongRequest | StemsRequest], fields: dict[str, Any]) -> None:
    """Whatever is given, it is our error, or a JSON body with just what was set, and stable."""
    given_fields = {**NEEDED[model], **fields}
    try:
        request = model(**given_fields)
    except InvalidRequest:
        return
    body = request.fields_to_send()
    assert json.loads(json.dumps(body, allow_nan=False)) == body
    assert None not in body.values()
    added = set(body) - {name for name, value in given_fields.items() if value is not None}
    assert added <= {"model", "custom"}
    assert model.model_validate(body).fields_to_send() == body
