"""What `prefect.yaml` says is what the flows take; each deployment makes a form for people."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from prefect import Flow

ROOT = Path(__file__).resolve().parents[2]
PROJECT = yaml.safe_load((ROOT / "prefect.yaml").read_text("utf-8"))
DEPLOYMENTS = {one["name"]: one for one in PROJECT["deployments"]}
ASKED = (
    "collect",
    "collect-region",
    "read-again",
    "check",
    "alert",
    "watch-corrections",
    "release",
)


def load_flow(name: str) -> Flow[Any, Any]:
    """Load the flow of a deployment, as a worker does."""
    path, _, function = DEPLOYMENTS[name]["entrypoint"].partition(":")
    found = getattr(import_module(path.removesuffix(".py").replace("/", ".")), function)
    assert isinstance(found, Flow)
    return found


def list_fields(name: str) -> dict[str, dict[str, Any]]:
    """List the fields of the form of a deployment."""
    schema = load_flow(name).fn.__annotations__["parameters"]
    model = getattr(import_module(load_flow(name).fn.__module__), schema)
    fields: dict[str, dict[str, Any]] = model.model_json_schema()["properties"]
    return fields


def test_every_deployment_that_is_asked_for_is_there() -> None:
    """Their names are unique, for triggers match on them."""
    assert set(ASKED) <= set(DEPLOYMENTS)
    assert len(DEPLOYMENTS) == len(PROJECT["deployments"])


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_a_deployment_says_what_it_is_and_runs_alone(name: str) -> None:
    """It has a description, tags and a limit, a flow of its name, and parameters it takes."""
    one = DEPLOYMENTS[name]
    assert len(one["description"]) > 30
    assert "gouji" in one["tags"]
    assert load_flow(name).name == name
    if "internal" not in one["tags"]:  # those are started by other runs, with parameters, at once
        assert one["concurrency_limit"]["limit"] == 1
        load_flow(name).validate_parameters(one["parameters"])


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_a_schedule_has_a_time_zone_and_a_season(name: str) -> None:
    """Schedules are in Chinese time; where one is daily in the season, another is out of it."""
    schedules = DEPLOYMENTS[name]["schedules"]
    assert {str(ZoneInfo(one["timezone"])) for one in schedules} <= {"Asia/Shanghai"}
    months = [one["cron"].split()[3] for one in schedules]
    assert months in ([], ["*"], ["1-4", "5-12"])
    days = {one["cron"].split()[3]: one["cron"].split()[4] for one in schedules}
    if "1-4" in days:
        assert (days["1-4"], days["5-12"]) == ("*", "1")


def test_triggers_name_deployments() -> None:
    """What storing without telling anyone sets off is `alert`, and each name is one of ours."""
    triggers = {name: one["triggers"] for name, one in DEPLOYMENTS.items() if "triggers" in one}
    assert set(triggers) == {"alert"}
    (trigger,) = triggers["alert"]
    assert set(trigger["match_related"]["prefect.resource.name"]) <= set(DEPLOYMENTS) - {"alert"}


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_every_field_of_a_form_explains_itself(name: str) -> None:
    """Each field has a title and a description, numbers have bounds, regions are a choice."""
    for key, field in list_fields(name).items():
        assert field["title"], key
        assert field["description"], key
        for kind in [field, *field.get("anyOf", ()), field.get("items", {})]:
            if kind.get("type") == "integer":
                assert {"minimum", "maximum"} <= set(kind), key
            if key in {"region", "regions"} and kind.get("type") == "string":
                assert "CN-JX" in kind["enum"]


def test_every_setting_is_told() -> None:
    """Each GOUJI_ setting stands in the README, with how runs come by it."""
    settings = (ROOT / "storage/settings.py").read_text("utf-8")
    readme = (ROOT / "README.md").read_text("utf-8")
    assert set(re.findall(r"\"(GOUJI_[A-Z_]+)\"", settings)) <= set(
        re.findall(r"GOUJI_[A-Z_]+", readme)
    )
    assert "environment of the worker" in readme


def test_the_image_keeps_the_rules_of_dockerfiles() -> None:
    """Hadolint has nothing to say about the Dockerfile, and something about a bad one."""
    found = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which(
        "hadolint"
    )
    if found is None:
        pytest.skip("hadolint is not installed; its wheels are for Linux on x86-64")
    for text, status in (
        ((ROOT / ".docker/Dockerfile").read_text(), 0),
        ("FROM python\nRUN cd /tmp", 1),
    ):
        done = subprocess.run([found, "-"], input=text, capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stdout
