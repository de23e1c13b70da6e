"""How the sandbox changes moto: by registering subclasses of its backends, not by patching them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from moto.core.base_backend import BackendDict
from moto.ec2.models.amis import AMIS


@contextmanager
def registered(backends: BackendDict[Any], subclass: type[Any]) -> Iterator[None]:
    """Let moto build `subclass` wherever it would build its own backend, for as long as the block runs.

    moto finds a backend's URLs by the name of the module that defines its class, so the subclass
    takes the module name of the class that it stands in for.
    """
    original = backends.backend
    subclass.__module__ = original.__module__
    backends.backend = subclass
    try:
        yield
    finally:
        backends.backend = original


def forget_everything() -> None:
    """Empty every moto backend. moto keeps its state per process, so one sandbox must not see another's."""
    del AMIS[1:]  # it makes them anew in each region that is emptied; one machine image is enough here
    BackendDict.reset()


def bound(backend: type[Any], **attributes: object) -> type[Any]:
    """A subclass of a backend that knows something of the sandbox it is in. moto makes backends by itself."""
    return type(backend.__name__, (backend,), attributes)
