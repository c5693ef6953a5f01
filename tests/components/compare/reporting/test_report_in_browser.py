"""The report in headless Chromium: it asks nothing of the network, says nothing on the console, and can be used."""

import html as html_escapes
import importlib.util
import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from components.compare.reporting.report import render_report
from components.shared.records.history import History
from components.shared.records.searches import Search, TrialRecord

_CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(_CHROMIUM is None, reason="no Chromium on this machine"),
]
#: Chromium's name for each colour scheme.
_SCHEMES = {"dark": 0, "light": 1}


def _examples():
    """Returns the module that makes reports' contents."""
    path = Path(__file__).with_name("test_report.py")
    spec = importlib.util.spec_from_file_location("report_content", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _make_content(*arguments, **options):
    return _examples().make_content(*arguments, **options)


@pytest.fixture
def full_content(tmp_path):
    """60 candidates and every section."""
    examples = _examples()
    page = tmp_path / "data.html"
    page.write_text("<p>about the data</p>")
    trials = (TrialRecord(number=n, values={}, outcome="finished", score=0.4 + n / 50, seconds=60) for n in range(3))
    search = Search(
        candidate="lstm", metric="macro_f1", minutes=5, how="TPE", best={}, best_trial=2, trials=tuple(trials)
    )
    history = History(
        loss=[1.2, 0.9],
        gradient_norm=[2.0, 1.5],
        tune_macro_f1=[0.4, 0.45],
        tune_accuracy=[0.6, 0.65],
        seconds=[10.0, 10.0],
        reviews=500,
        best_epoch=1,
    )
    return replace(
        examples.make_content(60, pages={"Data": page}),
        explained=examples.make_explained(),
        sensitivities=[examples.make_scan()],
        histories={"lstm": history},
        searches=[search],
    )


def _open(html, tmp_path, script="", scheme="light"):
    """Returns the page as Chromium holds it once the script and what it waits for are done, and what it logged."""
    page = tmp_path / "report.html"
    page.write_text(html.replace("</body>", f"<script>{script}</script></body>"), encoding="utf-8")
    command = [_CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr", "--window-size=1280,900"]
    command += [f"--blink-settings=preferredColorScheme={_SCHEMES[scheme]}", "--virtual-time-budget=60000"]
    process = subprocess.run(
        [*command, "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=300, check=True
    )
    return process.stdout, [line for line in process.stderr.splitlines() if "CONSOLE" in line]


def _ask(html, tmp_path, script, scheme="light"):
    """Returns what the body of an async function answers in the page, as JSON carries it, and what was logged."""
    wrapped = f"""
      (async () => {{ {script} }})().then((answer) => {{
        const output = document.body.appendChild(document.createElement("output"));
        output.id = "answer";
        output.textContent = JSON.stringify(answer);
      }});
    """
    dom, console = _open(html, tmp_path, wrapped, scheme)
    answer = re.search(r'<output id="answer">(.*?)</output>', dom, re.DOTALL)
    assert answer, console
    return json.loads(html_escapes.unescape(answer.group(1))), console


def _as_script(text):
    """Returns the text as a literal that may stand in a script element."""
    return json.dumps(text).replace("</", "<\\/").replace("<!--", "<\\!--")


@pytest.mark.parametrize("count", [1, 60])
def test_the_report_opens_from_disk_without_a_request_or_a_word_on_the_console(count, tmp_path):
    page = tmp_path / "data.html"
    page.write_text("<p style='color: red'>about the data</p>")
    html = render_report(_make_content(count, pages={"Data": page}))
    script = """
      const requests = performance.getEntriesByType("resource").length;
      const bars = document.scrollingElement.scrollWidth - document.documentElement.clientWidth;
      return { requests, bars, drawn: document.querySelectorAll("svg").length };
    """
    answer, console = _ask(html, tmp_path, script)
    assert console == []
    assert answer["requests"] == 0
    assert answer["bars"] <= 0
    assert answer["drawn"] >= 1
    # What makes it open at once: no library, no picture that is not drawn by the page.
    assert len(html.encode()) < 1_000_000


def test_headings_sort_the_table_and_say_how(tmp_path):
    content = _make_content(20)
    measured = [row for row in content.rows if row.size_mb]
    script = """
      const button = [...document.querySelectorAll("thead button")].find((one) => one.textContent === "Size MB");
      const first = () => document.querySelector("#table tbody th").textContent;
      return [0, 1].map(() => { button.click(); return [first(), button.parentElement.getAttribute("aria-sort")]; });
    """
    (down, up), _ = _ask(render_report(content), tmp_path, script)
    assert down == [max(measured, key=lambda row: row.size_mb).candidate, "descending"]
    assert up == [min(measured, key=lambda row: row.size_mb).candidate, "ascending"]


def test_model_and_technique_filter_every_table_of_candidates_and_say_how_many_are_left(tmp_path):
    script = """
      const choose = (name, value) => {
        const box = document.querySelector(`[data-filter=${name}]`);
        box.value = value;
        box.dispatchEvent(new Event("change"));
      };
      const shown = (table) => [...table.querySelectorAll("tr[data-model]")].filter((row) => !row.hidden)
        .map((row) => row.querySelector("th").textContent).sort();
      const tables = [...document.querySelectorAll("table.sortable:has(tr[data-model])")];
      const state = () => [tables.map(shown), document.querySelector(".filters [role=status]").textContent];
      const visible = document.querySelector(".filters").checkVisibility();
      choose("model", "distilbert");
      const model = state();
      choose("techniques", "dynamic");
      const both = state();
      choose("techniques", "none");
      const floats = state();
      choose("techniques", ""); choose("model", "");
      return { visible, model, both, floats, all: state()[1] };
    """
    answer, _ = _ask(render_report(_make_content(20)), tmp_path, script)
    assert answer["visible"]
    (table, *others), words = answer["model"]
    assert len(table) == 9 and all(name.startswith("distilbert") for name in table)
    assert len(others) >= 2 and all(other == table for other in others) and words == "9 of 21 candidates"
    dynamic = ["distilbert-dynamic", "distilbert-layers-trim-dynamic", "distilbert-prune-cluster-dynamic"]
    assert answer["both"] == [[dynamic] * (1 + len(others)), "3 of 21 candidates"]
    assert answer["floats"][0][0] == ["distilbert"]
    assert answer["all"] == "21 of 21 candidates"


def test_pointer_and_keyboard_show_the_details_of_a_candidate(tmp_path):
    content = _make_content(60)
    script = """
      const points = [...document.querySelectorAll(".trade-off .candidate")];
      const tip = document.querySelector(".tip");
      const lines = () => tip.hidden ? [] : [...tip.children].map((line) => line.textContent);
      const chart = document.querySelector(".trade-off");
      chart.scrollIntoView();
      const star = points.find((one) => one.getAttribute("aria-label").includes("; chosen"));
      const { left, top, width, height } = star.getBoundingClientRect();
      const move = (x, y) => chart.dispatchEvent(new PointerEvent("pointermove", { clientX: x, clientY: y }));
      move(left + width / 2, top + height / 2);
      const hovered = lines();
      const box = tip.getBoundingClientRect();
      const inside = box.left >= 0 && box.right <= innerWidth;
      move(left - 200, top - 200);
      const away = lines();
      const stops = points.filter((one) => one.tabIndex === 0);
      stops[0].focus();
      const focused = lines();
      const press = (key) => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key }));
      press("ArrowRight");
      const next = lines();
      const stopsLater = points.filter((one) => one.tabIndex === 0).length;
      press("Escape");
      return { hovered, inside, away, stops: stops.length, focused, next, stopsLater, escaped: lines(),
        titles: document.querySelectorAll(".trade-off title").length };
    """
    answer, console = _ask(render_report(content), tmp_path, script)
    assert console == []
    chosen = next(row for row in content.rows if row.status == "chosen")
    assert answer["hovered"][0] == chosen.candidate
    text = "; ".join(answer["hovered"])
    assert f"macro-F1 {chosen.macro_f1:.3f} ({chosen.macro_f1_low:.3f} to {chosen.macro_f1_high:.3f})" in text
    assert "€ a month, estimated" in text and "p95" in text and "MB on disk" in text
    assert answer["inside"] and answer["away"] == []
    assert answer["stops"] == answer["stopsLater"] == 1
    assert answer["focused"] and answer["next"] and answer["focused"] != answer["next"]
    assert answer["escaped"] == [] and answer["titles"] == 0


def test_the_script_works_in_a_sandboxed_frame(tmp_path):
    tell = 'parent.postMessage(document.querySelector(".filters").hidden, "*")'
    report = render_report(_make_content(3)).replace("</body>", f"<script>{tell}</script></body>")
    script = f"""
      const answer = new Promise((done) => addEventListener("message", ({{ data }}) => done(data)));
      const frame = document.body.appendChild(document.createElement("iframe"));
      frame.sandbox = "allow-scripts";
      frame.srcdoc = {_as_script(report)};
      return answer;
    """
    hidden, console = _ask("<!doctype html><body></body>", tmp_path, script)
    assert hidden is False
    assert console == []


def test_links_of_the_contents_stay_in_the_page_where_it_stands_in_a_frame(tmp_path):
    script = f"""
      const frame = document.body.appendChild(document.createElement("iframe"));
      frame.srcdoc = {_as_script(render_report(_make_content(3)))};
      await new Promise((done) => (frame.onload = done));
      frame.contentDocument.querySelector('nav a[href="#reproduce"]').click();
      const page = frame.contentWindow;
      return [page.document.activeElement.id, page.location.href, page.scrollY > 500];
    """
    answer, console = _ask("<!doctype html><body></body>", tmp_path, script)
    assert answer == ["reproduce", "about:srcdoc", True]
    assert console == []


def test_a_script_in_an_embedded_page_does_not_run(tmp_path):
    page = tmp_path / "data.html"
    page.write_text("<script>parent.document.title = 'taken over'</script>")
    dom, _ = _open(render_report(_make_content(1, pages={"Data": page})), tmp_path)
    assert "<title>taken over" not in dom


_CHECK = """
  document.querySelectorAll("details").forEach((one) => (one.open = true));
  const { violations, passes } = await axe.run(document, { iframes: false });
  return {
    dark: matchMedia("(prefers-color-scheme: dark)").matches,
    serious: violations.filter(({ impact }) => ["serious", "critical"].includes(impact))
      .map(({ id, nodes }) => [id, nodes.slice(0, 3).map(({ html }) => html.slice(0, 200))]),
    passed: passes.map(({ id }) => id),
  };
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_accessibility_checker_finds_nothing_serious(scheme, full_content, axe, tmp_path):
    answer, _ = _ask(render_report(full_content), tmp_path, f"{axe}\n{_CHECK}", scheme)
    assert answer["dark"] == (scheme == "dark")
    assert answer["serious"] == []
    assert {"color-contrast", "svg-img-alt", "select-name", "page-has-heading-one"} <= set(answer["passed"])


def test_the_checker_would_find_what_is_serious(axe, tmp_path):
    planted = "<!doctype html><html lang=en><title>t</title><body><p style='color: #ccc'>pale<select></select></body>"
    answer, _ = _ask(planted, tmp_path, f"{axe}\n{_CHECK}")
    assert {"color-contrast", "select-name"} <= {name for name, _ in answer["serious"]}


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
      return [drawn("--accent").length, drawn("--against").length, Math.min(...widths) > 300];
    """
    (raising, lowering, wide), console = _ask(render_report(content), tmp_path, script)
    assert console == []
    assert raising == lowering == 8  # five labels and three reviews
    assert wide
