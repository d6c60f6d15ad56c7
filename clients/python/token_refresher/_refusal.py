"""When a call counts as refused, and what is done then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from ._tokens import Token

#: The service trims the stream of what it has read; this bounds it where none runs. Fewer, and a flood would
#: push out what others say.
MOST_REPORTS = 1_000_000
REPORTS = "token-reports"


@dataclass(frozen=True)
class Outcome:
    """What came of a call: what it returned, or what it raised."""

    value: object = None
    error: BaseException | None = None


#: The HTTP status of a refused token, or ``None`` where the call was not refused.
RefusedBy = Callable[[Outcome], "int | None"]


@dataclass(frozen=True)
class Waited:
    """How a wait for a token ended.

    ``confirmed``: the service asked the broker, and the token is good, so something else refused the call.
    ``unchanged``: the same token is still out when time is over.
    """

    how: Literal["newer", "confirmed", "unchanged"]
    token: Token


def refused_status(outcome: Outcome) -> int | None:
    """401 where an answer or an error carries it, in the ways of requests, httpx, aiohttp and urllib."""
    said = outcome.value if outcome.error is None else outcome.error
    response = getattr(said, "response", None)
    found = [
        getattr(each, name, None) for each in (said, response) for name in ("status_code", "status", "code")
    ]
    return 401 if 401 in found else None


def report_fields(token: Token, status: int) -> dict[Any, Any]:
    """A report as the service reads it."""
    return {"name": token.name, "generation": token.generation, "status": status}


def pause_before(call: int, retry_delay: float, chance: float) -> float:
    """Before the same token is tried again, seconds: bots of one desk do not come back in step."""
    return float(retry_delay * 2 ** (call - 1) * (1 + chance / 4))
