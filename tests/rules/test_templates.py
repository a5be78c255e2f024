"""Names of files from a template."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from acedata_async import InvalidRequest
from acedata_async._rules.filenames import LONGEST, safe_stem
from acedata_async._rules.templates import check_template, fill

KNOWN = {"title", "id", "created_at"}


@pytest.mark.parametrize(
    "template",
    ["{title} - {id}", "plain", "{id}", "{{{title}}}", "{{}}", "{title}{title}", "  {id}"],
)
def test_good_templates(template: str) -> None:
    """Fields in braces, and doubled braces, are templates."""
    check_template(template, KNOWN)


@pytest.mark.parametrize(
    "template",
    [
        "",
        "  ",
        None,
        5,
        b"{id}",
        ["{id}"],
        "{nope}",
        "{",
        "}",
        "{}",
        "{ id }",
        "{id",
        "id}",
        "{{id}",
        "{id}}",
        "{0}",
        "{id!r}",
        "{id:>9}",
        "{id.__class__}",
        "{id[0]}",
        "{title}}{id}",
        "{Title}",
        "{ид}",
    ],
)
def test_wrong_templates(template: object) -> None:
    """What cannot be filled in is refused, and the message says what may be in braces."""
    with pytest.raises(InvalidRequest, match="template") as caught:
        check_template(template, KNOWN)
    assert caught.value.field == "template"
    if isinstance(template, str) and template.strip():
        assert "created_at, id, title" in str(caught.value)


@pytest.mark.parametrize(
    ("template", "rule"),
    [
        ("{title", "each field in two braces, and {{ where { itself is meant"),
        ("a}", "each field in two braces, and }} where } itself is meant"),
        ("{id!r}", "a name in braces, without a format"),
        ("{id:>9}", "a name in braces, without a format"),
        ("{nope}", "a text with fields in braces; the fields are: created_at, id, title"),
    ],
)
def test_what_is_wrong_is_said(template: str, rule: str) -> None:
    """Who forgot a brace, or meant to format a field, is told so."""
    with pytest.raises(InvalidRequest, match=re.escape(rule)):
        check_template(template, KNOWN)


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{title} - {id}", "First light - 1"),
        ("{title}-{nope}", "First light"),
        ("{nope} - {title}", "First light"),
        ("{nope}", ""),
        ("{{{id}}}", "{1}"),
        ("{{title}}", "{title}"),
        ("{date} {id}", "2025-12-30 1"),
        ("{seconds}", "181"),
        ("{half}", "0.5"),
        ("{list}{mapping}{yes}", ""),
        ("{lines}", "a b c"),
    ],
)
def test_filling_in(template: str, name: str) -> None:
    """What is known is put in, and what is not leaves no dash behind."""
    facts = {
        "title": "First light",
        "id": "1",
        "date": datetime(2025, 12, 30, 18, 36, tzinfo=UTC),
        "seconds": 181.0,
        "half": 0.5,
        "list": ["a"],
        "mapping": {"a": 1},
        "yes": True,
        "lines": " a\n b\t\u2028c ",
    }
    assert fill(template, facts) == name


@pytest.mark.parametrize("title", ["{id}", "{{id}}", "{", "}", "{nope}", "{id!r}", "%s{0}"])
def test_braces_in_a_title_mean_nothing(title: str) -> None:
    """What is put in is not looked at for fields again."""
    assert fill("a {title} b {id}", {"title": title, "id": "secret"}) == f"a {title} b secret"


def test_long_fields_are_cut() -> None:
    """Lyrics do not fill a name, and leave room for what follows."""
    assert fill("{lyric} - {id}", {"lyric": "la " * 10_000, "id": "1"}) == f"{'la ' * 20}- 1"


@pytest.mark.parametrize("title", ["x" * 300, "一二三四五六七八九十" * 6, "🎵" * 60, "é" * 500])
def test_title_is_shortened_and_the_id_is_not(title: str) -> None:
    """Whatever the title, the name holds all of the id that tells it from others."""
    song_id = "6c947f13-a3c5-4b9c-8609-5639c37cdc2a"
    name = safe_stem(fill("{title} - {id}", {"title": title, "id": song_id}))
    assert name.startswith(title[:30])
    assert name.endswith(f" - {song_id}")
    assert len(name.encode()) <= LONGEST
    facts = {"title": title, "prompt": title, "lyric": "short", "task_id": song_id}
    name = safe_stem(fill("{prompt} {lyric} {task_id} {title}", facts))
    assert f" short {song_id} {title[:10]}" in name


@given(st.text(max_size=90), st.text(max_size=90), st.uuids().map(str))
def test_id_survives_any_title(title: str, prompt: str, song_id: str) -> None:
    """No texts before an id cut it away."""
    name = safe_stem(
        fill("{title} {prompt} - {id}", {"title": title, "prompt": prompt, "id": song_id})
    )
    assert name.endswith(song_id)


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.datetimes(),
    st.lists(st.text()),
    st.dictionaries(st.text(), st.text()),
)


@given(st.text("{}ab -", max_size=20), VALUES, VALUES)
@example("{a}", float("nan"), float("inf"))
@example("{a}{b}", 10**400, -0.0)
def test_what_is_checked_can_be_filled_in(template: str, first: object, second: object) -> None:
    """A template that passes the check is filled in, whatever the values are."""
    try:
        check_template(template, {"a", "b"})
    except InvalidRequest:
        return
    name = safe_stem(fill(template, {"a": first, "b": second}))
    assert name
    assert "/" not in name


@given(st.text(max_size=30))
def test_any_template_is_checked(template: str) -> None:
    """The check raises one kind of error, and what passes it holds known fields alone."""
    try:
        check_template(template, KNOWN)
    except InvalidRequest:
        return
    assert set(re.findall(r"\{(\w+)\}", re.sub(r"\{\{|\}\}", "", template))) <= KNOWN
