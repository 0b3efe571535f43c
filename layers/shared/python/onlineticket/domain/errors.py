"""Everything we raise on purpose.

* OnlineTicketError
  x Refused                  the caller's to fix; logged at INFO; never retried
    + Invalid                the request is malformed                      -> 400
    + AuthError              who asks
      - Unauthorized         no session, or a proof that proves nothing    -> 401
      - Forbidden            known, but not allowed                        -> 403
      - TooMany              over a limit; `details.retry_after` seconds   -> 429
    + DomainError            what is asked
      - NotFound             no such event, ticket or listing              -> 404
      - Conflict             the state says no: already used, superseded   -> 409
      - RuleBroken           understood, but a rule forbids it             -> 422
  x InfrastructureError      ours to mend
    + Unavailable            RPC, Postgres or DynamoDB is away; retry      -> 503
    + IndexingStopped        the indexer cannot go on by itself; alarm

Any other exception is a bug: 500, logged with its traceback.
The statuses live in api/http.py, and what a code means to people in api/codes.py, in each language;
nothing in domain/ knows HTTP.
"""

from typing import Any


class OnlineTicketError(Exception):
    """Base of every deliberate error. `code` is stable API, and `details` are its JSON.

    `message`, in English, is for where there is more to say than the code's own sentence in
    api/codes.py does; and for consoles.
    """

    def __init__(self, code: str, message: str = "", **details: Any) -> None:
        super().__init__(message or code)
        self.code = code
        self.message = message
        self.details = details


class Refused(OnlineTicketError):
    """We understood, and the answer is no."""


class Invalid(Refused):
    """The input is malformed."""


class AuthError(Refused):
    """It depends on who asks."""


class Unauthorized(AuthError):
    """The caller has not proved who they are."""


class Forbidden(AuthError):
    """We know who the caller is, and they may not do this."""


class TooMany(AuthError):
    """A limit is used up; `details["retry_after"]` says for how many seconds."""


class DomainError(Refused):
    """It depends on what is asked, whoever asks."""


class NotFound(DomainError):
    """The thing named does not exist."""


class Conflict(DomainError):
    """The thing has already happened, or its state does not allow it."""


class RuleBroken(DomainError):
    """The input is well-formed, and a rule of the door or the market forbids it."""


class InfrastructureError(OnlineTicketError):
    """Nothing is wrong with what was asked."""


class Unavailable(InfrastructureError):
    """A dependency did not answer; the same call may succeed later."""


class IndexingStopped(InfrastructureError):
    """The indexer met something that only a person can mend (a reorg deeper than the window)."""
