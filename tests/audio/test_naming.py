"""What files are called: by what is known of a result, whatever that holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from acedata_async import AceData, Audio, InvalidRequest, Speech, Stems, Task, VideoFile, WavFile
from acedata_async._rules.filenames import safe_stem
from acedata_async._rules.templates import check_template, fill
from acedata_async.audio.items import Downloadable
from acedata_async.audio.naming import DEFAULT_NAME, facts_of, known_facts
from acedata_async.sandbox import Sandbox
from tests.audio.serving import MEDIA, served
from tests.audio.test_download import files


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{title}", "First light.m4a"),
        ("{id}", "1.m4a"),
        ("{created_at} {title}", "2025-12-30 First light.m4a"),
        ("{title} [{seed}]", "First light [7].m4a"),
        ("{seed:d}", None),
        ("{style} - {title}", "First light.m4a"),
        ("{style}", "untitled.m4a"),
        ("{{{id}}}", "{1}.m4a"),
        ("a/b/{id}", "a_b_1.m4a"),
        ("../{id}", "_1.m4a"),
        ("/etc/{id}", "_etc_1.m4a"),
        ("{id}.m4a", "1.m4a"),
        ("{nope}", None),
        ("{__class__}", None),
        ("{request}", None),
        ("", None),
    ],
)
async def test_templates(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, template: str, name: str | None
) -> None:
    """A template names the file in the directory, or is refused before anything is fetched."""
    facts = {"title": "First light", "seed": 7, "created_at": 1767119745}
    song = served(sandbox).model_copy(update=Audio.read(facts).model_dump(exclude_none=True))
    if name is None:
        with pytest.raises(InvalidRequest, match="template"):
            await ace.download(song, tmp_path, template=template)
        assert sandbox.stats.media_requests == 0
    else:
        path = await ace.download(song, tmp_path, template=template)
        assert path.parent == tmp_path
        assert files(tmp_path) == [name]


async def test_name_and_template_exclude_each_other(
    ace: AceData, sandbox: Sandbox, tmp_path: Path
) -> None:
    """One of them is enough."""
    with pytest.raises(InvalidRequest, match="not both"):
        await ace.download(served(sandbox), tmp_path, name="a", template="{id}")


@pytest.mark.parametrize(
    "title",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "..",
        "C:\\Windows\\System32",
        "\\\\server\\share",
        "CON",
        "nul.m4a",
        "a\0b",
        "a\nb",
        "\u202egnp.m4a",
        "{id}",
        "{{",
        "{nope!r}",
        "%(id)s",
        "$HOME `id` ; rm -rf ~",
        "~/x",
        "-rf",
        "x" * 10_000,
        "雪" * 500,
        "\ud800",
        ".hidden",
        " ",
        "a.part",
    ],
)
async def test_hostile_titles(ace: AceData, sandbox: Sandbox, tmp_path: Path, title: str) -> None:
    """Whatever a title holds is one visible file in the directory."""
    place = tmp_path / "a" / "b"
    song = served(sandbox).model_copy(update={"title": title})
    for template in ("{title}", "{title}{title}{title}{title}", None):
        path = await ace.download(song, place, template=template)
        assert path.parent == place
        assert path.is_file()
        assert not path.name.startswith(".")
        assert path.suffix == ".m4a"
        assert len(path.name.encode()) <= 255
    assert files(tmp_path) == ["a"]
    assert files(tmp_path / "a") == ["b"]
    assert len(files(place)) == 3


@pytest.mark.parametrize(
    ("path", "kind", "content", "ending"),
    [
        ("a.mp3", "audio/mpeg", b"\0\0\0\x08ftyp\0\0\0\x08moov\0\0\0\x08mdat", ".m4a"),
        ("a.m4a", "audio/mp4", b"ID3\x04\0\0\0\0\0\0", ".mp3"),
        ("a", "audio/mpeg", b"ID3\x04\0\0\0\0\0\0", ".mp3"),
        ("a.bin", "application/octet-stream", b"fLaC\0\0\0\x22", ".flac"),
        ("a.exe", "audio/mpeg", b"ID3\x04\0\0\0\0\0\0", ".mp3"),
        ("a.exe", "application/x-msdownload", b"FORM\0\0\0\0AIFF", ".bin"),
        ("get.php", "audio/aac", b"\xff\xf1\x50\x80", ".aac"),
    ],
)
async def test_endings(
    ace: AceData,
    sandbox: Sandbox,
    tmp_path: Path,
    *,
    path: str,
    kind: str,
    content: bytes,
    ending: str,
) -> None:
    """A file of sound ends as its first bytes tell, whatever its address says."""
    saved = await ace.download(served(sandbox, content, path, kind), tmp_path)
    assert saved.name == f"Song - 1{ending}"


async def test_what_was_asked_for_can_be_in_a_name(ace: AceData, tmp_path: Path) -> None:
    """With the record of its task the request's fields are there as well."""
    watcher = await ace.producer.generate("Lo-fi for rain", title="Rain")
    [song], task = await watcher, await watcher.wait()
    path = await ace.download(song, tmp_path, template="{prompt} {type}", task=task)
    assert path.name == "Lo-fi for rain audios.m4a"
    path = await ace.download(song, tmp_path, template="{model}", task=task)
    assert path.name == f"{song.model}.m4a"


def test_every_known_field_can_be_used() -> None:
    """Each field that a refusal lists is good for each kind of result."""
    items: list[Downloadable] = [Audio(), Stems(), Speech(), WavFile(), VideoFile()]
    for item in items:
        known = known_facts(item)
        assert {"title", "id"} <= known
        check_template("".join(f"{{{name}}}" for name in known), known)


def test_default_name_always_tells_something() -> None:
    """Where nothing is known the kind of result is the name."""
    assert fill(DEFAULT_NAME, facts_of(Stems(), None)) == "Stems"
    assert fill(DEFAULT_NAME, facts_of(Audio(title=""), Task.read({"id": "t"}))) == "Audio - t"
    assert fill(DEFAULT_NAME, facts_of(VideoFile(), None)) == "Video"
    said = Speech.read({"text": "Hello there", "task_id": "s"})
    assert fill(DEFAULT_NAME, facts_of(said, None)) == "Hello there - s"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.dictionaries(st.sampled_from(["id", "title", "seed", "created_at", "odd"]), JSON),
    st.dictionaries(st.sampled_from(["title", "prompt", "id", "{", "response"]) | st.text(), JSON),
)
@example({"title": {"a": 1}, "id": [1]}, {"title": float("nan")})
def test_records_of_any_kind_give_names(song: dict[str, object], asked: dict[str, object]) -> None:
    """Nothing that a record may hold keeps a file from having a name."""
    item = Audio.read({**song, "audio_url": f"{MEDIA}/a.m4a"})
    task = Task.read({"id": "t", "request": asked})
    for one in (task, None):
        facts = facts_of(item, one)
        check_template(DEFAULT_NAME, known_facts(item) | facts.keys())
        assert safe_stem(fill("{title} - {id} {seed} {created_at} {odd}", facts))
