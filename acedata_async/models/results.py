"""What comes out of a task: songs, stems, lyrics, files."""

from collections.abc import Iterable
from typing import Any

from pydantic import AliasChoices, Field

from acedata_async.models.reply import Moment, Number, ReplyModel, Share, Text


class Audio(ReplyModel):
    """One song.

    Attributes:
        id: The audio id that `cover`, `extend` and the others take.
        title: The caller's title, else the first line of the lyrics, else `Untitled`.
        lyric: The lyrics, or `[Instrumental]`.
        audio_url: Where the song is, usually m4a. The vendor keeps it for 90 days.
        image_url: Where its cover picture is.
        video_url: Where its video is; usually None, see `ace.producer.video`.
        image_id: The picture's id, usually the same as `id`.
        topic: Not explained by the vendor, usually None.
        seed: The seed, as digits.
        sound: The prompt, or empty when the lyrics were given.
        style: The style, where the vendor sends one.
        prompt: The prompt, where the vendor sends one.
        model: The model that made it; it may differ from the one asked for.
        state: The vendor's word. Use `Task.state`: a word is no proof.
        progress: From 0 to 1.
        duration: The song's length in seconds.
        created_at: When the song came to be; that may be before its task is finished.
        task_id: The task that made it.
    """

    id: Text = None
    title: Text = None
    lyric: Text = None
    audio_url: Text = None
    image_url: Text = None
    video_url: Text = None
    image_id: Text = None
    topic: Text = None
    seed: Text = None
    sound: Text = None
    style: Text = None
    prompt: Text = None
    model: Text = None
    state: Text = None
    progress: Share = None
    duration: Number = None
    created_at: Moment = None
    task_id: Text = None

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        yield "id", self.id
        yield "title", self.title
        yield "duration", self.duration
        yield "audio_url", self.audio_url


class Stems(ReplyModel):
    """A song taken apart: one zip with a track for each instrument group.

    Attributes:
        stems_url: Where the zip is.
        title: The song's title.
        task_id: The task that made it.
    """

    stems_url: Text = None
    title: Text = None
    task_id: Text = None

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        yield "title", self.title
        yield "stems_url", self.stems_url


class Lyrics(ReplyModel):
    """Generated lyrics.

    Attributes:
        title: A title for them.
        lyrics: The text, with section tags and line breaks. (The API has used the name `text`.)
        task_id: The task that made them.
    """

    title: Text = None
    lyrics: Text = Field(None, validation_alias=AliasChoices("lyrics", "text"))
    task_id: Text = None


class UploadedAudio(ReplyModel):
    """A song of your own, known to the API.

    Attributes:
        audio_id: The id that `upload_cover`, `upload_extend` and `upload_replace_section` take.
        lyric: The lyrics that were recognised.
        audio_url: Where the API keeps it.
        task_id: The task that took it in.
    """

    audio_id: Text = None
    lyric: Text = None
    audio_url: Text = None
    task_id: Text = None


class WavFile(ReplyModel):
    """A song as an uncompressed file.

    Attributes:
        file_url: Where it is. (The API has used the name `audio_url`.)
        title: The song's title.
        audio_id: The song's id, as `ace.producer.wav` was given it.
        task_id: The task that made it.
    """

    file_url: Text = Field(None, validation_alias=AliasChoices("file_url", "audio_url"))
    title: Text = None
    audio_id: Text = None
    task_id: Text = None


class VideoFile(ReplyModel):
    """A song as a video.

    Attributes:
        video_url: Where it is, mp4.
        title: The song's title, where the vendor sends one.
        task_id: The task that made it.
    """

    video_url: Text = None
    title: Text = None
    task_id: Text = None
