"""`python -m serving explain`: what it prints and writes, and what it says of mistakes."""

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from components.shared.predictors.linear import TfidfLogisticPredictor
from serving.__main__ import main

_HOSTILE = "love <script>alert(1)</script> \x1b[2J\x1b]0;owned\x07 \u202e awful & \"quoted\" <img src=x onerror='x'>"


def _explain(bundle: Path, *arguments: str) -> int:
    return main(["explain", "--bundle", str(bundle), *arguments])


def test_the_terminal_shows_prediction_and_signed_bars(
    logistic_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _explain(logistic_bundle, "--text", "love the soft dress, cheap") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("logistic says 3 (expected score ")
    (love,) = [line for line in lines if line.endswith(" love")]
    (cheap,) = [line for line in lines if line.endswith(" cheap")]
    assert "+++" in love and "---" not in love
    assert "---" in cheap and "+" not in cheap


def test_another_label_can_be_asked_for(logistic_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _explain(logistic_bundle, "--text", "love the soft dress, cheap", "--label", "1") == 0
    lines = capsys.readouterr().out.splitlines()
    assert "Probability of 1" in "\n".join(lines)
    assert "+++" in next(line for line in lines if line.endswith(" cheap"))


def test_labels_without_an_order_have_no_expected_score(
    unordered_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _explain(unordered_bundle, "--text", "love", "--html", str(tmp_path / "why.html")) == 0
    assert "score" not in capsys.readouterr().out
    assert "score" not in (tmp_path / "why.html").read_text(encoding="utf-8").lower()


def test_weaker_words_are_counted_not_shown(logistic_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _explain(logistic_bundle, "--text", "love the soft dress", "--words", "1") == 0
    out = capsys.readouterr().out
    assert "3 weaker" in out and "dress" not in out


def test_no_character_of_a_review_reaches_the_terminal_that_could_act_there(
    logistic_bundle: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("components.shared.predictors.base.Predictor.natural_views", lambda self, texts: list(texts))
    assert _explain(logistic_bundle, "--text", _HOSTILE) == 0
    out = capsys.readouterr().out
    assert all(character.isprintable() or character == "\n" for character in out)
    assert "\ufffd[2J" in out


def test_bytes_that_are_not_text_are_explained_too(logistic_bundle: Path, tmp_path: Path) -> None:
    paths = ["--html", str(tmp_path / "a.html"), "--json", str(tmp_path / "a.json")]
    assert _explain(logistic_bundle, "--text", "love \udcff it", *paths) == 0
    assert (tmp_path / "a.html").read_text(encoding="utf-8").startswith("<!doctype html>")


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)


def test_the_page_shows_hostile_text_as_text(logistic_bundle: Path, tmp_path: Path) -> None:
    # Entities become brackets in the natural view.
    text = "love &lt;script&gt;alert(1)&lt;/script&gt; &lt;img src=x&gt; it"
    assert _explain(logistic_bundle, "--text", text, "--html", str(tmp_path / "why.html")) == 0
    page = (tmp_path / "why.html").read_text(encoding="utf-8")
    reader = _Tags()
    reader.feed(page)
    assert not {"script", "img", "link", "iframe"} & set(reader.tags)
    assert "prefers-color-scheme: dark" in page and "<sup>+</sup>" in page and "http" not in page.split("<body>")[1]


def test_the_json_file_holds_every_number(logistic_bundle: Path, tmp_path: Path) -> None:
    assert (
        _explain(logistic_bundle, "--text", "love it", "--title", "So soft", "--json", str(tmp_path / "w.json")) == 0
    )
    content = json.loads((tmp_path / "w.json").read_text(encoding="utf-8"))
    explanation = content["explanation"]
    assert explanation["words"] == ["So", "soft.", "love", "it"]
    for label, prediction in enumerate(content["prediction"]["probabilities"]):
        added = sum(row[label] for row in explanation["contributions"])
        assert explanation["base"][label] + added == pytest.approx(prediction, abs=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--text", ""], "--text: nothing is left"),
        (["--text", "<br> https://a.example", "--title", "Lovely"], "--text: nothing is left"),
        (["--text", "love", "--label", "9\x1b[31m"], "no label '9\ufffd[31m'; choose one of 1, 2, 3"),
        (["--text", "love", "--words", "0"], "--words is 0"),
        (["--text", "love", "--html", "."], "is a directory"),
        (["--text", "love", "--json", "/dev/null/x.json"], "check path and permissions"),
    ],
)
def test_mistakes_are_one_line(
    logistic_bundle: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _explain(logistic_bundle, *arguments) == 1
    error = capsys.readouterr().err
    assert message in error and error.startswith("error: ") and len(error.splitlines()) == 1


def test_a_paid_service_is_refused_before_it_is_asked(
    logistic_bundle: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(TfidfLogisticPredictor, "paid", True)
    monkeypatch.setattr(TfidfLogisticPredictor, "_predict", lambda self, natural: asked.extend(natural))
    assert _explain(logistic_bundle, "--text", "love") == 1
    assert "error: this bundle asks a paid service" in capsys.readouterr().err
    assert asked == []


def test_a_directory_that_is_no_bundle_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _explain(tmp_path, "--text", "love") == 1
    assert "not a model bundle" in capsys.readouterr().err


def test_a_directory_given_as_output_survives(logistic_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("x")
    assert _explain(logistic_bundle, "--text", "love", "--html", str(tmp_path)) == 1
    assert (tmp_path / "kept").read_text() == "x"
