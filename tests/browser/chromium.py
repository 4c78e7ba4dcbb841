"""Find a Chromium for the browser tests, or get one: `python tests/browser/chromium.py`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")


def find() -> str | None:
    """Path of a Chromium: FIL_CHROMIUM, one on the PATH, or Playwright's own; None if there is none."""
    installed = [os.environ.get("FIL_CHROMIUM"), *map(shutil.which, _NAMES), str(_MAC)]
    # Playwright is started only where it must be asked: it refuses to run twice at once.
    return next((path for path in installed if path and Path(path).exists()), None) or _playwrights_own()


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def provide() -> str | None:
    """Install one: from the system's packages where that needs no password, else through Playwright."""
    as_root = [] if hasattr(os, "geteuid") and os.geteuid() == 0 else ["sudo", "-n"]
    attempts = [
        [[*as_root, "apt-get", "update", "-qq"], [*as_root, "apt-get", "install", "-y", "-qq", "chromium"]],
        [[sys.executable, "-m", "playwright", "install", "chromium"]],
    ]
    for commands in attempts:
        if shutil.which(commands[0][0]) is None and not Path(commands[0][0]).exists():
            continue
        if all(_succeeds(command) for command in commands) and (path := find()):
            return path
    return None


def _succeeds(command: list[str]) -> bool:
    print("+", " ".join(command), flush=True)
    try:
        return subprocess.run(command, timeout=600, stdin=subprocess.DEVNULL).returncode == 0
    except (OSError, subprocess.TimeoutExpired) as error:
        print(error)
        return False


if __name__ == "__main__":
    found = find() or provide()
    print(f"Browser tests use {found}." if found else "No Chromium here, and none to be had: browser tests skip.")
