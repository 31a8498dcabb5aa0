"""What a deployment may set of how hosts are asked."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from storage.settings import load_settings
from tasks.fetching.limits import Limits, choose_limits
from tasks.fetching.window import Window


def choose(**environment: str) -> Limits:
    """Choose the limits of an environment."""
    return choose_limits(load_settings("data", environment))


def test_what_is_not_set_is_the_default() -> None:
    """A remote host sees one request a second and two at once, loopback as many as it can."""
    limits = choose()
    assert limits == Limits()
    assert (limits.delay_seconds, limits.per_host, limits.window) == (1.0, 2, None)
    assert limits.loopback_delay_seconds == 0


def test_what_is_set_holds(tmp_path: Path) -> None:
    """Delay, connections, hours and authorities are those of the environment."""
    file = tmp_path / "authorities.pem"
    file.touch()
    limits = choose(
        GOUJI_HOST_DELAY_SECONDS="0.25",
        GOUJI_HOST_CONNECTIONS="1",
        GOUJI_HOURS="22:00-06:30",
        GOUJI_AUTHORITIES=str(file),
    )
    assert (limits.delay_seconds, limits.loopback_delay_seconds) == (0.25, 0.25)
    assert (limits.per_host, limits.authorities) == (1, file)
    assert limits.window == Window(time(22), time(6, 30))


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("GOUJI_HOST_DELAY_SECONDS", "often", "seconds from 0 to 86400, found 'often'"),
        ("GOUJI_HOST_DELAY_SECONDS", "-1", "seconds from 0 to 86400, found '-1'"),
        ("GOUJI_HOST_DELAY_SECONDS", "nan", "seconds from 0 to 86400, found 'nan'"),
        ("GOUJI_HOST_CONNECTIONS", "0", "connections above 0, found '0'"),
        ("GOUJI_HOURS", "at night", "such as 22:00-06:00, found 'at night'"),
        ("GOUJI_AUTHORITIES", "/no/such.pem", "a PEM file, found none at /no/such.pem"),
    ],
)
def test_what_cannot_be_set_is_refused_by_its_name(name: str, value: str, expected: str) -> None:
    """A setting that cannot hold is an error that names it, and what it should be."""
    with pytest.raises(ValueError, match=expected) as caught:
        choose(**{name: value})
    assert name in str(caught.value)
