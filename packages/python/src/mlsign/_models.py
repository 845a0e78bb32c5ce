"""Signing and verifying, with the flags of the command line as keywords."""

from __future__ import annotations

import os
from typing import Any, Iterable, Mapping, Optional, Sequence, Union

from ._program import run

_Path = Union[str, "os.PathLike[str]"]


def sign(
    path: _Path,
    *,
    identity_token: Optional[str] = None,
    passphrase: Optional[str] = None,
    cwd: Optional[_Path] = None,
    arguments: Sequence[str] = (),
    **flags: Any,
) -> dict[str, Any]:
    """Signs a model, a file or a directory, and returns what ``mlsign sign --json`` prints.

    flags: those of ``mlsign sign``, with ``_`` for ``-``: ``key="team.key"``, ``card="auto"``,
    ``data=["data.dvc"]``, ``yes=True``. Without a key the job's own identity signs.
    identity_token, passphrase: handed over in the environment, never on the command line.
    """
    return _call("sign", path, cwd, arguments, flags, identity_token, passphrase)


def verify(
    path: _Path,
    *,
    cwd: Optional[_Path] = None,
    arguments: Sequence[str] = (),
    **flags: Any,
) -> dict[str, Any]:
    """Verifies a model and returns its report; raises where it is not accepted.

    flags: those of ``mlsign verify``: ``key="team.pub"``, or ``certificate_identity=…`` with
    ``certificate_oidc_issuer=…``, or ``policy=…`` with ``to=…``. Nobody is trusted by default.
    Raises Refused where it must not be loaded, CouldNotCheck where that was not decided.
    """
    return _call("verify", path, cwd, arguments, flags)


def _call(
    name: str,
    path: _Path,
    cwd: Optional[_Path],
    arguments: Sequence[str],
    flags: Mapping[str, Any],
    identity_token: Optional[str] = None,
    passphrase: Optional[str] = None,
) -> dict[str, Any]:
    model = os.fspath(path)
    # A name that begins with a dash is a model's, not a flag.
    own = os.path.join(".", model) if model.startswith("-") else model
    secrets = {
        name: value
        for name, value in (
            ("SIGSTORE_ID_TOKEN", identity_token),
            ("MLSIGN_PASSPHRASE", passphrase),
        )
        if value is not None
    }
    return run([name, own, *_flags(flags), *arguments], cwd=cwd, env=secrets or None)


def _flags(flags: Mapping[str, Any]) -> list[str]:
    words: list[str] = []
    for name, value in flags.items():
        flag = f"--{name.replace('_', '-')}"
        if value is None or value is False:
            continue
        if value is True:
            words.append(flag)
        elif isinstance(value, (str, bytes, os.PathLike, int)):
            words.append(f"{flag}={os.fsdecode(value) if not isinstance(value, int) else value}")
        elif isinstance(value, Iterable):
            words.extend(f"{flag}={os.fspath(item)}" for item in value)
        else:
            raise TypeError(f"{name} is no text, path, number, list or bool")
    return words
