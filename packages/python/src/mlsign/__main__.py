"""The command line: ``mlsign …`` and ``python -m mlsign …``."""

import subprocess
import sys

from ._program import command


def main() -> int:
    return subprocess.run(command(sys.argv[1:]), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
