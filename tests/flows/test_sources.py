"""What the commands on sources promise, at the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from flows.cli import app
from flows.collect import CollectParameters, choose_sources
from storage.settings import load_settings
from tests.tasks.fetching.simulator.families import FAMILIES, html, tell_the_truth
from tests.tasks.fetching.simulator.server import serve

runner = CliRunner()


@pytest.mark.parametrize("name", ["trs", "gkmlpt"])
def test_a_probed_source_can_be_added_and_checked(name: str, tmp_path: Path) -> None:
    """What `probe` prints is an entry; added to a list, `check` says what it lists."""
    site, file = FAMILIES[name](20, tell_the_truth), tmp_path / "mine.yaml"
    with serve({"127.0.9.1": site}) as simulator:
        probed = runner.invoke(app, ["sources", "probe", simulator.url("127.0.9.1")])
        assert probed.exit_code == 0, probed.output
        [entry] = yaml.safe_load(probed.stdout)
        assert entry["url"] == simulator.url("127.0.9.1", site.column)
        file.write_text(yaml.safe_dump({"sources": [{**entry, "local": True}]}), "utf-8")
        checked = runner.invoke(app, ["sources", "check", "--list", str(file), "--json"])
    assert checked.exit_code == 0, checked.output
    [found] = json.loads(checked.stdout)
    assert (found["state"], found["families"], found["reports"]) == ("lists", [name], 20)
    assert sum(found["years"].values()) == 20


def test_a_source_without_reports_is_told_by_the_exit_status(tmp_path: Path) -> None:
    """A list of which one source lists nothing ends with status 1 and the reason."""
    with serve({"127.0.9.1": lambda _: html("无")}) as simulator:
        url, file = simulator.url("127.0.9.1"), tmp_path / "mine.yaml"
        file.write_text(f"sources: [{{name: a, url: '{url}gone.html', local: true}}]", "utf-8")
        checked = runner.invoke(app, ["sources", "check", "--list", str(file)])
        probed = runner.invoke(app, ["sources", "probe", "http://127.0.9.1:9/"])
    assert checked.exit_code == 1
    assert probed.exit_code == 1
    assert "expected" in probed.stderr


def test_adding_keeps_the_list_valid(tmp_path: Path) -> None:
    """`add` makes the list and appends to it; a name twice ends with status 2."""
    command = ["sources", "add", "https://a.gov.cn/nb/", "--data", str(tmp_path), "--name"]
    assert runner.invoke(app, [*command, "a"]).exit_code == 0
    assert runner.invoke(app, [*command, "b", "--region", "CN-JX"]).exit_code == 0
    assert runner.invoke(app, [*command, "a"]).exit_code == 2
    listed = runner.invoke(app, ["sources", "list", "--data", str(tmp_path), "--json"])
    assert [(e["name"], e["region"]) for e in json.loads(listed.stdout)] == [
        ("a", None),
        ("b", "CN-JX"),
    ]


def test_the_schema_names_every_field() -> None:
    """`list --schema` prints the JSON schema of a source file."""
    schema = json.loads(runner.invoke(app, ["sources", "list", "--schema"]).stdout)
    fields = schema["$defs"]["Entry"]["properties"]
    assert {"name", "url", "region", "expected", "unverified_tls", "verified"} <= fields.keys()


def test_collect_takes_a_source_list_by_name(tmp_path: Path) -> None:
    """`--source` may name a source list; its entries are the sources of the run."""
    file = tmp_path / "mine.yaml"
    file.write_text("sources:\n  - {name: a, url: 'https://a.gov.cn/', region: CN-JX}\n", "utf-8")
    parameters = CollectParameters(sources=[str(file)])
    [source] = choose_sources(parameters, load_settings(tmp_path))
    assert (source.name, source.location, source.region) == ("a", "https://a.gov.cn/", "CN-JX")
