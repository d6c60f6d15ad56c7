"""One connection that listens for events, for all threads that wait for something."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from . import _hints
from ._tokens import text_of

#: So often the thread looks whether it is closed, seconds.
_LOOK = 1.0
#: Before it connects again, seconds.
_AGAIN = 0.2


class EventThread:
    """Opens its connection when somebody listens first."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis
        self._lock = threading.Lock()
        self._listeners: set[_hints.Listener] = set()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        #: Set while events are heard.
        self.ready = threading.Event()

    def listen(self, names: Sequence[str], heard: _hints.Heard) -> Callable[[], None]:
        """Calls ``heard`` for each event of these names, and whenever some may have been missed; answers how to stop."""
        listener = _hints.Listener(frozenset(names), heard)
        with self._lock:
            self._listeners.add(listener)
            if self._thread is None and not self._closed.is_set():
                self._thread = threading.Thread(target=self._run, daemon=True, name="token-events")
                self._thread.start()

        def stop() -> None:
            with self._lock:
                self._listeners.discard(listener)

        return stop

    def close(self) -> None:
        """Ends it; its thread notices within a second."""
        with self._lock:
            self._listeners.clear()
        self._closed.set()

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self._follow()
            except Exception:
                # Redis is away; who waits reads every now and then all the same.
                self.ready.clear()
                self._closed.wait(_AGAIN)

    def _follow(self) -> None:
        pubsub = self._redis.pubsub()
        try:
            pubsub.subscribe(_hints.CHANNEL)
            while not self._closed.is_set():
                message = pubsub.get_message(timeout=_LOOK)
                if message is None:
                    continue
                if message["type"] == "subscribe":
                    # Also after each reconnect: what was published meanwhile does not come.
                    self.ready.set()
                    self._tell(None)
                elif message["type"] == "message":
                    self._tell(_hints.hint_in(text_of(message["data"])))
        finally:
            pubsub.close()

    def _tell(self, hint: _hints.Hint | None) -> None:
        with self._lock:
            listeners = set(self._listeners)
        _hints.tell(listeners, hint)
