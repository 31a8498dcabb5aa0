"""Debian's Chromium without a window, driven over its debugging protocol."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from websockets.sync.client import connect
from websockets.sync.connection import Connection

PATH = shutil.which("chromium") or shutil.which("chromium-browser")
CLICK = """
(() => {
  const found = [...document.querySelectorAll('button, a, [role=button]')]
    .filter(one => one.innerText.trim() === %s && one.offsetParent !== null && !one.disabled);
  if (!found.length) return false;
  found[found.length - 1].click();
  return true;
})()
"""


class Page:
    """One page: goes to addresses, waits for words, presses buttons, takes pictures."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._numbers = count(1)

    def open(self, url: str) -> None:
        """Go to an address."""
        self._call("Page.navigate", url=url)

    def evaluate(self, code: str) -> Any:
        """Give what JavaScript gives."""
        found = self._call("Runtime.evaluate", expression=code, returnByValue=True)
        return found["result"].get("value")

    def wait_for(self, text: str, seconds: float = 60) -> str:
        """Wait until a text is on the page; give all its text."""
        return str(self._wait(f"document.body?.innerText.includes({json.dumps(text)})", seconds))

    def press(self, label: str, seconds: float = 60) -> None:
        """Press the button or link with this label, once it is there."""
        self._wait(CLICK % json.dumps(label), seconds)

    def shoot(self, path: Path) -> None:
        """Take a picture, once the page had time to draw."""
        time.sleep(2)
        path.write_bytes(base64.b64decode(self._call("Page.captureScreenshot")["data"]))

    def _wait(self, code: str, seconds: float) -> Any:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.evaluate(code):
                return self.evaluate("document.body.innerText")
            time.sleep(0.5)
        said = self.evaluate("document.body?.innerText")
        raise AssertionError(f"expected {code} within {seconds} s, the page says: {said}")

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._connection.recv(timeout=60))
            if answer.get("id") == number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result


@contextmanager
def open_page(folder: Path, width: int = 1400, height: int = 1000) -> Iterator[Page]:
    """Start Chromium with a profile of its own, and give its page."""
    assert PATH
    process = subprocess.Popen(
        [
            PATH,
            *("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"),
            *("--remote-debugging-port=0", f"--user-data-dir={folder}"),
            *(f"--window-size={width},{height}", "about:blank"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        port = _await_port(folder / "DevToolsActivePort")
        with urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
            pages = [one for one in json.load(answer) if one["type"] == "page"]
        with connect(pages[0]["webSocketDebuggerUrl"], max_size=None) as connection:
            yield Page(connection)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _await_port(file: Path) -> int:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if file.exists() and file.read_text().strip():
            return int(file.read_text().splitlines()[0])
        time.sleep(0.2)
    raise AssertionError("expected Chromium to tell its port within 60 s")
