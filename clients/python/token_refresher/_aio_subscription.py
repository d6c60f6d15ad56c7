"""Follows one name in a task."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable

from ._memory import SUBSCRIBED_LOOK
from ._tokens import RedisAwayError, Token

#: Told of each change: the token that is out by now, or ``None`` where there is none any more.
OnToken = Callable[["Token | None"], object]
OnError = Callable[[Exception], object]


def raise_in_loop(error: Exception) -> None:
    """What a listener raises is shown as what any task raises, and ends nothing."""
    context = {"message": "A subscriber of a token failed.", "exception": error}
    asyncio.get_running_loop().call_exception_handler(context)


async def follow(
    read: Callable[[], Awaitable[Token | None]],
    woken: asyncio.Event,
    on_token: OnToken,
    on_error: OnError,
) -> None:
    """Reads again after each hint and every few seconds; tells what changed, until it is cancelled."""
    told: tuple[object, str] = ("nothing", "")
    while True:
        woken.clear()
        try:
            token = await read()
        except RedisAwayError:
            # Whether a newer one is out is not known, so nothing is said.
            pass
        else:
            said = (token.generation, token.token) if token else (None, "")
            if said != told:
                told = said
                try:
                    heard = on_token(token)
                    if inspect.isawaitable(heard):
                        await heard
                except Exception as error:
                    on_error(error)
        try:
            await asyncio.wait_for(woken.wait(), SUBSCRIBED_LOOK)
        except asyncio.TimeoutError:
            pass
