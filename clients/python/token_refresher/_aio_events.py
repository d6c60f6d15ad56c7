"""One connection that listens for events, for all tasks that wait for something."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from . import _hints
from ._tokens import text_of

#: How long one look for a message takes at most, seconds.
_LOOK = 1.0
#: Before it connects again, seconds.
_AGAIN = 0.2


class EventTask:
    """Opens its connection when somebody listens first."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis
        self._listeners: set[_hints.Listener] = set()
        self._task: asyncio.Task[None] | None = None
        self._is_closed = False
        #: Set while events are heard.
        self.ready = asyncio.Event()

    def listen(self, names: Sequence[str], heard: _hints.Heard) -> Callable[[], None]:
        """Calls ``heard`` for each event of these names, and whenever some may have been missed; answers how to stop."""
        listener = _hints.Listener(frozenset(names), heard)
        self._listeners.add(listener)
        if self._task is None and not self._is_closed:
            self._task = asyncio.ensure_future(self._run())

        def stop() -> None:
            self._listeners.discard(listener)

        return stop

    async def close(self) -> None:
        """Ends it."""
        self._is_closed = True
        self._listeners.clear()
        if self._task:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        while True:
            try:
                await self._follow()
            except Exception:
                # Redis is away; who waits reads every now and then all the same.
                self.ready.clear()
                await asyncio.sleep(_AGAIN)

    async def _follow(self) -> None:
        pubsub = self._redis.pubsub()
        try:
            await pubsub.subscribe(_hints.CHANNEL)
            while True:
                message = await pubsub.get_message(timeout=_LOOK)
                if message is None:
                    continue
                if message["type"] == "subscribe":
                    # Also after each reconnect: what was published meanwhile does not come.
                    self.ready.set()
                    _hints.tell(self._listeners, None)
                elif message["type"] == "message":
                    _hints.tell(self._listeners, _hints.hint_in(text_of(message["data"])))
        finally:
            # By this name in every redis-py.
            await pubsub.reset()
