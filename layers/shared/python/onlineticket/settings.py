"""Every environment variable the functions read, each by a function that fails by name.

`.env.example` lists them with their meaning. Nothing here has a default that is a secret.
"""

import os
from functools import cache

from onlineticket.domain import suite


class MissingSetting(RuntimeError):
    """A variable of the environment is not set. Its message names it."""


def required(name: str) -> str:
    """The variable's value.

    Raises:
        MissingSetting: it is unset or empty.
    """
    value = os.environ.get(name, "")
    if not value:
        raise MissingSetting(f"The environment variable {name} is not set (see .env.example).")
    return value


def optional(name: str, default: str) -> str:
    return os.environ.get(name) or default


@cache
def current_suite() -> suite.Suite:
    """The suite that a bare id in a path means: variable CONTRACTS holds the contracts file."""
    return suite.parse(required("CONTRACTS"))


def switch(name: str) -> bool:
    """A variable that is `true` or `false` (or `yes`, `no`).

    Raises:
        MissingSetting: it is anything else.
    """
    value = required(name).lower()
    if value not in _SWITCH:
        raise MissingSetting(f"The environment variable {name} must be true or false.")
    return _SWITCH[value]


_SWITCH = {"true": True, "yes": True, "false": False, "no": False}
