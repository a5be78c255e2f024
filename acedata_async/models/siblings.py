"""What the addresses beside the generation take: answered with the result, not with a task."""

from typing import ClassVar

from acedata_async.models.producer import AudioId
from acedata_async.models.request import ApiRequest, Filled, PublicAddress


class LyricsRequest(ApiRequest):
    """Lyrics from a prompt.

    Attributes:
        prompt: What the lyrics are to be about.
    """

    path: ClassVar[str] = "/producer/lyrics"

    prompt: Filled


class UploadRequest(ApiRequest):
    """A song of your own made known to the API.

    Attributes:
        audio_url: Where the API can fetch it, a public address of an mp3.
    """

    path: ClassVar[str] = "/producer/upload"
    action: ClassVar[str] = "upload"

    audio_url: PublicAddress


class WavRequest(ApiRequest):
    """A song as a wav file.

    Attributes:
        audio_id: The song.
    """

    path: ClassVar[str] = "/producer/wav"

    audio_id: AudioId


class VideoRequest(ApiRequest):
    """A song as a video.

    Attributes:
        audio_id: The song.
    """

    path: ClassVar[str] = "/producer/videos"

    audio_id: AudioId
