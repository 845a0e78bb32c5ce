"""What can come of a command that did not do what was asked, by its exit code."""

from __future__ import annotations

from typing import Any, Mapping, Optional


class MlsignError(Exception):
    """Base of them all.

    code: a stable name such as ``unsigned``; ``None`` where a report says why.
    hint: what may help.
    report: the command's own JSON document.
    """

    exit_code = 70

    def __init__(self, message: str, document: Mapping[str, Any]) -> None:
        super().__init__(message)
        error = document.get("error")
        details = error if isinstance(error, dict) else {}
        self.code: Optional[str] = details.get("code")
        self.hint: Optional[str] = details.get("hint")
        self.report: Mapping[str, Any] = document


class Refused(MlsignError):
    """What was judged is wrong: unsigned, changed, by a stranger."""

    exit_code = 1


class UsageError(MlsignError):
    """The caller's own arguments, keys or policy are wrong, or nobody was named to trust."""

    exit_code = 2


class CouldNotCheck(MlsignError):
    """A network, service, tool or permission was missing: neither accepted nor refused."""

    exit_code = 3


class Defect(MlsignError):
    """mlsign itself is broken."""


def error_of(exit_code: int, message: str, document: Mapping[str, Any]) -> MlsignError:
    for kind in (Refused, UsageError, CouldNotCheck):
        if kind.exit_code == exit_code:
            return kind(message, document)
    return Defect(message, document)
