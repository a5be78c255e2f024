"""The job form is checked as a whole, before anything costs money."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from acedata_async import InvalidRequest
from acedata_async.jobs import ACTIONS, read_jobs

EXAMPLE = Path(__file__).parents[2] / "examples" / "songs.jsonl"


def problems_of(*lines: dict[str, Any] | str) -> tuple[str, ...]:
    """Return what is found wrong with some lines."""
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    with pytest.raises(InvalidRequest) as caught:
        read_jobs("\n".join(texts))
    return caught.value.problems


def test_blank_lines_and_comments_are_skipped() -> None:
    """A file may have blank lines, comments, a byte order mark and Windows line ends."""
    text = '\ufeff# songs\r\n\r\n{"key": "a", "action": "generate", "prompt": "x"}\r\n'
    (job,) = read_jobs(text)
    assert (job.key, job.action, job.source, job.line) == ("a", "generate", None, 3)
    assert job.fields == {"prompt": "x"}
    assert read_jobs("") == []


def test_lines_may_be_given_one_by_one() -> None:
    """An open file will do in place of its text."""
    with EXAMPLE.open(encoding="utf-8") as file:
        assert len(read_jobs(file)) >= 14


def test_the_example_uses_every_action() -> None:
    """The example that is shipped has every action, with real line breaks in its lyrics."""
    jobs = read_jobs(EXAMPLE.read_text(encoding="utf-8"))
    assert {job.action for job in jobs} == set(ACTIONS)
    assert any("\n" in job.fields.get("lyric", "") for job in jobs)


def test_a_line_separator_inside_a_text_ends_no_line() -> None:
    """JSON texts may hold U+2028, which some call a line break."""
    (job,) = read_jobs('{"action": "generate", "prompt": "one\u2028two"}')
    assert job.fields["prompt"] == "one\u2028two"


def test_a_missing_key_is_derived_from_what_was_set() -> None:
    """The key depends on the fields and on how many lines are alike, never on the position."""
    one, other = '{"action":"generate","prompt":"x"}', '{"action":"generate","prompt":"y"}'
    with_secret = '{"action":"generate","prompt":"x","callback_url":"https://me.example/s3cret"}'
    with_null = '{"prompt":"x","action":"generate","title":null}'
    keys = [job.key for job in read_jobs([one, other, one])]
    assert [key.partition("-")[0] for key in keys] == ["v1"] * 3
    assert keys[2] == keys[0].removesuffix("1") + "2"
    assert [job.key for job in read_jobs([other, one])] == [keys[1], keys[0]]
    assert read_jobs(with_secret)[0].key == keys[0]
    assert read_jobs(with_null)[0].key == keys[0]


def test_a_derived_key_stays_the_same_from_version_to_version() -> None:
    """What was made under a key must be found again under it."""
    (job,) = read_jobs('{"action":"generate","prompt":"x"}')
    assert job.key == "v1-802af03b85-1"


def test_a_callback_address_is_not_shown() -> None:
    """It may hold a secret, so it is neither in the repr nor in what is recorded."""
    (job,) = read_jobs(
        '{"action": "generate", "prompt": "x", "callback_url": "https://me.example/s3cret"}'
    )
    assert "s3cret" not in repr(job)
    assert job.shown()["callback_url"] == "https://me.example/…"


@pytest.mark.parametrize(
    "key",
    [
        "",
        " ",
        "../up",
        "a/b",
        "a\\b",
        ".hidden",
        "..",
        "end.",
        "a b",
        "a\nb",
        "ü",
        "x" * 81,
        "CON",
        "nul.txt",
        "lpt1",
        "a.json",
        "song.M4A",
        5,
        ["a"],
    ],
)
def test_a_key_must_be_a_safe_file_name(key: object) -> None:
    """A key names files, so that nothing but plain names is taken."""
    (problem,) = problems_of({"key": key, "action": "generate", "prompt": "x"})
    assert problem.startswith("line 1: key: ")


@pytest.mark.parametrize("key", ["a", "A-b_c.9", "x" * 80, "-", "com10", "console"])
def test_plain_keys_are_taken(key: str) -> None:
    """Letters, digits, dash, underscore and dot make a key."""
    (job,) = read_jobs(json.dumps({"key": key, "action": "generate", "prompt": "x"}))
    assert job.key == key


def test_keys_are_unique_even_where_case_does_not_count() -> None:
    """Some file systems do not tell upper case from lower."""
    line = {"action": "generate", "prompt": "x"}
    (problem,) = problems_of({"key": "Song", **line}, {"key": "song", **line})
    assert problem == (
        "line 2: key: 'song' is not allowed; allowed: a key of its own; line 1 has this one"
    )


def test_every_bad_line_is_listed() -> None:
    """One error tells all that is wrong, each with its line and field."""
    found = problems_of(
        {"key": "ok", "action": "generate", "prompt": "x"},
        {"action": "generate"},
        "",
        {"action": "cover", "source": "ok", "titel": "T"},
        {"action": "genrate", "prompt": "x"},
        "{",
    )
    assert [problem.split(":")[:2] for problem in found] == [
        ["line 2", " prompt"],
        ["line 4", " titel"],
        ["line 5", " action"],
        ["line 6", " not a JSON object"],
    ]
    assert found[2].endswith("did you mean generate?")


@pytest.mark.parametrize(
    "line",
    [
        "[]",
        '"text"',
        "nonsense",
        '{"action": "generate", "prompt": NaN}',
        '{"action": "generate", "prompt": "x", "prompt": "y"}',
        "[" * 100_000,
    ],
)
def test_a_line_must_be_one_json_object(line: str) -> None:
    """What is no object, or says a thing twice, is refused."""
    (problem,) = problems_of(line)
    assert problem.startswith("line 1: not a JSON object: ")


def test_an_action_is_needed() -> None:
    """A line without a usable action is refused."""
    assert problems_of({"prompt": "x"})[0].startswith("line 1: action: missing")
    assert problems_of({"action": ["generate"]})[0].startswith("line 1: action: ['generate']")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"action": "cover"}, "source: missing; needed: the key of an earlier line"),
        ({"action": "cover", "source": "later"}, "the key of an earlier line"),
        ({"action": "cover", "source": 5}, "the key of an earlier line"),
        ({"key": "self", "action": "cover", "source": "self"}, "the key of an earlier line"),
        ({"action": "cover", "source": "song", "audio_id": "x"}, "either source or audio_id"),
        ({"action": "generate", "prompt": "x", "source": "song"}, "starts from nothing"),
        ({"action": "upload", "audio_url": "https://x.example/a", "source": "song"}, "nothing"),
        ({"action": "cover", "source": "mine"}, "makes a song; that one makes an upload"),
        ({"action": "upload_cover", "source": "song"}, "makes an upload; that one makes a song"),
        ({"action": "variation", "source": "split"}, "makes a song; that one makes stems"),
        ({"action": "cover", "audio_id": ""}, "audio_id: ''"),
        ({"action": "upload"}, "audio_url: missing"),
        ({"action": "extend", "source": "song"}, "continue_at: missing"),
    ],
)
def test_a_source_is_an_earlier_line_of_the_right_kind(line: dict[str, Any], said: str) -> None:
    """A line may only start from what an earlier line makes, if its action starts from that."""
    (problem,) = problems_of(
        {"key": "song", "action": "generate", "prompt": "x"},
        {"key": "mine", "action": "upload", "audio_url": "https://x.example/a.mp3"},
        {"key": "split", "action": "stems", "source": "song"},
        line,
        {"key": "later", "action": "generate", "prompt": "x"},
    )
    assert problem.startswith("line 4: ")
    assert said in problem


def test_a_wrong_line_does_not_spoil_those_that_name_it() -> None:
    """A problem is told once, not again for each line that starts from the wrong one."""
    found = problems_of(
        {"key": "song", "action": "generate"}, {"action": "cover", "source": "song"}
    )
    assert len(found) == 1
