"""Reads of Redis for asyncio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from redis.exceptions import ExecAbortError, NoPermissionError

from ._memory import HURRIED, Memory, unless_expired
from ._tokens import Reading, RedisAwayError, queue_read, reading_of


class AsyncReads:
    """What Redis says of a name, or what it said as long as that holds."""

    def __init__(self, redis: Any, timeout: float, clock: Callable[[], float]) -> None:
        self._redis = redis
        self._timeout = timeout
        self._clock = clock
        self._memory = Memory()
        self._running: dict[str, tuple[asyncio.Task[Reading], float]] = {}
        self._queued: dict[str, asyncio.Task[Reading]] = {}
        self._may_ask_time = True

    async def read(self, name: str, *, fresh: bool) -> Reading:
        """``fresh``: as Redis has it now."""
        recent = None if fresh else self._memory.recent(name, self._clock())
        if recent:
            return recent
        live = self._memory.live(name, self._clock())
        within = min(HURRIED, self._timeout) if live else self._timeout
        try:
            # Never cancelled: an older redis-py gives the answer to whoever uses the connection next.
            reading = await asyncio.wait_for(asyncio.shield(self._shared(name)), within)
            return unless_expired(reading)
        except Exception as error:
            instead = self._memory.instead(name, self._clock())
            if instead:
                return instead
            raise RedisAwayError(name) from error

    async def _ask(self, name: str) -> Reading:
        read_at = self._clock()
        reading = await self._read_redis(name)
        return self._memory.keep(name, reading, read_at, self._clock())

    async def _read_redis(self, name: str) -> Reading:
        with_time = self._may_ask_time
        pipeline = self._redis.pipeline(transaction=True)
        queue_read(pipeline, name, with_time)
        try:
            return reading_of(name, await pipeline.execute(), time.time())
        except (NoPermissionError, ExecAbortError):
            # Refused before the EXEC, so all of it was. By the own clock it goes as well, if that is right.
            if not with_time:
                raise
            self._may_ask_time = False
            return await self._read_redis(name)

    def _shared(self, name: str) -> asyncio.Task[Reading]:
        """One read for all who ask at the same time. Who asks while one is under way waits for the next: what was
        written a moment ago may have come too late for the one that has left."""
        queued = self._queued.get(name)
        running, left_at = self._running.get(name, (None, 0.0))
        is_stuck = running is not None and time.monotonic() - left_at >= self._timeout
        if running is None or running.done() or is_stuck:
            # One that is stuck on a dead connection is left alone: the next one takes another.
            return self._leave(name)
        if queued is None:
            queued = self._queued[name] = _quiet(asyncio.ensure_future(self._after(running, name)))
        return queued

    def _leave(self, name: str) -> asyncio.Task[Reading]:
        task = _quiet(asyncio.ensure_future(self._ask(name)))
        self._running[name] = (task, time.monotonic())
        return task

    async def _after(self, running: asyncio.Task[Reading], name: str) -> Reading:
        await asyncio.wait({running}, timeout=self._timeout)
        self._queued.pop(name, None)
        return await asyncio.shield(self._shared(name))


def _quiet(task: asyncio.Task[Reading]) -> asyncio.Task[Reading]:
    """What nobody waits for any more may fail in silence."""
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    return task
