"""Everything we raise on purpose.

* OnlineTicketError
  x Refused              the caller's to fix; logged at INFO; never retried
    + Invalid            malformed input                               -> 400
    + Unauthorized       no session, or a signature that proves nothing -> 401
    + Forbidden          signed in, but not allowed                    -> 403
    + NotFound           no such event, ticket or listing              -> 404
    + Conflict           the state says no: already used, superseded   -> 409
    + RuleBroken         understood, but a rule forbids it             -> 422
    + TooMany            over a limit; `details.retry_after` seconds   -> 429
  x Unavailable          RPC, Postgres or DynamoDB is away; retry      -> 503
  x IndexingStopped      the indexer cannot go on by itself; alarm

Any other exception is a bug: 500, logged with its traceback.
The statuses live in api/http.py; nothing in domain/ knows HTTP.
"""

from typing import Any


class OnlineTicketError(Exception):
    """Base of every deliberate error. `code` is stable API; the message is for people."""

    def __init__(self, code: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.details = details


class Refused(OnlineTicketError):
    """We understood, and the answer is no."""


class Invalid(Refused):
    """The input is malformed."""


class Unauthorized(Refused):
    """The caller has not proved who they are."""


class Forbidden(Refused):
    """We know who the caller is, and they may not do this."""


class NotFound(Refused):
    """The thing named does not exist."""


class Conflict(Refused):
    """The thing has already happened, or its state does not allow it."""


class RuleBroken(Refused):
    """The input is well-formed, and a rule of the door or the market forbids it."""


class TooMany(Refused):
    """A limit is used up; `details["retry_after"]` says for how many seconds."""


class Unavailable(OnlineTicketError):
    """A dependency did not answer; the same call may succeed later."""


class IndexingStopped(OnlineTicketError):
    """The indexer met something that only a person can mend (a reorg deeper than the window)."""
