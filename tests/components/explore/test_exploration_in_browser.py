"""The page of hostile reviews in headless Chromium: no script, no word on the console, no request, no burst."""

import html
import json
import re
import shutil
import subprocess
from datetime import datetime

import pytest

from components.explore.exploration import write_exploration

_CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(_CHROMIUM is None, reason="no Chromium on this machine"),
]

_HOSTILE = (
    "<script>document.title='taken over';parent.document.title='taken over'</script>",
    "\"'><img src=https://example.invalid/x.png onerror=\"document.title='taken over'\">",
    "<svg onload=\"document.title='taken over'\"><style>*{display:none}</style></svg>",
    "</style></table></section><style>body{width:9000px}</style>",
    "style='position:fixed' ; --share: 99; } body { background: url(https://example.invalid/a) } {",
    "{{7*7}} {% raw %} ${7*7} $\\frac{1}{0}$ %s %(a)s {0}",
    "\u202eright to left\u2066\u2067 and back \u200f\u061c",
    "control \x00\x01\x07\x1b[31m\x7f\x85\u2028\u2029 characters",
    "w" * 100_000,
    "\u05d0" * 5_000,
    "\ufdfd" * 500,
    "Z\u0351\u036b\u0343" * 3_000,
    "👩\u200d👩\u200d👧\u200d👦" * 300,
    "<!-- ]]> <![CDATA[ --!> </body></html>",
    "javascript:alert(1) data:text/html,<script>alert(1)</script>",
)
_MEASURE = """
<script>
const measured = (page) => ({
  wide: page.scrollingElement.scrollWidth - page.documentElement.clientWidth,
  tall: page.scrollingElement.scrollHeight,
  shown: page.body.getClientRects().length,
});
addEventListener("load", () => {
  const result = [...document.querySelectorAll("iframe")].map((frame) => ({
    ...measured(frame.contentDocument),
    title: frame.contentDocument.title,
    requests: frame.contentWindow.performance.getEntriesByType("resource").length,
  }));
  document.body.replaceChildren();
  document.body.textContent = JSON.stringify({ frames: result, title: document.title });
});
</script>"""


@pytest.fixture
def hostile_page(write_table, tmp_path):
    """The page of reviews whose every text, label, name and value is hostile."""
    repeats = 6  # a word has to stand in five reviews before it is shown
    texts = [f"{text} dress number {row} {text}" for row in range(repeats) for text in _HOSTILE]
    rows = len(texts)
    # Labels that differ only where they are cut off are labels nonetheless.
    labels = [*(f"{text[:3000]}{number}" for number, text in enumerate(_HOSTILE[:-1])), ""]
    texts[1] = texts[0]
    attributes = {f"source:{text[:3000]}": [text[:3000], None] * (rows // 2) for text in _HOSTILE}
    path = write_table(
        labels,
        ordered=False,
        description={"source": _HOSTILE[0] + _HOSTILE[8], "label_column": _HOSTILE[1], "group_column": _HOSTILE[2]},
        title=[_HOSTILE[max(row, 1) % len(_HOSTILE)] for row in range(rows)],
        text=texts,
        label=[labels[row % len(labels)] for row in range(rows)],
        group_key=[_HOSTILE[0], _HOSTILE[8]] * (rows // 2),
        time=[datetime(2020, 1 + row % 12, 1) for row in range(rows)],
        **attributes,
    )
    write_exploration(path, "en", 7, tmp_path / "page.html")
    return (tmp_path / "page.html").read_text(encoding="utf-8")


def _open_in_frames(page, widths, tmp_path):
    """Returns what Chromium measures of the page in frames of these widths, and what it logged."""
    frames = "".join(
        f'<iframe style="border:0;width:{width}px;height:900px" srcdoc="{html.escape(page)}"></iframe>'
        for width in widths
    )
    outer = tmp_path / "outer.html"
    outer.write_text(f"<!doctype html><meta charset=utf-8><title>calm</title><body>{frames}{_MEASURE}", "utf-8")
    command = [_CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr", "--dump-dom", outer.as_uri()]
    process = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    result = re.search(r"<body>(\{.*\})</body>", process.stdout, re.DOTALL)
    return json.loads(html.unescape(result.group(1))), [
        line for line in process.stderr.splitlines() if "CONSOLE" in line
    ]


# Without its policy the page has to be harmless by escaping alone.
@pytest.mark.parametrize("policy", [True, False])
def test_hostile_reviews_do_nothing_and_burst_nothing(policy, hostile_page, tmp_path):
    page, removed = re.subn(r"<meta http-equiv.*", "", hostile_page)
    assert removed == 1
    measured, console = _open_in_frames(hostile_page if policy else page, (1280, 390), tmp_path)
    assert console == []
    assert measured["title"] == "calm"
    for frame in measured["frames"]:
        assert frame["title"] == "Exploration"
        assert frame["requests"] == 0
        assert frame["shown"] == 1
        assert frame["wide"] <= 0
        assert frame["tall"] < 60_000


def test_a_planted_script_would_be_seen(tmp_path):
    planted = (
        "<title>Exploration</title><body><script>document.title = 'taken over'</script><p style='width:9999px'>wide"
    )
    measured, _ = _open_in_frames(planted, (390,), tmp_path)
    assert measured["frames"][0]["title"] == "taken over"
    assert measured["frames"][0]["wide"] > 0


def test_hostile_texts_are_escaped_and_shortened(hostile_page):
    body = hostile_page[hostile_page.index("<body>") :]
    for heading in ("The same text with different labels", "Nearly the same", "Class shares over time"):
        assert heading in body
    tags = set(re.findall(r"<(\w+)", body))
    assert tags.isdisjoint({"script", "img", "svg", "style", "iframe"})
    assert "&lt;script&gt;" in body and "{{7*7}}" in body
    assert "w" * 241 not in body
    assert not re.search(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", hostile_page)
    assert len(hostile_page) < 1_000_000
