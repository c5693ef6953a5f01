"""The report in headless Chromium: it asks nothing of the network, says nothing on the console, and sorts."""

import importlib.util
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from components.compare.reporting.report import render_report

_CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(_CHROMIUM is None, reason="no Chromium on this machine"),
]


def _examples():
    """Returns the module that makes reports' contents."""
    path = Path(__file__).with_name("test_report.py")
    spec = importlib.util.spec_from_file_location("report_content", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _make_content(*arguments, **options):
    return _examples().make_content(*arguments, **options)


def _open(html, tmp_path, script=""):
    """Returns the page as Chromium holds it after the script, and what it logged."""
    page = tmp_path / "report.html"
    page.write_text(html.replace("</body>", f"<script>{script}</script></body>"), encoding="utf-8")
    command = [_CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr", "--dump-dom", page.as_uri()]
    process = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return process.stdout, [line for line in process.stderr.splitlines() if "CONSOLE" in line]


def _first_candidate(dom):
    return re.search(r'<tbody>.*?<th scope="row">([^<]*)</th>', dom, re.DOTALL).group(1)


def test_the_report_opens_without_a_word_on_the_console(tmp_path):
    page = tmp_path / "data.html"
    page.write_text("<p style='color: red'>about the data</p>")
    dom, console = _open(render_report(_make_content(20, pages={"Data": page})), tmp_path)
    assert console == []
    assert "<svg" in dom


def test_headings_sort_the_table_and_say_how(tmp_path):
    content = _make_content(20)
    measured = [row for row in content.rows if row.size_mb]
    click = 'const b = [...document.querySelectorAll("thead button")].find((b) => b.textContent === "Size MB");'
    down, _ = _open(render_report(content), tmp_path, f"{click} b.click();")
    up, _ = _open(render_report(content), tmp_path, f"{click} b.click(); b.click();")
    assert _first_candidate(down) == max(measured, key=lambda row: row.size_mb).candidate
    assert _first_candidate(up) == min(measured, key=lambda row: row.size_mb).candidate
    assert 'aria-sort="descending"' in down
    assert 'aria-sort="ascending"' in up


def test_a_script_in_an_embedded_page_does_not_run(tmp_path):
    page = tmp_path / "data.html"
    page.write_text("<script>parent.document.title = 'taken over'</script>")
    dom, _ = _open(render_report(_make_content(1, pages={"Data": page})), tmp_path)
    assert "<title>taken over" not in dom


def test_the_pictures_of_words_are_drawn_in_the_colours_of_the_page(tmp_path):
    content = replace(_make_content(3), explained=_examples().make_explained("love"))
    script = """
      const section = document.querySelector('section[aria-labelledby="words"]');
      const bars = [...section.querySelectorAll("svg path")];
      const fill = (bar) => getComputedStyle(bar).fill;
      const colour = (name) => {
        const probe = document.body.appendChild(document.createElement("i"));
        probe.style.color = `var(${name})`;
        return getComputedStyle(probe).color;
      };
      const width = (shape) => shape.getBoundingClientRect().width;
      const drawn = (name) => bars.filter((bar) => fill(bar) === colour(name) && width(bar) > 20);
      const widths = [...section.querySelectorAll("svg")].map(width);
      document.title = [drawn("--accent").length, drawn("--against").length, Math.min(...widths) > 300].join(" ");
    """
    dom, console = _open(render_report(content), tmp_path, script)
    assert console == []
    raising, lowering, wide = re.search(r"<title>(.*?)</title>", dom).group(1).split()
    assert int(raising) == int(lowering) == 8  # five labels and three reviews
    assert wide == "true"
