"""A headless Chromium, spoken to through its DevTools pipe: what a page shows, and what it tried to do."""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
OPTIONS = (
    *("--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--no-first-run"),
    *("--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update"),
    *(
        "--disable-extensions",
        "--disable-sync",
        "--mute-audio",
        "--hide-scrollbars",
        "--force-color-profile=srgb",
    ),
)
DEADLINE = 60.0
# It reads commands from descriptor 3 and writes answers to descriptor 4.
LAUNCH = "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execv(sys.argv[3], sys.argv[3:])"


def find(environ: Mapping[str, str]) -> str | None:
    """The browser: the one that CHROMIUM names, else the first that PATH has."""
    named = environ.get("CHROMIUM")
    return named or next((path for name in NAMES if (path := shutil.which(name))), None)


@dataclass
class Browser:
    """One browser with one page; `events` are all that it told since the page was opened."""

    reading: int
    writing: int
    session: str = ""
    asked: int = 0
    rest: bytes = b""
    events: list[dict[str, Any]] = field(default_factory=list)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        self.asked += 1
        message: dict[str, Any] = {"id": self.asked, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.writing, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self.asked:
                assert "error" not in answer, answer["error"]
                return dict(answer["result"])
            self.events.append(answer)

    def open(self, path: Path, *, dark: bool = False, width: int = 1000, height: int = 800) -> None:
        """Show a file and wait until it is loaded."""
        self.events.clear()
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        self.call("Page.navigate", url=path.absolute().as_uri())
        while not self._told("Page.loadEventFired"):
            self.events.append(self._read())

    def evaluate(self, expression: str) -> Any:
        """What an expression of JavaScript gives, promises awaited."""
        done = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def screenshot(self, path: Path) -> None:
        """The whole page as a PNG."""
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def requests(self) -> list[str]:
        """Every address that the page asked for."""
        return [event["params"]["request"]["url"] for event in self._told("Network.requestWillBeSent")]

    def loaded(self) -> list[str]:
        """Those that it was not refused."""
        failed = {event["params"]["requestId"] for event in self._told("Network.loadingFailed")}
        asked = [event["params"] for event in self._told("Network.requestWillBeSent")]
        return [each["request"]["url"] for each in asked if each["requestId"] not in failed]

    def complaints(self) -> list[str]:
        """What the browser's console holds: refusals of the security policy, errors, warnings."""
        logged = [event["params"]["entry"]["text"] for event in self._told("Log.entryAdded")]
        thrown = [str(event["params"]) for event in self._told("Runtime.exceptionThrown")]
        return [*logged, *thrown]

    def _told(self, method: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event.get("method") == method]

    def _read(self) -> dict[str, Any]:
        end = time.monotonic() + DEADLINE
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.reading], [], [], max(0, end - time.monotonic()))
            chunk = os.read(self.reading, 1 << 16) if ready else b""
            assert chunk, "the browser does not answer"
            self.rest += chunk
        line, _, self.rest = self.rest.partition(b"\0")
        return dict(json.loads(line))


@contextmanager
def running(program: str, profile: Path) -> Iterator[Browser]:
    """A browser with an empty profile, ended afterwards."""
    from_us, to_browser = os.pipe()
    from_browser, to_us = os.pipe()
    # High numbers, so that neither is in the way when they are moved to 3 and 4.
    theirs = [fcntl.fcntl(end, fcntl.F_DUPFD, 100) for end in (from_us, to_us)]
    argv = [sys.executable, "-c", LAUNCH, *map(str, theirs), program, *OPTIONS]
    process = subprocess.Popen(
        [*argv, f"--user-data-dir={profile}", "about:blank"],
        pass_fds=theirs,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for end in (from_us, to_us, *theirs):
        os.close(end)
    try:
        browser = Browser(from_browser, to_browser)
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        browser.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            browser.call(f"{domain}.enable")
        yield browser
        browser.session = ""
        browser.call("Browser.close")
        process.wait(DEADLINE)
    finally:
        process.kill()
        process.wait()
        os.close(from_browser)
        os.close(to_browser)
