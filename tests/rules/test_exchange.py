"""Requests and answers as values."""

from __future__ import annotations

import dataclasses
import json
from types import MappingProxyType

import pytest

from acedata_async._rules.exchange import Call, Reply, without_callback


@pytest.mark.parametrize(
    ("content", "body"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b"[1]", [1]),
        (b'"x"', "x"),
        (b"null", None),
        (b"", None),
        (b"<html>", None),
        (b'{"a": 1', None),
        (b"\xff\xfe", None),
        (b"\xef\xbb\xbf{}", {}),
        ("é".join('""').encode("utf-16"), "é"),
        (b"[" * 100_000, None),
        (b"1" * 10_000, None),
    ],
)
def test_body(content: bytes, body: object) -> None:
    """The body is the parsed JSON, or none where the content is not JSON."""
    assert Reply(200, {}, content).body == body


def test_content() -> None:
    """What a call sends is its body as JSON, made once."""
    call = Call("/producer/audios", MappingProxyType({"prompt": "é", "seed": None}), "submit")
    assert json.loads(call.content) == {"prompt": "é", "seed": None}
    assert call.content is call.content


def test_body_is_parsed_once() -> None:
    """The same object is given again."""
    reply = Reply(200, {}, b"{}")
    assert reply.body is reply.body


def test_repr_is_discreet() -> None:
    """What a call sends and what an answer holds stand in no repr; both are frozen."""
    call = Call("/producer/audios", {"callback_url": "https://x/secret"}, "submit")
    reply = Reply(200, {}, b"secret")
    assert "secret" not in repr(call) + repr(reply)
    with pytest.raises(dataclasses.FrozenInstanceError):
        call.path = "/"  # type: ignore[misc] # that it is refused is what is tested
    with pytest.raises(dataclasses.FrozenInstanceError):
        reply.status = 500  # type: ignore[misc] # that it is refused is what is tested


@pytest.mark.parametrize("ascii_only", [True, False])
def test_answer_that_quotes_the_request(ascii_only: bool) -> None:  # noqa: FBT001
    """The `callback_url` of the call, which may hold a secret, is not in what errors quote."""
    url = "https://hooks.example/ö?secret=SESAME"
    call = Call("/producer/audios", {"callback_url": url}, "submit")
    text = json.dumps({"error": f"{url} cannot be reached"}, ensure_ascii=ascii_only)
    reply = without_callback(Reply(400, {}, text.encode()), call)
    assert reply.body == {"error": "(callback_url) cannot be reached"}


def test_answer_to_a_request_without_receiver() -> None:
    """It stays as it is."""
    reply = Reply(400, {}, b"no")
    assert without_callback(reply, Call("/producer/audios", {}, "submit")) is reply
