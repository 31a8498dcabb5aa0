"""Promises of the recipients file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.alerting.recipients import RecipientsError, load_recipients


def _write(folder: Path, text: str) -> Path:
    path = folder / "recipients.yaml"
    path.write_text(text, "utf-8")
    return path


def test_without_a_file_one_default_recipient_gets_everything() -> None:
    """No file is a working state: the default address gets every region's errors."""
    (only,) = load_recipients(None, "stewards@localhost")
    assert only.address == "stewards@localhost"
    assert only.regions == "*"
    assert only.severities == ("error",)


def test_entries_are_loaded_with_their_defaults(tmp_path: Path) -> None:
    """Severity is error and language Chinese unless an entry says otherwise."""
    path = _write(
        tmp_path,
        """
recipients:
  - {name: 江西省, address: jx@example.org, regions: [CN-JX]}
  - {name: Desk, address: desk@example.org, regions: "*", min_severity: info, language: en}
""",
    )
    jiangxi, desk = load_recipients(path, "x@localhost")
    assert (jiangxi.min_severity, jiangxi.language) == ("error", "zh")
    assert jiangxi.regions == ("CN-JX",)
    assert desk.severities == ("error", "warning", "info")
    assert desk.language == "en"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("recipients: [", "expected YAML", id="no-yaml"),
        pytest.param(
            "recipients:\n  - {name: a, address: a@b.cn, regions: *}", "in quotes", id="bare-star"
        ),
        pytest.param("- a", "expected one key with a list of entries", id="no-key"),
        pytest.param("recipients: []", "expected one key with a list", id="no-entry"),
        pytest.param(
            "recipients:\n  - {name: a, regions: '*'}",
            "recipients[0]: expected either an address or a channel",
            id="no-address",
        ),
        pytest.param(
            "recipients:\n  - {name: a, address: 'a@b.cn, c@d.cn', regions: '*'}",
            "recipients[0].address: expected one plain address",
            id="two-addresses",
        ),
        pytest.param(
            'recipients:\n  - {name: a, address: "a@b.cn\\nBcc: c@d.cn", regions: "*"}',
            "recipients[0].address: expected one plain address",
            id="header-in-address",
        ),
        pytest.param(
            "recipients:\n  - {name: a, address: a@b.cn, regions: [CN-XX]}",
            "recipients[0].regions: unknown code CN-XX",
            id="unknown-region",
        ),
        pytest.param(
            "recipients:\n  - {name: a, address: a@b.cn, regions: CN-JX}",
            "or a list of codes",
            id="region-not-in-a-list",
        ),
        pytest.param(
            "recipients:\n  - {name: a, address: a@b.cn, regions: '*', min_severity: high}",
            "'error', 'warning' or 'info', found 'high'",
            id="unknown-severity",
        ),
        pytest.param(
            "recipients:\n  - {name: a, address: a@b.cn, regions: '*', region: x}",
            "recipients[0].region: unknown key; expected one of name",
            id="unknown-key",
        ),
        pytest.param(
            "recipients:\n  - {name: a, address: a@b.cn, regions: [CN-JX]}\n"
            "  - {name: b, address: A@b.cn, regions: [CN-GD]}",
            "expected once, found twice",
            id="address-twice",
        ),
        pytest.param("recipients:\n  - 7", "recipients[0]: ", id="no-mapping"),
    ],
)
def test_a_malformed_file_is_refused_with_place_and_expectation(
    tmp_path: Path, text: str, said: str
) -> None:
    """The message names the file, the key, and what was expected there."""
    path = _write(tmp_path, text)
    with pytest.raises(RecipientsError) as caught:
        load_recipients(path, "x@localhost")
    assert str(caught.value).startswith(str(path))
    assert said in str(caught.value)


def test_a_missing_file_is_an_error_not_the_default(tmp_path: Path) -> None:
    """A file that was set but is not there must not send everything elsewhere."""
    with pytest.raises(RecipientsError, match="expected a readable file"):
        load_recipients(tmp_path / "none.yaml", "x@localhost")
