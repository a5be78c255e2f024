"""The form is checked as a whole, before anything costs money."""

from __future__ import annotations

import codecs
import io
import json
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acedata_async.bulk.form import LONGEST_LINE, read_form
from acedata_async.bulk.items import ACTIONS, KINDS, BulkItem
from acedata_async.bulk.keys import Register
from acedata_async.errors import InvalidRequest

EXAMPLE = Path(__file__).parents[2] / "examples" / "songs.jsonl"
SONG: dict[str, Any] = {"action": "generate", "prompt": "x"}


def form_of(*lines: dict[str, Any] | str) -> bytes:
    """Return a form with some lines."""
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    return "\n".join(texts).encode()


def read(*lines: dict[str, Any] | str) -> list[BulkItem]:
    """Return the items of some lines."""
    return read_form(form_of(*lines), name="songs.jsonl")


def problems_of(source: BinaryIO | bytes) -> tuple[str, ...]:
    """Return what is found wrong with a form."""
    with pytest.raises(InvalidRequest) as caught:
        read_form(source, name="songs.jsonl")
    return caught.value.problems


def test_blank_lines_and_comments_are_skipped() -> None:
    """A file may have blank lines, comments, a byte order mark and Windows line ends."""
    text = '\ufeff# songs\r\n\r\n \t\r\n{"key": "a", "action": "generate", "prompt": "x"}\r\n'
    (item,) = read_form(text.encode(), name="songs.jsonl")
    assert (item.key, item.action, item.source, item.line) == ("a", "generate", None, 4)
    assert item.fields == {"prompt": "x"}


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
@pytest.mark.parametrize("last", [0, 1])
def test_line_ends_and_marks_make_no_difference(end: bytes, mark: bytes, last: int) -> None:
    """Whatever wrote the file, it is read alike, with or without an end of its last line."""
    plain = form_of({**SONG, "title": "ü 🎵"}, SONG)
    written = mark + plain.replace(b"\n", end) + end * last
    assert read_form(written, name="x") == read_form(plain, name="x")


def test_a_form_is_bytes_a_file_or_lines() -> None:
    """An open file, its content and its lines, with or without their ends, are all the same."""
    content = EXAMPLE.read_bytes()
    items = read_form(content, name="x")
    assert len(items) >= 14
    with EXAMPLE.open("rb") as file:
        assert read_form(file, name="x") == items
    assert read_form(content.splitlines(keepends=True), name="x") == items
    assert read_form(iter(content.splitlines()), name="x") == items


def test_the_example_uses_every_action() -> None:
    """The example that is shipped has every action of Producer, and real line breaks in lyrics."""
    items = read_form(EXAMPLE.read_bytes(), name="x")
    assert {item.action for item in items} == set(ACTIONS) - {"speak", "create_voice"}
    assert any("\n" in item.fields.get("lyric", "") for item in items)


def test_a_line_separator_inside_a_text_ends_no_line() -> None:
    """JSON texts may hold U+2028, which some call a line break."""
    (item,) = read('{"action": "generate", "prompt": "one\u2028two"}')
    assert item.fields["prompt"] == "one\u2028two"


def test_each_item_has_a_key() -> None:
    """What has no key of its own gets one, and it is told which are which."""
    first, own, second = read(SONG, {**SONG, "key": "mine"}, SONG)
    assert (own.key, own.derived) == ("mine", False)
    assert first.key is not None
    assert second.key == first.key.removesuffix("1") + "2"
    assert first.derived
    assert second.derived


def test_items_that_were_read_keep_their_keys() -> None:
    """A run that takes in some of the items, in any order, gives them the same keys."""
    items = read(SONG, {**SONG, "key": "mine"}, SONG, SONG)[::-1]
    register = Register()
    assert [register.admit(item) for item in items] == [item.key for item in items]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"# nothing yet\n", codecs.BOM_UTF8, b" \r\n"])
def test_an_empty_form_is_a_mistake(content: bytes) -> None:
    """A form without songs is told by its name."""
    assert problems_of(content) == ("no songs in songs.jsonl",)
    assert problems_of(io.BytesIO(content)) == ("no songs in songs.jsonl",)


def test_every_bad_line_is_listed() -> None:
    """One error tells all that is wrong, each with its line and field."""
    found = problems_of(
        form_of(
            {"key": "ok", "action": "generate", "prompt": "x"},
            {"action": "generate"},
            "",
            {"action": "cover", "source": "ok", "titel": "T"},
            {"action": "genrate", "prompt": "x"},
            "{",
            {"key": "OK", "action": "cover", "source": "none", "weirdness": 3},
            {"key": "ok", "action": "generate", "prompt": "x"},
        )
    )
    assert [problem.split(":")[:2] for problem in found] == [
        ["line 2", " prompt"],
        ["line 4", " titel"],
        ["line 5", " action"],
        ["line 6", " not a JSON object"],
        ["line 7", " weirdness"],
        ["line 7", " source"],
        ["line 7", " key"],
        ["line 8", " key"],
    ]
    assert found[2].endswith("did you mean generate?")
    assert found[-1].endswith("line 1 has this one")


@pytest.mark.parametrize(
    "line",
    [
        {"action": "cover", "source": "later"},
        {"action": "cover", "source": "missing"},
        {"key": "self", "action": "cover", "source": "self"},
        {"action": "variation", "source": "split"},
    ],
)
def test_a_source_is_an_earlier_line(line: dict[str, Any]) -> None:
    """A line may only start from what an earlier line makes."""
    (problem,) = problems_of(
        form_of(
            {"key": "song", "action": "generate", "prompt": "x"},
            {"key": "split", "action": "stems", "source": "song"},
            line,
            {"key": "later", "action": "generate", "prompt": "x"},
        )
    )
    assert problem.startswith("line 3: source: ")
    assert "the key of a" in problem


@pytest.mark.parametrize(
    "wrong", [{"key": "song", "action": "generate"}, {"key": "song", "action": "genrate"}]
)
def test_a_wrong_line_does_not_spoil_those_that_name_it(wrong: dict[str, Any]) -> None:
    """A problem is told once, not again for each line that starts from the wrong one."""
    assert len(problems_of(form_of(wrong, *[{"action": "cover", "source": "song"}] * 3))) == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('"text"', "'\"text\"'; JSON lines are needed"),
        ("null", "'null'"),
        ("nonsense", "Expecting value, at character 1 of the line"),
        ('{"prompt": "x"} {}', "Extra data, at character 17 of the line"),
        ('{"action": "generate", "prompt": NaN}', "NaN is no number"),
        ('{"action": "generate", "weirdness": -Infinity}', "-Infinity is no number"),
        ('{"action": "generate", "prompt": "x", "prompt": "y"}', "'prompt' stands in it twice"),
        ('{"action": "generate", "prompt": {"x": 1, "x": 1}}', "'x' stands in it twice"),
        ('{"seed": ' + "9" * 5_000 + "}", "too many digits"),
        ('{"a":' * 100_000, "too many brackets"),
        ('{"a": ' + "[" * 100_000, "too many brackets"),
    ],
)
def test_a_line_is_one_json_object(line: str, said: str) -> None:
    """What is no object, or says a thing twice, is refused."""
    (problem,) = problems_of(form_of(SONG, line))
    assert problem.startswith("line 2: not a JSON object: ")
    assert said in problem


@pytest.mark.parametrize("depth", range(850, 1_000, 3))
def test_any_depth_is_a_problem_and_nothing_worse(depth: int) -> None:
    """What can just be parsed may be too deep to be shown."""
    line = '{"action": "generate", "prompt": ' + "[" * depth + "]" * depth + "}"
    (problem,) = problems_of(line.encode())
    assert problem.startswith("line 1: ")


@pytest.mark.parametrize(
    "content",
    [
        json.dumps([SONG, SONG]).encode(),
        json.dumps([SONG, SONG], indent=1).encode(),
        codecs.BOM_UTF8 + b"# songs\n[]",
        b"[" * 100_000,
    ],
)
def test_a_json_array_is_told_as_what_it_is(content: bytes) -> None:
    """One problem says what is needed instead, not one for each line."""
    (problem,) = problems_of(content)
    assert "not a JSON object: a JSON array begins here; JSON lines are needed" in problem


def test_an_array_further_down_is_a_bad_line() -> None:
    """After an object the others go on being checked."""
    found = problems_of(form_of(SONG, "[1]", {"action": "generate"}))
    assert [problem.split(":")[0] for problem in found] == ["line 2", "line 3"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("start", ["", "# songs\n", "\n"])
def test_utf_16_is_told_once(encoding: str, start: str) -> None:
    """What some editors write in place of UTF-8 is one problem, with what to do."""
    text = start + "\n".join([json.dumps(SONG)] * 5)
    (problem,) = problems_of(text.encode(encoding))
    assert problem.endswith(": not UTF-8; it looks like UTF-16: save the file as UTF-8")


@pytest.mark.parametrize("bad", [b"\xff", b"\xc3\x28", b"\xed\xa0\x80"])
def test_bytes_that_are_no_utf_8_are_told_with_their_line(bad: bytes) -> None:
    """A line in another encoding is named; what is wrong elsewhere is told as well."""
    content = form_of("# songs", SONG, '{"prompt": "@"}', {"action": "generate"})
    first, second = problems_of(content.replace(b"@", bad))
    assert first == ("line 3: not UTF-8, from byte 13 of the line on: save the file as UTF-8")
    assert second.startswith("line 4: prompt: missing")


def test_half_characters_are_refused() -> None:
    """An escape for half a character is no text that could be sent."""
    found = problems_of(
        form_of(r'{"action": "generate", "prompt": "\ud800"}', r'{"action": "gen", "\ud800": 1}')
    )
    assert len(found) == 2


@pytest.mark.parametrize("title", ["🎵", "x" * 300, "../../etc/passwd", "CON", "nul.txt"])
def test_any_title_is_taken(title: str) -> None:
    """A title is a text for the vendor; it names no file here."""
    assert read({**SONG, "title": title})[0].fields["title"] == title


class Endless(io.RawIOBase):
    """A file of one byte again and again, then an ending."""

    def __init__(self, size: int, ending: bytes = b"") -> None:
        super().__init__()
        self._left = size
        self._ending = ending

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill in the next bytes."""
        count = min(len(buffer), self._left)
        if not count:
            count = min(len(buffer), len(self._ending))
            buffer[:count], self._ending = self._ending[:count], self._ending[count:]
            return count
        self._left -= count
        buffer[:count] = b" " * count
        return count


def file_of(size: int, ending: bytes = b"") -> BinaryIO:
    """Open a file that begins with many blanks."""
    return cast("BinaryIO", io.BufferedReader(Endless(size, ending)))


@pytest.mark.parametrize("ending", [b"", b"\n" + form_of(SONG), form_of(SONG, SONG)])
def test_a_line_without_end_is_told_and_not_kept(ending: bytes) -> None:
    """A file of 100 MB in one line is one problem, and does not fill the memory."""
    tracemalloc.start()
    (problem,) = problems_of(file_of(100_000_000, ending))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert problem == (
        "line 1: longer than 10,000,000 bytes; JSON lines are needed: one object a line"
    )
    assert peak < 1.5 * LONGEST_LINE


def test_a_long_line_is_told_among_others() -> None:
    """The lines behind one that is too long are checked, under their own numbers."""
    found = problems_of(file_of(LONGEST_LINE, form_of(SONG, {"action": "generate"})))
    assert [problem.split(":")[0] for problem in found] == ["line 1", "line 2"]
    assert len(problems_of(b"#" * (LONGEST_LINE + 1))) == 1


@pytest.mark.parametrize("size", [65_534, 65_535, 65_536, 65_537, 131_072, 1_000_000])
def test_long_lines_are_read_whole(size: int) -> None:
    """A line may be longer than what is read at once."""
    first, second = read_form(file_of(size, form_of(SONG, SONG)), name="x")
    assert (first.line, second.line, second.fields) == (1, 2, {"prompt": "x"})
    (item,) = read({**SONG, "title": "x" * size})
    assert len(item.fields["title"]) == size


def test_a_thousand_problems_are_enough() -> None:
    """Of very many problems the first thousand are listed, and the others counted."""
    found = problems_of(form_of(*["x"] * 1_000))
    assert found[-1].startswith("line 1000: ")
    found = problems_of(form_of(*["x"] * 2_500))
    assert len(found) == 1_001
    assert found[-2].startswith("line 1000: ")
    assert found[-1] == "… and 1,500 more"


def test_an_error_of_the_file_is_passed_on() -> None:
    """What the disk says is not told as a mistake in the form."""

    def lines() -> Iterator[bytes]:
        yield form_of(SONG)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        read_form(lines(), name="x")


NAMES = ["key", "source", "audio_id", "audio_url", "prompt", "seed", "weirdness", "titel", "model"]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(["a", "b", "https://x.example/a", "1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)
LINES = st.builds(
    lambda action, fields: {**fields, "action": action},
    st.sampled_from(ACTIONS) | VALUES,
    st.dictionaries(st.sampled_from(NAMES) | st.text(), VALUES, max_size=4),
)


@settings(deadline=None)
@given(st.lists(LINES, min_size=1, max_size=5))
def test_whatever_stands_in_it(lines: list[dict[str, Any]]) -> None:
    """A form is either refused with words, or holds requests that can be sent."""
    check(lambda: read(*lines))


@settings(deadline=None)
@given(st.lists(st.binary(max_size=20), max_size=5))
def test_whatever_bytes_it_is_made_of(lines: list[bytes]) -> None:
    """So is a form that is no form at all."""
    check(lambda: read_form(b"\n".join(lines), name="x"))


def check(attempt: Callable[[], list[BulkItem]]) -> None:
    """Read a form, which may be refused, and build all its requests."""
    try:
        items = attempt()
    except InvalidRequest as error:
        assert all(error.problems)  # noqa: PT017 - both outcomes are right
        return
    assert len({item.key for item in items}) == len(items)
    for item in items:
        request = item.request("an id" if item.source else None)
        assert type(request) is KINDS[item.action]
        assert request.fields_to_send()
