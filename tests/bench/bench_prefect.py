"""What Prefect costs: the main job on 10,000 documents with it, and with plain functions."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = int(os.environ.get("GOUJI_BENCH_DOCUMENTS", "10000"))
MOST = 0.10  # more than without, start-up apart


class Plain:
    """A flow or task that is the function it wraps."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.fn = function

    def __call__(self, *given: Any, **named: Any) -> Any:
        """Call the function."""
        return self.fn(*given, **named)

    def with_options(self, **options: Any) -> Plain:
        """Stay as it is."""
        return self


def take_prefect_away() -> None:
    """Put plain functions in the place of flows, tasks and artifacts."""
    import prefect
    import prefect.artifacts

    def wrap(*given: Any, **options: Any) -> Any:
        return Plain(given[0]) if given and callable(given[0]) else Plain

    vars(prefect).update(flow=wrap, task=wrap)
    for name in ("markdown", "table", "link", "progress"):
        vars(prefect.artifacts)[f"create_{name}_artifact"] = _do_nothing
    vars(prefect.artifacts)["update_progress_artifact"] = _do_nothing


def _do_nothing(*given: Any, **named: Any) -> None:
    """Stand in for what the UI would be given."""


def write_pages(folder: Path, count: int) -> None:
    """Write reports that differ in their body."""
    from tasks.sample.plan import plan_site
    from tasks.sample.render import render_html

    plans = [p for p in plan_site() if p.verdict == "valid" and p.spec.edition == "2021"]
    pages = [(p.spec.body.name, render_html(p.spec, "standard").decode()) for p in plans]
    folder.mkdir()
    for number in range(count):
        name, page = pages[number % len(pages)]
        path = folder / f"{number}.html"
        path.write_text(page.replace(name, f"{name}第{number}办公室"), "utf-8")


def measure(is_with: bool, pages: Path, data: Path) -> dict[str, float]:
    """Run the main job, start-up apart; give wall and CPU seconds, those of children too."""
    from storage.settings import quieten_prefect, silence_telemetry

    silence_telemetry()
    quieten_prefect(is_verbose=False)
    if is_with:
        import prefect

        prefect.flow(name="warm-up")(lambda: None)()
    else:
        take_prefect_away()
    import expectations.checkpoint  # noqa: F401 (its import takes seconds: start-up)
    from flows.collect import CollectParameters, collect

    parameters = CollectParameters(sources=[str(pages)], data=str(data), send_alerts=False)
    began, used = time.perf_counter(), _use_cpu()
    summary = collect(parameters)
    wall = time.perf_counter() - began
    return {"wall": wall, "cpu": _use_cpu() - used, "reports": sum(summary.verdicts.values())}


def _use_cpu() -> float:
    """Add the CPU seconds of this process and of all below it, living ones too."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = time.process_time() + ended.ru_utime + ended.ru_stime
    return own + sum(_read_cpu(pid) for pid in _list_children(os.getpid()))


def _list_children(pid: int) -> list[int]:
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        texts = [(thread / "children").read_text() for thread in threads]
    except OSError:
        return []
    found = [int(child) for text in texts for child in text.split()]
    return [*found, *(below for child in found for below in _list_children(child))]


def _read_cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.bench
@pytest.mark.timeout(1800)
def test_prefect_costs_little(tmp_path: Path) -> None:
    """A run of 10,000 documents takes at most a tenth more CPU time with Prefect than without."""
    if not Path("/proc/self/stat").exists():
        pytest.skip("CPU time of other processes is read from /proc")
    write_pages(tmp_path / "pages", DOCUMENTS)
    found = {}
    for mode in ("without", "with"):
        environment = {**os.environ, "PREFECT_HOME": str(tmp_path / f"prefect-{mode}")}
        environment.pop("PREFECT_API_URL", None)
        done = subprocess.run(
            [sys.executable, __file__, mode, tmp_path / "pages", tmp_path / mode],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found[mode] = json.loads(done.stdout.splitlines()[-1])
    more = {name: found["with"][name] / found["without"][name] - 1 for name in ("wall", "cpu")}
    print(
        f"\n{DOCUMENTS} documents: {found}; Prefect: {more['cpu']:+.1%} CPU, "
        f"{more['wall']:+.1%} wall"
    )
    assert found["with"]["reports"] == found["without"]["reports"] > DOCUMENTS / 2
    assert more["cpu"] <= MOST


if __name__ == "__main__":
    facts = measure(sys.argv[1] == "with", Path(sys.argv[2]), Path(sys.argv[3]))
    sys.stdout.write(json.dumps(facts) + "\n")
