"""Which Chromium the tests drive; as a program: is there one? (0 or 1, for the Makefile)"""

import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from sandseg.settings import CHROMIUM

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str | None:
    """Return the path of a Chromium that starts: the one named, the system's, or Playwright's."""
    named = CHROMIUM.read()
    for name in [named] if named else NAMES:
        path = shutil.which(name)
        if path and _starts(path):
            return path
    if named:
        return None
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _starts(path):
    """Ubuntu's "chromium" is there without a browser behind it, so ask it for its version."""
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=30).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


if __name__ == "__main__":
    sys.exit(find_chromium() is None)
