"""Promises of the command line: one of each kind by the installed program, others in this process.

What `main` does there is all that the installed program does.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import pytest

from flows.cli import main
from tasks.sample.plan import plan_site
from tasks.sample.render import render_html

GOUJI = Path(sys.executable).with_name("gouji")
PLANS = {
    planned.verdict: planned
    for planned in plan_site()
    if planned.spec.edition == "2021" and (planned.verdict != "valid" or not planned.spec.faults)
}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program as a user would, with its output piped."""
    return subprocess.run(
        [GOUJI, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@dataclass(frozen=True)
class Done:
    """How a command ended here, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


RunHere: TypeAlias = Callable[..., Done]


@pytest.fixture
def run_here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> RunHere:
    """Run the program in this process, which saves a second of start each time."""

    def run_main(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", [str(GOUJI), *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, *capsys.readouterr())

    return run_main


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Write a valid, an invalid and an unreadable page."""
    found, tmp_path = {}, tmp_path_factory.mktemp("pages")
    for verdict in ("valid", "invalid"):
        found[verdict] = tmp_path / f"{verdict}.html"
        found[verdict].write_bytes(render_html(PLANS[verdict].spec, "standard"))
    found["unread"] = tmp_path / "unread.html"
    found["unread"].write_text("<html><body>维护中</body></html>")
    return found


def test_inspect_prints_the_contract_as_json(pages: dict[str, Path]) -> None:
    """One object a line, with the keys that others rely on."""
    done = run("inspect", str(pages["valid"]), str(pages["invalid"]), "--json")
    valid, invalid = map(json.loads, done.stdout.splitlines())
    assert done.returncode == 1
    assert {"source", "sha256", "media_type", "report", "cells", "findings", "repairs"} <= set(
        valid
    )
    assert valid["source"] == str(pages["valid"])
    assert len(valid["cells"]) == 200
    assert {"cell", "value", "text", "status"} <= set(valid["cells"][0])
    spec = PLANS["valid"].spec
    assert {c["cell"]: c["value"] for c in valid["cells"]} == {
        name: int(value) if value == int(value) else float(value)
        for name, value in spec.figures.items()
    }
    failed = [f for f in invalid["findings"] if f["outcome"] == "failed"]
    assert {"rule", "severity", "outcome", "blame", "cells", "expected", "reported", "message"} <= (
        set(failed[0])
    )


@pytest.mark.parametrize(
    ("names", "status"),
    [(["valid"], 0), (["invalid"], 1), (["unread"], 2), (["valid", "unread", "invalid"], 2)],
    ids=["valid", "invalid", "unread", "all"],
)
def test_inspect_ends_with_the_status_of_the_contract(
    pages: dict[str, Path], names: list[str], status: int, run_here: RunHere
) -> None:
    """0 all is well, 1 an error was found, 2 a document could not be read."""
    assert run_here("inspect", *(str(pages[name]) for name in names)).returncode == status


def test_the_installed_program_ends_as_main_does(tmp_path: Path) -> None:
    """Of wrong usage, too, it ends with the status of the contract, without a traceback."""
    done = run("inspect", str(tmp_path / "no-such-file.html"))
    assert done.returncode == 64
    assert "no-such-file.html" in done.stderr
    assert "Traceback" not in done.stderr


def test_output_is_plain_when_piped(pages: dict[str, Path]) -> None:
    """Nobody who pipes the output meets colours."""
    done = run("inspect", str(pages["invalid"]))
    assert "\x1b[" not in done.stdout + done.stderr
    assert PLANS["invalid"].spec.title in done.stdout


def test_inspect_needs_neither_prefect_nor_great_expectations(pages: dict[str, Path]) -> None:
    """A look at one file does not wait for seconds of imports."""
    code = (
        "import sys; from flows.cli import main; sys.argv = ['gouji', 'inspect', sys.argv[1]]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "assert not {'prefect', 'great_expectations'} & set(sys.modules), 'imported'\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(pages["valid"])],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["inspect"],
        ["inspect", "no-such-file.html"],
        ["inspect", "--no-such-option", "x"],
        ["collect", "--year", "nineteen"],
        ["collect", "--region", "Jiangxi", "--source", "."],
        ["no-such-command"],
    ],
    ids=["nothing", "no-file", "no-option", "no-year", "no-region", "no-command"],
)
def test_wrong_usage_ends_with_64_and_says_what_was_expected(
    arguments: list[str], run_here: RunHere
) -> None:
    """A wrong word on the command line is told apart from a wrong report."""
    done = run_here(*arguments)
    assert done.returncode == 64
    assert len(done.stderr.strip()) > 20
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["inspect", "collect", "demo", "check", "status", "rules"])
def test_every_command_explains_itself(command: str, run_here: RunHere) -> None:
    """--help names the options and what the command does."""
    done = run_here(command, "--help")
    assert done.returncode == 0
    assert "--help" in done.stdout
    assert len(done.stdout) > 200


def test_a_data_folder_that_cannot_be_used_is_named(tmp_path: Path, pages: dict[str, Path]) -> None:
    """A file in the way of the data folder gives a message with what to do, and status 2."""
    blocked = tmp_path / "data"
    blocked.write_text("in the way")
    done = run("collect", "--source", str(pages["valid"]), "--data", str(blocked))
    assert done.returncode == 2
    assert str(blocked) in done.stderr
    assert "--data" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_any_source_it_says_how_to_name_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_here: RunHere
) -> None:
    """No source and no source list: the message names both ways to give one."""
    monkeypatch.setenv("GOUJI_SOURCES", "")
    done = run_here("collect", "--data", str(tmp_path))
    assert done.returncode == 2
    assert "--source" in done.stderr
    assert "GOUJI_SOURCES" in done.stderr


def test_status_of_an_empty_folder_says_how_to_begin(tmp_path: Path, run_here: RunHere) -> None:
    """A newcomer's first status is no error."""
    done = run_here("status", "--data", str(tmp_path))
    assert done.returncode == 0
    assert "gouji collect" in done.stdout


def test_rules_are_listed_for_programs(run_here: RunHere) -> None:
    """Every rule has id, severity, description and source."""
    done = run_here("rules", "--json")
    rules = {rule["rule"]: rule for rule in json.loads(done.stdout)}
    assert {"T3-01", "T3-02", "T3-03", "T4-01", "S-06", "C-03", "P-05"} <= set(rules)
    assert all(
        rule["description"] and rule["severity"] and rule["source"] for rule in rules.values()
    )


def test_two_lines_of_one_report_name_one_source(tmp_path: Path, run_here: RunHere) -> None:
    """A folder is inspected file by file, in the order of their names."""
    for name in ("b", "a"):
        spec = replace(PLANS["valid"].spec, title=PLANS["valid"].spec.title)
        (tmp_path / f"{name}.html").write_bytes(render_html(spec, "standard"))
    done = run_here("inspect", str(tmp_path), "--json")
    sources = [json.loads(line)["source"] for line in done.stdout.splitlines()]
    assert [Path(source).name for source in sources] == ["a.html", "b.html"]
