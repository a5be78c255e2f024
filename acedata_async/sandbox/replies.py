"""What the vendor answers: plain values that the application then carries out."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Silence(Enum):
    """The ways not to answer."""

    CUT = "cut"
    """The connection is closed in an orderly way, without an answer."""
    RESET = "reset"
    """The connection is torn down by a reset."""
    HANG = "hang"
    """The connection stays open and nothing comes."""
    REFUSED = "refused"
    """The connection never comes about. Only in memory; a server closes it instead."""
    END = "end"
    """All that was sent arrives, and then the connection is closed as if that were all. In memory
    nothing tells that more was announced."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer.

    Attributes:
        delay: Seconds that the vendor takes before it answers.
        breaks_at: How many bytes of the body go out before `breaks_by` happens.
        breaks_by: What becomes of the connection in the middle of the body; None for a whole
            answer.
    """

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0
    breaks_at: int = 0
    breaks_by: Silence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReply:
    """An HTTP answer whose body is sent piece by piece.

    Attributes:
        pieces: The body; it may have no end.
        length: What is announced; None announces nothing.
        pause: Seconds after each piece.
        surplus: What comes after the body, although it was not announced; nothing where the door
            cannot send that.
        breaks_by: What becomes of the connection after the body; None for a whole answer.
    """

    status: int
    content_type: str
    pieces: Iterable[bytes]
    length: int | None
    headers: tuple[tuple[str, str], ...] = ()
    pause: float = 0.0
    surplus: bytes = b""
    breaks_by: Silence | None = None


Answer = Reply | FileReply | Silence


def json_reply(
    status: int,
    payload: Mapping[str, Any],
    *,
    headers: tuple[tuple[str, str], ...] = (),
    delay: float = 0.0,
) -> Reply:
    """Return `payload` as an answer. Pure ASCII, so that a lone surrogate can be echoed."""
    return Reply(status, json_body(payload), headers=headers, delay=delay)


def json_body(payload: Mapping[str, Any]) -> bytes:
    """Return `payload` as the vendor writes JSON."""
    return json.dumps(payload, separators=(",", ":")).encode("ascii")


def failure(
    status: int,
    code: str,
    message: str,
    trace_id: str,
    *,
    headers: tuple[tuple[str, str], ...] = (),
) -> Reply:
    """Return an error in the vendor's usual envelope, with `success: false` (shape E2)."""
    error = {"code": code, "message": message}
    payload = {"success": False, "error": error, "trace_id": trace_id}
    return json_reply(status, payload, headers=headers)


def failure_without_success(status: int, code: str, message: str, trace_id: str) -> Reply:
    """Return an error in the envelope of the OpenAPI documents (shape E1)."""
    return json_reply(status, {"error": {"code": code, "message": message}, "trace_id": trace_id})


def failure_passed_through(status: int, message: str) -> Reply:
    """Return an error that a supplier behind the vendor worded (shape E3)."""
    return json_reply(status, {"status": status, "message": message})


def failure_of_fields(problems: Sequence[Mapping[str, Any]]) -> Reply:
    """Return a supplier's refusal of a body, with what is wrong as JSON in the message (E3)."""
    return failure_passed_through(400, json.dumps(problems))


def html_page(status: int, title: str) -> Reply:
    """Return a web page where JSON belongs, as a proxy in between would."""
    body = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
    return Reply(status, body.encode(), content_type="text/html; charset=utf-8")


def payment_challenge() -> Reply:
    """Return the demand for payment of the pay-per-call gateway (HTTP 402, x402)."""
    offer = {
        "scheme": "exact",
        "network": "base",
        "maxAmountRequired": "80000",
        "resource": "/producer/audios",
        "payTo": "0x0000000000000000000000000000000000000000",
        "asset": "0x0000000000000000000000000000000000000001",
        "maxTimeoutSeconds": 60,
    }
    challenge = {"x402Version": 1, "accepts": [offer], "error": "payment required"}
    encoded = base64.b64encode(json.dumps(challenge).encode("ascii")).decode("ascii")
    return json_reply(402, challenge, headers=(("payment-required", encoded),))
