"""The base of everything that is sent."""

from __future__ import annotations

import copy
import json
import math
import pickle
from typing import Any

import pytest
from pydantic import ValidationError

from acedata_async.errors import InvalidRequest
from acedata_async.models.producer import (
    SUBMISSIONS,
    ExtendRequest,
    GenerateRequest,
    StemsRequest,
)
from acedata_async.models.request import ApiRequest

SEEDED: dict[str, Any] = {"prompt": "x", "seed": 7, "weirdness": 0.5}
SECRET = "https://hooks.example.com/s3cr3t?key=s3cr3t"


def problem(model: type[ApiRequest], **fields: Any) -> InvalidRequest:
    """Return the error of building a request badly."""
    with pytest.raises(InvalidRequest) as caught:
        model(**fields)
    return caught.value


def test_error_is_ours_and_a_value_error() -> None:
    """A bad request is an InvalidRequest, a ValueError, and never pydantic's own error."""
    error = problem(GenerateRequest, prompt="x", weirdness=7)
    assert isinstance(error, ValueError)
    assert not isinstance(error, ValidationError)
    assert error.__cause__ is None
    assert (error.field, error.value, error.allowed) == ("weirdness", 7, "a number from 0 to 1")
    assert str(error) == "weirdness: 7 is not allowed; allowed: a number from 0 to 1"


def test_every_problem_is_told() -> None:
    """Several problems are told at once."""
    error = problem(ExtendRequest, audio_id="", custom=1)
    assert len(error.problems) == 3
    for name in ("audio_id", "custom", "continue_at"):
        assert name in str(error)


def test_every_problem_is_told_by_model_validate() -> None:
    """Also when the request is built from a dict or from JSON."""
    fields = {"audio_id": "", "custom": 1}
    with pytest.raises(InvalidRequest) as from_dict:
        ExtendRequest.model_validate(fields)
    assert len(from_dict.value.problems) == 3
    with pytest.raises(InvalidRequest) as from_json:
        ExtendRequest.model_validate_json(json.dumps(fields))
    assert len(from_json.value.problems) == 3


def test_missing() -> None:
    """A missing field is named, with what it takes."""
    error = problem(StemsRequest)
    assert (error.field, error.value) == ("audio_id", None)
    assert "needed" in str(error)
    assert "Audio.id" in error.allowed


def test_extra() -> None:
    """An unknown field is refused with a guess at what was meant."""
    error = problem(GenerateRequest, prompt="x", lyrics="la")
    assert error.field == "lyrics"
    assert "did you mean lyric?" in str(error)
    assert "weirdness" in error.allowed
    assert "did you mean" not in str(problem(GenerateRequest, prompt="x", zzz=1))


def test_extra_of_model_validate() -> None:
    """Also where it comes from outside."""
    with pytest.raises(InvalidRequest, match="did you mean seed"):
        GenerateRequest.model_validate({"prompt": "x", "sed": "1"})


def test_misspelt_field_without_a_value() -> None:
    """A misspelt field is refused even where its value is None."""
    assert problem(GenerateRequest, prompt="x", lyrics=None).field == "lyrics"


@pytest.mark.parametrize("data", ["x", 7, None, [], [("prompt", "x")], b"x"])
def test_no_object(data: Any) -> None:
    """Something that is no object is refused as a whole."""
    with pytest.raises(InvalidRequest) as caught:
        GenerateRequest.model_validate(data)
    assert caught.value.field is None


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', b"\xff"])
def test_no_json(text: str | bytes) -> None:
    """So is a text that is no JSON object."""
    with pytest.raises(InvalidRequest):
        GenerateRequest.model_validate_json(text)


@pytest.mark.parametrize(
    "build",
    [
        lambda: GenerateRequest(**SEEDED),
        lambda: GenerateRequest.model_validate({"prompt": "x", "seed": 7, "weirdness": 0.5}),
        lambda: GenerateRequest.model_validate_json('{"prompt":"x","seed":7,"weirdness":0.5}'),
        lambda: GenerateRequest(prompt="x").model_copy(update={"seed": "7", "weirdness": 0.5}),
        lambda: pickle.loads(pickle.dumps(GenerateRequest(**SEEDED))),  # noqa: S301 - our own
        lambda: copy.deepcopy(GenerateRequest(**SEEDED)),
        lambda: GenerateRequest.model_construct(prompt="x", seed="7", weirdness=0.5),
    ],
)
def test_ways_to_build(build: Any) -> None:
    """However it was built, the same is sent."""
    assert build().fields_to_send() == {
        "prompt": "x",
        "model": "FUZZ-2.0 Pro",
        "seed": "7",
        "weirdness": 0.5,
    }


def test_none_is_unset() -> None:
    """None means unset, in the constructor as in a dict, JSON or a copy; unset is left out."""
    expected = {"prompt": "x", "model": "FUZZ-2.0 Pro"}
    nothing: dict[str, Any] = {"title": None, "seed": None, "weirdness": None, "model": None}
    assert GenerateRequest(prompt="x", **nothing).fields_to_send() == expected
    assert GenerateRequest.model_validate({"prompt": "x", **nothing}).fields_to_send() == expected
    text = json.dumps({"prompt": "x", **nothing})
    assert GenerateRequest.model_validate_json(text).fields_to_send() == expected
    copied = GenerateRequest(prompt="x").model_copy(update=nothing)
    assert copied.fields_to_send() == expected


def test_falsehood_is_sent() -> None:
    """What was set to false or zero is sent."""
    falsehood: dict[str, Any] = {"custom": False, "weirdness": 0, "seed": 0}
    request = GenerateRequest(prompt="x", instrumental=False, **falsehood)
    assert request.fields_to_send() == {
        "prompt": "x",
        "model": "FUZZ-2.0 Pro",
        "instrumental": False,
        "custom": False,
        "weirdness": 0,
        "seed": "0",
    }


@pytest.mark.parametrize(
    "changes",
    [{"weirdness": 7}, {"weirdness": math.nan}, {"prompt": None}, {"lyrics": "la"}, {"seed": -1}],
)
def test_copies_are_checked_before_they_are_sent(changes: dict[str, Any]) -> None:
    """A copy with changes is checked when it is to be sent."""
    changed = GenerateRequest(prompt="x").model_copy(update=changes)
    with pytest.raises(InvalidRequest):
        changed.fields_to_send()


def test_constructed_around_the_checks() -> None:
    """So is a request that was built around its checks."""
    fields: dict[str, Any] = {"audio_id": "x"}
    with pytest.raises(InvalidRequest, match="continue_at"):
        ExtendRequest.model_construct(**fields).fields_to_send()


def test_copied_lyrics_choose_themselves() -> None:
    """Lyrics that a copy adds or takes away decide again whether they are used."""
    added = GenerateRequest(prompt="x").model_copy(update={"lyric": "la"})
    assert added.fields_to_send()["custom"] is True
    removed = GenerateRequest(prompt="x", lyric="la").model_copy(update={"lyric": None})
    assert "custom" not in removed.fields_to_send()


def test_frozen() -> None:
    """A request does not change once it was checked."""
    request = GenerateRequest(prompt="x")
    with pytest.raises(ValidationError):
        request.prompt = "y"  # type: ignore[misc] # that it is refused is what is tested


def test_equality() -> None:
    """Requests that say the same are equal and hash alike."""
    assert GenerateRequest(**SEEDED) == GenerateRequest(**{**SEEDED, "seed": "7"})
    assert GenerateRequest(prompt="x") != GenerateRequest(prompt="y")
    assert hash(GenerateRequest(prompt="x")) == hash(GenerateRequest(prompt="x"))


def test_repr_is_short() -> None:
    """The repr shows what was set, without lyrics and without unset fields."""
    request = GenerateRequest(lyric="la la la", seed="7")
    assert repr(request) == "GenerateRequest(custom=True, model='FUZZ-2.0 Pro', seed='7')"


def test_no_repr_shows_a_callback() -> None:
    """The callback_url may hold a secret: it is sent and shown nowhere."""
    request = GenerateRequest(prompt="x", callback_url=SECRET)
    assert request.fields_to_send()["callback_url"] == SECRET
    for shown in (repr(request), str(request), repr([request]), f"{request!r}"):
        assert "s3cr3t" not in shown


@pytest.mark.parametrize(
    "fields",
    [
        {"callback_url": "hooks.example.com/s3cr3t"},
        {"callback_url": "ftp://hooks.example.com/s3cr3t"},
        {"callback_url": SECRET, "weirdness": 7},
        {"callback_url": [SECRET]},
    ],
)
def test_no_error_shows_a_callback(fields: dict[str, Any]) -> None:
    """Nor does the error of a request that is wrong, in it or elsewhere."""
    error = problem(GenerateRequest, prompt="x", **fields)
    assert "s3cr3t" not in str(error)
    assert "s3cr3t" not in repr(error)


def test_hidden_value_survives_a_copy() -> None:
    """That a value is not shown is kept when the error is copied or pickled."""
    error = problem(GenerateRequest, prompt="x", callback_url="ftp://x/s3cr3t")
    assert repr(error.value) == "(not shown)"
    assert pickle.loads(pickle.dumps(error)).value is error.value  # noqa: S301 - our own
    assert copy.deepcopy(error).value is error.value


def test_errors_of_other_callers_json() -> None:
    """Nor does the error of a JSON text that is cut short."""
    with pytest.raises(InvalidRequest) as caught:
        GenerateRequest.model_validate_json(f'{{"prompt":"x","callback_url":"{SECRET}"')
    assert "s3cr3t" not in str(caught.value)


def test_long_values_are_cut() -> None:
    """A long value is shown by its beginning and its length."""
    error = problem(GenerateRequest, prompt="x", title=["y" * 1000])
    assert len(str(error)) < 200
    assert "1004 characters" in str(error)


@pytest.mark.parametrize("model", SUBMISSIONS)
def test_submissions_share_a_path(model: type[ApiRequest]) -> None:
    """Every action goes to one address."""
    assert model.path == "/producer/audios"
