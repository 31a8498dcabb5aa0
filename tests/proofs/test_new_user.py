"""What a new user does: one command, then the main job from the UI, seen in a browser."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from storage.lake import read_table
from storage.schema import REPORTS
from tasks.sample.plan import plan_site
from tasks.sample.site import Site, serve_site

ROOT = Path(__file__).resolve().parents[2]
GOUJI = Path(sys.executable).with_name("gouji")
PICTURES = os.environ.get("GOUJI_TEST_PICTURES")  # a folder to keep the pictures in

sys.path.insert(0, str(Path(__file__).parent))
chromium = import_module("chromium")
sys.path.remove(str(Path(__file__).parent))

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@dataclass(frozen=True)
class Served:
    """Everything on one machine: where the UI is, what was said, the data folder, the site."""

    ui: str
    said: str
    data: Path
    site: Site

    def ask(self, path: str, **body: Any) -> Any:
        """Ask the API."""
        answer = httpx.post(f"{self.ui}/api/{path}", json=body, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def find_deployment(self, name: str) -> dict[str, Any]:
        """Find a deployment by name."""
        (found,) = self.ask("deployments/filter", deployments={"name": {"any_": [name]}})
        return dict(found)

    def await_run(self, name: str, seconds: float = 300) -> dict[str, Any]:
        """Wait until a run of a deployment that is no scheduled one has ended."""
        deployment = {"id": {"any_": [self.find_deployment(name)["id"]]}}
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            runs = self.ask("flow_runs/filter", deployments=deployment)
            for run in runs:
                if run["state_type"] in ("COMPLETED", "FAILED", "CRASHED"):
                    return dict(run)
            time.sleep(1)
        raise AssertionError(f"expected a run of {name} to end within {seconds} s, found {runs}")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Start `gouji serve` in an environment of its own, beside the sample site."""
    folder = tmp_path_factory.mktemp("served")
    data = folder / "data"
    data.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PREFECT", "GOUJI"))
    }
    environment = {
        **kept,
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_WORKER_QUERY_SECONDS": "2",
        "GOUJI_PORT": str(port),
        "GOUJI_DATA": str(data),
    }
    said = folder / "said.txt"
    with serve_site(plan_site()) as site, said.open("w") as output:
        site.write_sources(data / "sources.yaml")
        process = subprocess.Popen(
            [GOUJI, "serve"], cwd=ROOT, env=environment, stdout=output, stderr=output
        )
        try:
            deadline = time.monotonic() + 300
            while "The Prefect UI:" not in said.read_text() and time.monotonic() < deadline:
                assert process.poll() is None, said.read_text()
                time.sleep(1)
            yield Served(f"http://127.0.0.1:{port}", said.read_text(), data, site)
        finally:
            process.terminate()
            process.wait(timeout=60)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)


def test_the_server_has_what_the_file_says(served: Served) -> None:
    """Deployments, schedules with their zone, limits and the trigger are really made."""
    project = yaml.safe_load((ROOT / "prefect.yaml").read_text("utf-8"))
    assert served.ui in served.said
    for one in project["deployments"]:
        found = served.find_deployment(one["name"])
        crons = {(s["schedule"]["cron"], s["schedule"]["timezone"]) for s in found["schedules"]}
        assert crons == {(s["cron"], s["timezone"]) for s in one["schedules"]}
        limit = found["global_concurrency_limit"]
        assert (limit and limit["limit"]) == one.get("concurrency_limit", {}).get("limit")
        assert set(found["tags"]) == set(one["tags"])
    (automation,) = served.ask("automations/filter")
    assert automation["enabled"]
    assert automation["trigger"]["expect"] == ["prefect.flow-run.Completed"]
    runs = served.ask(
        "flow_runs/filter",
        deployments={"name": {"any_": ["collect"]}},
        flow_runs={"state": {"type": {"any_": ["SCHEDULED"]}}},
    )
    assert runs


def test_the_main_job_is_run_from_the_ui(served: Served, tmp_path: Path) -> None:
    """The form opens, its button starts the run, which stores the site and leaves artifacts."""
    if chromium.PATH is None:
        pytest.skip("expected Debian's chromium on PATH, found none (apt-get install chromium)")
    pictures = Path(PICTURES) if PICTURES else tmp_path
    pictures.mkdir(exist_ok=True)
    deployment = served.find_deployment("collect")["id"]
    with chromium.open_page(tmp_path / "profile") as page:
        page.open(f"{served.ui}/deployments")
        page.wait_for("watch-corrections")
        page.shoot(pictures / "deployments.png")
        page.open(f"{served.ui}/deployments/deployment/{deployment}/run")
        text = page.wait_for("Report year")
        assert "Sources" in text
        page.shoot(pictures / "form.png")
        page.press("Submit")
        run = served.await_run("collect")
        assert run["state_type"] == "COMPLETED", run["state"]
        assert read_table(served.data, REPORTS).height == len(served.site.reports)
        page.open(f"{served.ui}/runs/flow-run/{run['id']}")
        page.wait_for("Completed")
        page.shoot(pictures / "run.png")
    keys = {one["key"] for one in served.ask("artifacts/filter", limit=200)}
    assert {
        *("collect-summary", "collect-counts", "collect-worst-findings", "collect-progress"),
        *("collect-findings-by-rule", "host-health", "slowest-documents"),
        *("data-docs", "data-folder"),
    } <= keys


def test_storing_sets_off_telling(served: Served) -> None:
    """A run of `check` that completes is followed by one of `alert`, which nobody asked for."""
    deployment = served.find_deployment("check")["id"]
    served.ask(f"deployments/{deployment}/create_flow_run", state={"type": "SCHEDULED"})
    assert served.await_run("check")["state_type"] == "COMPLETED"
    told = served.await_run("alert")
    assert told["state_type"] == "COMPLETED"
    assert told["created_by"]["type"] == "AUTOMATION"
