"""Events of the service: hints to read again, never the truth."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

CHANNEL = "token-events"


@dataclass(frozen=True)
class Hint:
    """What an event says."""

    event: str
    names: frozenset[str]
    generation: int

    @property
    def brings_none(self) -> bool:
        """Whoever waits for a token finds no other one by reading: a thousand bots that read for each of these
        would keep Redis busy at the very moment at which the service gets the next one."""
        return self.event in ("failed", "expired")


#: Hears each event of its names; ``None``: events may have been missed, or one could not be read.
Heard = Callable[["Hint | None"], None]


@dataclass(frozen=True, eq=False)
class Listener:
    """Who wants to hear of some names."""

    names: frozenset[str]
    heard: Heard


def hint_in(text: str) -> Hint | None:
    """Reads an event; ``None`` where it is none."""
    try:
        read: object = json.loads(text)
    except ValueError:
        return None
    if not isinstance(read, dict):
        return None
    event, names, generation = read.get("event"), read.get("names"), read.get("generation")
    if not isinstance(event, str) or not isinstance(names, list):
        return None
    return Hint(
        event,
        frozenset(each for each in names if isinstance(each, str)),
        generation if isinstance(generation, int) else 0,
    )


def tell(listeners: set[Listener], hint: Hint | None) -> None:
    """Tells whom it concerns."""
    for each in list(listeners):
        if hint is None or not each.names.isdisjoint(hint.names):
            each.heard(hint)
