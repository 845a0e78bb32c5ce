"""What another scanner says of each file of a folder: `python scan-peers.py PEER FOLDER`.

Runs in the peer's own environment, and prints a JSON line for each file: `flagged`, `clean`, or
`error` where the peer could not read it, with the seconds that it took.
"""

import contextlib
import io
import json
import os
import sys
import time

PEER, FOLDER = sys.argv[1], sys.argv[2]
os.environ.update(PROMPTFOO_DISABLE_TELEMETRY="1", NO_ANALYTICS="1", DO_NOT_TRACK="1")


def picklescan(strict):
    from picklescan.scanner import scan_file_path

    def scan(path):
        result = scan_file_path(path)
        if result.issues_count > 0 or (strict and result.suspicious_count > 0):
            return "flagged"
        return "error" if result.scan_err or result.scanned_files == 0 else "clean"

    return scan


def modelscan():
    from modelscan.modelscan import ModelScan

    def scan(path):
        result = ModelScan().scan(path)
        if result["summary"]["total_issues"] > 0:
            return "flagged"
        seen = result["summary"]["scanned"]["total_scanned"] > 0 and not result["errors"]
        return "clean" if seen else "error"

    return scan


def fickling():
    from fickling.loader import scan_file, scan_zip_archive
    from fickling.analysis import Severity
    import zipfile

    def scan(path):
        if zipfile.is_zipfile(path):
            found = scan_zip_archive(path, graceful=True)
        else:
            found = scan_file(path, graceful=True)
        results = found if isinstance(found, list) else [found]
        if any(result.severity > Severity.LIKELY_SAFE and not result.errors for result in results):
            return "flagged"
        return "error" if any(result.errors for result in results) or not results else "clean"

    return scan


def modelaudit():
    from modelaudit.core import scan_file

    def scan(path):
        result = scan_file(path)
        if any(str(issue.severity.value) in ("warning", "critical") for issue in result.issues):
            return "flagged"
        return "clean" if result.success else "error"

    return scan


def engine():
    from modelaudit_picklescan import scan_file

    def scan(path):
        report = scan_file(path)
        verdict = str(getattr(report.verdict, "value", report.verdict)).lower()
        return {"clean": "clean", "safe": "clean"}.get(verdict, "flagged")

    return scan


PEERS = {
    "picklescan": lambda: picklescan(False),
    "picklescan-strict": lambda: picklescan(True),
    "modelscan": modelscan,
    "fickling": fickling,
    "modelaudit": modelaudit,
    "modelaudit-engine": engine,
}

scan = PEERS[PEER]()
for name in sorted(os.listdir(FOLDER)):
    path = os.path.join(FOLDER, name)
    begun = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            verdict = scan(path)
        except Exception:
            verdict = "error"
    print(json.dumps({"file": name, "verdict": verdict, "seconds": time.perf_counter() - begun}), flush=True)
