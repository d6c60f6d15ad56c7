"""Follows one name in a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ._memory import SUBSCRIBED_LOOK
from ._tokens import RedisAwayError, Token

#: Told of each change: the token that is out by now, or ``None`` where there is none any more.
OnToken = Callable[["Token | None"], object]
OnError = Callable[[Exception], object]

#: What was told last is no token, and not the lack of one.
_NOTHING = ("nothing", "")


def raise_in_thread(error: Exception) -> None:
    """What a listener raises is shown as what any thread raises, and ends nothing."""
    args = threading.ExceptHookArgs((type(error), error, error.__traceback__, threading.current_thread()))
    threading.excepthook(args)


class Subscription:
    """Reads again after each hint and every few seconds; tells what changed."""

    def __init__(self, read: Callable[[], Token | None], on_token: OnToken, on_error: OnError) -> None:
        self._read = read
        self._on_token = on_token
        self._on_error = on_error
        self._woken = threading.Event()
        self._ended = threading.Event()
        self._told: tuple[object, str] = _NOTHING

    def start(self) -> None:
        """Begins in a thread of its own."""
        threading.Thread(target=self._run, daemon=True, name="token-subscription").start()

    def look(self) -> None:
        """Reads again now."""
        self._woken.set()

    def stop(self) -> None:
        """Nothing is told any more, but what is being told at this moment."""
        self._ended.set()
        self._woken.set()

    def _run(self) -> None:
        while not self._ended.is_set():
            self._woken.clear()
            try:
                token = self._read()
            except RedisAwayError:
                # Whether a newer one is out is not known, so nothing is said.
                pass
            else:
                self._tell(token)
            if not self._ended.is_set():
                self._woken.wait(SUBSCRIBED_LOOK)

    def _tell(self, token: Token | None) -> None:
        said = (token.generation, token.token) if token else (None, "")
        if said == self._told or self._ended.is_set():
            return
        self._told = said
        try:
            self._on_token(token)
        except Exception as error:
            self._on_error(error)
