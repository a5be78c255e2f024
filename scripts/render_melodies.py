"""Render the songs, stems, cover and video that the sandbox serves.

Run it from anywhere; it needs nothing but Python, ``ffmpeg`` and ``ffprobe``::

    python scripts/render_melodies.py

The files and ``manifest.json`` land in ``acedata_async/sandbox/media``. The same
build of ffmpeg gives the same bytes every time.
"""

import json
import math
import struct
import subprocess
import tempfile
import wave
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Final

MEDIA: Final = Path(__file__).resolve().parent.parent / "acedata_async" / "sandbox" / "media"
RATE: Final = 32_000
TAIL_SECONDS: Final = 2.0  # the closing chord rings
FADE_SECONDS: Final = 1.6
PEAK: Final = 0.7  # headroom: a lossy codec overshoots
WAVE_SIZE: Final = 4096
VIBRATO_HERTZ: Final = 5.3

MAJOR: Final = (0, 2, 4, 5, 7, 9, 11)
MINOR: Final = (0, 2, 3, 5, 7, 8, 10)
MIXOLYDIAN: Final = (0, 2, 4, 5, 7, 9, 10)

Track = list[float]


@dataclass(frozen=True)
class Timbre:
    """The sound of an instrument; times in seconds, without ``half_life`` it sustains."""

    overtones: tuple[float, ...]
    attack: float
    half_life: float = math.inf
    release: float = 0.1
    vibrato: float = 0.0
    loudness: float = 1.0


@dataclass(frozen=True)
class Drum:
    """A drum: noise, and a tone that falls from ``low + sweep`` hertz to ``low``."""

    tone: float
    noise: float
    half_life: float
    low: float = 0.0
    sweep: float = 0.0


@dataclass(frozen=True)
class Note:
    """One note: start and length in seconds, pitch as a MIDI number."""

    start: float
    seconds: float
    pitch: int
    gain: float


VOICE: Final = Timbre((0.7, 0.5, 0.42, 0.14, 0.1, 0.04), 0.05, release=0.12, vibrato=0.007)
FLUTE: Final = Timbre((0.25, 0.09, 0.03), 0.08, release=0.15, vibrato=0.004)
MUSIC_BOX: Final = Timbre((0.0, 0.05, 0.4, 0.0, 0.15), 0.002, 0.3, 0.4)
SYNTH: Final = Timbre((0.5, 0.33, 0.25, 0.2, 0.16, 0.14, 0.12), 0.006, 0.25, loudness=1.2)
GUITAR: Final = Timbre((0.6, 0.45, 0.25, 0.2, 0.1, 0.08), 0.003, 0.22, 0.25)
CHIP: Final = Timbre((0.0, 0.33, 0.0, 0.2, 0.0, 0.14, 0.0, 0.11), 0.003, 0.4, 0.03)
PAD: Final = Timbre((0.4, 0.2, 0.1, 0.05), 0.2, release=0.35, loudness=0.45)
PIANO: Final = Timbre((0.3, 0.12, 0.2, 0.05), 0.004, 0.35, 0.2)
BASS: Final = Timbre((0.5, 0.3, 0.12, 0.05), 0.008, 0.5)

KICK: Final = Drum(tone=1.0, noise=0.03, half_life=0.05, low=48, sweep=110)
SNARE: Final = Drum(tone=0.35, noise=0.45, half_life=0.035, low=175, sweep=50)
HAT: Final = Drum(tone=0.0, noise=0.22, half_life=0.014)
SHAKER: Final = Drum(tone=0.0, noise=0.16, half_life=0.03)


@dataclass(frozen=True, kw_only=True)
class Song:
    """A short piece, written in degrees of its scale (1 is the tonic, 8 its octave).

    ``lead`` lists ``degree/beats``. ``chords`` are the degrees of triads; each lasts
    ``chord_beats``, the last one closes the piece. ``comping`` and ``bassline`` have one
    sign for each half beat: a voice of the triad (0, 1, 2), ``c`` for all three, ``.`` to
    let it ring. Drums have one sign for each quarter beat: ``x`` loud, ``o`` soft.
    """

    name: str
    tempo: int
    tonic: int
    scale: tuple[int, ...]
    chords: str
    chord_beats: int
    voice: Timbre
    lead: str
    comp: Timbre
    comping: str
    bassline: str
    drums: dict[Drum, str]

    @property
    def beat(self) -> float:
        """Seconds of one beat."""
        return 60 / self.tempo

    @property
    def body_beats(self) -> int:
        """Beats before the closing chord."""
        return (len(self.chords.split()) - 1) * self.chord_beats

    def pitch(self, degree: int) -> int:
        """Return the MIDI number of a degree."""
        octave, step = divmod(degree - 1, len(self.scale))
        return self.tonic + 12 * octave + self.scale[step]

    def silence(self) -> Track:
        """Return an empty track as long as the song."""
        return [0.0] * round((self.body_beats * self.beat + TAIL_SECONDS) * RATE)


# fmt: off
# A score is read by the line: one line for each player.
SONGS: Final = (
    Song(
        name="Morning Light", tempo=112, tonic=60, scale=MAJOR, chords="1 5 6 4 1", chord_beats=4,
        voice=VOICE, lead="3/.5 5/.5 5/1 6/.5 5/.5 3/1  2/.5 2/.5 5/1 4/.5 2/.5 2/1 "
        "3/.5 3/.5 6/1 5/.5 3/.5 1/1  4/.5 6/.5 8/1 7/.5 6/.5 5/1  8/3",
        comp=PIANO, comping="c..c..c.", bassline="0..0..2.",
        drums={KICK: "x.....x.x.......", SNARE: "....x.......x...", HAT: "x.o.x.o.x.o.x.oo"},
    ),
    Song(
        name="Paper Boats", tempo=150, tonic=67, scale=MAJOR, chords="1 6 4 5 1 6 2 5 1",
        chord_beats=3, voice=MUSIC_BOX, lead="5/1 3/.5 5/.5 8/1  8/1 6/.5 8/.5 10/1 "
        "9/.5 8/.5 6/2  7/1 5/1 9/1  10/1 8/.5 10/.5 12/1  10/1 8/2  9/.5 8/.5 6/1 4/1 "
        "5/1 7/1 9/1  8/4",
        comp=PAD, comping="..c.c.", bassline="0.....",
        drums={SHAKER: "....o...o...", KICK: "o..........."},
    ),
    Song(
        name="Night Train", tempo=120, tonic=69, scale=MINOR, chords="1 6 3 7 1", chord_beats=4,
        voice=SYNTH, lead="1/.75 3/.75 5/.5 8/.75 7/.75 5/.5  6/.75 8/.75 6/.5 8/1 3/1 "
        "5/.75 7/.75 5/.5 10/.75 9/.75 7/.5  9/.75 7/.75 4/.5 5/.5 7/.5 9/1  8/3",
        comp=PAD, comping="c.......", bassline="00000020",
        drums={KICK: "x...x...x...x...", SNARE: "....x.......x..o", HAT: "o.x.o.x.o.x.o.x."},
    ),
    Song(
        name="Slow River", tempo=76, tonic=65, scale=MAJOR, chords="1 3 4 1 2 5 1", chord_beats=2,
        voice=FLUTE, lead="5/1.5 3/.5  5/1 7/1  8/1.5 6/.5  5/2  6/1 4/.5 2/.5  5/1 2/1  1/2",
        comp=GUITAR, comping="c121", bassline="0...",
        drums={SHAKER: "o.ooo.oo", KICK: "o......."},
    ),
    Song(
        name="Dusty Road", tempo=108, tonic=62, scale=MIXOLYDIAN, chords="1 7 4 1 1",
        chord_beats=4, voice=GUITAR, lead="1/.5 2/.5 3/1 5/.5 3/.5 2/.5 1/.5 "
        "2/.5 4/.5 2/1 0/1 2/1  4/.5 6/.5 8/1 6/.5 5/.5 4/1  3/.5 2/.5 1/1 0/.5 2/.5 3/1  1/3",
        comp=GUITAR, comping="0c.c0cc.", bassline="0...2...",
        drums={KICK: "x.......x.......", SNARE: "....o.......o...", SHAKER: "x.ooo.oox.ooo.oo"},
    ),
    Song(
        name="Little Robot", tempo=138, tonic=63, scale=MAJOR, chords="1 4 2 5 1", chord_beats=4,
        voice=CHIP, lead="1/.5 5/.5 3/.5 5/.5 8/.5 5/.5 3/1  4/.5 8/.5 6/.5 8/.5 11/.5 8/.5 6/1 "
        "2/.5 6/.5 4/.5 6/.5 9/.5 6/.5 4/1  5/.5 9/.5 7/.5 5/.5 7/.25 8/.25 9/.5 7/1  8/2",
        comp=SYNTH, comping=".c.c.c.c", bassline="0.0.2.0.",
        drums={KICK: "x.......x.x.....", SNARE: "....x.......x...", HAT: "x.x.x.x.x.x.x.xx"},
    ),
)
# fmt: on


@cache
def tabulate(partials: tuple[float, ...]) -> tuple[float, ...]:
    """Return one period of a wave with these strengths of its harmonics."""
    return tuple(
        sum(s * math.sin(math.tau * n * i / WAVE_SIZE) for n, s in enumerate(partials, 1))
        for i in range(WAVE_SIZE)
    )


def play(track: Track, note: Note, timbre: Timbre) -> None:
    """Add a note to a track; its overtones fade twice as fast as its ground tone."""
    ground, rich = tabulate((1.0,)), tabulate((0.0, *timbre.overtones))
    first, held = round(note.start * RATE), round(note.seconds * RATE)
    attack, release = timbre.attack * RATE, timbre.release * RATE
    decay = 0.5 ** (1 / (timbre.half_life * RATE))
    step = 440 * 2 ** ((note.pitch - 69) / 12) * WAVE_SIZE / RATE
    phase, ring = 0.0, 1.0
    for i in range(min(held + round(release), len(track) - first)):
        level = timbre.loudness * note.gain * ring * min(1.0, i / attack, 1 - (i - held) / release)
        spot = int(phase) % WAVE_SIZE
        track[first + i] += level * (ground[spot] + ring * rich[spot])
        ring *= decay
        phase += step
        if timbre.vibrato:
            depth = timbre.vibrato * min(1.0, i / (0.4 * RATE))
            phase += step * depth * math.sin(math.tau * VIBRATO_HERTZ * i / RATE)


def strike(track: Track, start: float, drum: Drum, gain: float, rng: Random) -> None:
    """Add one hit of a drum to a track, ``start`` seconds from its beginning."""
    first = round(start * RATE)
    decay = 0.5 ** (1 / (drum.half_life * RATE))
    phase, ring, previous = 0.0, 1.0, 0.0
    for i in range(min(round(10 * drum.half_life * RATE), len(track) - first)):
        noise = rng.uniform(-1, 1)
        # The difference of neighbours leaves the bright part of the noise.
        value = drum.tone * math.sin(phase) + drum.noise * (noise - previous)
        track[first + i] += gain * ring * min(1.0, i / 32) * value
        previous = noise
        phase += math.tau * (drum.low + drum.sweep * ring * ring) / RATE
        ring *= decay


def sing(song: Song) -> Track:
    """Render the lead."""
    track, beats = song.silence(), 0.0
    for token in song.lead.split():
        degree, length = token.split("/")
        note = Note(beats * song.beat, float(length) * song.beat, song.pitch(int(degree)), 0.4)
        play(track, note, song.voice)
        beats += float(length)
    return track


def accompany(song: Song, pattern: str, timbre: Timbre, octave: int) -> Track:
    """Render the triads of a song in a rhythm, ``octave`` octaves from the lead."""
    track, chords = song.silence(), [int(degree) for degree in song.chords.split()]
    half = song.beat / 2
    steps = song.chord_beats * 2
    for bar, chord in enumerate(chords):
        closing = bar == len(chords) - 1
        signs = ("c" if "c" in pattern else "0") if closing else pattern
        for step, sign in enumerate(signs):
            if sign == ".":
                continue
            rests = len(signs[step + 1 :]) - len(signs[step + 1 :].lstrip("."))
            seconds = TAIL_SECONDS if closing else (1 + rests) * half
            # Folding every voice into one octave keeps the steps between chords small.
            for voice in range(3) if sign == "c" else (int(sign),):
                pitch = song.pitch((chord + 2 * voice - 1) % 7 + 1) + 12 * octave
                play(track, Note((bar * steps + step) * half, seconds, pitch, 0.25), timbre)
    return track


def drum_along(song: Song, rng: Random) -> Track:
    """Render the drums, with a last hit under the closing chord."""
    track, quarter = song.silence(), song.beat / 4
    for instrument, pattern in song.drums.items():
        for step in range(song.body_beats * 4 + 1):
            gain = {"x": 1.0, "o": 0.5, ".": 0.0}[pattern[step % len(pattern)]]
            if gain:
                strike(track, step * quarter, instrument, gain * rng.uniform(0.85, 1), rng)
    return track


def reverberate(dry: Track, wet: float) -> Track:
    """Return a track in a small room: damped echoes at four unrelated distances."""
    track = dry[:]
    for milliseconds in (29.7, 37.1, 41.1, 43.7):
        delay = round(milliseconds * RATE / 1000)
        echo, damped = [0.0] * delay, 0.0
        for i, value in enumerate(dry):
            heard = echo[i % delay]
            damped = 0.6 * heard + 0.4 * damped
            echo[i % delay] = value + 0.78 * damped
            track[i] += wet * heard
    return track


def perform(song: Song) -> dict[str, Track]:
    """Render the four parts of a song; together they reach ``PEAK``, faded at the end."""
    parts = {
        "vocals": reverberate(sing(song), 0.11),
        "bass": [2 * value for value in accompany(song, song.bassline, BASS, -2)],
        "drums": reverberate(drum_along(song, Random(song.name)), 0.03),
        "other": reverberate(accompany(song, song.comping, song.comp, -1), 0.09),
    }
    length, fade = len(parts["bass"]), FADE_SECONDS * RATE
    gain = PEAK / max(abs(sum(frame)) for frame in zip(*parts.values(), strict=True))
    shape = [gain * math.sin(math.pi / 2 * min(1, (length - i) / fade)) for i in range(length)]
    return {
        part: [value * level for value, level in zip(track, shape, strict=True)]
        for part, track in parts.items()
    }


def encode(target: Path, *arguments: str) -> None:
    """Let ffmpeg write a file without anything that changes from run to run."""
    exact = ("-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact")
    command = ("ffmpeg", "-v", "error", "-y", *arguments, "-map_metadata", "-1", "-threads", "1")
    subprocess.run((*command, *exact, str(target)), check=True)


def encode_track(track: Track, target: Path, bitrate: str) -> None:
    """Write a track as AAC in an m4a file that plays before it has arrived whole."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "track.wav"
        with wave.open(str(source), "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(RATE)
            sound.writeframes(struct.pack(f"<{len(track)}h", *(round(v * 32767) for v in track)))
        encode(target, "-i", str(source), "-c:a", "aac", "-b:a", bitrate, "-movflags", "+faststart")


def paint_cover(target: Path) -> None:
    """Draw the cover: the bars of an equalizer before an evening sky."""
    sky = (
        "gradients=s=256x256:c0=0x1b1f4b:c1=0xf2836b:x0=128:y0=0:x1=128:y1=255:seed=1:speed=0.00001"
    )
    heights = (44, 92, 128, 70, 150, 108, 60, 84, 36)
    bars = (
        f"drawbox=x={25 + 23 * i}:y={208 - h}:w=15:h={h}:c=0xfff3d6@0.85:t=fill"
        for i, h in enumerate(heights)
    )
    chain = ",".join((sky, "format=rgb24", *bars))
    encode(target, "-f", "lavfi", "-i", chain, "-frames:v", "1", "-q:v", "4")


def film(cover: Path, melody: Path, target: Path) -> None:
    """Write a video of five seconds: the cover still and the beginning of a melody."""
    inputs = ("-loop", "1", "-framerate", "10", "-i", str(cover), "-i", str(melody), "-t", "5")
    picture = ("-c:v", "libx264", "-tune", "stillimage", "-crf", "28", "-pix_fmt", "yuv420p")
    sound = ("-c:a", "aac", "-b:a", "48k", "-af", "afade=t=out:st=3.8:d=1.2")
    encode(target, *inputs, *picture, *sound, "-movflags", "+faststart")


def measure_seconds(media: Path) -> float:
    """Return the length of a media file as ffprobe sees it."""
    question = ("-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0")
    answer = subprocess.run(
        ("ffprobe", *question, str(media)), check=True, capture_output=True, text=True
    )
    return round(float(answer.stdout), 3)


def describe(media: Path, name: str) -> dict[str, str | float]:
    """Return the manifest's entry for a sound."""
    return {"file": media.name, "name": name, "seconds": measure_seconds(media)}


def main() -> None:
    """Render everything and list it in the manifest."""
    MEDIA.mkdir(parents=True, exist_ok=True)
    melodies, stems = [], []
    for number, song in enumerate(SONGS, 1):
        parts = perform(song)
        target = MEDIA / f"melody-{number}.m4a"
        mix = [sum(frame) for frame in zip(*parts.values(), strict=True)]
        encode_track(mix, target, "44k")
        melodies.append(describe(target, song.name))
        if number == 1:
            for part, track in parts.items():
                stem = MEDIA / f"stem-{part}.m4a"
                encode_track(track, stem, "32k")
                stems.append(describe(stem, part.capitalize()))
    cover, video = MEDIA / "cover.jpg", MEDIA / "video.mp4"
    paint_cover(cover)
    film(cover, MEDIA / "melody-1.m4a", video)
    manifest = {
        "melodies": melodies,
        "stems": stems,
        "cover": {"file": cover.name},
        "video": {"file": video.name, "seconds": measure_seconds(video)},
    }
    (MEDIA / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    print(f"rendered {len(melodies)} melodies and {len(stems)} stems into {MEDIA}")


if __name__ == "__main__":
    main()
