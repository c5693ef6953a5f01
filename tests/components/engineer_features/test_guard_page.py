from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import numpy as np

from components.engineer_features.guard_page import write_guard
from components.shared.records.features import OUTCOMES, Finding
from components.shared.records.task import Task

_HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'\u202e"
_COUNTS = np.array([[70, 700], [8, 80], [12, 120], [10, 100]])


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)


def _write(path: Path, labels: tuple[str, str], message: str) -> str:
    findings = [Finding(rule=f"rule {outcome}", outcome=outcome, message=message) for outcome in OUTCOMES]
    write_guard(path, findings, _COUNTS, Task(labels=labels, scores=(0, 1), text_column="text"), "text")
    return path.read_text(encoding="utf-8")


def test_the_page_has_every_finding_in_words_and_every_split(tmp_path: Path) -> None:
    page = _write(tmp_path / "guard.html", ("bad", "good"), "seen")
    for outcome, (_, words) in OUTCOMES.items():
        assert f"rule {outcome}" in page
        assert words in page
    assert "1,100 reviews, split by text" in page
    assert '<td>tune</td><td class="number">88</td><td class="number">8.0 %</td><td class="number">8 %</td>' in page
    assert '<td class="number">9.1 %</td><td class="number">90.9 %</td>' in page


def test_every_outcome_has_words() -> None:
    assert set(OUTCOMES) == set(get_args(Finding.model_fields["outcome"].annotation))


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    page = _write(tmp_path / "guard.html", (_HOSTILE, "good"), _HOSTILE)
    tags = _Tags()
    tags.feed(page)
    assert not {"script", "img"} & set(tags.tags)
    assert "http" not in page.replace("http-equiv", "")
