"""Settings are taken as they are meant, or refused in words."""

from __future__ import annotations

import pytest

from storage.settings import load_settings


@pytest.mark.parametrize(
    "text", ["²", "１", "-1", "1.5", "0", "9" * 5000], ids=lambda text: text[:5]
)
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    """Also what Python calls digits and makes no number of."""
    with pytest.raises(ValueError, match="GOUJI_MAX_BYTES: expected a whole number of bytes above"):
        load_settings(environment={"GOUJI_MAX_BYTES": text})


def test_a_share_is_a_hundred_percent_at_the_most() -> None:
    """A slip of the finger does not switch off the guard against losses."""
    assert load_settings(environment={"GOUJI_LOSS_PERCENT": "100"}).loss_percent == 100
    with pytest.raises(ValueError, match=r"GOUJI_LOSS_PERCENT: expected .* from 1 to 100, found"):
        load_settings(environment={"GOUJI_LOSS_PERCENT": "200"})
