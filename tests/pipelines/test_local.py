"""Whole runs on this machine: from a table to a decision, both branches of the gate, and users' mistakes."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from kfp import components, local

from components.ingest.sample import generate_sample
from components.shared.bundle import load_bundle, read_manifest
from pipelines.compile import compile_pipelines
from pipelines.local import main
from pipelines.run_lock import alone_in

ROOT = Path(__file__).resolve().parents[2]
#: Without deep models a run takes seconds, and every task still runs.
QUICK = ["--models", "logistic", "--techniques", "dynamic", "--latency-reviews", "10", "--measuring-attempts", "1"]


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "ignore", "-m", "pipelines.local", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "reviews.csv"
    generate_sample(rows=1500, seed=7).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def need(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A need without a quality limit: what these tests are about is the gate, not the model."""
    path = tmp_path_factory.mktemp("need") / "need.yaml"
    path.write_text("use_case: test\nreviews_per_day: 100\nprices: {cpu_hour_eur: 0.05, gpu_hour_eur: 2}\n")
    return path


@pytest.fixture(scope="module")
def first_run(table: Path, need: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    out = tmp_path_factory.mktemp("runs") / "out"
    finished = _run("--data", str(table), "--need", str(need), "--out", str(out), *QUICK)
    assert finished.returncode == 0, finished.stderr + finished.stdout
    return out, finished.stdout


def test_a_run_leaves_what_the_readme_promises(first_run: tuple[Path, str]) -> None:
    out, printed = first_run
    files = ("report.html", "model_card.md", "candidates.csv", "slices.csv", "decision.json", "run.log")
    (kept,) = (out / "runs").iterdir()
    for name in (*files, "models", "pipeline_root"):
        assert (out / name).exists(), name
    for name in files:
        assert (kept / name).read_bytes() == (out / name).read_bytes(), name
    assert (out / "pipeline_root" / kept.name).is_dir()
    assert "Verdict: deploy" in printed and f"Report: {out / 'report.html'}\n" in printed
    assert {"logistic", "logistic-balanced", "majority"} <= set(pd.read_csv(out / "candidates.csv")["candidate"])


def test_the_gate_opens_for_a_first_deployment(first_run: tuple[Path, str]) -> None:
    out, printed = first_run
    decision = json.loads((out / "decision.json").read_text(encoding="utf-8"))
    assert decision["verdict"] == "deploy"
    assert read_manifest(out / "models" / "champion").candidate == decision["candidate"]
    assert f"Deployed: {decision['candidate']} as v0001, {out / 'models' / 'champion'}\n" in printed


def test_what_is_deployed_scores_raw_reviews(first_run: tuple[Path, str]) -> None:
    predictor = load_bundle(first_run[0] / "models" / "champion")
    good, bad = predictor.predict(["I love it, perfect fit and so soft!", "Terrible, it fell apart. Returned it."])
    scores = predictor.task.scores
    assert good @ scores > bad @ scores


def _run_compiled(table: Path, need: Path, store: Path, root: Path) -> dict[str, str]:
    """Runs the compiled file as KFP would read it, and returns the decision."""
    compiled = compile_pipelines(root / "build")[0]
    local.init(local.SubprocessRunner(use_venv=False), pipeline_root=str(root / "artifacts"))
    task = components.load_component_from_file(str(compiled))(
        data=str(table),
        need=need.read_text(encoding="utf-8"),
        models=["logistic"],
        techniques=["dynamic"],
        latency_reviews=10,
        measuring_attempts=1,
        deploy_target="local",
        model_store=str(store),
    )
    return json.loads(Path(task.outputs["decision"].path).read_text(encoding="utf-8"))


def test_the_gate_stays_closed_when_the_winner_is_the_champion(
    first_run: tuple[Path, str], table: Path, need: Path
) -> None:
    out, _ = first_run
    before = sorted(path.name for path in (out / "models").iterdir())
    finished = _run("--data", str(table), "--need", str(need), "--out", str(out), *QUICK)
    assert finished.returncode == 0, finished.stderr
    assert json.loads((out / "decision.json").read_text(encoding="utf-8"))["verdict"] == "keep"
    assert "✓ record-refusal" in finished.stdout and "✓ deploy" not in finished.stdout
    assert sorted(path.name for path in (out / "models").iterdir()) == before


def test_a_run_that_deploys_nothing_replaces_neither_what_is_in_service_nor_earlier_results(
    first_run: tuple[Path, str], need: Path, tmp_path: Path
) -> None:
    out, _ = first_run
    served = {path.name: path.read_bytes() for path in (out / "models" / "champion").iterdir()}
    kept = {path: path.read_bytes() for path in (out / "runs").glob("*/*") if path.is_file()}
    generate_sample(rows=1500, seed=8).to_csv(tmp_path / "others.csv", index=False)
    refusal = ["--override", "refuse", "--override-by", "Ada", "--override-reason", "Not before the audit."]
    arguments = ["--data", str(tmp_path / "others.csv"), "--need", str(need), "--out", str(out)]
    finished = _run(*arguments, *QUICK, *refusal)
    assert finished.returncode == 0, finished.stderr
    (latest,) = {path.parent for path in (out / "runs").glob("*/report.html")} - {path.parent for path in kept}
    chosen = read_manifest(latest / "candidate")
    assert {path.name: path.read_bytes() for path in (out / "models" / "champion").iterdir()} == served
    assert chosen.data_fingerprint != read_manifest(out / "models" / "champion").data_fingerprint
    assert {path: path.read_bytes() for path in kept} == kept
    assert (out / "report.html").read_bytes() == (latest / "report.html").read_bytes()
    lines = finished.stdout.splitlines()
    assert f"Not deployed: {chosen.candidate}, which this run chose, {latest / 'candidate'}" in lines
    assert any(line.startswith("In service, as before this run: ") for line in lines)
    assert lines[-1].startswith("Earlier reports: ")


def test_a_second_run_at_once_is_told_in_one_line_and_changes_nothing(first_run: tuple[Path, str]) -> None:
    out, _ = first_run
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    with alone_in(out):
        (before_lock,) = set(out.rglob("*")) - set(before)
        finished = _run("--out", str(out), *QUICK)
        assert {path: path.stat().st_mtime_ns for path in out.rglob("*") if path != before_lock} == before
        assert main(["--out", str(out), "--dry-run"]) == 0
    assert finished.returncode == 2 and finished.stdout == ""
    assert finished.stderr.startswith(f"error: {out}: another run is at work there (process ")
    assert len(finished.stderr.splitlines()) == 1


def test_both_branches_of_the_gate_run_from_the_compiled_file(table: Path, need: Path, tmp_path: Path) -> None:
    store = tmp_path / "models"
    assert _run_compiled(table, need, store, tmp_path / "first")["verdict"] == "deploy"
    assert (store / "champion" / "bundle.json").is_file()
    assert len(list((tmp_path / "first").rglob("deployment"))) == 1
    assert _run_compiled(table, need, store, tmp_path / "second")["verdict"] == "keep"
    assert not list((tmp_path / "second").rglob("deployment"))
    assert len(list((tmp_path / "second").rglob("record-refusal/record"))) == 1


def _write(path: Path, table: pd.DataFrame) -> None:
    table.to_csv(path, index=False)


def _set(column: str, value: object) -> Callable[[Path, pd.DataFrame], None]:
    return lambda path, table: _write(path, table.assign(**{column: value}))


def _write_latin_1(path: Path, table: pd.DataFrame) -> None:
    table.assign(Title="très chic").to_csv(path, index=False, encoding="latin-1", errors="ignore")


#: What is wrong with the file -> how it is written, extra arguments, what the one line must say.
MISTAKES: dict[str, tuple[Callable[[Path, pd.DataFrame], object], list[str], list[str]]] = {
    "wrong checksum": (_write, ["--data-sha256", "0" * 64], ["SHA-256"]),
    "empty file": (lambda path, table: path.write_bytes(b""), [], ["empty"]),
    "not UTF-8": (_write_latin_1, ["--encoding", "utf-8"], ["line 2", "UTF-8", "--encoding"]),
    "missing column": (
        lambda path, table: _write(path, table.drop(columns="Rating")),
        [],
        ["--label-column", "Review Text"],
    ),
    "rating outside the labels": (_set("Rating", 7), [], ["7"]),
    "one class only": (_set("Rating", 5), [], ["5"]),
    "too few rows": (lambda path, table: _write(path, table.head(5)), [], ["at least"]),
    "all texts empty": (_set("Review Text", ""), [], ["text"]),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_bad_data_is_one_clear_line_and_leaves_nothing(mistake: str, table: Path, tmp_path: Path) -> None:
    write, extra, words = MISTAKES[mistake]
    path, out = tmp_path / "mine.csv", tmp_path / "out"
    write(path, pd.read_csv(table))
    finished = _run("--data", str(path), "--out", str(out), *QUICK, *extra)
    assert finished.returncode == 2, finished.stdout
    errors = finished.stderr.strip().splitlines()
    assert len(errors) == 1 and errors[0].startswith("error: "), finished.stderr
    assert "mine.csv" in errors[0]
    assert all(word in errors[0] for word in words), errors[0]
    assert "Traceback" not in finished.stdout + finished.stderr
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--data", "TABLE"], True),
        (["--data", "TABLE", "--preset", "full"], False),
        (["--data", "TABLE", "--distilbert-train-rows", "500"], False),
        (["--data", "TABLE", "--models", "logistic,lstm"], False),
        ([], False),
    ],
    ids=["own data", "full preset", "rows given", "no DistilBERT", "built-in sample"],
)
def test_a_user_is_told_that_the_demo_preset_trains_distilbert_on_some_of_the_reviews(
    arguments: list[str], told: bool, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(table) if argument == "TABLE" else argument for argument in arguments] + ["--dry-run"]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert ("at most 1,600 of your reviews; --preset full takes all" in first) == told


def test_an_unreachable_uri_is_one_clear_line(tmp_path: Path) -> None:
    finished = _run("--data", "https://localhost:9/x.csv", "--data-sha256", "0" * 64, "--out", str(tmp_path / "out"))
    assert finished.returncode == 2
    assert finished.stderr.startswith("error: ") and "https://localhost:9/x.csv" in finished.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--data", "nowhere.csv"], "no such file"),
        (["--distilbert-base-model", "./nowhere"], "./nowhere: no such file or directory"),
        (["--embeddings", "word2vec,/nowhere/glove.txt"], "/nowhere/glove.txt: no such file of word vectors"),
        (["--sparsity", "2"], "sparsity is 2"),
        (["--override", "deploy", "--override-by", "Ada"], "override_reason is empty"),
        (["--techniques", "squeeze"], "unknown technique 'squeeze'"),
        (["--need", "NEED"], "unknown key 'budget'"),
        (["--out", "FILE/out"], "cannot write there"),
    ],
)
def test_mistakes_of_the_command_line_are_found_before_any_step(
    arguments: list[str], word: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "need.yaml").write_text("use_case: x\nbudget: 3\n")
    places = {"NEED": str(tmp_path / "need.yaml"), "FILE/out": str(tmp_path / "file" / "out")}
    out = ["--out", str(tmp_path / "out")] if "--out" not in arguments else []
    finished = _run(*(places.get(argument, argument) for argument in arguments), *out)
    assert finished.returncode == 2
    assert finished.stderr.startswith("error: ") and word in finished.stderr
    assert len(finished.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_an_earlier_run_survives_a_mistake(first_run: tuple[Path, str], tmp_path: Path) -> None:
    out, _ = first_run
    before = {path: path.read_bytes() for path in (out / "report.html", out / "decision.json")}
    roots = sorted((out / "pipeline_root").iterdir())
    (tmp_path / "empty.csv").write_bytes(b"")
    assert _run("--data", str(tmp_path / "empty.csv"), "--out", str(out), *QUICK).returncode == 2
    assert {path: path.read_bytes() for path in before} == before
    assert sorted((out / "pipeline_root").iterdir()) == roots
    assert (out / "run.log").exists()


REAL = ROOT.parent / "shared" / "data"
TABLES = {
    "womens_clothing_reviews.csv": [],
    "sentiment140_90k.csv": [],
}


@pytest.mark.realdata
@pytest.mark.parametrize("table_name", TABLES)
def test_no_offered_candidate_of_a_real_table_is_below_the_majority_class(table_name: str, tmp_path: Path) -> None:
    finished = _run("--data", str(REAL / table_name), "--out", str(tmp_path), *TABLES[table_name], *QUICK)
    assert finished.returncode == 0, finished.stderr + finished.stdout
    table = pd.read_csv(tmp_path / "candidates.csv").set_index("candidate")
    offered = table[table["status"].isin(["chosen", "good enough", "offered"])]
    assert len(offered) > 0
    assert (offered["macro_f1"] > table.loc["majority", "macro_f1"]).all()


@pytest.mark.realdata
def test_a_champion_of_real_reviews_scores_a_table_it_never_saw(table: Path, tmp_path: Path) -> None:
    finished = _run("--data", str(REAL / "womens_clothing_reviews.csv"), "--out", str(tmp_path), *QUICK)
    assert finished.returncode == 0, finished.stderr
    paths = ["--bundle", tmp_path / "models" / "champion", "--input", table, "--output", tmp_path / "scored.csv"]
    subprocess.run([sys.executable, "-m", "serving", "score", *map(str, paths)], cwd=ROOT, check=True)
    scored = pd.read_csv(tmp_path / "scored.csv").dropna(subset="predicted_score")
    assert len(scored) > 1000
    assert scored["predicted_score"].corr(scored["Rating"]) > 0.3
