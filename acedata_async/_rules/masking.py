"""A secret taken out of what others wrote, however they spelled it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import quote

_MOST_NESTED = 3
"""How deep JSON stands within JSON in answers that quote a request."""


def spellings(text: str) -> list[str]:
    """Return how a text may be written, the longest form first.

    In JSON, and in JSON within JSON within JSON; in an address; on a web page.
    """
    forms = {text, quote(text, safe="", errors="replace"), quote(text, errors="replace")}
    forms |= {escape(text), escape(text, quote=False)}
    for _ in range(_MOST_NESTED):
        for form in list(forms):
            escaped = {json.dumps(form)[1:-1], json.dumps(form, ensure_ascii=False)[1:-1]}
            forms |= escaped | {one.replace("/", "\\/") for one in escaped}
    return sorted(forms, key=len, reverse=True)


def without(value: Any, secret: str, shown: str) -> Any:
    """Return a value of JSON with a secret replaced in every text in it, names included."""
    return _replaced(value, spellings(secret), shown)


def bytes_without(content: bytes, secret: str, shown: str) -> bytes:
    """Return bytes with a secret replaced in them."""
    for form in spellings(secret):
        content = content.replace(form.encode(errors="replace"), shown.encode())
    return content


def _replaced(value: Any, forms: list[str], shown: str) -> Any:
    if isinstance(value, str):
        for form in forms:
            value = value.replace(form, shown)
        return value
    if isinstance(value, Mapping):
        return {
            _replaced(name, forms, shown): _replaced(one, forms, shown)
            for name, one in value.items()
        }
    if isinstance(value, list):
        return [_replaced(one, forms, shown) for one in value]
    return value
