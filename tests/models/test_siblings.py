"""What the sibling endpoints can be asked for."""

from __future__ import annotations

from typing import Any

import pytest

from acedata_async.errors import InvalidRequest
from acedata_async.models.request import ApiRequest
from acedata_async.models.siblings import (
    LyricsRequest,
    UploadRequest,
    VideoRequest,
    WavRequest,
)


@pytest.mark.parametrize(
    ("model", "fields", "path"),
    [
        (LyricsRequest, {"prompt": "x"}, "/producer/lyrics"),
        (UploadRequest, {"audio_url": "https://x.example/1.mp3"}, "/producer/upload"),
        (WavRequest, {"audio_id": "1"}, "/producer/wav"),
        (VideoRequest, {"audio_id": "1"}, "/producer/videos"),
    ],
)
def test_siblings(model: type[ApiRequest], fields: dict[str, Any], path: str) -> None:
    """The sibling endpoints take one field each, and it is needed."""
    request = model(**fields)
    assert (request.path, request.fields_to_send()) == (path, fields)
    assert request.oddities() == []
    (name,) = fields
    bad: list[dict[str, Any]] = [{}, {name: None}, {name: ""}, {name: " "}, {name: 7}]
    for given in bad:
        with pytest.raises(InvalidRequest) as caught:
            model(**given)
        assert caught.value.field == name


@pytest.mark.parametrize("value", ["", "x/1.mp3", "file:///etc/passwd", 7])
def test_upload_address(value: Any) -> None:
    """An upload needs a public address."""
    with pytest.raises(InvalidRequest, match="audio_url"):
        UploadRequest(audio_url=value)
