"""How far a run is: steps announce, whoever shows progress listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

Listener: TypeAlias = Callable[[str, int, int | None], None]
_listeners: list[Listener] = []


def announce(step: str, done: int, total: int | None) -> None:
    """Tell every listener how much of a step is done; `total` is None where it is not known."""
    for listener in _listeners:
        listener(step, done, total)


@contextmanager
def listen(listener: Listener) -> Iterator[None]:
    """Have a listener told of all steps while the context lasts."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
