"""Numbers of persons in texts."""

from __future__ import annotations

import polars as pl
import pytest

from expectations.privacy import check_privacy, is_bank_card, is_identity_card
from storage.schema import PARTS


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("身份证110101199003078515号", {"identity_card"}),
        ("身份证110101199003078516号", set()),
        ("统一代码911101011990030785", set()),
        ("手机13512345678。", {"mobile"}),
        ("电话0751-8888888，邮编512000", set()),
        ("文号135123456789", set()),
        ("卡号6222020000000000001", set()),
        ("卡号6222020000000000000", {"bank_card"}),
    ],
)
def test_numbers(text: str, kinds: set[str]) -> None:
    """Numbers of persons are told from office telephones, codes and wrong check digits."""
    parts = pl.DataFrame([("a", 0, 6, "", text)], schema=PARTS.schema, orient="row")
    found = [remark.collect() for remark in check_privacy(parts)]
    assert {kind for remark in found for kind in remark["case"]} == kinds


def test_number_is_masked() -> None:
    """The number itself is not repeated in what is found."""
    parts = pl.DataFrame([("a", 0, 6, "", "手机13512345678")], schema=PARTS.schema, orient="row")
    (remark,) = [one.collect() for one in check_privacy(parts)]
    assert remark["reported"].to_list() == ["135****78"]


def test_tables_run_together_hold_no_numbers() -> None:
    """Figures of tables that ran into the text are no telephone numbers."""
    flat = "本年新收政府信息公开申请数量13512345678"
    parts = pl.DataFrame([("a", 0, 3, "", flat)], schema=PARTS.schema, orient="row")
    assert check_privacy(parts) == []


@pytest.mark.parametrize(
    ("number", "valid"), [("11010119900307851X", False), ("110101199003078515", True)]
)
def test_identity_card(number: str, valid: bool) -> None:
    """The check digit of an identity card decides."""
    assert is_identity_card(number) is valid


def test_bank_card() -> None:
    """The Luhn check of a bank card decides."""
    assert is_bank_card("4111111111111111") and not is_bank_card("4111111111111112")
