"""What Producer makes of an accepted submission: its data, its song, its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from acedata_async.sandbox.chances import Chances
from acedata_async.sandbox.kinds import Kind
from acedata_async.sandbox.media_files import MediaLibrary, Recipe
from acedata_async.sandbox.songs import Commission, Song, song_item, stems_item, written_lyrics
from acedata_async.sandbox.voices import Voice


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What a task results in.

    Attributes:
        data: What the record shows as its data, with paths in place of URLs.
        song: The song that further actions can start from, if it made one.
        voice: The voice that can be spoken with, if it made one.
        media: The files behind the paths.
    """

    data: Any
    song: Song | None = None
    voice: Voice | None = None
    media: Mapping[str, Recipe] = field(default_factory=dict)


class Studio:
    """Makes what Producer sells.

    Args:
        chances: Where ids and seeds come from.
        library: The files there are.
        songs: The songs there are, by their id.
    """

    def __init__(self, chances: Chances, library: MediaLibrary, songs: Mapping[str, Song]) -> None:
        self._chances = chances
        self._library = library
        self._songs = songs

    def make(self, kind: Kind, body: dict[str, Any], *, task_id: str, moment: float) -> Product:
        """Return what a valid submission results in.

        Args:
            kind: What is asked for.
            body: The submitted body.
            task_id: The id of its task.
            moment: When a song comes into being, in Unix seconds.
        """
        match kind.address:
            case "audios" if body["action"] == "stems":
                item = stems_item(self._songs[body["audio_id"]], task_id)
                return Product(data=[item], media={item["stems_url"]: Recipe("stems")})
            case "audios":
                return self._song(body, moment)
            case "lyrics":
                return Product(data=written_lyrics(body["prompt"]))
            case "upload":
                return self._upload()
            case "videos":
                path = f"/media/video/{task_id}.mp4"
                return Product(data={"video_url": path}, media={path: Recipe("video")})
            case _:
                song, path = self._songs[body["audio_id"]], f"/media/wav/{task_id}.wav"
                data = [{"title": song.title, "file_url": path}]
                return Product(data=data, media={path: Recipe("tone", song.id)})

    def _song(self, body: dict[str, Any], moment: float) -> Product:
        commission = Commission(
            action=body["action"],
            request=body,
            source=self._songs.get(body.get("audio_id", "")),
            id=self._chances.uuid(),
            seed=str(self._chances.getrandbits(32)),
            created_at=moment,
        )
        melody = Recipe("melody", commission.chosen_seed())
        item = song_item(commission, self._library.file(melody))
        return Product(
            data=[item],
            song=Song(item["id"], item["title"], item["lyric"]),
            media={item["audio_url"]: melody, item["image_url"]: Recipe("cover")},
        )

    def _upload(self) -> Product:
        song = Song(self._chances.uuid(), "Uploaded audio", "", uploaded=True)
        path = f"/media/audio/{song.id}.m4a"
        return Product(
            data={"audio_id": song.id, "lyric": song.lyric, "audio_url": path},
            song=song,
            media={path: Recipe("melody", song.id)},
        )
