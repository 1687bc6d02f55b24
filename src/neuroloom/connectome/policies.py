"""What to do where a table is not strict: objects that are passed, never a default that repairs."""

from collections.abc import Iterable
from dataclasses import dataclass

from neuroloom.errors import InputError

__all__ = ["BothWays", "Drop", "Electrical", "KeepFirst", "Refuse", "Sum", "checked_policy"]


@dataclass(frozen=True)
class Refuse:
    """Raise an error that names the first offenders and how many there are."""


@dataclass(frozen=True)
class Sum:
    """Of rows that repeat a connection make one, and add their counts.

    Right where a table lists a connection once per neuropil. A sign stays where all rows agree, and
    becomes 0 where they do not.
    """


@dataclass(frozen=True)
class KeepFirst:
    """Of rows that repeat a connection keep the first, and leave out the others.

    Right where a table lists electrical connections in both directions.
    """


@dataclass(frozen=True)
class Drop:
    """Leave out connections with an end that is not in the table of neurons."""


@dataclass(frozen=True)
class Electrical:
    """An edge without direction is one electrical connection."""


@dataclass(frozen=True)
class BothWays:
    """An edge without direction is two connections, one each way, each with the whole count."""


def checked_policy(argument: str, policy: object, allowed: Iterable[type]) -> None:
    """Refuses what is not an object of one of the allowed classes.

    Raises:
        InputError: If it is not; names those that are.
    """
    allowed = tuple(allowed)
    if not isinstance(policy, allowed):
        calls = " or ".join(f"`{kind.__name__}()`" for kind in allowed)
        raise InputError(
            f"`{argument}` must be {calls}; got {policy!r}. Pass the object, with its parentheses."
        )
