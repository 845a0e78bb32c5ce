"""Signs machine-learning models, and refuses what nobody signed.

A thin door to the program: it starts it, hands arguments over as a list, and turns its JSON and its
exit code into a value or a typed error. No check is made here.
"""

from ._errors import CouldNotCheck, Defect, MlsignError, Refused, UsageError
from ._models import sign, verify
from ._program import run

__all__ = [
    "CouldNotCheck",
    "Defect",
    "MlsignError",
    "Refused",
    "UsageError",
    "run",
    "sign",
    "verify",
]
