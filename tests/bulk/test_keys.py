"""Items are found again by their keys, whatever happens to the list around them."""

from __future__ import annotations

import tracemalloc
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acedata_async.bulk import items
from acedata_async.bulk.items import KINDS, BulkItem
from acedata_async.bulk.keys import Register
from acedata_async.errors import InvalidRequest
from acedata_async.models.producer import GenerateRequest

SONG: dict[str, Any] = {"action": "generate", "prompt": "x"}


def keys_of(*entries: dict[str, Any]) -> list[str]:
    """Return the keys that some entries get, one after the other."""
    register = Register()
    return [register.admit(BulkItem.read(entry)) for entry in entries]


def problems_of(register: Register, entry: dict[str, Any], *, line: int = 0) -> tuple[str, ...]:
    """Return what the register has against an entry."""
    with pytest.raises(InvalidRequest) as caught:
        register.admit(BulkItem.read(entry, line=line))
    return caught.value.problems


@pytest.mark.parametrize(
    ("entry", "key"),
    [
        (SONG, "v1-89c448c620bf391e-1"),
        ({**SONG, "seed": 7, "weirdness": 1, "instrumental": False}, "v1-3022643e40a8248a-1"),
        ({"action": "generate", "lyric": "[Verse]\nü 🎵 \u2028"}, "v1-eeeff6975b291467-1"),
        ({"action": "cover", "source": "a", "cover_strength": 0.7}, "v1-5d5184eea8d88d08-1"),
        ({"action": "stems", "audio_id": "an-id"}, "v1-2a072384a89abb08-1"),
        ({"action": "upload", "audio_url": "https://x.example/a.mp3"}, "v1-a8bc8be6f784c8e3-1"),
    ],
)
def test_a_derived_key_is_the_same_in_every_version(entry: dict[str, Any], key: str) -> None:
    """What was made under a key must be found again under it: these values never change."""
    register = Register()
    register.admit(BulkItem.read({**SONG, "key": "a"}))
    assert register.admit(BulkItem.read(entry)) == key


@pytest.mark.parametrize(
    "entry",
    [
        {"prompt": "x", "weirdness": 1.0, "seed": "7", "action": "generate"},
        {**SONG, "seed": 7, "weirdness": 1, "title": None},
        {**SONG, "seed": 7, "weirdness": 1, "callback_url": "https://me.example/s3cret"},
    ],
)
def test_what_is_the_same_has_the_same_key(entry: dict[str, Any]) -> None:
    """Order, spelling of numbers, nulls and the callback_url make no other song."""
    request = GenerateRequest(prompt="x", seed="7", weirdness=1)
    assert keys_of(entry) == [Register().admit(BulkItem.of(request))]


def test_zero_has_one_key() -> None:
    """Zero is zero, also where it was written with a sign."""
    assert keys_of({**SONG, "weirdness": -0.0}) == keys_of({**SONG, "weirdness": 0})


@pytest.mark.parametrize(
    "entry",
    [
        {**SONG, "prompt": "y"},
        {**SONG, "title": "T"},
        {**SONG, "model": "FUZZ-2.0 Pro"},
        {"action": "generate", "lyric": "x"},
        {"action": "cover", "source": "a", "prompt": "x"},
        {"action": "cover", "audio_id": "a", "prompt": "x"},
        {"action": "variation", "source": "a", "prompt": "x"},
        {"action": "variation", "source": "b", "prompt": "x"},
    ],
)
def test_what_is_edited_has_another_key(entry: dict[str, Any]) -> None:
    """Another action, source or field is another song."""
    named = [{**SONG, "key": "a"}, {**SONG, "key": "b"}]
    cover = {"action": "cover", "source": "b", "prompt": "x"}
    assert len(set(keys_of(*named, SONG, cover, entry))) == 5


def test_another_default_leaves_keys_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A later version that sends another default makes no song again."""
    before = keys_of(SONG)

    class LaterRequest(GenerateRequest):
        model: str = "FUZZ-9"
        instrumental: bool | None = True

    monkeypatch.setattr(items, "KINDS", MappingProxyType({**KINDS, "generate": LaterRequest}))
    item = BulkItem.read(SONG)
    assert item.request().fields_to_send()["model"] == "FUZZ-9"
    assert [Register().admit(item)] == before


ENTRIES = st.lists(
    st.builds(
        lambda prompt, title: {**SONG, "prompt": prompt, "title": title},
        st.sampled_from("xyz"),
        st.sampled_from([None, "T"]),
    ),
    max_size=12,
)


@settings(deadline=None)
@given(ENTRIES, st.randoms(use_true_random=False))
def test_moving_lines_moves_no_key(entries: list[dict[str, Any]], random: Any) -> None:
    """In any order the same things have the same keys between them."""
    moved = list(entries)
    random.shuffle(moved)
    assert keyed(moved) == keyed(entries)


@settings(deadline=None)
@given(ENTRIES, ENTRIES, st.integers(0, 12))
def test_more_lines_change_no_key(
    entries: list[dict[str, Any]], more: list[dict[str, Any]], place: int
) -> None:
    """Lines put in anywhere, and lines taken out, leave the keys of all others."""
    grown = keyed([*entries[:place], *more, *entries[place:]])
    for asked, keys in keyed(entries).items():
        assert grown[asked][: len(keys)] == keys


@settings(deadline=None)
@given(ENTRIES)
def test_alike_items_are_counted(entries: list[dict[str, Any]]) -> None:
    """What is asked for several times is made several times, each under its number."""
    for keys in keyed(entries).values():
        stems = {key.rpartition("-")[0] for key in keys}
        assert len(stems) == 1
        assert [key.rpartition("-")[2] for key in keys] == [
            str(number) for number in range(1, len(keys) + 1)
        ]


def keyed(entries: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return the keys of entries by what is asked for."""
    found: dict[str, list[str]] = {}
    for entry, key in zip(entries, keys_of(*entries), strict=True):
        found.setdefault(repr(entry), []).append(key)
    return found


@settings(deadline=None)
@given(st.permutations(range(6)))
def test_derived_keys_are_kept_when_they_are_there(order: list[int]) -> None:
    """Items that have their derived keys keep them, in any order, and new ones get others."""
    register = Register()
    known = [
        BulkItem("generate", {"prompt": "x"}, key, derived=True) for key in keys_of(*[SONG] * 6)
    ]
    chosen = [known[number] for number in order[:4]]
    assert [register.admit(item) for item in chosen] == [item.key for item in chosen]
    for item in chosen:
        with pytest.raises(InvalidRequest, match="a key of its own; an earlier item has this one"):
            register.admit(item)
    new = [register.admit(BulkItem.read(SONG)) for _ in range(4)]
    assert len({item.key for item in chosen} | set(new)) == 8


def test_an_own_key_is_kept_and_does_not_count() -> None:
    """A key of its own has nothing to do with how many are alike."""
    first, own, second = keys_of(SONG, {**SONG, "key": "mine"}, SONG)
    assert own == "mine"
    assert (first[-2:], second[-2:]) == ("-1", "-2")


def test_keys_are_unique_even_where_case_does_not_count() -> None:
    """Some file systems do not tell upper case from lower."""
    register = Register()
    register.admit(BulkItem.read({**SONG, "key": "Song"}, line=1))
    (problem,) = problems_of(register, {**SONG, "key": "sONG"})
    assert problem == ("key: 'sONG' is not allowed; allowed: a key of its own; line 1 has this one")
    register.admit(BulkItem.read({**SONG, "key": "b"}))
    assert problems_of(register, {**SONG, "key": "B"})[0].endswith("an earlier item has this one")


@pytest.fixture
def register() -> Register:
    """A register that knows a song, an upload and stems, and a song without a key of its own."""
    register = Register()
    register.admit(BulkItem.read({**SONG, "key": "Song"}))
    upload = {"key": "mine", "action": "upload", "audio_url": "https://x.example/a.mp3"}
    register.admit(BulkItem.read(upload))
    register.admit(BulkItem.read({"key": "split", "action": "stems", "source": "Song"}))
    register.admit(BulkItem.read(SONG))
    return register


DERIVED = keys_of(SONG)[0]


@pytest.mark.parametrize(
    ("action", "source"), [("cover", "Song"), ("upload_cover", "mine"), ("stems", DERIVED)]
)
def test_a_source_may_be_any_earlier_item(register: Register, action: str, source: str) -> None:
    """What has no key of its own can be named by the one that it was given."""
    assert register.admit(BulkItem.read({"key": "new", "action": action, "source": source}))


@pytest.mark.parametrize(
    ("action", "source", "said"),
    [
        ("cover", "later", "allowed: the key of an earlier line"),
        ("cover", "\ud800", "allowed: the key of an earlier line"),
        ("cover", "song", "the key of an earlier line as it is spelt there: Song"),
        ("cover", DERIVED[:-1] + "2", "allowed: the key of an earlier line"),
        ("cover", "v1-0000000000000000-1", "allowed: the key of an earlier line"),
        ("cover", "mine", "the key of a line that makes a song; that one makes an upload"),
        ("variation", "split", "the key of a line that makes a song; that one makes stems"),
        ("upload_cover", "Song", "makes an upload; that one makes a song"),
        ("upload_extend", DERIVED, "makes an upload; that one makes a song"),
    ],
)
def test_a_source_is_an_earlier_item_of_the_right_kind(
    register: Register, action: str, source: str, said: str
) -> None:
    """An item may only start from what an earlier one makes, if its action starts from that."""
    entry: dict[str, Any] = {"action": action, "source": source}
    if action == "upload_extend":
        entry["continue_at"] = 5
    (problem,) = problems_of(register, entry, line=4)
    assert problem.startswith("source: ")
    assert said in problem


def test_sources_make_no_circle() -> None:
    """Of two items that start from each other, the first has none to start from."""
    register = Register()
    (problem,) = problems_of(register, {"key": "a", "action": "cover", "source": "b"})
    assert problem == "source: 'b' is not allowed; allowed: the key of an earlier item"
    # One mistake, one problem: the key of what was refused is known.
    assert register.admit(BulkItem.read({"key": "b", "action": "cover", "source": "a"})) == "b"


def test_key_and_source_are_both_told() -> None:
    """A key that is taken does not hide a bad source; what is refused counts for nothing."""
    register = Register()
    register.admit(BulkItem.read({**SONG, "key": "a"}))
    assert len(problems_of(register, {"key": "a", "action": "cover", "source": "b"})) == 2
    problems_of(register, {"action": "cover", "source": "b"})
    assert register.admit(BulkItem.read(SONG)) == DERIVED


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"key": "new", "action": "generate"}, []),
        ({"key": "new", "action": "genrate"}, []),
        ({"key": "new", "action": 5}, []),
        ({"key": "new", "action": "cover", "source": "Song", "titel": 1}, []),
        ({"key": "new", "action": "cover", "source": "new"}, []),
        ({"key": "new", "action": "cover", "source": "zzz", "titel": 1}, ["source"]),
        ({"key": "SONG", "action": "cover", "source": "zzz", "titel": 1}, ["source", "key"]),
        ({"key": "a/b", "action": "generate"}, []),
        ({"key": 5, "action": "generate"}, []),
    ],
)
def test_what_could_not_be_read_is_noted(
    register: Register, entry: dict[str, Any], said: list[str]
) -> None:
    """The key of a wrong entry is known to later ones, and what it says of others is checked."""
    found = register.mention(entry, 9)
    assert [problem.partition(":")[0] for problem in found] == said
    if entry["key"] == "new":
        assert register.admit(BulkItem.read({"key": "b", "action": "cover", "source": "new"}))
        assert problems_of(register, {**SONG, "key": "new"})[0].endswith("line 9 has this one")


def test_many_items_take_little_memory() -> None:
    """A register keeps about a hundred bytes for an item without a key of its own."""
    register = Register()
    tracemalloc.start()
    for number in range(5_000):
        register.admit(BulkItem("generate", {"prompt": f"song {number}"}))
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept / 5_000 < 150
