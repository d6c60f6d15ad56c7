"""The reader for threads."""

from __future__ import annotations

import functools
import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

import redis as redis_py

from . import _memory, _refusal
from ._events import EventThread
from ._hints import Hint
from ._reads import Reads
from ._refusal import Outcome, RefusedBy, Waited, refused_status
from ._subscription import OnError, OnToken, Subscription, raise_in_thread
from ._tokens import Lack, NoTokenError, RedisAwayError, Token

P = ParamSpec("P")
R = TypeVar("R")


class TokenReader:
    """Reads tokens that the service keeps; one serves all threads of a process."""

    def __init__(
        self,
        redis: redis_py.Redis,
        *,
        timeout: float = 3.0,
        on_error: OnError = raise_in_thread,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """``timeout``: how long Redis may take to answer, seconds; while a token is known to be good it gets less.

        ``on_error`` hears what a subscriber's function raises. The Redis stays the caller's.
        """
        self._redis = redis
        self._timeout = timeout
        self._on_error = on_error
        self._chance = chance
        self._reads = Reads(redis, timeout, clock)
        self._lock = threading.Lock()
        self._events = EventThread(redis)
        self._reports: dict[str, tuple[int, threading.Event]] = {}
        self._subscriptions: set[Subscription] = set()

    def read(self, name: str) -> Token | None:
        """Token, headers, base URL, generation and end, all of one generation.

        Raises ``RedisAwayError`` where that cannot be known.
        """
        return self._reads.read(name, fresh=False).token

    def get(self, name: str) -> str | None:
        """The live token, or ``None``."""
        token = self.read(name)
        return token.token if token else None

    def headers(self, name: str) -> dict[str, str] | None:
        """Every header that a call to the broker needs, or ``None``."""
        token = self.read(name)
        return dict(token.headers) if token else None

    def why(self, name: str) -> Lack | None:
        """Why there is no token, as the service says; ``None`` where there is one."""
        reading = self._reads.read(name, fresh=True)
        return None if reading.token else reading.lack

    def get_first(self, names: Sequence[str]) -> Token | None:
        """The first of these accounts that has a live token; its ``name`` says which."""
        failed: RedisAwayError | None = None
        for name in names:
            try:
                token = self.read(name)
            except RedisAwayError as error:
                failed = failed or error
            else:
                if token:
                    return token
        if failed:
            raise failed
        return None

    def wait(self, name: str, timeout: float = 30.0) -> Token:
        """The live token, or the next one; raises ``NoTokenError`` with the reason where none comes in time."""
        reading = self._reads.read(name, fresh=False)
        return reading.token or self._wait_for(name, None, timeout).token

    def subscribe(self, name: str, on_token: OnToken) -> Callable[[], None]:
        """Calls ``on_token`` in a thread of its own: with the present token, with each newer one, and with ``None``
        where there is none any more. Answers how to stop."""
        following = Subscription(
            read=lambda: self._reads.read(name, fresh=True).token, on_token=on_token, on_error=self._on_error
        )
        with self._lock:
            self._subscriptions.add(following)
        stop_hearing = self._events.listen([name], lambda _: following.look())
        following.start()

        def stop() -> None:
            stop_hearing()
            following.stop()
            with self._lock:
                self._subscriptions.discard(following)

        return stop

    def with_token(
        self,
        name: str,
        *,
        max_retries: int = 3,
        retry_delay: float = 2.0,
        timeout: float = 30.0,
        refused_by: RefusedBy = refused_status,
    ) -> Callable[[Callable[Concatenate[Token, P], R]], Callable[P, R]]:
        """Makes a function that calls a broker take the live token of ``name`` first, and try again where it is refused.

        ``max_retries``: how often the call is made at most, the first time included. ``retry_delay``: seconds before
        the same token is tried again, doubled each time; a newer one is tried at once. ``timeout``: how long one call
        waits for tokens in all. What else the function raises or returns passes through, the last refusal too.
        """

        def decorate(call: Callable[Concatenate[Token, P], R]) -> Callable[P, R]:
            @functools.wraps(call)
            def made(*args: P.args, **kwargs: P.kwargs) -> R:
                until = time.monotonic() + timeout
                token = self.wait(name, timeout)
                attempt = 1
                while True:
                    value: Any = None
                    error: Exception | None = None
                    try:
                        value = call(token, *args, **kwargs)
                    except Exception as raised:
                        error = raised
                    status = refused_by(Outcome(value, error))
                    following = None
                    if status is not None and attempt < max_retries:
                        following = self._after_refusal(token, status, until)
                    if following is None:
                        if error is not None:
                            raise error
                        result: R = value
                        return result
                    if following.how == "confirmed":
                        time.sleep(_refusal.pause_before(attempt, retry_delay, self._chance()))
                    token = following.token
                    attempt += 1

            return made

        return decorate

    def close(self) -> None:
        """Ends subscriptions and the connection for events."""
        with self._lock:
            ended = list(self._subscriptions)
            self._subscriptions.clear()
        for each in ended:
            each.stop()
        self._events.close()

    def __enter__(self) -> TokenReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _wait_for(
        self, name: str, refused: Token | None, timeout: float, listening: Callable[[], None] = lambda: None
    ) -> Waited:
        until = time.monotonic() + timeout
        woken = threading.Event()
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
            self._events.ready.wait(min(_memory.WAITING_LOOK, timeout))
            listening()
            while True:
                woken.clear()
                left = until - time.monotonic()
                try:
                    reading = self._reads.read(name, fresh=True)
                except RedisAwayError:
                    if left <= 0:
                        raise
                else:
                    ended = _memory.end_of_wait(reading, refused, confirmed, left, name)
                    if ended:
                        return ended
                woken.wait(max(0.0, min(_memory.WAITING_LOOK, left)))
        finally:
            stop()

    def _after_refusal(self, token: Token, status: int, until: float) -> Waited | None:
        """The token to try next; ``None`` where the service could not help, and the caller hears the broker."""
        # Listening before it is reported: the answer may come at once.
        try:
            ended = self._wait_for(
                token.name,
                token,
                max(0.0, until - time.monotonic()),
                lambda: self._report(token, status),
            )
        except (NoTokenError, RedisAwayError):
            return None
        if ended.how == "confirmed":
            with self._lock:
                self._reports.pop(token.name, None)
        return None if ended.how == "unchanged" else ended

    def _report(self, token: Token, status: int) -> None:
        """Once for a generation, however many calls meet it. One that cannot be sent is no reason to fail."""
        with self._lock:
            generation, sent = self._reports.get(token.name, (None, threading.Event()))
            mine = generation != token.generation
            if mine:
                sent = threading.Event()
                self._reports[token.name] = (token.generation, sent)
        if not mine:
            sent.wait(self._timeout)
            return
        try:
            present = self._reads.read(token.name, fresh=True).token
            if present and present.generation == token.generation:
                fields = _refusal.report_fields(token, status)
                self._redis.xadd(_refusal.REPORTS, fields, maxlen=_refusal.MOST_REPORTS, approximate=True)
        except Exception:
            with self._lock:
                self._reports.pop(token.name, None)
        finally:
            sent.set()
