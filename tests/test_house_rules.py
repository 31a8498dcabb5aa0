"""Promises of the code base as a whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("flows", "tasks", "expectations", "storage")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
HAN = re.compile(r"[\u3400-\u9fff]")
REGISTRY_HOSTS = re.compile(r"(pypi|pythonhosted|npmjs|debian)\.(org|com)")
WRITTEN = (
    ".py",
    ".md",
    ".toml",
    ".yaml",
    ".lock",
    ".csv",
    ".j2",
    ".txt",
    ".html",
    "Makefile",
    "run",
)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_label_of_the_form_stands_in_code(path: Path) -> None:
    """Chinese stands in data, templates and tests, not in code and its docstrings."""
    found = [line for line in path.read_text("utf-8").splitlines() if HAN.search(line)]
    assert found == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_environment_is_read_in_one_place(path: Path) -> None:
    """Only the settings know the environment."""
    if path.relative_to(ROOT) != Path("storage/settings.py"):
        assert not re.search(r"os\.(environ|getenv)", path.read_text("utf-8"))


def test_no_file_names_the_host_of_a_package_registry() -> None:
    """The project installs from whatever registry its user has."""
    hidden = (".git", ".venv", "data", "node_modules")
    named = [
        str(path.relative_to(ROOT))
        for path in ROOT.rglob("*")
        if path.is_file()
        and path.name.endswith(WRITTEN)
        and not any(part.startswith(hidden) for part in path.relative_to(ROOT).parts)
        and path != Path(__file__)
        and REGISTRY_HOSTS.search(path.read_text("utf-8", errors="ignore"))
    ]
    assert named == []


def test_runs_take_the_data_folder_in_one_way() -> None:
    """Only `storage.access` takes the lock of runs, so that no run forgets folders in buckets."""
    taken = {path.stem for path in MODULES if re.search(r"\bRUN_LOCK\b", path.read_text("utf-8"))}
    assert taken == {"access", "locks"}
