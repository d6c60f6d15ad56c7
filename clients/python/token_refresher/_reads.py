"""Reads of Redis for threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from redis.exceptions import ExecAbortError, NoPermissionError

from ._flights import Flights
from ._memory import HURRIED, Memory, unless_expired
from ._tokens import Reading, RedisAwayError, queue_read, reading_of


class Reads:
    """What Redis says of a name, or what it said as long as that holds."""

    def __init__(self, redis: Any, timeout: float, clock: Callable[[], float]) -> None:
        self._redis = redis
        self._timeout = timeout
        self._clock = clock
        self._memory = Memory()
        self._lock = threading.Lock()
        self._flights: Flights[Reading] = Flights(self._ask, give_up_after=timeout)
        self._may_ask_time = True

    def read(self, name: str, *, fresh: bool) -> Reading:
        """``fresh``: as Redis has it now."""
        with self._lock:
            recent = None if fresh else self._memory.recent(name, self._clock())
            live = self._memory.live(name, self._clock())
        if recent:
            return recent
        try:
            within = min(HURRIED, self._timeout) if live else self._timeout
            return unless_expired(self._flights.join(name, within))
        except Exception as error:
            with self._lock:
                instead = self._memory.instead(name, self._clock())
            if instead:
                return instead
            raise RedisAwayError(name) from error

    def _ask(self, name: str) -> Reading:
        read_at = self._clock()
        reading = self._read_redis(name)
        with self._lock:
            return self._memory.keep(name, reading, read_at, self._clock())

    def _read_redis(self, name: str) -> Reading:
        with_time = self._may_ask_time
        pipeline = self._redis.pipeline(transaction=True)
        queue_read(pipeline, name, with_time)
        try:
            return reading_of(name, pipeline.execute(), time.time())
        except (NoPermissionError, ExecAbortError):
            # Refused before the EXEC, so all of it was. By the own clock it goes as well, if that is right.
            if not with_time:
                raise
            self._may_ask_time = False
            return self._read_redis(name)
