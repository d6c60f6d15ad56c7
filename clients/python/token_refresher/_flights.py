"""One read for all threads that ask at the same time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class _Flight(Generic[T]):
    def __init__(self) -> None:
        self.left_at = 0.0
        self.landed = threading.Event()
        self.result: T | None = None
        self.error: Exception | None = None


class _Slot(Generic[T]):
    def __init__(self) -> None:
        self.running: _Flight[T] | None = None
        self.queued: _Flight[T] | None = None


class Flights(Generic[T]):
    """Reads in threads of their own, so that nobody waits longer than they want to, whatever the socket does.

    Who asks while a read is under way waits for the next: what was written a moment ago may have come too late
    for the one that has left.
    """

    def __init__(self, read: Callable[[str], T], give_up_after: float) -> None:
        self._read = read
        self._give_up_after = give_up_after
        self._lock = threading.Lock()
        self._slots: dict[str, _Slot[T]] = {}

    def join(self, name: str, within: float) -> T:
        """The result of a read that begins from now on; raises what it raised, or ``TimeoutError``."""
        flight = self._board(name)
        if not flight.landed.wait(within):
            raise TimeoutError(f"no answer within {within} s")
        if flight.error:
            raise flight.error
        result: T = flight.result  # type: ignore[assignment]
        return result

    def _board(self, name: str) -> _Flight[T]:
        with self._lock:
            slot = self._slots.setdefault(name, _Slot())
            running = slot.running
            if running and time.monotonic() - running.left_at < self._give_up_after:
                slot.queued = slot.queued or _Flight()
                return slot.queued
            # Nobody reads, or one that is stuck on a dead connection: the next one takes another.
            flight = self._next(slot) or _Flight()
            self._leave(slot, flight)
        threading.Thread(target=self._fly, args=(name, slot, flight), daemon=True, name="token-read").start()
        return flight

    def _next(self, slot: _Slot[T]) -> _Flight[T] | None:
        queued, slot.queued = slot.queued, None
        return queued

    def _leave(self, slot: _Slot[T], flight: _Flight[T]) -> None:
        flight.left_at = time.monotonic()
        slot.running = flight

    def _fly(self, name: str, slot: _Slot[T], flight: _Flight[T]) -> None:
        while True:
            try:
                flight.result = self._read(name)
            except Exception as error:
                flight.error = error
            with self._lock:
                following = None
                if slot.running is flight:
                    slot.running = None
                    following = self._next(slot)
                    if following:
                        self._leave(slot, following)
            flight.landed.set()
            if following is None:
                return
            flight = following
