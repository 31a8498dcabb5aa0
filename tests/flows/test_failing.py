"""Failures of ours end a run as failed, keep what was stored, and are told to maintainers alone."""

from __future__ import annotations

import errno
import json
import shutil
import socket
import sys
from collections.abc import Iterator
from email import message_from_bytes, policy
from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prometheus_client.parser import text_string_to_metric_families

import expectations.checkpoint
import storage.folder
import tasks.read
from flows.check import CheckParameters, check
from flows.collect import CollectParameters, collect
from flows.failing import RunFailedError
from storage.documents import read_documents
from storage.failures import read_failures
from storage.folder import StorageError
from storage.lake import read_table
from storage.runs import last_success, list_runs
from storage.schema import REPORTS
from tasks.sample.plan import plan_site
from tasks.sample.render import render_html
from tasks.workers import open_workers

HERE = Path(__file__).parent
PASSWORD = "s3cret-word"
RECIPIENTS = """\
recipients:
  - {name: desk, address: desk@example.org, regions: "*"}
  - {name: us, address: us@example.org, regions: [CN-XJ], is_maintainer: true, language: en}
"""
INVALID = [p for p in plan_site() if p.verdict == "invalid" and p.spec.edition == "2021"][:2]


class Mailbox:
    """Keeps what the server was given, by recipient."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, Any]] = []

    async def handle_DATA(  # noqa: N802 (the name that aiosmtpd calls)
        self, server: object, session: object, envelope: Any
    ) -> str:
        """Take a mail."""
        mail = message_from_bytes(envelope.content, policy=policy.default)
        self.mails += [(recipient, mail) for recipient in envelope.rcpt_tos]
        return "250 OK"

    def take(self) -> list[tuple[str, str, str]]:
        """Take out what has come: recipient, subject and text."""
        taken, self.mails = self.mails, []
        return [
            (to, mail["Subject"], mail.get_body(("plain",)).get_content()) for to, mail in taken
        ]


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    """A real mail server on loopback, and the settings that name it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    box = Mailbox()
    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=port,
        authenticator=lambda *given: AuthResult(success=given[-1].password == PASSWORD.encode()),
        auth_required=True,
        auth_require_tls=False,
    )
    controller.start()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("GOUJI_RECIPIENTS", "GOUJI_SOURCES", "GOUJI_SENDER"):
            patch.delenv(name, raising=False)
        patch.setenv("GOUJI_SMTP_URL", f"smtp://desk:{PASSWORD}@127.0.0.1:{port}")
        yield box
    controller.stop()


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory, mailbox: Mailbox) -> Path:
    """A data folder with a stored report whose publisher's desk was told, to be copied."""
    folder = tmp_path_factory.mktemp("failing")
    (folder / "data").mkdir()
    (folder / "data/recipients.yaml").write_text(RECIPIENTS, "utf-8")
    (folder / "in").mkdir()
    (folder / "in/first.html").write_bytes(render_html(INVALID[0].spec, "standard"))
    collect(CollectParameters(sources=[str(folder / "in")], data=str(folder / "data")))
    assert [to for to, _, _ in mailbox.take()] == ["desk@example.org"]
    return folder


@pytest.fixture
def folder(stored: Path, tmp_path: Path) -> Path:
    """A copy of the folder, to fail in."""
    shutil.copytree(stored, tmp_path, dirs_exist_ok=True)
    return tmp_path


def read_lake(data: Path) -> dict[Path, bytes]:
    """Read every file of the lake."""
    return {path: path.read_bytes() for path in sorted((data / "lake").rglob("*.parquet"))}


def find_state(run_id: str) -> Any:
    """Ask the Prefect server how a run ended."""
    with get_client(sync_client=True) as client:
        chosen = FlowRunFilter(id=FlowRunFilterId(any_=[run_id]))
        return client.read_flow_runs(flow_run_filter=chosen)[0].state


def test_a_bug_in_a_reader_fails_the_run_after_the_rest_is_stored(
    folder: Path, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One document meets the bug: the others are stored, the run fails, maintainers are told.

    Mended, the same run succeeds, says so, and publishers are told what they were not.
    """
    data = folder / "data"
    page = folder / "in/second.html"
    page.write_bytes(render_html(INVALID[1].spec, "standard"))
    marked = folder / "in/third.html"
    marked.write_bytes(b"<!-- too much -->" + page.read_bytes())
    monkeypatch.setenv("PYTHONPATH", f"{HERE}:{HERE.parents[1]}")
    monkeypatch.setattr(sys, "path", [str(HERE), *sys.path])
    first = read_table(data, REPORTS)
    parameters = CollectParameters(sources=[str(page), str(marked)], data=str(data))
    with monkeypatch.context() as patch, pytest.raises(RunFailedError, match="no such") as raised:
        patch.setattr(tasks.read, "read_archived", import_module("buggy_reader").read)
        patch.setattr("flows.engines.open_workers", open_workers)  # new ones, that can find it
        collect(parameters)
    (failure,) = raised.value.summary.failures
    assert str(marked) in failure
    reports = read_table(data, REPORTS)
    assert reports.height == 2
    assert reports.join(first, on="report_id", how="semi").equals(first)
    assert read_documents(data).filter(pl.col("outcome") == "failed")["url"].to_list() == [
        str(marked)
    ]
    (mail,) = mailbox.take()
    assert mail[0] == "us@example.org"
    assert "no such row" in mail[2]
    noted = read_failures(data)[0]
    state = find_state(noted.run_id)
    assert state.is_failed()
    assert "no such row" in state.message
    succeeded = last_success(data)
    assert succeeded is not None
    assert succeeded.run_id != list_runs(data)[-1].run_id == noted.run_id
    assert read_metrics(data)["gouji_failing", "collect"] == 1

    collect(parameters)
    assert read_failures(data) == ()
    told = {to: subject for to, subject, _ in mailbox.take()}
    assert set(told) == {"us@example.org", "desk@example.org"}
    assert "succeed again" in told["us@example.org"]
    assert ("gouji_failing", "collect") not in read_metrics(data)
    assert find_secret(folder) == []


def find_secret(folder: Path) -> list[Path]:
    """Find the files that hold the password of the mail server: logs, records, outbox and all."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {"metrics.prom", "alerts.sqlite"} <= {path.name for path in files}
    assert any(path.suffix == ".jsonl" for path in files)
    return [path for path in files if PASSWORD.encode() in path.read_bytes()]


def test_a_mail_server_that_refuses_is_told_without_its_password(
    folder: Path, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A login that fails is a trouble of the run; no file has the words it was tried with."""
    (folder / "in/second.html").write_bytes(render_html(INVALID[1].spec, "standard"))
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        port = int(deaf.getsockname()[1])
    monkeypatch.setenv("GOUJI_SMTP_URL", f"smtp://desk:{PASSWORD}@127.0.0.1:{port}")
    summary = collect(CollectParameters(sources=[str(folder / "in")], data=str(folder / "data")))
    assert any("127.0.0.1" in trouble for trouble in summary.troubles)
    assert not mailbox.take()
    assert find_secret(folder) == []


def test_an_enforcer_that_raises_changes_nothing_and_is_told(
    folder: Path, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Great Expectations raising ends the run before it stores; the same failure is told once."""
    data, before = folder / "data", read_lake(folder / "data")

    def fail(*given: object) -> None:
        raise RuntimeError("the checkpoint is broken")

    monkeypatch.setattr(expectations.checkpoint, "run_checkpoint", fail)
    for expected in (["us@example.org"], []):
        with pytest.raises(RuntimeError, match="checkpoint is broken"):
            check(CheckParameters(data=str(data)))
        assert [to for to, _, _ in mailbox.take()] == expected
    assert read_lake(data) == before
    assert read_failures(data)[0].flow == "check"
    lines = (data / f"logs/{read_failures(data)[0].run_id}.jsonl").read_text("utf-8").splitlines()
    assert json.loads(lines[-1])["event"] == "run_failed"


def test_a_full_disk_is_told_past_the_outbox(
    folder: Path, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no space left nothing stored is lost, and the maintainers get their mail directly."""
    data, before = folder / "data", read_lake(folder / "data")

    def refuse(path: Path, content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    with monkeypatch.context() as patch, pytest.raises(StorageError, match="no space left"):
        patch.setattr(storage.folder, "write_synced", refuse)
        check(CheckParameters(data=str(data)))
    assert read_lake(data) == before
    ((to, _, text),) = mailbox.take()
    assert to == "us@example.org"
    assert "no space left" in text


def read_metrics(data: Path) -> dict[tuple[str, str], float]:
    """Read the metrics by name and flow, with the parser of Prometheus."""
    families = text_string_to_metric_families((data / "metrics.prom").read_text("utf-8"))
    return {
        (sample.name, sample.labels.get("flow", "")): sample.value
        for family in families
        for sample in family.samples
    }
