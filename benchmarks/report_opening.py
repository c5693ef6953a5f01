"""How long the report takes to open from disk in headless Chromium: `python -m benchmarks.report_opening --help`.

Reports of 1, 20 and 60 generated candidates, and those named on the command line. Opening ends when the page is
loaded, its script has run and its layout is done.
"""

import argparse
import importlib.util
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tqdm import tqdm

from components.compare.reporting.report import render_report
from components.shared.errors import UserError

_COUNTS = (1, 20, 60)
_EXAMPLES = Path(__file__).resolve().parents[1] / "tests/components/compare/reporting/test_report.py"
_CLOCK = """<script>
addEventListener("load", () => setTimeout(() => {
  document.body.getBoundingClientRect();
  document.title = `opened after ${performance.now()} ms`;
}));
</script></body>"""


def main(argv: list[str] | None = None) -> int:
    """Prints one row a report: its size, and the median, smallest and largest time of opening it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report_opening", description=__doc__)
    parser.add_argument("reports", nargs="*", type=Path, metavar="REPORT", help="report.html of a run")
    parser.add_argument("--repetitions", type=int, default=5, metavar="N", help="(%(default)s)")
    options = parser.parse_args(argv)
    try:
        pages = _generated() | {str(path): _read(path) for path in options.reports}
        rows = [_measure(name, page, options.repetitions) for name, page in tqdm(pages.items(), mininterval=1)]
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print("| report | KB | median ms | smallest | largest |\n|---|---|---|---|---|")
    print("\n".join(f"| {' | '.join(row)} |" for row in rows))
    return 0


def _generated() -> dict[str, str]:
    spec = importlib.util.spec_from_file_location("report_content", _EXAMPLES)
    assert spec is not None and spec.loader is not None
    examples: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(examples)
    return {f"{count} generated": render_report(examples.make_content(count)) for count in _COUNTS}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot read the report: {error}; name the report.html of a run") from error


def _measure(name: str, page: str, repetitions: int) -> list[str]:
    times = [_open(page) for _ in range(repetitions)]
    figures = (statistics.median(times), min(times), max(times))
    return [name, f"{len(page.encode()) / 1000:.0f}", *(f"{figure:.0f}" for figure in figures)]


def _open(page: str) -> float:
    """Returns the milliseconds from the start of the navigation, in a browser that knows nothing yet."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise UserError("no Chromium on this machine; install chromium")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        head, _, tail = page.rpartition("</body>")
        path.write_text(head + _CLOCK + tail, encoding="utf-8")
        command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile"]
        command += ["--window-size=1280,900", "--timeout=10000", "--dump-dom", path.as_uri()]
        process = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    found = re.search(r"<title>opened after ([\d.]+) ms</title>", process.stdout)
    if found is None:
        raise UserError("the report did not open within ten seconds")
    return float(found.group(1))


if __name__ == "__main__":
    sys.exit(main())
