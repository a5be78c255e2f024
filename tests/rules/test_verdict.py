"""Final or not, and how it ended."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from acedata_async._rules.verdict import REFUSALS, Verdict, judge, status_within
from tests.examples import examples

URL = "https://storage.googleapis.com/corpusant-app-public/riffs/1/audio/2.m4a"
BASE: dict[str, Any] = {
    "id": "1a6ac2ad-10f2-4e2b-b500-66ec27fe82ad",
    "type": "audios",
    "created_at": 1767119745.524,
    "trace_id": "1da03537-4eb8-410d-b849-43f03085a3bb",
    "request": {"action": "generate"},
}
FINISHED = 1767119785.589
SONG = {"id": "2", "audio_url": URL, "state": "succeeded", "progress": "100%"}
PREVIEW = {"id": "2", "audio_url": URL, "state": "processing", "progress": "40%"}
ERROR = {"code": "api_error", "message": "fetch failed"}

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["", "0", "100%", "40%", "pending", "succeeded", "2025-12-30T17:18:23Z", URL])
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("success", "error", "code", "message", "data", "audio_url", "state"),
                    *("progress", "status", "stems_url", "detail", "_id", "task_id"),
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)
RECORDS = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("id", "created_at", "started_at", "finished_at", "response", "request"), JSON
    ),
)


def record(response: Any = None, **facts: Any) -> dict[str, Any]:
    """Return a record with the required keys."""
    made = {**BASE, **facts}
    return made if response is None else {**made, "response": response}


@pytest.mark.parametrize(
    ("shape", "state"),
    [
        pytest.param(record(), "pending", id="P1"),
        pytest.param({**record(), "started_at": None}, "pending", id="P1 null"),
        pytest.param(record(started_at=1767119745.584), "running", id="P2"),
        pytest.param(record(started_at="2025-12-30T18:35:45Z"), "running", id="P2 ISO"),
        pytest.param({**BASE, "finished_at": None, "response": None}, "pending", id="P3"),
        pytest.param({**BASE, "finished_at": None, "elapsed": None}, "pending", id="P3 elapsed"),
        pytest.param(record({"success": True, "task_id": "1"}), "running", id="P4"),
        pytest.param(record({"success": True, "data": []}), "running", id="P4 empty"),
        pytest.param(
            record({"success": True, "data": []}, finished_at=None), "running", id="P4 null"
        ),
        pytest.param(record({"success": True, "data": None}), "running", id="P4 null data"),
        pytest.param(record({"data": [PREVIEW]}), "running", id="P5"),
        pytest.param(record({"success": True, "data": [PREVIEW]}), "running", id="P5 success"),
        pytest.param(record({"data": [PREVIEW]}, finished_at=None), "running", id="P5 null"),
        pytest.param(record({"data": [SONG]}), "running", id="P5 word and url"),
        pytest.param({}, "pending", id="P6"),
    ],
)
def test_pending_and_running(shape: dict[str, Any], state: str) -> None:
    """Every known shape of a task under way is not final."""
    verdict = judge(shape)
    assert verdict.state == state
    assert not verdict.final


@pytest.mark.parametrize(
    ("shape", "code", "message"),
    [
        pytest.param(
            record({"success": False, "error": ERROR, "data": []}, finished_at=FINISHED),
            "api_error",
            "fetch failed",
            id="F1",
        ),
        pytest.param(record({"error": "no luck"}, finished_at=FINISHED), None, "no luck", id="F2"),
        pytest.param(
            record({"error": {"message": "no luck"}}, finished_at=FINISHED),
            None,
            "no luck",
            id="F3",
        ),
        pytest.param(
            record({"success": False, "error": ERROR, "data": [SONG]}, finished_at=FINISHED),
            "api_error",
            "fetch failed",
            id="F4",
        ),
        pytest.param(
            record({"success": False, "error": ERROR, "data": [SONG]}),
            "api_error",
            "fetch failed",
            id="F4 without the end",
        ),
        pytest.param(
            record({"success": False, "error": ERROR}), "api_error", "fetch failed", id="F5"
        ),
        pytest.param(
            record({"success": False, "error": ERROR}, finished_at=None),
            "api_error",
            "fetch failed",
            id="F5 null",
        ),
        pytest.param(
            record({"success": False, "error": {"code": 1008}}), "1008", "", id="F5 number"
        ),
        pytest.param(
            record({"success": False, "error": "busy"}, finished_at=FINISHED),
            None,
            "busy",
            id="F6 finished",
        ),
        pytest.param(
            record({"status": 400, "message": "Bad voice", "task_id": "1"}, finished_at=FINISHED),
            None,
            "Bad voice",
            id="F7",
        ),
        pytest.param(
            record({"status": 400, "message": "Bad voice", "task_id": "1"}),
            None,
            "Bad voice",
            id="F7 without the end",
        ),
        pytest.param(
            record({"success": True, "data": {"_id": "d5d2", "state": "failed"}}),
            None,
            "the voice could not be trained",
            id="a voice that failed",
        ),
        pytest.param(
            record({"status": "500", "message": ""}, finished_at=FINISHED), None, "", id="F7 text"
        ),
        pytest.param(
            record({"message": "Bad voice"}, finished_at=FINISHED), None, "Bad voice", id="message"
        ),
        pytest.param(
            record({"success": False}, finished_at=FINISHED), None, "", id="success false alone"
        ),
        pytest.param(
            record({"success": True, "error": ERROR, "data": [SONG]}, finished_at=FINISHED),
            "api_error",
            "fetch failed",
            id="error beside success",
        ),
    ],
)
def test_failed(shape: dict[str, Any], code: str | None, message: str) -> None:
    """Every known shape of a failure is failed, with its code and message."""
    assert judge(shape) == Verdict("failed", code, message)
    assert judge(shape).final


@pytest.mark.parametrize(
    "response",
    [
        pytest.param({"success": False, "error": "busy"}, id="F6"),
        pytest.param({"success": False, "error": None}, id="null error"),
        pytest.param({"success": False, "error": {"message": "no code"}}, id="no code"),
        pytest.param({"success": False, "error": {"code": None}}, id="null code"),
        pytest.param({"success": False, "error": {"code": ""}}, id="empty code"),
        pytest.param({"success": False}, id="success false alone"),
        pytest.param({"error": ERROR}, id="no success"),
        pytest.param({"status": 500, "message": "Bad voice"}, id="F7 of a 500 without the end"),
        pytest.param({"status": 400, "message": ""}, id="F7 without words"),
        pytest.param({"status": 400, "message": "x", "data": [SONG]}, id="F7 with a result"),
        pytest.param({"error": "x", "success": True, "data": [SONG]}, id="an error beside it"),
        pytest.param({"status": 500, "success": True, "data": [SONG]}, id="a status beside it"),
        pytest.param("text", id="text"),
        pytest.param([], id="list"),
        pytest.param({"success": "true", "data": [SONG]}, id="success in words"),
        pytest.param({"success": True, "data": [SONG, PREVIEW]}, id="one of two done"),
        pytest.param({"success": True, "data": [{"state": "succeeded"}]}, id="no result"),
        pytest.param({"success": True, "data": [{"audio_url": ""}]}, id="empty url"),
        pytest.param({"success": True, "data": [{"audio_url": None}]}, id="null url"),
        pytest.param(
            {"success": True, "data": [{"audio_url": URL, "state": "rendering"}]}, id="new word"
        ),
        pytest.param({"success": True, "data": [{"audio_url": URL, "state": 7}]}, id="odd state"),
        pytest.param(
            {"success": True, "data": [{"audio_url": URL, "progress": "99%"}]}, id="progress"
        ),
        pytest.param({"success": True, "data": [{"audio_url": URL, "progress": 0.99}]}, id="share"),
        pytest.param(
            {"success": True, "data": {"_id": "d5d2", "state": "training"}}, id="training"
        ),
    ],
)
@pytest.mark.parametrize("end", [{}, {"finished_at": None}, {"finished_at": 0}])
def test_not_final_without_the_end(response: Any, end: dict[str, Any]) -> None:
    """Without `finished_at`, anything short of a proof keeps the wait going."""
    assert judge(record(response, **end)).state == "running"


@pytest.mark.parametrize(
    "response",
    [
        pytest.param({"task_id": "1", "data": [SONG]}, id="as documented"),
        pytest.param({"success": True, "data": [SONG]}, id="success"),
        pytest.param({"success": True, "data": [SONG], "cost": {"amount": 1}}, id="cost"),
        pytest.param({"data": [{"audio_url": URL, "state": "成功"}]}, id="translated"),
        pytest.param({"data": [{"stems_url": "https://x/1.zip"}]}, id="stems"),
        pytest.param({"data": [{"file_url": "https://x/1.wav"}]}, id="wav"),
        pytest.param({"data": {"video_url": "https://x/1.mp4"}}, id="video"),
        pytest.param({"data": {"_id": "d5d2", "state": "trained"}}, id="voice"),
        pytest.param({"audio_url": URL}, id="bare"),
        pytest.param({"data": [SONG], "error": None}, id="null error"),
        pytest.param({"data": [SONG], "message": "ok"}, id="message with a result"),
        pytest.param({"data": [SONG], "status": 200}, id="status 200"),
        pytest.param({"data": [None, 7, SONG]}, id="rubbish beside it"),
    ],
)
@pytest.mark.parametrize("finished", [FINISHED, "1767119785.589", "2025-12-30T18:36:25.589Z"])
def test_succeeded(response: Any, finished: Any) -> None:
    """A finished record with a result and without a failure has succeeded, `success` or not."""
    assert judge(record(response, finished_at=finished)) == Verdict("succeeded")


@pytest.mark.parametrize(
    "response",
    [
        {"success": True, "data": [SONG]},
        {"success": True, "data": [{"audio_url": URL}]},
        {"success": True, "data": [{"audio_url": URL, "state": "complete", "progress": "100%"}]},
        {"success": True, "data": [{"audio_url": URL, "state": "成功"}]},
        {"success": True, "data": {"_id": "d5d2", "state": "trained"}},
        {"success": True, "data": [{"audio_url": URL, "state": None, "progress": None}]},
    ],
)
def test_succeeded_without_the_end(response: Any) -> None:
    """Older records are complete without `finished_at`: success, a result, every item done."""
    assert judge(record(response)).state == "succeeded"


@pytest.mark.parametrize(
    "response",
    [{"success": True, "data": []}, {"success": True}, {}, "text", [], {"data": [{"id": "2"}]}],
)
def test_anomalous(response: Any) -> None:
    """A finished record without a result or a failure is neither success nor failure."""
    verdict = judge(record(response, finished_at=FINISHED))
    assert verdict.state == "anomalous"
    assert verdict.final
    assert "no result" in verdict.message


def test_anomalous_null() -> None:
    """A finished record whose response is null is anomalous too."""
    assert judge({**BASE, "finished_at": FINISHED, "response": None}).state == "anomalous"


@pytest.mark.parametrize("finished", [None, 0, -1, "", "soon", True, [], {}, float("nan")])
def test_unfinished(finished: Any) -> None:
    """A `finished_at` that is no moment after 1970 is no end."""
    assert not judge({**BASE, "finished_at": finished, "response": {"data": [SONG]}}).final


@examples(400)
@given(RECORDS)
def test_never_raises(shape: dict[str, Any]) -> None:
    """No JSON record makes the rules raise, and every state is a known one."""
    verdict = judge(shape)
    assert verdict.state in {"pending", "running", "succeeded", "failed", "anomalous"}
    assert isinstance(verdict.message, str)


@examples(400)
@given(RECORDS)
def test_final_needs_a_proof(shape: dict[str, Any]) -> None:
    """Without `finished_at`, `success: true`, a refusal or a structured error none is final."""
    shape.pop("finished_at", None)
    response = shape.get("response")
    if isinstance(response, dict):
        assume(response.get("success") is not True)
        assume(status_within(response) not in REFUSALS)
        error = response.get("error")
        assume(not (isinstance(error, dict) and error.get("code")))
    assert not judge(shape).final


@examples(300)
@given(
    RECORDS,
    st.lists(JSON, max_size=2),
    st.sampled_from(["pending", "processing", "queued", "PENDING"]) | st.none(),
    st.floats(0, 0.99) | st.integers(0, 99).map("{}%".format),
)
def test_preview_is_no_success(
    shape: dict[str, Any], others: list[Any], word: str | None, progress: Any
) -> None:
    """A preview without `finished_at` never counts as success, whatever stands beside it."""
    preview = {"audio_url": URL, "progress": progress, **({} if word is None else {"state": word})}
    response = {"success": True, "data": [*others, preview]}
    shape = {**shape, "response": response}
    shape.pop("finished_at", None)
    assert judge(shape).state == "running"
