"""LibreOffice, where it is installed, for files that no reader of ours opens."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from tasks.reading.report import UnreadableError

TIMEOUT_SECONDS = 60.0
# A profile of its own for each call: two LibreOffices cannot share one. It forbids macros and
# whatever a document would load from elsewhere.
_PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting">
<prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting">
<prop oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true</value></prop></item>
</oor:items>
"""


def convert_word(content: bytes) -> bytes:
    """Convert a Word file that no reader of ours opens, with the LibreOffice on PATH.

    Raises:
        UnreadableError: as `convert_with_libreoffice`.
    """
    found = shutil.which("soffice")
    return convert_with_libreoffice(content, ".doc", Path(found) if found else None)


def convert_with_libreoffice(
    content: bytes,
    suffix: str,
    soffice_path: Path | None,
    target: str = "docx",
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> bytes:
    """Convert a file that LibreOffice opens into one that we read.

    `suffix` is that of the file's format, `.doc` or `.wps`; `target` is `docx` or `xlsx`, and
    behind a colon, if need be, the name of LibreOffice's filter.
    Takes about 2 seconds and 250 MB.

    Raises:
        UnreadableError: `libreoffice_missing` where `soffice_path` is None, or
            `conversion_failed`.
    """
    if soffice_path is None:
        raise UnreadableError(
            "libreoffice_missing",
            f"expected LibreOffice to read this {suffix} file, found no soffice on PATH; "
            "install it, or save the file anew as .docx",
        )
    with TemporaryDirectory(prefix="gouji-office-") as name:
        folder = Path(name)
        (folder / "profile/user").mkdir(parents=True)
        (folder / "profile/user/registrymodifications.xcu").write_text(_PROFILE, "utf-8")
        source = folder / f"report{suffix}"
        source.write_bytes(content)
        command = [
            str(soffice_path),
            "--headless",
            "--norestore",
            f"-env:UserInstallation={(folder / 'profile').as_uri()}",
            "--convert-to",
            target,
            "--outdir",
            str(folder / "converted"),
            str(source),
        ]
        said = _run(command, timeout_seconds)
        converted = folder / "converted" / f"report.{target.partition(':')[0]}"
        if not converted.is_file():
            raise UnreadableError(
                "conversion_failed", f"expected a .{target} from LibreOffice, found none: {said}"
            )
        return converted.read_bytes()


def _run(command: list[str], timeout_seconds: float) -> str:
    """Run LibreOffice and give what it says; it and all it started end with the time."""
    try:
        process = subprocess.Popen(  # noqa: S603 (no shell; the path is the operator's)
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
        )
    except OSError as error:
        raise UnreadableError(
            "libreoffice_missing", f"expected LibreOffice at {command[0]}, found none: {error}"
        ) from error
    try:
        said, _ = process.communicate(timeout=timeout_seconds)
    except subprocess.TimeoutExpired as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise UnreadableError(
            "conversion_failed", f"LibreOffice was not done after {timeout_seconds:.0f} s"
        ) from error
    return said.decode("utf-8", "replace").strip()[-500:]
