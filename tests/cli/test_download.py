"""The command `download`, and how files are named and tagged by the others."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from acedata_async import AceData, read_tags
from acedata_async.sandbox import Sandbox
from tests.cli.conftest import Acedata, document
from tests.cli.test_tasks import submit

pytest.importorskip("mutagen", reason="mutagen is not installed")


def made(acedata: Acedata, *arguments: object) -> str:
    """Make something without fetching it, and return its task id."""
    result = acedata(*(arguments or ("generate", "A song")), "--no-download", "--json")
    found = document(result)
    return str(found["task_id"])


def names(directory: Path) -> list[str]:
    """Return the names in a directory, hidden ones as well."""
    return sorted(path.name for path in directory.iterdir())


def test_several_tasks(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """Each task's files are fetched, once, and nothing is paid."""
    first, second = made(acedata), made(acedata, "generate", "B", "--title", "Second")
    submissions = sandbox.stats.submissions
    result = acedata("download", first, second, first, "-o", tmp_path / "new")
    assert result.exit_code == 0
    assert len(names(tmp_path / "new")) == 2
    assert all(str(path) in result.stdout for path in (tmp_path / "new").iterdir())
    assert sandbox.stats.submissions == submissions


def test_many_tasks_at_once(
    acedata: Acedata, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight are under way at once and no more, and what is told of them keeps their order."""
    ids = [made(acedata, "generate", "A song", "--title", f"Song {at}") for at in range(12)]
    real, under_way, most = AceData.download, 0, 0

    async def counted(*args: Any, **options: Any) -> Path:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        try:
            return await real(*args, **options)
        finally:
            under_way -= 1

    monkeypatch.setattr(AceData, "download", counted)
    result = acedata("download", *ids, "-o", tmp_path, "--json")
    assert result.exit_code == 0
    assert [one["task_id"] for one in document(result)["tasks"]] == ids
    assert len(names(tmp_path)) == 12
    assert most == 8


def test_watching_names_and_unpacks_as_downloading_does(acedata: Acedata, tmp_path: Path) -> None:
    """A task that is waited for takes the options of one that has ended."""
    audio_id = document(acedata("generate", "A song", "--no-download", "--json"))["audios"][0]["id"]
    stems = made(acedata, "stems", audio_id)
    song = made(acedata, "generate", "A song", "--title", "Rain")
    options = ["--template", "{title}!", "--no-tags", "--unpack", "-o", tmp_path]
    result = acedata("watch", song, stems, *options)
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / "Rain!.m4a").is_file()
    assert [path for path in tmp_path.iterdir() if path.is_dir()]
    assert read_tags(tmp_path / "Rain!.m4a").task_id is None
    assert acedata("watch", song, "-o", tmp_path, "--template", "{nope}").exit_code == 2


def test_each_kind_of_task(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """An unknown, a running and a failed task are told; the good one's file is there all the same.

    The exit code is that of the worst.
    """
    good = made(acedata)
    sandbox.inject("fail-F1", times=1)
    failed = submit(acedata, "generate", "A song")
    acedata("watch", failed)
    running = submit(acedata, "generate", "A song")
    result = acedata("download", "gone", failed, running, good, "-o", tmp_path, "--json")
    assert result.exit_code == 1
    tasks = document(result)["tasks"]
    assert [one["task_id"] for one in tasks] == ["gone", failed, running, good]
    assert [one["state"] for one in tasks if one["task_id"] != running] == [
        "missing",
        "failed",
        "succeeded",
    ]
    assert [one.get("error", {}).get("type") for one in tasks] == [
        "TaskNotFound",
        "TaskFailed",
        "DownloadError",
        None,
    ]
    assert re.search(f"task {running} is (pending|running); `acedata watch`", result.stderr)
    assert names(tmp_path) == [Path(tasks[3]["audios"][0]["file"]).name]


def test_state_of_a_task_that_runs(acedata: Acedata) -> None:
    """The document tells of a task that runs that it does."""
    running = submit(acedata, "generate", "A song")
    [task] = document(acedata("download", running, "--json"))["tasks"]
    assert task["state"] in {"pending", "running"}


def test_template(acedata: Acedata, tmp_path: Path) -> None:
    """Files are called as the template says, by the song's and the request's facts."""
    task_id = made(acedata, "generate", "Lo-fi for rain", "--title", "Rain")
    result = acedata("download", task_id, "-o", tmp_path, "--template", "{prompt}, {title}")
    assert result.exit_code == 0
    assert names(tmp_path) == ["Lo-fi for rain, Rain.m4a"]


@pytest.mark.parametrize("template", ["{nope}", "{", "", "{title!r}", "{0}"])
def test_wrong_template(acedata: Acedata, sandbox: Sandbox, tmp_path: Path, template: str) -> None:
    """A template that cannot be used is wrong usage, and nothing is fetched."""
    task_id = made(acedata)
    result = acedata("download", task_id, "-o", tmp_path, "--template", template, "--json")
    assert result.exit_code == 2
    assert "template" in result.stderr
    assert sandbox.stats.media_requests == 0
    assert names(tmp_path) == []


@pytest.mark.parametrize("template", ["{nope}", "{", " ", "{title!r}"])
@pytest.mark.parametrize(
    "command",
    [
        ["generate", "A song"],
        ["cover", "ID"],
        ["stems", "ID"],
        ["wav", "ID"],
        ["video", "ID"],
        ["variation", "ID"],
    ],
    ids=lambda command: command[0],
)
def test_wrong_template_before_payment(
    acedata: Acedata, sandbox: Sandbox, *, command: list[str], template: str
) -> None:
    """A template that cannot be used is found out before anything is paid."""
    audio_id = document(acedata("generate", "A song", "--no-download", "--json"))["audios"][0]["id"]
    before = sandbox.stats.submission_requests
    arguments = [audio_id if word == "ID" else word for word in command]
    result = acedata(*arguments, "--template", template)
    assert result.exit_code == 2
    assert "template" in result.stderr
    assert sandbox.stats.submission_requests == before


def test_generate_by_a_template(acedata: Acedata, tmp_path: Path) -> None:
    """A song that is made is called as the template says as well."""
    result = acedata("generate", "Rain", "-o", tmp_path, "--template", "{prompt} {created_at}")
    assert result.exit_code == 0
    [name] = names(tmp_path)
    assert name.startswith("Rain 20")


@pytest.mark.parametrize("title", ["../../evil", "{id}{nope}", "a/b\\c", "\u202egnp", "x" * 300])
def test_hostile_titles(acedata: Acedata, tmp_path: Path, title: str) -> None:
    """Whatever a title holds, the file is in the directory."""
    place = tmp_path / "a" / "b"
    result = acedata(
        "generate", "A song", "--title", title, "-o", place, "--template", "{title}", "--json"
    )
    assert result.exit_code in {0, 2}
    assert names(tmp_path) in ([], ["a"])
    if result.exit_code == 0:
        [name] = names(place)
        assert Path(document(result)["audios"][0]["file"]) == place / name


def test_tags_are_written_unless_told_not_to(acedata: Acedata, tmp_path: Path) -> None:
    """What is fetched can be told later by the file alone."""
    task_id = made(acedata, "generate", "A song", "--title", "Rain")
    acedata("download", task_id, "-o", tmp_path / "tagged")
    acedata("download", task_id, "-o", tmp_path / "plain", "--no-tags")
    [tagged], [plain] = (tmp_path / "tagged").iterdir(), (tmp_path / "plain").iterdir()
    assert read_tags(tagged).task_id == task_id
    assert read_tags(tagged).prompt
    assert read_tags(plain).task_id is None


def test_tasks_of_fish(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """With --fish they are looked up there, and nowhere else."""
    task_id = made(acedata, "speak", "Hello there")
    assert acedata("download", task_id, "-o", tmp_path).exit_code == 1
    result = acedata("download", task_id, "--fish", "-o", tmp_path, "--json")
    assert result.exit_code == 0
    assert names(tmp_path) == [f"Hello there - {task_id}.mp3"]
    assert document(result)["tasks"][0]["speech"]["file"].endswith(".mp3")
    assert sandbox.stats.submissions == 1


def test_stems_are_unpacked(acedata: Acedata, tmp_path: Path) -> None:
    """With --unpack stems are a directory, without it a zip."""
    audio_id = document(acedata("generate", "A song", "--no-download", "--json"))["audios"][0]["id"]
    task_id = made(acedata, "stems", audio_id)
    acedata("download", task_id, "-o", tmp_path / "zip")
    result = acedata("download", task_id, "-o", tmp_path / "tracks", "--unpack", "--json")
    assert [path.suffix for path in (tmp_path / "zip").iterdir()] == [".zip"]
    [place] = (tmp_path / "tracks").iterdir()
    assert place.is_dir()
    assert document(result)["tasks"][0]["stems"]["file"] == str(place)
    assert len(names(place)) > 1


def test_no_download_prints_addresses(acedata: Acedata, sandbox: Sandbox) -> None:
    """With --no-download nothing is fetched."""
    task_id = made(acedata)
    assert "address   https://" in acedata("download", task_id, "--no-download").stdout
    assert sandbox.stats.media_requests == 0


def test_file_that_cannot_be_fetched(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """What cannot be fetched ends with 1 and leaves nothing."""
    task_id = made(acedata)
    sandbox.inject("media-403")
    result = acedata("download", task_id, "-o", tmp_path, "--json")
    assert result.exit_code == 1
    [task] = document(result)["tasks"]
    assert task["audios"][0]["file"] is None
    assert task["audios"][0]["error"]["type"] == "LinkExpired"
    assert "LinkExpired" in result.stderr
    assert names(tmp_path) == []


def test_directory_that_cannot_be(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """A directory that cannot be used is told before anything is asked."""
    (tmp_path / "taken").write_text("a file")
    task_id = made(acedata)
    lookups = sandbox.stats.lookups
    for place in (tmp_path / "taken" / "x", tmp_path / ("x" * 300)):
        assert acedata("download", task_id, "-o", place).exit_code == 2
    assert sandbox.stats.lookups == lookups


def test_fetched_again(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """A second fetch is another file, unless it is to replace the first one."""
    acedata("generate", "A song", "--title", "Lanterns", "-o", tmp_path)
    [task_id] = sandbox.tasks
    [first] = tmp_path.iterdir()
    first.write_bytes(b"an old file")
    again = ("download", task_id, "-o", tmp_path)
    assert acedata(*again, "--overwrite").exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == [first.name]
    assert first.read_bytes() != b"an old file"
    assert acedata("watch", *again[1:], "--overwrite").exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == [first.name]
    assert acedata(*again).exit_code == 0
    assert len(list(tmp_path.iterdir())) == 2
