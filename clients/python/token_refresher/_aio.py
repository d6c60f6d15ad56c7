"""The reader for asyncio."""

from __future__ import annotations

import asyncio
import functools
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

import redis.asyncio as redis_aio

from . import _memory, _refusal
from ._aio_events import EventTask
from ._aio_reads import AsyncReads
from ._aio_subscription import OnError, OnToken, follow, raise_in_loop
from ._hints import Hint
from ._refusal import Outcome, RefusedBy, Waited, refused_status
from ._tokens import Lack, NoTokenError, RedisAwayError, Token

P = ParamSpec("P")
R = TypeVar("R")


class AsyncTokenReader:
    """As ``TokenReader``, for the tasks of one event loop."""

    def __init__(
        self,
        redis: redis_aio.Redis,
        *,
        timeout: float = 3.0,
        on_error: OnError = raise_in_loop,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """See ``TokenReader``."""
        self._redis = redis
        self._timeout = timeout
        self._on_error = on_error
        self._chance = chance
        self._reads = AsyncReads(redis, timeout, clock)
        self._events = EventTask(redis)
        self._reports: dict[str, tuple[int, asyncio.Task[None]]] = {}
        self._subscriptions: set[asyncio.Task[None]] = set()

    async def read(self, name: str) -> Token | None:
        """Token, headers, base URL, generation and end, all of one generation.

        Raises ``RedisAwayError`` where that cannot be known.
        """
        return (await self._reads.read(name, fresh=False)).token

    async def get(self, name: str) -> str | None:
        """The live token, or ``None``."""
        token = await self.read(name)
        return token.token if token else None

    async def headers(self, name: str) -> dict[str, str] | None:
        """Every header that a call to the broker needs, or ``None``."""
        token = await self.read(name)
        return dict(token.headers) if token else None

    async def why(self, name: str) -> Lack | None:
        """Why there is no token, as the service says; ``None`` where there is one."""
        reading = await self._reads.read(name, fresh=True)
        return None if reading.token else reading.lack

    async def get_first(self, names: Sequence[str]) -> Token | None:
        """The first of these accounts that has a live token; its ``name`` says which."""
        found = await asyncio.gather(*(self.read(name) for name in names), return_exceptions=True)
        for each in found:
            if isinstance(each, Token):
                return each
        for each in found:
            if isinstance(each, BaseException):
                raise each
        return None

    async def wait(self, name: str, timeout: float = 30.0) -> Token:
        """The live token, or the next one; raises ``NoTokenError`` with the reason where none comes in time."""
        reading = await self._reads.read(name, fresh=False)
        return reading.token or (await self._wait_for(name, None, timeout)).token

    def subscribe(self, name: str, on_token: OnToken) -> Callable[[], None]:
        """Calls ``on_token`` (and awaits it, where it is asynchronous) with the present token, with each newer one,
        and with ``None`` where there is none any more. Answers how to stop."""
        woken = asyncio.Event()

        async def read() -> Token | None:
            return (await self._reads.read(name, fresh=True)).token

        stop_hearing = self._events.listen([name], lambda _: woken.set())
        task = asyncio.ensure_future(follow(read, woken, on_token, self._on_error))
        self._subscriptions.add(task)
        task.add_done_callback(self._subscriptions.discard)

        def stop() -> None:
            stop_hearing()
            task.cancel()

        return stop

    def with_token(
        self,
        name: str,
        *,
        max_retries: int = 3,
        retry_delay: float = 2.0,
        timeout: float = 30.0,
        refused_by: RefusedBy = refused_status,
    ) -> Callable[[Callable[Concatenate[Token, P], Awaitable[R]]], Callable[P, Awaitable[R]]]:
        """As ``TokenReader.with_token``, for a coroutine function."""

        def decorate(call: Callable[Concatenate[Token, P], Awaitable[R]]) -> Callable[P, Awaitable[R]]:
            @functools.wraps(call)
            async def made(*args: P.args, **kwargs: P.kwargs) -> R:
                until = time.monotonic() + timeout
                token = await self.wait(name, timeout)
                attempt = 1
                while True:
                    value: Any = None
                    error: Exception | None = None
                    try:
                        value = await call(token, *args, **kwargs)
                    except Exception as raised:
                        error = raised
                    status = refused_by(Outcome(value, error))
                    following = None
                    if status is not None and attempt < max_retries:
                        following = await self._after_refusal(token, status, until)
                    if following is None:
                        if error is not None:
                            raise error
                        result: R = value
                        return result
                    if following.how == "confirmed":
                        await asyncio.sleep(_refusal.pause_before(attempt, retry_delay, self._chance()))
                    token = following.token
                    attempt += 1

            return made

        return decorate

    async def close(self) -> None:
        """Ends subscriptions and the connection for events."""
        for each in list(self._subscriptions):
            each.cancel()
        await self._events.close()

    async def __aenter__(self) -> AsyncTokenReader:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _wait_for(
        self,
        name: str,
        refused: Token | None,
        timeout: float,
        listening: Callable[[], Awaitable[None]] | None = None,
    ) -> Waited:
        until = time.monotonic() + timeout
        woken = asyncio.Event()
        confirmed = 0

        def heard(hint: Hint | None) -> None:
            nonlocal confirmed
            if hint and hint.brings_none:
                return
            if hint and hint.event == "confirmed":
                confirmed = max(confirmed, hint.generation)
            woken.set()

        # Listening first: what is published before is seen by the read that follows. Redis may be away.
        stop = self._events.listen([name], heard)
        try:
            await set_within(self._events.ready, min(_memory.WAITING_LOOK, timeout))
            if listening:
                await listening()
            while True:
                woken.clear()
                left = until - time.monotonic()
                try:
                    reading = await self._reads.read(name, fresh=True)
                except RedisAwayError:
                    if left <= 0:
                        raise
                else:
                    ended = _memory.end_of_wait(reading, refused, confirmed, left, name)
                    if ended:
                        return ended
                await set_within(woken, max(0.0, min(_memory.WAITING_LOOK, left)))
        finally:
            stop()

    async def _after_refusal(self, token: Token, status: int, until: float) -> Waited | None:
        """The token to try next; ``None`` where the service could not help, and the caller hears the broker."""
        # Listening before it is reported: the answer may come at once.
        try:
            ended = await self._wait_for(
                token.name,
                token,
                max(0.0, until - time.monotonic()),
                lambda: self._report(token, status),
            )
        except (NoTokenError, RedisAwayError):
            return None
        if ended.how == "confirmed":
            self._reports.pop(token.name, None)
        return None if ended.how == "unchanged" else ended

    async def _report(self, token: Token, status: int) -> None:
        """Once for a generation, however many calls meet it. One that cannot be sent is no reason to fail."""
        generation, sent = self._reports.get(token.name, (None, None))
        if sent is None or generation != token.generation:
            sent = asyncio.ensure_future(self._send(token, status))
            self._reports[token.name] = (token.generation, sent)
        await asyncio.wait({sent}, timeout=self._timeout)

    async def _send(self, token: Token, status: int) -> None:
        try:
            present = (await self._reads.read(token.name, fresh=True)).token
            if present and present.generation == token.generation:
                fields = _refusal.report_fields(token, status)
                await self._redis.xadd(
                    _refusal.REPORTS, fields, maxlen=_refusal.MOST_REPORTS, approximate=True
                )
        except Exception:
            self._reports.pop(token.name, None)


async def set_within(event: asyncio.Event, seconds: float) -> None:
    """Returns when the event is set, or the time is over."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except asyncio.TimeoutError:
        pass
