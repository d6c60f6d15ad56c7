"""What a bot needs beyond ``GET token:<name>``.

It talks to Redis alone, never to the service, and to no broker but through the caller's own call.
``TokenReader`` is for threads, ``AsyncTokenReader`` for asyncio; both keep the same rules.
"""

from ._aio import AsyncTokenReader
from ._refusal import Outcome, refused_status
from ._sync import TokenReader
from ._tokens import Lack, NoTokenError, RedisAwayError, Token

__all__ = [
    "AsyncTokenReader",
    "Lack",
    "NoTokenError",
    "Outcome",
    "RedisAwayError",
    "Token",
    "TokenReader",
    "refused_status",
]
