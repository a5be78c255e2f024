"""What Fish makes of an accepted submission: a voice, or speech."""

from __future__ import annotations

from typing import Any

from acedata_async.sandbox.chances import Chances
from acedata_async.sandbox.fish_validation import references
from acedata_async.sandbox.kinds import Kind
from acedata_async.sandbox.media_files import Recipe
from acedata_async.sandbox.production import Product
from acedata_async.sandbox.speech import Speech
from acedata_async.sandbox.voices import DRAWN_BITS, Voice, checked_id, entity, sample_text

_CREDITS_A_BYTE = 0.0105
_WAV_RATE = 44_100


class Booth:
    """Makes what Fish sells.

    Args:
        chances: Where ids come from.
    """

    def __init__(self, chances: Chances) -> None:
        self._chances = chances

    def make(self, kind: Kind, body: dict[str, Any], *, task_id: str, moment: float) -> Product:
        """Return what a valid submission results in.

        Args:
            kind: What is asked for.
            body: The submitted body.
            task_id: The id of its task.
            moment: When a voice comes into being, in Unix seconds.
        """
        if kind.action == "speak":
            return self._speak(body)
        voice = self.cast(body, moment, task_id=task_id)
        return Product(data=entity(voice, "trained"), voice=voice)

    def cast(self, body: dict[str, Any], moment: float, *, task_id: str | None = None) -> Voice:
        """Return a new voice.

        Args:
            body: The submitted body, which is valid.
            moment: When it comes into being, in Unix seconds.
            task_id: The id of the task that trains it; None if it can speak at once.
        """
        return Voice(
            id=checked_id(self._hex(DRAWN_BITS)),
            sample_id=self._hex(128),
            title=body.get("title") or "Untitled",
            description=body.get("description", ""),
            text=next(iter(body.get("texts", ())), sample_text("en")),
            created_at=moment,
            tags=tuple(body.get("tags", ())),
            visibility=body.get("visibility", "public"),
            task_id=task_id,
        )

    def _speak(self, body: dict[str, Any]) -> Product:
        # The address ends so whatever the format, as the documents say.
        path = f"/media/speech/{self._hex(128)}.mp3"
        text: str = body["text"]
        as_mp3 = body.get("format", "mp3") == "mp3"
        speech = Speech(
            text=text,
            voice=",".join(references(body)),
            speed=body.get("prosody", {}).get("speed", 1.0),
            sample_rate=None if as_mp3 else body.get("sample_rate", _WAV_RATE),
        )
        cost = round(_CREDITS_A_BYTE * len(text.encode("utf-8", "replace")), 4)
        return Product(
            data={"audio_url": path, "cost": {"amount": cost}},
            media={path: Recipe("speech", speech.words())},
        )

    def _hex(self, bits: int) -> str:
        return f"{self._chances.getrandbits(bits):0{bits // 4}x}"
