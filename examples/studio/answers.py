"""Answers in JSON, in ASCII: what the vendor or a user sends may hold half a character."""

from __future__ import annotations

import json
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse


def as_json(value: Any) -> str:
    """Return JSON that can be sent whatever its texts hold."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


class Answer(JSONResponse):
    """A response that can be sent whatever its texts hold."""

    def render(self, content: Any) -> bytes:
        """Return the body."""
        return as_json(content).encode("ascii")


async def refuse(request: Request, error: Exception) -> Answer:  # noqa: ARG001 - FastAPI passes it
    """Answer a request of a wrong form: what is wrong where, without repeating what was sent."""
    problems = error.errors() if isinstance(error, RequestValidationError) else []
    words = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in problems]
    return Answer({"error": "invalid_request", "detail": "; ".join(words)}, 422)
