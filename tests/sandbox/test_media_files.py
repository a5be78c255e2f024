"""The files that are served."""

from __future__ import annotations

import io
import wave
import zipfile

from acedata_async.sandbox.media_files import MediaLibrary, Recipe
from acedata_async.sandbox.speech import Speech


def test_melodies() -> None:
    """Each seed has its melody, a real MPEG-4 file of a known length."""
    library = MediaLibrary()
    melodies = {library.melody(str(seed)).read() for seed in range(100)}
    assert len(melodies) > 1
    assert all(melody[4:8] == b"ftyp" for melody in melodies)
    assert library.melody("7").read() == library.melody("7").read()
    assert library.melody("\ud800").seconds > 5.0


def test_cover_and_video() -> None:
    """The cover is a JPEG and the video an MPEG-4 file."""
    library = MediaLibrary()
    assert library.cover.read().startswith(b"\xff\xd8\xff")
    assert library.video.read()[4:8] == b"ftyp"


def test_stems() -> None:
    """The stems are a sound archive, the same bytes each time."""
    library = MediaLibrary()
    packed = library.stems.read()
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == 4
    assert library.stems.read() == packed


def test_tone() -> None:
    """A WAV file is one."""
    tone = MediaLibrary().tone("some-id")
    with wave.open(io.BytesIO(tone.read())) as sound:
        assert sound.getnframes() / sound.getframerate() == tone.seconds


def test_recipes() -> None:
    """The same words give the same bytes, from another library as well."""
    recipes = [
        Recipe("melody", "7"),
        Recipe("tone", "some-id"),
        Recipe("cover"),
        Recipe("stems"),
        Recipe("video"),
        Recipe("speech", Speech(text="Hello there.", voice="v").words()),
    ]
    files = [MediaLibrary().file(recipe).read() for recipe in recipes]
    assert files == [MediaLibrary().file(recipe).read() for recipe in recipes]
    assert len(set(files)) == len(recipes)
