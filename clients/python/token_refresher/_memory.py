"""What was read last of each name: for a second, and for as long as the token lives while Redis is away."""

from __future__ import annotations

from ._refusal import Waited
from ._tokens import Lack, NoTokenError, Reading, Token

#: A read is used again for so long, seconds.
KEPT = 1.0
#: While a token is known to be good Redis gets this long to answer, seconds; else the full time.
HURRIED = 0.5
#: Whether an event was heard or not, a name that somebody waits for is read anew so often, seconds.
WAITING_LOOK = 0.5
#: An event is sent once and may be lost: whoever subscribed is looked after so often all the same, seconds.
SUBSCRIBED_LOOK = 5.0


class Memory:
    """Rules only: its times are seconds of a clock that is never set, and it takes no lock.

    A bot's wrong clock shortens no token: what counts is the time since the read began.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[Reading, float]] = {}

    def live(self, name: str, now: float) -> Token | None:
        """The token that was read last, while it lives."""
        reading, read_at = self._known.get(name, (None, 0.0))
        if reading is None or now >= read_at + reading.good_for:
            return None
        return reading.token

    def recent(self, name: str, now: float) -> Reading | None:
        """A reading that may be used again."""
        reading, read_at = self._known.get(name, (None, 0.0))
        if reading is None or now - read_at >= KEPT:
            return None
        return reading if reading.token is None or self.live(name, now) else None

    def keep(self, name: str, reading: Reading, read_at: float, now: float) -> Reading:
        """Keeps a reading that began at ``read_at``, and answers the one that holds."""
        before = self.live(name, now)
        # A replica that lags, or a server that lost its last seconds, shows an older one: nobody goes back.
        if not (before and reading.token and reading.token.generation < before.generation):
            self._known[name] = (reading, read_at)
        return self._known[name][0]

    def instead(self, name: str, now: float) -> Reading | None:
        """What serves while Redis does not answer."""
        return self._known[name][0] if self.live(name, now) else None


def unless_expired(reading: Reading) -> Reading:
    """A key may be read in the last moment before Redis removes it."""
    return Reading(None, lack=Lack("expired")) if reading.token and reading.good_for <= 0 else reading


def end_of_wait(
    reading: Reading, refused: Token | None, confirmed: int, left: float, name: str
) -> Waited | None:
    """Whether what was read ends a wait for a newer token than ``refused``, of which the service said that
    generation ``confirmed`` is good. Raises ``NoTokenError`` where there is none when the time is over."""
    token = reading.token
    if token is None:
        if left <= 0:
            raise NoTokenError([name], reading.lack)
        return None
    # An alias has no generations to compare.
    if refused is None or token.generation > refused.generation or token.token != refused.token:
        return Waited("newer", token)
    if 0 < token.generation <= confirmed:
        return Waited("confirmed", token)
    return Waited("unchanged", token) if left <= 0 else None
