"""Getting a JSON document over HTTP: bounded in time and size, and every way it can fail said in plain words."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from ..errors import InputError, Problem
from ..models.refusal import shortened

LARGEST_BYTES = 60_000_000
CHUNK = 65_536
AGENT = "hashlease"

_MEANINGS = {
    403: "the service refuses this address",
    404: "the service does not know this address; has its interface changed?",
    429: "too many requests; wait before the next one",
}


def get_json(url: str, timeout_s: float) -> Any:
    """The document at an address. Raises InputError; the whole answer must arrive within the timeout."""
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise _fault(url, "an address that is not http or https", "an address that begins with https://")
    request = urllib.request.Request(url, headers={"User-Agent": AGENT, "Accept": "application/json"})
    deadline = time.monotonic() + timeout_s
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as stream:
            content = _read(url, stream, deadline, timeout_s)
    except urllib.error.HTTPError as fault:
        found = f"HTTP {fault.code} {fault.reason}"
        hint = _MEANINGS.get(fault.code, "the service has a fault; try later" if fault.code >= 500 else "")
        raise _fault(url, found, "an answer (HTTP 200)", hint) from None
    except TimeoutError:
        raise _late(url, timeout_s) from None
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "reason", fault)
        if isinstance(reason, TimeoutError):
            raise _late(url, timeout_s) from None
        raise _fault(url, f"no connection ({shortened(str(reason))})", "a service that can be reached", _OFFLINE) from None
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        found = f'an answer that is not JSON, beginning "{shortened(content[:200].decode("utf-8", "replace"))}"'
        raise _fault(url, found, "JSON", "a page of a proxy, or another service at this address?") from None


_OFFLINE = "what is cached is still there; CSV files of your own need no network"


def _read(url: str, stream: Any, deadline: float, timeout_s: float) -> bytes:
    """The answer's bytes; a service that drips them is late as well."""
    parts: list[bytes] = []
    size = 0
    while chunk := stream.read1(CHUNK):
        size += len(chunk)
        if size > LARGEST_BYTES:
            raise _fault(url, f"an answer of more than {LARGEST_BYTES / 1e6:,.0f} MB", "a smaller one")
        if time.monotonic() > deadline:
            raise _late(url, timeout_s)
        parts.append(chunk)
    return b"".join(parts)


def _late(url: str, timeout_s: float) -> InputError:
    return _fault(url, f"no whole answer within {timeout_s:g} seconds", "a service that answers", f"--timeout; {_OFFLINE}")


def _fault(url: str, found: str, allowed: str, hint: str = "") -> InputError:
    return InputError([Problem(url, "", found, allowed, hint)])
