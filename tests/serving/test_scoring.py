import csv
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.shared.bundle import set_responses
from components.shared.errors import UserError
from components.shared.quantification import measure_responses
from components.shared.records.candidates import bundle_directory
from serving import scoring
from serving.__main__ import main
from serving.scoring import score_file

_ADDED = ["predicted_label", "predicted_score", "probability_1", "probability_2", "probability_3"]
_TABLE = """\
,Clothing ID,Title,Review Text,Rating
0,0767,"So ""soft"", really",love it,5
1,1080,,,
2,NA,Only a title,,1
3,1080,,"awful,
itchy",01
"""


def _rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "reviews.csv"
    path.write_text(_TABLE, encoding="utf-8")
    return path


def test_columns_are_added_and_everything_else_stays_as_it_was(
    logistic_bundle: Path, table: Path, tmp_path: Path
) -> None:
    score_file(logistic_bundle, table, tmp_path / "out.csv")
    before, after = _rows(table), _rows(tmp_path / "out.csv")
    assert after[0] == before[0] + _ADDED
    assert [row[:5] for row in after] == before
    assert after[1][5] == "3" and after[4][5] == "1"
    assert 2 < float(after[1][6]) <= 3
    assert sum(map(float, after[1][7:])) == pytest.approx(1, abs=1e-5)


def test_reviews_without_text_get_empty_predictions_and_are_counted(
    logistic_bundle: Path, table: Path, tmp_path: Path
) -> None:
    scored = score_file(logistic_bundle, table, tmp_path / "out.csv")
    after = _rows(tmp_path / "out.csv")
    assert after[2][5:] == after[3][5:] == [""] * 5
    assert (scored.reviews, scored.without_text) == (4, 2)
    assert scored.average_score == pytest.approx((float(after[1][6]) + float(after[4][6])) / 2, abs=1e-5)


def test_pieces_of_a_table_are_scored_like_the_whole(
    logistic_bundle: Path, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = score_file(logistic_bundle, table, tmp_path / "whole.csv")
    monkeypatch.setattr(scoring, "_CHUNK_ROWS", 1)
    pieces = score_file(logistic_bundle, table, tmp_path / "pieces.csv")
    assert (tmp_path / "pieces.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert pieces == whole


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), min_size=3, max_size=3), max_size=6
    )
)
def test_values_survive_whatever_they_hold(logistic_bundle: Path, rows: list[list[str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source, destination = Path(folder, "in.csv"), Path(folder, "out.csv")
        with source.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([["id", "Title", "Review Text"], *rows])
        score_file(logistic_bundle, source, destination)
        assert [row[:3] for row in _rows(destination)[1:]] == rows


def test_byte_order_mark_and_line_ends_stay(logistic_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes("\ufeffReview Text,Größe\r\nlove,XL\r\n".encode())
    score_file(logistic_bundle, tmp_path / "in.csv", tmp_path / "out.csv")
    written = (tmp_path / "out.csv").read_bytes()
    assert written.startswith("\ufeffReview Text,Größe,predicted_label".encode())
    assert written.count(b"\r\n") == written.count(b"\n") == 2


def test_a_table_without_titles_is_scored_and_that_is_told(
    logistic_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.csv").write_text("Review Text\nlove it\n", encoding="utf-8")
    scored = score_file(logistic_bundle, tmp_path / "in.csv", tmp_path / "out.csv")
    assert scored.without_text == 0
    assert "No column 'Title'" in capsys.readouterr().out


def test_columns_can_be_named(logistic_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("subject,body\nAwful,dress\n", encoding="utf-8")
    score_file(logistic_bundle, tmp_path / "in.csv", tmp_path / "out.csv", text_column="body", title_column="subject")
    assert _rows(tmp_path / "out.csv")[1][2] == "1"


def test_a_table_without_rows_has_no_average(logistic_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("Review Text\n", encoding="utf-8")
    assert score_file(logistic_bundle, tmp_path / "in.csv", tmp_path / "out.csv").average_score is None
    assert _rows(tmp_path / "out.csv") == [["Review Text", *_ADDED]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"a,b\n1,2\n", "no column 'Review Text'; present are 'a', 'b'"),
        (b"Review Text,predicted_score\nlove,1\n", "a column 'predicted_score' already"),
        (b"Review Text,Review Text\nlove,hate\n", "2 columns are called 'Review Text'"),
        ("Review Text\n\nhäßlich\n".encode("latin-1"), "not UTF-8"),
        ("Review Text\nlove\n".encode("utf-16"), "not UTF-8"),
        (b"Review Text,Title\nlove,it,all\n", "line 2: 3 values where the header has 2"),
        (b'Review Text\n"never closed\n', "not valid CSV"),
    ],
)
def test_a_table_that_cannot_be_scored_is_refused_and_nothing_is_written(
    logistic_bundle: Path, tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "in.csv").write_bytes(content)
    with pytest.raises(UserError, match=message) as refusal:
        score_file(logistic_bundle, tmp_path / "in.csv", tmp_path / "out.csv")
    assert "in.csv" in str(refusal.value)
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_the_input_is_never_overwritten(logistic_bundle: Path, table: Path, tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to(table)
    for destination in (table, tmp_path / "link.csv"):
        with pytest.raises(UserError, match="the input itself"):
            score_file(logistic_bundle, table, destination)
    assert table.read_text(encoding="utf-8") == _TABLE


def test_a_directory_is_never_replaced(logistic_bundle: Path, table: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(UserError, match="is a directory"):
        score_file(logistic_bundle, table, tmp_path / "out")


def test_an_earlier_output_stays_when_scoring_fails(logistic_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(b"Review Text\nlove\n\xff\n")
    (tmp_path / "out.csv").write_text("yesterday", encoding="utf-8")
    with pytest.raises(UserError):
        score_file(logistic_bundle, tmp_path / "in.csv", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text(encoding="utf-8") == "yesterday"


def test_a_damaged_bundle_is_one_line_and_a_failing_exit_code(
    logistic_bundle: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = shutil.copytree(logistic_bundle, tmp_path / "damaged")
    (damaged / "weights.npz").write_bytes(b"short")
    code = main(["score", "--bundle", str(damaged), "--input", str(table), "--output", str(tmp_path / "out.csv")])
    error = capsys.readouterr().err
    assert code == 1 and error.startswith("error: ") and error.count("\n") == 1
    assert "weights.npz" in error


def test_the_command_prints_the_average_sentiment(
    logistic_bundle: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.csv"
    assert main(["score", "--bundle", str(logistic_bundle), "--input", str(table), "--output", str(out)]) == 0
    predicted = [float(row[6]) for row in _rows(out)[1:] if row[6]]
    printed = capsys.readouterr().out
    assert f"Average sentiment: {sum(predicted) / 2:.2f} (from 1 to 3, over 2 reviews)" in printed
    assert "Reviews without text: 2 of 4" in printed


def test_labels_without_an_order_have_no_average_and_the_summary_says_why(
    unordered_bundle: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.csv"
    assert main(["score", "--bundle", str(unordered_bundle), "--input", str(table), "--output", str(out)]) == 0
    rows = _rows(out)
    assert rows[0][5:] == _ADDED
    assert [row[6] for row in rows[1:]] == [""] * 4
    assert (rows[1][5], rows[4][5]) == ("3", "1") and float(rows[1][9]) > 0.5
    printed = capsys.readouterr().out
    assert "No average sentiment: the model's labels have no order" in printed
    assert "Reviews without text: 2 of 4" in printed


def _score(bundle: Path, table: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Returns what the command prints."""
    assert main(["score", "--bundle", str(bundle), "--input", str(table), "--output", f"{table}.out"]) == 0
    return capsys.readouterr().out


def test_the_command_prints_the_corrected_average_with_interval_and_assumption(
    winning_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "in.csv"
    table.write_text("Review Text,Title\n" + "okay average,\n" * 60 + "love perfect,\n" * 60, encoding="utf-8")
    printed = _score(winning_bundle, table, capsys)
    plain = float(printed.split("Average sentiment: ")[1].split()[0])
    corrected, low, high = map(
        float, re.findall(r"known bias: ([\d.]+) \(95 % interval ([\d.]+) to ([\d.]+)\)", printed)[0]
    )
    # What it answers to twos is what it was seen to answer to ones.
    assert low <= corrected <= high < plain
    assert "if reviews of each label still read as those that the model was checked on" in printed
    assert "Few reviews" not in printed and "no bias is shown" not in printed


def test_few_reviews_are_told_beside_the_corrected_average(
    winning_bundle: Path, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "Few reviews (2): go by the interval" in _score(winning_bundle, table, capsys)


def test_a_plain_average_within_the_interval_is_said_to_show_no_bias(
    winning_bundle: Path, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = np.repeat([0, 1, 2], 200)
    set_responses(winning_bundle, measure_responses(truth, np.eye(3)[truth]))
    assert "The plain average lies within this interval: no bias is shown" in _score(winning_bundle, table, capsys)


def test_a_bundle_without_responses_gives_the_plain_mean_and_says_why(
    logistic_bundle: Path, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = _score(logistic_bundle, table, capsys)
    assert "Average sentiment: " in printed
    assert "Not corrected for the model's bias: the bundle does not say how the model misreads labels" in printed


def test_a_winner_scores_every_review_as_the_same_model_without_responses_does(
    winning_bundle: Path, logistic_bundle: Path, table: Path, tmp_path: Path
) -> None:
    score_file(winning_bundle, table, tmp_path / "winner.csv")
    score_file(logistic_bundle, table, tmp_path / "candidate.csv")
    assert (tmp_path / "winner.csv").read_bytes() == (tmp_path / "candidate.csv").read_bytes()


@pytest.mark.parametrize("command", ["score", "serve"])
def test_help_teaches_by_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert f"python -m serving {command} --bundle" in capsys.readouterr().out


_SCORE_AND_LIST_MODULES = """
import sys
from serving.__main__ import main
code = main(["score", "--bundle", sys.argv[1], "--input", sys.argv[2], "--output", sys.argv[3]])
print("loaded:", sorted({name.partition(".")[0] for name in sys.modules}))
sys.exit(code)
"""


@pytest.mark.parametrize("model", ["logistic", "lstm"])
def test_scoring_a_thousand_reviews_loads_no_training_library(
    model: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    if model == "logistic":
        bundle = request.getfixturevalue("logistic_bundle")
    else:
        bundle = bundle_directory(request.getfixturevalue("tiny").trained, "lstm")
    (tmp_path / "in.csv").write_text("Review Text,Title\n" + "love the soft dress,Nice\n" * 1000, encoding="utf-8")
    command = [sys.executable, "-c", _SCORE_AND_LIST_MODULES, bundle, tmp_path / "in.csv", tmp_path / "out.csv"]
    finished = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    assert len(_rows(tmp_path / "out.csv")) == 1001
    loaded = set(finished.stdout.split("loaded: ")[1].translate(str.maketrans("", "", "[]',")).split())
    assert {"serving", {"logistic": "sklearn", "lstm": "ai_edge_litert"}[model]} <= loaded
    assert loaded.isdisjoint({"tensorflow", "keras", "tf_keras", "kfp", "transformers", "torch", "fastapi"})
