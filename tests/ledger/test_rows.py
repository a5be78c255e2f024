"""What can be kept, and that it comes back as it was."""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acedata_async import LedgerError
from acedata_async.ledger import NewEntry, SqliteLedger
from tests.examples import examples
from tests.ledger.holding import songs

CHARACTERS = st.characters() | st.integers(0xD800, 0xDFFF).map(chr) | st.just("\0")
TEXTS = st.text(CHARACTERS, max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
MAPPINGS = st.dictionaries(TEXTS, VALUES, max_size=3)


def meant(value: Any) -> Any:
    """Join what are two halves of one character, as JSON does."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    if isinstance(value, list):
        return [meant(one) for one in value]
    if isinstance(value, dict):
        return {meant(name): meant(one) for name, one in value.items()}
    return value


def valid(text: str) -> bool:
    """Say whether it is Unicode text."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


@examples(60)
@given(request=MAPPINGS, result=MAPPINGS, message=TEXTS)
async def test_json_comes_back(
    request: dict[str, Any], result: dict[str, Any], message: str
) -> None:
    """Requests, results and errors come back as they were, whatever their text is made of."""
    with tempfile.TemporaryDirectory() as directory:
        async with SqliteLedger(Path(directory) / "ledger") as ledger:
            [added] = await ledger.add([NewEntry(key="a", request=request)])
            await ledger.begin("a")
            await ledger.accept("a", "task")
            failed = await ledger.fail("a", ValueError(message), result)
            kept = await ledger.get("a")
    assert added.request == failed.request == meant(request)
    assert failed == kept
    assert failed.result == meant(result)
    assert failed.error is not None
    assert failed.error.message == meant(message)


@examples(60)
@given(text=TEXTS)
async def test_text_comes_back_or_is_refused(text: str) -> None:
    """Keys, ids, names and notes come back as they were; what is no text is refused at once."""
    with tempfile.TemporaryDirectory() as directory:
        async with SqliteLedger(Path(directory) / "ledger") as ledger:
            if not valid(text):
                with pytest.raises(LedgerError, match=r"key .* no valid Unicode"):
                    await ledger.add([*songs("fine"), *songs(text)])
                with pytest.raises(LedgerError, match="no valid Unicode"):
                    await ledger.put_note("note", text)
                assert (await ledger.totals()).counts == {}
                return
            await ledger.add(songs(text))
            await ledger.begin(text, text)
            await ledger.accept(text, text)
            await ledger.finish(text, {}, cost=None, name=text)
            entry = await ledger.save(text, text)
            assert await ledger.get(text) == entry
            assert await ledger.of_tasks([text]) == {text: entry}
            assert (entry.key, entry.marker, entry.task_id, entry.name, entry.path) == (text,) * 5
            await ledger.put_note(text, text)
            assert await ledger.note(text) == text


@examples(60)
@given(now=st.floats(0, 1e12), cost=st.floats(0, allow_infinity=False))
async def test_numbers_come_back(now: float, cost: float) -> None:
    """Times and costs lose no digit."""
    with tempfile.TemporaryDirectory() as directory:
        async with SqliteLedger(Path(directory) / "ledger", now=lambda: now) as ledger:
            await ledger.add(songs("a"))
            await ledger.begin("a")
            await ledger.finish("a", {}, cost=cost, name=None)
            entry = await ledger.get("a")
            assert entry is not None
            assert entry.cost == cost == (await ledger.totals()).cost
            assert entry.times == {"pending": now, "submitting": now, "succeeded": now}


@pytest.mark.parametrize(
    "value", [{"a": object()}, {"a": {1, 2}}, {"a": 10**5000}], ids=["object", "set", "number"]
)
async def test_no_json(ledger: SqliteLedger, value: dict[str, Any]) -> None:
    """What is no JSON is refused before anything is changed."""
    with pytest.raises(LedgerError, match="request cannot be kept in a ledger as JSON"):
        await ledger.add([NewEntry(key="a", request=value)])
    await ledger.add(songs("a"))
    await ledger.begin("a")
    with pytest.raises(LedgerError, match="result cannot be kept"):
        await ledger.finish("a", value, cost=None, name=None)
    assert (await ledger.totals()).counts == {"submitting": 1}


async def test_endless_json(ledger: SqliteLedger) -> None:
    """What holds itself, or goes too deep, is refused."""
    around: dict[str, Any] = {}
    around["again"] = around
    deep: dict[str, Any] = {}
    for _ in range(100000):
        deep = {"deeper": deep}
    for value in (around, deep):
        with pytest.raises(LedgerError, match="cannot be kept"):
            await ledger.add([NewEntry(key="a", request=value)])
    while deep:  # taken apart by hand: so deep a thing cannot be freed at once everywhere
        deep = deep["deeper"]


async def test_any_mapping(ledger: SqliteLedger) -> None:
    """A mapping need not be a dict."""
    inner = MappingProxyType({"b": MappingProxyType({"c": 1})})
    [entry] = await ledger.add([NewEntry(key="a", request=MappingProxyType({"a": inner}))])
    assert entry.request == {"a": {"b": {"c": 1}}}


@pytest.mark.parametrize(
    "change", ["state = 'odd'", "times = '{'", "times = '[1'", "error = '{}'", "error = '3'"]
)
async def test_damaged_entry(path: Path, ledger: SqliteLedger, change: str) -> None:
    """An entry that makes no sense is named; others can be used, in the same batch too."""
    await ledger.add(songs("a", "b"))
    await ledger.aclose()
    connection = sqlite3.connect(path)
    connection.execute(f"UPDATE entries SET {change} WHERE key = 'a'")  # noqa: S608 - our own
    connection.commit()
    connection.close()
    async with SqliteLedger(path) as again:
        with pytest.raises(LedgerError, match=r"entry 'a' is damaged.*restore"):
            await again.begin("a")
        assert (await again.begin("b")).state == "submitting"
