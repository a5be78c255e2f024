"""The documentation names what there is."""

from __future__ import annotations

import inspect
import re
import runpy
from dataclasses import fields
from pathlib import Path

import acedata_async
from acedata_async import AceDataError, PollPolicy, Timeouts, __version__, errors
from acedata_async.models import fish, producer
from acedata_async.resources.fish import Fish
from acedata_async.resources.producer import Producer
from acedata_async.sandbox import FAULTS

ROOT = Path(__file__).resolve().parent.parent


def page(name: str) -> str:
    """Return the text of a page."""
    return (ROOT / name).read_text(encoding="utf-8")


def test_every_error_is_explained() -> None:
    """Each error stands in the tree and in the table."""
    text = page("docs/reference/errors.md")
    for name, thing in vars(errors).items():
        if inspect.isclass(thing) and issubclass(thing, AceDataError):
            assert re.search(rf"[─ ]?{name}\b", text), name
            assert thing is AceDataError or f"| `{name}` |" in text, name


def test_every_fault_is_explained() -> None:
    """Each fault of the sandbox stands in its table, with its effect."""
    text = page("docs/reference/sandbox.md")
    for fault in FAULTS.values():
        assert f"| `{fault.name}` | {fault.effect} |" in text


def test_every_public_name_is_explained() -> None:
    """Each public name, method of a service and field of a request stands in the reference."""
    text = page("docs/reference/python.md") + page("docs/reference/errors.md")
    names = set(acedata_async.__all__)
    requests = (*producer.SUBMISSIONS, *fish.SUBMISSIONS)
    parts = (fish.VoiceModelRequest, fish.VoiceQuery, fish.Prosody, fish.Reference)
    for request in (*requests, *parts):
        names |= set(request.model_fields)
    for service in (Producer, Fish):
        names |= {name for name in dir(service) if not name.startswith("_") and name != "name"}
    for settings in (PollPolicy, Timeouts):
        names |= {field.name for field in fields(settings)}
    missing = {name for name in names if not re.search(rf"\b{name}\b", text)}
    assert missing == set()


def test_picture_is_up_to_date() -> None:
    """The picture of the schedule is what the rules give today."""
    drawn = runpy.run_path(str(ROOT / "scripts/draw_schedule.py"))["draw"]()
    assert page("docs/explanation/polling.svg") == drawn


def test_version_has_an_entry() -> None:
    """The changelog speaks of this version."""
    assert f"## {__version__}" in page("CHANGELOG.md")


def test_links_lead_somewhere() -> None:
    """Every relative link on every page points to a file that exists."""
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", path.read_text("utf-8")):
            if not target.startswith("http"):
                assert (path.parent / target).exists(), f"{path.name}: {target}"
