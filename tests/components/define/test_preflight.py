"""The preflight tells what will not be built, and why, before anything runs."""

import json
import shutil
from pathlib import Path

import pytest

from components.define.preflight import make_plan
from components.define.ranges import CHOICES, RANGES, check_choices, check_ranges
from components.shared.errors import UserError
from components.shared.records.plan import Plan
from pipelines.arguments import defaults
from pipelines.presets import PRESETS

LABELS = ["1", "2", "3", "4", "5"]


def _plan(models: list[str], techniques: list[str]) -> Plan:
    return make_plan(need="", labels=LABELS, models=models, techniques=techniques, language="en")


def test_every_model_has_a_cell_for_itself_and_for_each_chain() -> None:
    plan = _plan(["lstm", "distilbert"], ["dynamic", "prune"])
    assert [cell.candidate for cell in plan.cells] == [
        *("lstm", "lstm-dynamic", "lstm-prune"),
        *("distilbert", "distilbert-dynamic", "distilbert-prune"),
    ]


def test_a_chain_brings_the_parents_it_starts_from() -> None:
    plan = _plan(["lstm"], ["prune+cluster+dynamic"])
    assert [cell.chain for cell in plan.cells] == [
        (),
        ("prune",),
        ("prune", "cluster"),
        ("prune", "cluster", "dynamic"),
    ]


def test_techniques_stay_empty_with_a_reason_on_a_linear_model() -> None:
    cells = [cell for cell in _plan(["logistic"], ["dynamic"]).cells if cell.chain]
    assert cells and not any(cell.applies for cell in cells)
    assert all("linear model" in cell.reason for cell in cells)


def test_each_step_gets_the_chains_that_end_in_it() -> None:
    plan = _plan(["lstm"], ["dynamic", "qat", "prune+dynamic", "cluster"])
    assert plan.chains_of("lstm", "quantize") == [("dynamic",), ("qat",), ("prune", "dynamic")]
    assert plan.chains_of("lstm", "prune") == [("prune",)]
    assert plan.chains_of("distilbert", "prune") == []


def test_every_kind_of_word_vectors_has_a_cell_and_techniques_only_the_best() -> None:
    plan = make_plan(
        need="",
        labels=LABELS,
        models=["logistic", "lstm"],
        techniques=["dynamic"],
        language="en",
        embeddings=["word2vec", "gs://bucket/Mine.txt"],
        lstm_embedding_training="both",
    )
    lstms = [cell for cell in plan.cells if cell.model == "lstm"]
    assert [cell.candidate for cell in lstms] == [
        *("lstm", "lstm-word2vec-frozen", "lstm-word2vec-tuned", "lstm-mine.txt-frozen", "lstm-mine.txt-tuned"),
        "lstm-dynamic",
    ]
    assert lstms[0].reason == "the best on tune of word2vec-frozen, word2vec-tuned, mine.txt-frozen, mine.txt-tuned"
    assert [cell.candidate for cell in plan.built if cell.model == "lstm"] == [
        cell.candidate for cell in lstms if cell.candidate != "lstm"
    ]


def test_one_kind_of_word_vectors_is_the_lstm_itself() -> None:
    assert [cell.candidate for cell in _plan(["lstm"], []).built] == ["lstm"]


def test_the_code_fingerprint_is_part_of_the_plan() -> None:
    assert len(_plan(["lstm"], []).code_fingerprint) == 16


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"techniques": ["squeeze"]}, "unknown technique 'squeeze'"),
        ({"techniques": ["dynamic+prune"]}, "quantisation can only be the last"),
        ({"techniques": ["prune+prune"]}, "twice"),
        ({"techniques": ["cluster+prune"]}, "prune before clustering"),
        ({"techniques": [""]}, "unknown technique ''"),
        ({"models": ["bert"]}, "unknown model 'bert'; known are logistic, hashing, lstm, distilbert"),
        (
            {"kept_in_float": ["classifer"], "models": ["distilbert"]},
            "kept_in_float: no layer of distilbert is called 'classifer'; --dry-run lists them, such as classifier",
        ),
        ({"pruned_layers": ["lstm*"], "models": ["distilbert"]}, "pruned_layers: no layer of distilbert"),
        ({"model": "/nowhere/mine"}, "model /nowhere/mine: no such directory or Keras file"),
        ({"labels": ["1"]}, "at least two"),
        ({"labels": ["1", "1"]}, "at least two different"),
        ({"labels": ["5", "1"]}, "from worst to best"),
        ({"language": "english"}, "ISO 639-1"),
        ({"need": "volume: 3"}, "need: "),
        ({"settings": {"sparsity": 1.0}}, "sparsity is 1; choose a value between 0.01 and 0.99"),
        ({"settings": {"clusters": 2}}, "clusters is 2"),
        ({"settings": {"lstm_epochs": 0}}, "lstm_epochs is 0"),
        ({"choices": {"clean_steps": ["html", "polish"]}}, "clean_steps: unknown 'polish'; known are encoding, html"),
        ({"choices": {"adapter": ["csv"]}}, "adapter: unknown 'csv'; known are clothing, sentiment140, auto"),
        ({"choices": {"imbalance": [""]}}, "imbalance: unknown ''"),
        (
            {"choices": {"lstm_embedding_training": ["tuned"]}},
            "lstm_embedding_training: unknown 'tuned'; known are frozen, fine-tuned, both",
        ),
        ({"settings": {"lstm_directions": 3}}, "lstm_directions is 3; choose a value between 1 and 2"),
        ({"embeddings": []}, "embeddings: name at least one of glove-6b-50d"),
        ({"embeddings": ["a/x.txt", "b/x.txt"]}, "embeddings: two are called 'x.txt'"),
        (
            {"choices": {"services": ["vader", "oracle"]}},
            "services: unknown 'oracle'; known are vader, azure-language",
        ),
        ({"settings": {"service_maximum_eur": -1}}, "service_maximum_eur is -1; choose a value at least 0"),
        ({"chat_model": "mystery"}, "chat_model 'mystery' is not in the price list (gpt-4.1-nano"),
        ({"settings": {"word_dropout": 1}}, "word_dropout is 1; choose a value between 0 and 0.9"),
        ({"settings": {"calibration_rows": 0}}, "calibration_rows is 0; choose a value at least 1"),
    ],
)
def test_mistakes_are_one_line_before_anything_runs(change: dict[str, object], message: str) -> None:
    arguments = {"need": "", "labels": LABELS, "models": ["lstm"], "techniques": ["dynamic"], "language": "en"}
    with pytest.raises(UserError) as raised:
        make_plan(**(arguments | change))  # type: ignore[arg-type]
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_every_number_of_the_pipeline_has_a_range_that_holds_its_default_and_the_presets() -> None:
    numbers = {name: value for name, value in defaults().items() if type(value) in (int, float)}
    cluster_only = {"gpu_count", "seed"}
    assert set(numbers) - cluster_only == set(RANGES)
    for preset in PRESETS.values():
        check_ranges({name: (numbers | preset)[name] for name in RANGES})


def test_every_choice_of_the_pipeline_holds_its_default() -> None:
    every = defaults()
    check_choices({name: every[name] if isinstance(every[name], list) else [every[name]] for name in CHOICES})


def test_labels_may_be_left_to_the_source() -> None:
    assert make_plan(need="", labels=[], models=["lstm"], techniques=[], language="en").wants("lstm")


def test_no_named_models_are_all_of_them() -> None:
    assert _plan([], []).models == ("logistic", "hashing", "lstm", "distilbert")


_SETTINGS = {"maximum_words": 1000, "lstm_units": 8, "lstm_directions": 1, "kept_layers": 6, "clusters": 41}


def test_cells_stay_empty_with_a_reason_where_a_technique_does_not_apply() -> None:
    plan = make_plan(
        need="",
        labels=LABELS,
        models=["lstm", "distilbert"],
        techniques=["layers+dynamic", "cluster", "trim"],
        language="en",
        settings=_SETTINGS,
    )
    empty = {cell.candidate: cell.reason for cell in plan.cells if not cell.applies}
    assert set(empty) == {
        *("lstm-layers", "lstm-layers-dynamic", "lstm-trim", "lstm-cluster"),
        *("distilbert-layers", "distilbert-layers-dynamic"),
    }
    assert empty["lstm-cluster"] == "cluster: classifier has a matrix of 40 weights, fewer than 41 clusters"
    assert "6 are to be kept, the encoder has 6" in empty["distilbert-layers-dynamic"]


def test_nothing_is_ruled_out_by_sizes_that_are_not_known_before_the_model_is_fetched() -> None:
    plan = make_plan(
        need="",
        labels=LABELS,
        models=["distilbert"],
        techniques=["layers", "cluster", "dynamic", "prune"],
        language="en",
        settings=_SETTINGS | {"kept_layers": 8},
        distilbert_base_model="someone/with-twelve-layers",
        kept_in_float=["transformer.layer.8.*"],
        pruned_layers=["transformer.layer.9.*"],
    )
    techniques = [cell for cell in plan.cells if cell.chain]
    assert all(cell.applies for cell in techniques)
    assert {cell.reason for cell in techniques} == {"what it changes is not known before the model is fetched"}


def test_the_plan_says_what_the_models_are_made_of_and_survives_json() -> None:
    plan = make_plan(
        need="", labels=LABELS, models=[], techniques=["prune", "layers"], language="en", settings=_SETTINGS
    )
    lstm, distilbert = plan.anatomies
    assert (lstm.model, distilbert.model) == ("lstm", "distilbert")
    assert {effect.technique for effect in lstm.effects} == {"prune"}
    assert lstm.layers[1].shapes == ((1001, 50),) and lstm.layers[1].frozen
    assert Plan.model_validate_json(plan.model_dump_json()) == plan


def test_an_own_model_is_read_and_its_kind_alone_is_wanted_beside_the_floors(own_distilbert: Path) -> None:
    plan = make_plan(
        need="", labels=["1", "2", "3"], models=[], techniques=["dynamic"], language="en", model=str(own_distilbert)
    )
    assert plan.models == ("logistic", "hashing", "distilbert")
    assert plan.brought_model("distilbert") == str(own_distilbert) and plan.brought_model("lstm") == ""
    (anatomy,) = plan.anatomies
    assert {"first", "pre_classifier"} <= {layer.name for layer in anatomy.layers}
    assert [cell.reason for cell in plan.cells if cell.candidate == "distilbert"] == [
        "brought as it is, not trained here"
    ]


def test_the_other_deep_model_is_trained_if_it_is_named(own_distilbert: Path) -> None:
    plan = make_plan(need="", labels=[], models=["lstm"], techniques=[], language="en", model=str(own_distilbert))
    assert plan.models == ("lstm", "distilbert")


def test_another_file_of_the_own_model_is_another_plan(own_distilbert: Path, tmp_path: Path) -> None:
    own = Path(shutil.copytree(own_distilbert, tmp_path / "own"))
    arguments = {"need": "", "labels": [], "models": [], "techniques": [], "language": "en", "model": str(own)}
    plans = [make_plan(**arguments)]  # type: ignore[arg-type]
    (own / "labels.json").write_text('["1", "2", "3"]')
    plans.append(make_plan(**arguments))  # type: ignore[arg-type]
    first, second = (plan.brought.fingerprint for plan in plans if plan.brought)
    assert first != second


def test_trim_stays_empty_for_an_own_model_whose_tokenizer_is_no_word_piece(
    own_distilbert: Path, tmp_path: Path
) -> None:
    own = Path(shutil.copytree(own_distilbert, tmp_path / "own"))
    tokenizer = json.loads((own / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer["model"]["type"] = "BPE"
    (own / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    plan = make_plan(need="", labels=[], models=[], techniques=["trim+dynamic"], language="en", model=str(own))
    reasons = {cell.candidate: cell.reason for cell in plan.cells if cell.model == "distilbert" and not cell.applies}
    reason = "trim: tokenizer.json holds a 'BPE' model, not WordPiece"
    assert reasons == {"distilbert-trim": reason, "distilbert-trim-dynamic": reason}
