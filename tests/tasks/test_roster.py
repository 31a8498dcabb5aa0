"""The roster file: bodies are told as reading tells them; faults are named."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from expectations.context import ROSTER
from storage.reference.gazetteer import load_gazetteer
from storage.settings import Settings, load_settings
from tasks.reading.batch import Origin, read_batch
from tasks.reading.bodies import identify_body
from tasks.reading.identity import match_title
from tasks.roster import RosterError, load_roster
from tasks.sample.plan import plan_site, render_planned

NOW = datetime(2024, 1, 1, tzinfo=UTC)
CSV = """body,kind,region,since,until,due
上犹县财政局,department,,2019,,
财政局,department,440204,2019,2022,
上犹县黄埠镇人民政府,township,,2019,,01-31
"""


def write(folder: Path, name: str, text: str) -> Settings:
    """Write a roster into a data folder; give its settings."""
    (folder / name).write_text(text, "utf-8")
    return load_settings(folder, {})


def test_without_a_file_there_is_none(tmp_path: Path) -> None:
    """No roster is no error: nothing is owed then."""
    roster = load_roster(load_settings(tmp_path, {}))
    assert roster.is_empty()
    assert roster.schema == ROSTER


def test_csv(tmp_path: Path) -> None:
    """A CSV gives each body with its division, by its name or by the code beside it."""
    roster = load_roster(write(tmp_path, "roster.csv", CSV))
    assert roster.select("adcode", "region", "scope", "first_year", "last_year", "due").rows() == [
        ("360724", "CN-JX", "department", 2019, None, None),
        ("440204", "CN-GD", "department", 2019, 2022, None),
        ("360724", "CN-JX", "township", 2019, None, "01-31"),
    ]
    assert roster["series"].n_unique() == 3


def test_yaml_elsewhere(tmp_path: Path) -> None:
    """The file that GOUJI_ROSTER names counts."""
    path = tmp_path / "mine.yaml"
    path.write_text("bodies: [{body: 上犹县, kind: government, since: 2008}]", "utf-8")
    roster = load_roster(load_settings(tmp_path / "data", {"GOUJI_ROSTER": str(path)}))
    assert roster["adcode"].to_list() == ["360724"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("bodies: [{body: 财政局, kind: department, since: 2019}]", "entry 1, body: expected one"),
        ("bodies: [{body: 上犹县财政局, kind: office, since: 2019}]", "entry 1, kind"),
        ("bodies: [{body: 上犹县财政局, kind: department}]", "entry 1, since"),
        ("bodies: [{body: 上犹县, kind: government, since: 2019, due: 13-40}]", "entry 1, due"),
        ("- 上犹县财政局", "expected one key `bodies`"),
        ("bodies: [", "expected a readable roster"),
        (
            "bodies:\n" + "  - {body: 上犹县财政局, kind: department, since: 2019}\n" * 2,
            "expected each body once",
        ),
    ],
    ids=["no place", "kind", "no year", "no day", "no key", "no YAML", "twice"],
)
def test_faults_are_named(tmp_path: Path, text: str, said: str) -> None:
    """A fault is told with file, entry, field, what was expected and what was found."""
    with pytest.raises(RosterError, match=said) as raised:
        load_roster(write(tmp_path, "roster.yaml", text))
    assert "roster.yaml" in str(raised.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A roster that is named and not there is an error."""
    settings = load_settings(tmp_path, {"GOUJI_ROSTER": str(tmp_path / "none.yaml")})
    with pytest.raises(RosterError, match=r"none\.yaml"):
        load_roster(settings)


def test_a_name_gives_the_series_of_its_reports() -> None:
    """The body of a sample report, by its name alone, has the series of the report as read."""
    planned_by_name = {
        title.body: one for one in plan_site() if (title := match_title(one.spec.title))
    }
    assert len(planned_by_name) > 5
    for name, planned in planned_by_name.items():
        content, _ = render_planned(planned)
        origin = Origin("https://a.gov.cn/", "a", "0", "text/html", NOW)
        (read,) = read_batch([(origin, content)]).reports["report_id"]
        adcode = planned.spec.body.adcode
        body = identify_body(load_gazetteer(), name, adcode, planned.spec.year)
        assert body is not None
        assert f"{body.series}-{planned.spec.year}" == read
