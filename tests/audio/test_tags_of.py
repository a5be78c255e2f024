"""What there is to tell of a song, or of something said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from acedata_async import Audio, Speech, Task, WavFile
from acedata_async.audio.tags import Tags, tags_of

TASK = Task.read(
    {
        "id": "3f0c",
        "created_at": 1_777_000_000,
        "finished_at": 1_777_000_060,
        "request": {
            "title": "Asked",
            "lyric": "Asked words",
            "prompt": "Asked for",
            "model": "FUZZ-1.0",
            "seed": 7,
            "text": "Good  morning,\nand welcome",
            "callback_url": "https://example.com/?secret=1",
        },
        "response": {},
    }
)
FINISHED = datetime.fromtimestamp(1_777_000_060, UTC)


def test_song_tells_what_it_was_made_from() -> None:
    """The song's own facts come first; `sound` is where the API puts the prompt."""
    song = Audio.read(
        {
            "id": "9b1e",
            "title": "Snow",
            "lyric": "[Instrumental]",
            "sound": "Slow",
            "model": "FUZZ-2.0",
            "seed": 42,
            "created_at": 1_777_000_030,
        },
        task_id="3f0c",
    )
    expected = Tags(
        title="Snow",
        lyric="[Instrumental]",
        prompt="Slow",
        model="FUZZ-2.0",
        seed="42",
        date=datetime.fromtimestamp(1_777_000_030, UTC),
        task_id="3f0c",
        audio_id="9b1e",
    )
    assert tags_of(song) == tags_of(song, TASK) == expected


def test_task_tells_what_the_song_does_not() -> None:
    """What was asked for, and when it was finished."""
    assert tags_of(Audio.read({"id": "9b1e", "sound": ""}), TASK) == Tags(
        title="Asked",
        lyric="Asked words",
        prompt="Asked for",
        model="FUZZ-1.0",
        seed="7",
        date=FINISHED,
        task_id="3f0c",
        audio_id="9b1e",
    )
    assert tags_of(Audio.read({})) == tags_of(Audio.read({}), Task.read({})) == Tags()


def test_wav_tells_which_song_it_is_of() -> None:
    """Of a wav file title and ids are known, and when it was made if its record is there."""
    wav = WavFile.read({"title": "Snow", "audio_id": "9b1e"}, task_id="3f0c")
    expected = Tags(title="Snow", audio_id="9b1e", task_id="3f0c")
    assert tags_of(wav) == expected
    assert tags_of(wav, TASK) == replace(expected, date=FINISHED)
    assert tags_of(WavFile.read({}), Task.read({"request": {"audio_id": "9b1e"}})) == Tags(
        audio_id="9b1e"
    )


def test_another_task_tells_nothing() -> None:
    """A song's tags never say what another song was made from."""
    song = Audio.read({"title": "Snow"}, task_id="other")
    assert tags_of(song, TASK) == Tags(title="Snow", task_id="other")


def test_speech_tells_what_is_said() -> None:
    """Its title is how it begins; its words are where a song has its lyrics."""
    assert tags_of(Speech.read({}), TASK) == Tags(
        title="Good morning, and welcome",
        lyric="Good  morning,\nand welcome",
        model="FUZZ-1.0",
        date=FINISHED,
        task_id="3f0c",
    )
    long = tags_of(Speech.read({"text": "word " * 100, "task_id": "t"}))
    assert long == Tags(title=("word " * 12).strip(), lyric="word " * 100, task_id="t")
    assert tags_of(Speech.read({})) == Tags()
