"""A token as it stands in Redis, and why there is none."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

META = ("generation", "expiresAt", "headers", "baseUrl")
LACK = ("state", "reason")


@dataclass(frozen=True)
class Token:
    """One login's token, all of one generation."""

    #: The name it was asked for by: a login or a sub-account.
    name: str
    #: Out of what is logged by accident: it places orders.
    token: str = field(repr=False)
    #: Only grows: a larger one is newer.
    generation: int
    #: Every header that a call to the broker needs.
    headers: Mapping[str, str] = field(repr=False)
    #: What a call's URL begins with, without a slash at the end; empty where the service says none.
    base_url: str
    #: The token's real end, seconds since the epoch.
    expires_at: float


@dataclass(frozen=True)
class Lack:
    """Why there is no token, as ``state:<name>`` says; ``state`` is empty where there is no such account."""

    state: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Reading:
    """What one read found: a token and for how long it is good, or the lack of one."""

    token: Token | None
    #: How long the broker honours the token from the moment of the read, seconds.
    good_for: float = 0.0
    lack: Lack = Lack()


class NoTokenError(Exception):
    """There is no live token, and none came in time."""

    code = "NO_TOKEN"

    def __init__(self, names: Sequence[str], lack: Lack) -> None:
        reason = f" ({lack.reason})" if lack.reason else ""
        why = (
            f"its state is {lack.state}{reason}"
            if lack.state
            else "the service keeps no account of that name"
        )
        super().__init__(f"There is no live token for {' or '.join(names)}: {why}.")
        self.names = tuple(names)
        #: Of the first of them, as ``state:<name>`` says.
        self.lack = lack


class RedisAwayError(Exception):
    """Redis did not answer, and no token that was read before is good any more."""

    code = "REDIS_AWAY"

    def __init__(self, name: str) -> None:
        super().__init__(f"Redis did not answer for {name}, and no token read before it is still good.")


def queue_read(pipeline: Any, name: str, with_time: bool) -> None:
    """All of a name in one step: no other command of anybody falls between its parts."""
    pipeline.get(f"token:{name}")
    pipeline.hmget(f"meta:{name}", META)
    pipeline.pttl(f"token:{name}")
    pipeline.hmget(f"state:{name}", LACK)
    if with_time:
        pipeline.time()


def reading_of(name: str, replies: Sequence[Any], local_time: float) -> Reading:
    """What the replies to ``queue_read`` say; ``local_time`` serves where the server's was not to be had."""
    token, meta, ttl_ms, state = replies[:4]
    server_time = replies[4][0] + replies[4][1] / 1e6 if len(replies) > 4 else local_time
    if token is None:
        return Reading(None, lack=Lack(*(text_of(each) for each in state)))
    generation, expires_at, headers, base_url = (text_of(each) for each in meta)
    end = _seconds_of(expires_at)
    # An alias has a token and no `meta:`; its key's own end is all that is known of it.
    good_for = max(0, int(ttl_ms)) / 1_000 if end is None else end - server_time
    value = text_of(token)
    found = Token(
        name=name,
        token=value,
        generation=int(generation) if generation.isdigit() else 0,
        headers=_headers_of(headers) or {"Authorization": f"Bearer {value}"},
        base_url=base_url,
        expires_at=server_time + good_for if end is None else end,
    )
    return Reading(found, good_for)


def text_of(value: object) -> str:
    """A reply as text, whether the caller's Redis decodes or not."""
    if isinstance(value, bytes):
        return value.decode()
    return value if isinstance(value, str) else ""


def _seconds_of(instant: str) -> float | None:
    try:
        # Python 3.10 does not read the Z of UTC.
        return datetime.fromisoformat(instant.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return None


def _headers_of(text: str) -> dict[str, str] | None:
    read: object = json.loads(text) if text else None
    if not isinstance(read, dict):
        return None
    return {str(name): value for name, value in read.items() if isinstance(value, str)}
