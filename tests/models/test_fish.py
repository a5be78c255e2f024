"""What Fish can be asked for."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acedata_async import (
    AceDataError,
    InvalidRequest,
    Prosody,
    Reference,
    RequestWarning,
    SpeechRequest,
    VoiceModelRequest,
    VoiceRequest,
)
from acedata_async.models.fish import ENGINES, SpeechFormat, VoiceQuery
from acedata_async.models.siblings import UploadRequest
from tests.fish.conftest import CALLBACK, RECORDING, Scripted

FULL_SPEECH: dict[str, Any] = {
    "text": "Hello.",
    "reference_id": ["a", "b"],
    "references": [{"audio": "https://example.com/a.mp3", "text": "Hi."}],
    "format": "wav",
    "sample_rate": 22050,
    "latency": "balanced",
    "prosody": {"speed": 1.2, "volume": -3, "normalize_loudness": True},
    "chunk_length": 200,
    "min_chunk_length": 50,
    "max_new_tokens": 1024,
    "temperature": 0,
    "top_p": 1,
    "repetition_penalty": 1.2,
    "normalize": False,
    "callback_url": CALLBACK,
}
FULL_MODEL: dict[str, Any] = {
    "title": "Me",
    "voices": RECORDING,
    "description": "A voice",
    "cover_image": "https://example.com/me.png",
    "tags": ["calm"],
    "texts": ["Hello."],
    "visibility": "unlist",
    "enhance_audio_quality": True,
    "generate_sample": False,
    "train_mode": "fast",
    "type": "tts",
}

WRONG: list[tuple[type[Any], dict[str, Any], str, str]] = [
    (SpeechRequest, {}, "text", "not empty"),
    (SpeechRequest, {"text": " "}, "text", "not empty"),
    (SpeechRequest, {"text": "\ud800"}, "text", "not empty"),
    (SpeechRequest, {"text": 5}, "text", "a text"),
    (SpeechRequest, {"reference_id": ""}, "reference_id", "id of a voice"),
    (SpeechRequest, {"reference_id": []}, "reference_id", "id of a voice"),
    (SpeechRequest, {"reference_id": ["a", " "]}, "reference_id", "id of a voice"),
    (SpeechRequest, {"reference_id": 5}, "reference_id", "id of a voice"),
    (SpeechRequest, {"references": []}, "references", "audio and text"),
    (SpeechRequest, {"references": ["a"]}, "references", "audio and text"),
    (SpeechRequest, {"references": [{"audio": "a"}]}, "references.0.text", "not empty"),
    (SpeechRequest, {"references": [{"audio": "", "text": "a"}]}, "references.0.audio", "empty"),
    (SpeechRequest, {"model": ""}, "model", "s1, s2-pro, s2.1-pro"),
    (SpeechRequest, {"format": "opus"}, "format", "mp3, wav or pcm"),
    (SpeechRequest, {"sample_rate": 0}, "sample_rate", "whole number from 1"),
    (SpeechRequest, {"sample_rate": 44100.0}, "sample_rate", "whole number"),
    (SpeechRequest, {"mp3_bitrate": 100}, "mp3_bitrate", "64, 128 or 192"),
    (SpeechRequest, {"latency": ""}, "latency", "normal or balanced"),
    (SpeechRequest, {"prosody": 1.2}, "prosody", "speed, volume or normalize_loudness"),
    (SpeechRequest, {"prosody": {"speed": 0}}, "prosody.speed", "above 0"),
    (SpeechRequest, {"prosody": {"volume": "loud"}}, "prosody.volume", "decibels"),
    (SpeechRequest, {"prosody": {"volume": float("nan")}}, "prosody.volume", "decibels"),
    (SpeechRequest, {"prosody": {"spead": 1}}, "prosody.spead", "did you mean speed"),
    (SpeechRequest, {"prosody": {"normalize_loudness": 1}}, "prosody.normalize_loudness", "true"),
    (SpeechRequest, {"temperature": 1.1}, "temperature", "from 0 to 1"),
    (SpeechRequest, {"top_p": -0.1}, "top_p", "from 0 to 1"),
    (SpeechRequest, {"repetition_penalty": 0}, "repetition_penalty", "above 0"),
    (SpeechRequest, {"normalize": "yes"}, "normalize", "true or false"),
    (SpeechRequest, {"voice": "a"}, "voice", "no field of this name"),
    (SpeechRequest, {"opus_bitrate": 32}, "opus_bitrate", "no field of this name"),
    (VoiceRequest, {}, "voice_url", "http"),
    (VoiceRequest, {"voice_url": "a.mp3"}, "voice_url", "http"),
    (VoiceRequest, {"voice_url": "file:///etc/passwd"}, "voice_url", "http"),
    (VoiceRequest, {"voice_url": RECORDING, "title": ""}, "title", "not empty"),
    (VoiceRequest, {"voice_url": RECORDING, "image_urls": []}, "image_urls", "list of addresses"),
    (VoiceRequest, {"voice_url": RECORDING, "image_urls": ["a"]}, "image_urls", "addresses"),
    (VoiceRequest, {"voice_url": RECORDING, "image_url": "a"}, "image_url", "image_urls"),
    (VoiceModelRequest, {"title": "t"}, "voices", "http"),
    (VoiceModelRequest, {"voices": RECORDING}, "title", "not empty"),
    (VoiceModelRequest, {"title": "t", "voices": [RECORDING]}, "voices", "an address"),
    (VoiceModelRequest, {**FULL_MODEL, "visibility": "secret"}, "visibility", "public, private"),
    (VoiceModelRequest, {**FULL_MODEL, "tags": [""]}, "tags", "list of texts"),
    (VoiceModelRequest, {**FULL_MODEL, "texts": "a"}, "texts", "list of texts"),
    (VoiceModelRequest, {**FULL_MODEL, "train_mode": "full"}, "train_mode", "fast"),
    (VoiceModelRequest, {**FULL_MODEL, "type": "song"}, "type", "tts"),
    (VoiceModelRequest, {**FULL_MODEL, "callback_url": CALLBACK}, "callback_url", "no field"),
    (VoiceQuery, {"page_size": 0}, "page_size", "from 1 to 100"),
    (VoiceQuery, {"page_size": 101}, "page_size", "from 1 to 100"),
    (VoiceQuery, {"page_number": 0}, "page_number", "from 1 on"),
    (VoiceQuery, {"mine": "true"}, "mine", "true or false"),
    (VoiceQuery, {"sort_by": "title"}, "sort_by", "created_at or task_count"),
    (VoiceQuery, {"title": ""}, "title", "not empty"),
]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


def spoken(**fields: Any) -> SpeechRequest:
    """Return a request that is whole but for what a test is about."""
    return SpeechRequest.model_validate({"text": "Hello.", **fields})


def tried(kind: type[Any], name: str, fields: dict[str, Any]) -> Any:
    """Return a request, or None where it is refused, which then has to name the field."""
    with suppress(InvalidRequest):
        return kind.model_validate(fields)
    with pytest.raises(InvalidRequest, match=f"^{name}[.:]"):
        kind.model_validate(fields)
    return None


async def sent(request: Any) -> Any:
    """Return a request as the vendor receives it."""
    vendor = Scripted({"task_id": "t"})
    await vendor.ace.fish.submit(request)
    (arrived,) = vendor.requests
    return arrived


@pytest.mark.parametrize("engine", ENGINES)
async def test_engine_is_a_header(engine: str) -> None:
    """The engine is sent as the header `model` and is not in the body."""
    arrived = await sent(spoken(model=engine))
    assert arrived.headers["model"] == engine
    assert "model" not in json.loads(arrived.content)


async def test_nothing_unset_is_sent() -> None:
    """Beside the text there is the documented default format, and `async`, and nothing else."""
    expected = {"text": "Hello.", "format": "mp3", "async": True}
    assert json.loads((await sent(spoken())).content) == expected
    nothing = dict.fromkeys((*FULL_SPEECH, "mp3_bitrate"))
    request = SpeechRequest.model_validate({**nothing, "text": "Hello."})
    assert json.loads((await sent(request)).content) == expected


async def test_all_of_a_speech() -> None:
    """Everything that was set is sent as it was set, parts of parts included."""
    arrived = await sent(spoken(**FULL_SPEECH))
    assert json.loads(arrived.content) == {**FULL_SPEECH, "async": True}


async def test_parts() -> None:
    """Parts may be objects or mappings; of them, too, only what was set is sent."""
    made = spoken(prosody=Prosody(speed=0.8), references=[Reference(audio="a", text="b")])
    mapped = spoken(prosody={"speed": 0.8}, references=[{"audio": "a", "text": "b"}])
    assert made == mapped
    body = json.loads((await sent(made)).content)
    assert body["prosody"] == {"speed": 0.8}
    assert body["references"] == [{"audio": "a", "text": "b"}]


async def test_all_of_a_voice() -> None:
    """A voice is sent as it was set; no `async`, which is documented for speech only."""
    fields = {
        "voice_url": RECORDING,
        "title": "t",
        "description": "d",
        "image_urls": ["https://example.com/a.png"],
        "callback_url": CALLBACK,
    }
    assert json.loads((await sent(VoiceRequest(**fields))).content) == fields  # type: ignore[arg-type]
    bare = await sent(VoiceRequest(voice_url=RECORDING))
    assert json.loads(bare.content) == {"voice_url": RECORDING}


async def test_all_of_a_model() -> None:
    """A voice by the newer address is private unless something else was said."""
    vendor = Scripted({"_id": "v", "state": "trained"})
    await vendor.ace.fish.create_model(RECORDING, title="Me")
    rest = {name: value for name, value in FULL_MODEL.items() if name not in {"voices", "title"}}
    await vendor.ace.fish.create_model(RECORDING, title="Me", **rest)
    first, second = (json.loads(request.content) for request in vendor.requests)
    assert first == {"voices": RECORDING, "title": "Me", "visibility": "private"}
    assert second == FULL_MODEL


async def test_query() -> None:
    """What voices are looked for by is the documented query; `mine` is called `self` there."""
    vendor = Scripted({"total": 0, "items": []})
    await vendor.ace.fish.models(
        page_size=20, page_number=3, title="a b&c", tag="ü", mine=True, sort_by="task_count"
    )
    await vendor.ace.fish.models(mine=False)
    first, second = (dict(request.url.params) for request in vendor.requests)
    assert first == {
        "page_size": "20",
        "page_number": "3",
        "title": "a b&c",
        "tag": "ü",
        "self": "true",
        "sort_by": "task_count",
    }
    assert second == {"page_size": "10", "page_number": "1", "self": "false"}
    assert {request.method for request in vendor.requests} == {"GET"}
    assert all(not request.content for request in vendor.requests)


@pytest.mark.parametrize(("kind", "fields", "name", "allowed"), WRONG)
def test_wrong_value(kind: type[Any], fields: dict[str, Any], name: str, allowed: str) -> None:
    """The error names the field and what it takes."""
    whole = fields if kind is not SpeechRequest or not fields else {"text": "Hello.", **fields}
    with pytest.raises(InvalidRequest, match=allowed) as wrong:
        kind(**whole)
    assert wrong.value.field == name
    assert str(wrong.value).startswith(f"{name}: ")


def test_several_wrong_values() -> None:
    """Each of them has a line of its own, however deep it is."""
    with pytest.raises(InvalidRequest) as wrong:
        spoken(format="opus", prosody={"speed": 0, "volume": "x"}, references=[{}])
    named = {problem.partition(":")[0] for problem in wrong.value.problems}
    assert named == {
        "format",
        "prosody.speed",
        "prosody.volume",
        "references.0.audio",
        "references.0.text",
    }


@given(st.text())
def test_no_engine_changes_the_request(engine: str) -> None:
    """Whatever the engine is called: it is one whole header value, or it is refused."""
    request = tried(SpeechRequest, "model", {"text": "Hello.", "model": engine})
    if request is not None:
        assert request.to_call().headers == {"model": engine}
        assert engine
        assert all("!" <= char <= "~" for char in engine)


@given(st.sampled_from([*SpeechRequest.model_fields]), JSON)
def test_whatever_is_set(name: str, value: Any) -> None:
    """A value is sent as it is, or refused with the field's name; None is as good as nothing."""
    request = tried(SpeechRequest, name, {"text": "Hello.", name: value})
    if request is not None:
        body = json.loads(request.to_call().content)
        if value is not None and name != "model" and not isinstance(value, dict | list):
            assert body[name] == value


@given(st.sampled_from([*VoiceModelRequest.model_fields]), JSON)
def test_whatever_is_set_of_a_model(name: str, value: Any) -> None:
    """The same of a voice."""
    request = tried(VoiceModelRequest, name, {"title": "t", "voices": RECORDING, name: value})
    if request is not None and value is not None:
        assert request.fields_to_send()[name] == value


def test_newer_engine_warns() -> None:
    """An engine that no document names is sent; a warning says so."""
    assert spoken(model="s3").oddities() == [
        "model: 's3' is none of the documented s1, s2-pro, s2.1-pro"
    ]
    assert spoken(model="s1").oddities() == []


@pytest.mark.parametrize("speech_format", get_args(SpeechFormat))
async def test_bitrate_of_what_is_no_mp3_warns(speech_format: Any) -> None:
    """A bitrate where it has no effect is sent, with a warning that names it."""
    ace = Scripted({"task_id": "t"}).ace
    if speech_format == "mp3":
        await ace.fish.speak("Hello.", format="mp3", mp3_bitrate=128)
    else:
        with pytest.warns(RequestWarning, match=f"mp3_bitrate: .*{speech_format}"):
            await ace.fish.speak("Hello.", format=speech_format, mp3_bitrate=128)


def test_secret_address_is_not_shown() -> None:
    """A callback_url is in no repr, dump or error."""
    request = spoken(callback_url=CALLBACK)
    shown = repr(request) + request.model_dump_json() + repr(request.to_call())
    assert "secret" not in shown
    with pytest.raises(InvalidRequest) as wrong:
        spoken(callback_url="ftp://secret")
    assert "secret" not in str(wrong.value)


@pytest.mark.parametrize(
    "nonsense",
    [
        pytest.param(lambda: spoken(sample_rate=10**5000).to_call().content, id="sample_rate"),
        pytest.param(lambda: VoiceQuery(page_number=10**5000).to_query(1), id="page_number"),
        pytest.param(lambda: spoken(prosody={5: 1}), id="prosody"),
        pytest.param(lambda: spoken(references=[{5: 1}]), id="references"),
    ],
)
def test_what_cannot_be_sent(nonsense: Any) -> None:
    """Numbers too long to be written, and keys that are no texts, are refused with our error."""
    with pytest.raises(AceDataError):
        nonsense()


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost/me.mp3",
        "https://127.0.0.1/me.mp3",
        "https://nas/me.mp3",
        "https://[::1]/a",
    ],
)
def test_addresses_that_the_vendor_cannot_reach(address: str) -> None:
    """What only this machine or network knows is refused before it is paid for in vain."""
    for build in (
        lambda: VoiceRequest(voice_url=address),
        lambda: VoiceRequest(voice_url="https://a.example/v", image_urls=[address]),
        lambda: VoiceModelRequest(voices=address, title="Me"),
        lambda: UploadRequest(audio_url=address),
    ):
        with pytest.raises(InvalidRequest, match="the API can reach"):
            build()


RING: list[Any] = []
RING.append(RING)


@pytest.mark.parametrize(
    ("voices", "words"),
    [
        (b"abc", "reference_id: b'abc' is not allowed; allowed: the id of a voice"),
        (RING, "reference_id: [[...]] is not allowed; allowed: the id of a voice"),
        ([["a"]], "reference_id: ['a'] is not allowed; allowed: the id of a voice"),
        ([None], "None is not allowed; allowed: the id of a voice"),
    ],
)
async def test_what_is_no_voice(voices: Any, words: str) -> None:
    """It is refused by name, once, before anything is sent, however deep it is."""
    vendor = Scripted(b"")
    with pytest.raises(InvalidRequest) as refused:
        await vendor.ace.fish.speak("Hello.", reference_id=voices)
    assert words in str(refused.value)
    assert len(refused.value.problems) <= 2
    assert vendor.requests == []


def test_nothing_within_a_list() -> None:
    """What stands in a list and is nothing is not called missing."""
    with pytest.raises(
        InvalidRequest, match=r"^image_urls\.0: None is not allowed; allowed: a list"
    ):
        VoiceRequest.model_validate({"voice_url": "https://x.example/a", "image_urls": [None]})
