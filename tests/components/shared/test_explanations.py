"""SHAP values of words: they add up, point the right way, and take no more calls than allowed."""

import builtins
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.shared.bundle import Manifest, load_bundle, read_manifest, write_bundle
from components.shared.errors import UserError
from components.shared.explanations import explain_labels, explain_text
from components.shared.meter import Usage
from components.shared.predictors.base import Predictor, Probabilities
from components.shared.predictors.linear import HashingLogisticParameters, HashingLogisticPredictor
from components.shared.predictors.models import LITERT_FILE, ONNX_FILE
from components.shared.predictors.registry import PREDICTORS
from components.shared.records.candidates import bundle_directory, onnx_directory
from components.shared.records.task import Task
from components.shared.services.calibration import FILE as CALIBRATION
from components.shared.services.calibration import Calibration
from components.shared.services.predictors import SERVICE_PREDICTORS
from components.shared.services.vader import EMOJI, LEXICON, package_directory

_TASK = Task(labels=("bad", "good"), scores=(0, 1), text_column="text")
_WORTH = {"love": 0.1, "soft": 0.05, "awful": -0.1}
_HOSTILE = "<script>love</script> \x1b[31mawful\u202e &amp;amp; \U0001f600 ''' %s {{soft}}"


class _Additive(Predictor):
    """Each word adds to the probability of "good" what it is worth; knows how often it was asked."""

    def _load(self, directory: Path, preprocessing: dict[str, object]) -> None:
        self.asked: list[str] = []

    def _predict(self, natural: list[str]) -> Probabilities:
        self.asked += natural
        good = np.array([0.5 + sum(_WORTH.get(word, 0.0) for word in text.split()) for text in natural])
        return np.stack([1 - good, good], axis=1).astype(np.float32)


@pytest.fixture
def additive(tmp_path: Path) -> _Additive:
    return _Additive(tmp_path, _TASK, {})


def _write(directory: Path, kind: dict[str, Any], files: dict[str, bytes]) -> Path:
    """Writes a bundle of three labels."""
    common = {"candidate": kind["model"], "base_model": "tiny", "data_fingerprint": "d", "code_fingerprint": "c"}
    task = Task(labels=("1", "2", "3"), scores=(1, 2, 3), text_column="text")
    write_bundle(directory, Manifest(**common, **kind, task=task, training=Usage()), files)
    return directory


def _distilberts(pretrained: dict[str, Path], root: Path) -> dict[str, Path]:
    """Writes bundles of a tiny DistilBERT with random weights, for both run times."""
    import pandas as pd

    from components.finetune_distilbert.base_model import copy_weights, load_base_model
    from components.shared.architectures.distilbert import DistilBert

    base = load_base_model(str(pretrained["distilbert"]))
    architecture = DistilBert(base.sizes, base.tokenizer, 3, 40, base.name, learning_rate=1e-3, batch_size=4)
    model = architecture.build()
    copy_weights(base, model)
    model.get_layer("classifier").set_weights([np.random.default_rng(1).normal(0, 0.5, (32, 3)), np.zeros(3)])
    parts = architecture.bundle_parts("dynamic")
    encoded = architecture.encode(pd.DataFrame({"natural": ["love this"]}))
    kind = {"model": "distilbert", "predictor": parts.predictor, "preprocessing": parts.preprocessing}
    return {
        "distilbert, LiteRT": _write(
            root / "litert",
            kind | {"runtime": "litert"},
            {LITERT_FILE: architecture.export(model, "dynamic", encoded), **parts.files},
        ),
        "distilbert, ONNX Runtime": _write(
            root / "onnx",
            kind | {"runtime": "onnxruntime", "preprocessing": parts.preprocessing | {"alone": True}},
            {ONNX_FILE: architecture.export_onnx(model, "dynamic"), **parts.files},
        ),
    }


def _hashing(directory: Path) -> Path:
    parameters = HashingLogisticParameters(n_features=64)
    coefficients = np.random.default_rng(2).normal(0, 0.5, (3, 64))
    return _write(
        directory,
        {
            "model": "hashing",
            "runtime": "scikit-learn",
            "predictor": "hashing-logistic",
            "preprocessing": parameters.model_dump(mode="json"),
        },
        HashingLogisticPredictor.files(np.arange(64), coefficients, np.zeros(3)),
    )


def _vader(directory: Path) -> Path:
    calibrated = Calibration(np.random.default_rng(3).normal(0, 1, (3, 4)), np.zeros(3))
    files = {name: (package_directory() / name).read_bytes() for name in (LEXICON, EMOJI)}
    return _write(
        directory,
        {"model": "vader", "runtime": "vader", "predictor": "vader", "preprocessing": {}},
        {**files, CALIBRATION: calibrated.content()},
    )


def _majority(directory: Path) -> Path:
    return _write(
        directory,
        {
            "model": "majority",
            "runtime": "scikit-learn",
            "predictor": "majority",
            "preprocessing": {"shares": (0.2, 0.3, 0.5)},
        },
        {},
    )


#: Every kind of bundle that is free.
_KINDS = (
    *("majority", "tfidf-logistic", "hashing-logistic", "vader", "lstm, LiteRT", "lstm, ONNX Runtime"),
    *("distilbert, LiteRT", "distilbert, ONNX Runtime"),
)


@pytest.fixture(scope="module")
def bundles(
    pretrained: dict[str, Path], logistic_bundle: Path, tiny: Any, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """A bundle of each of _KINDS."""
    root = tmp_path_factory.mktemp("bundles")
    return {
        "majority": _majority(root / "majority"),
        "tfidf-logistic": logistic_bundle,
        "hashing-logistic": _hashing(root / "hashing"),
        "vader": _vader(root / "vader"),
        "lstm, LiteRT": bundle_directory(tiny.trained, "lstm"),
        "lstm, ONNX Runtime": onnx_directory(tiny.trained, "lstm"),
        **_distilberts(pretrained, root),
    }


@pytest.fixture(params=_KINDS)
def predictor(request: pytest.FixtureRequest, bundles: dict[str, Path]) -> Predictor:
    return load_bundle(bundles[request.param])


def test_every_kind_of_predictor_and_run_time_is_among_those_that_are_explained(bundles: dict[str, Path]) -> None:
    manifests = [read_manifest(bundle) for bundle in bundles.values()]
    assert tuple(bundles) == _KINDS
    assert {one.predictor for one in manifests} == {*PREDICTORS, *SERVICE_PREDICTORS} - {"service"}
    assert {one.runtime for one in manifests} == {*get_args(Manifest.model_fields["runtime"].annotation)} - {
        "service"
    }


@pytest.mark.parametrize(
    "raw", ["awful", "love this dress, but awful fit", _HOSTILE, "so soft and pretty " * 12, "word " * 900]
)
def test_contributions_of_every_kind_of_model_make_the_difference_to_the_empty_text(
    predictor: Predictor, raw: str
) -> None:
    explanation = explain_text(predictor, raw, most_calls=120)
    base, prediction = predictor.predict(["", raw])
    np.testing.assert_allclose(explanation.base, base, atol=1e-5)
    np.testing.assert_allclose(explanation.prediction, prediction, atol=1e-5)
    np.testing.assert_allclose(np.sum(explanation.contributions, axis=0), prediction - base, atol=1e-5)
    assert " ".join(explanation.words) == predictor.natural_views([raw])[0]


def test_the_same_review_gets_the_same_explanation(predictor: Predictor) -> None:
    raw = "love love this awful soft dress and pretty top so nice size " * 3
    state = np.random.get_state()[1]
    assert explain_text(predictor, raw, most_calls=60) == explain_text(predictor, raw, most_calls=60)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


def test_a_word_of_an_additive_model_adds_what_it_is_worth(additive: _Additive) -> None:
    explanation = explain_text(additive, "the love dress soft awful top")
    assert explanation.of_label(1) == pytest.approx([0, 0.1, 0, 0.05, -0.1, 0], abs=1e-6)
    assert explanation.of_label(0) == pytest.approx([0, -0.1, 0, -0.05, 0.1, 0], abs=1e-6)
    assert explanation.complete


def test_masked_words_are_removed_and_nothing_takes_their_place(additive: _Additive) -> None:
    explain_text(additive, "the love dress soft awful top")
    assert {word for text in additive.asked for word in text.split()} == set("the love dress soft awful top".split())
    assert all(text == " ".join(text.split()) for text in additive.asked)


def test_an_awful_review_is_low_because_of_its_awful_word(logistic_bundle: Path) -> None:
    explanation = explain_text(load_bundle(logistic_bundle), "awful dress and sleeve")
    assert explanation.predicted == 0
    assert int(np.argmax(explanation.of_label(0))) == 0
    assert explanation.of_label(2)[0] < 0


@pytest.mark.parametrize("most_calls", [4, 60, 61])
@pytest.mark.parametrize("words", [1, 2, 30, 3000])
def test_the_model_is_asked_no_more_often_than_allowed(additive: _Additive, most_calls: int, words: int) -> None:
    explanation = explain_text(additive, "love " * words, most_calls=most_calls)
    assert len(additive.asked) <= most_calls
    assert explanation.complete == (words == 1 or (words == 2 and most_calls >= 60))


@settings(suppress_health_check=list(HealthCheck), max_examples=25, deadline=None)
@given(raw=st.text(min_size=1, max_size=60))
def test_any_text_is_explained_or_has_no_words(logistic_bundle: Path, raw: str) -> None:
    predictor = load_bundle(logistic_bundle)
    if not predictor.natural_views([raw])[0]:
        with pytest.raises(UserError, match="no text"):
            explain_text(predictor, raw, most_calls=40)
        return
    explanation = explain_text(predictor, raw, most_calls=40)
    whole = np.array(explanation.base) + np.sum(explanation.contributions, axis=0)
    np.testing.assert_allclose(whole, predictor.predict([raw])[0], atol=1e-5)


def test_labels_are_driven_by_the_words_that_are_worth_most(additive: _Additive) -> None:
    texts = ["Love the dress!", "I love it, awful", "awful, love", "Awful top", "rare soft", "", "<br>"] * 3
    bad, good = explain_labels(additive, texts, minimum_occurrences=9, top=1)
    # Words with punctuation or capitals are worth nothing to this model, but count as the same word.
    assert [(one.word, one.occurrences) for one in good.raising] == [("love", 9)]
    assert [(one.word, one.occurrences) for one in bad.raising] == [("awful", 9)]
    assert good.raising[0].contribution == pytest.approx(0.1 * 6 / 9, abs=1e-6)
    assert [one.word for one in good.lowering] == ["awful"]
    assert (bad.label, good.label) == ("bad", "good")


def test_rare_words_and_words_without_effect_drive_nothing(additive: _Additive) -> None:
    for one in explain_labels(additive, ["soft the dress", "love the dress", "the dress ... the dress"]):
        assert one.raising == one.lowering == ()


def test_a_paid_service_is_not_asked(additive: _Additive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Additive, "paid", True)
    with pytest.raises(UserError, match="paid service"):
        explain_text(additive, "love")
    assert additive.asked == []


def test_without_shap_one_line_says_what_to_install(additive: _Additive, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def fail(name: str, *rest: Any) -> Any:
        if name in ("shap", "numba"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", fail)
    with pytest.raises(UserError, match=r"shap.*pip install.*explain") as raised:
        explain_text(additive, "love it")
    assert "\n" not in str(raised.value)


def test_explaining_loads_neither_tensorflow_nor_torch_for_any_kind_of_bundle(bundles: dict[str, Path]) -> None:
    program = (
        "import sys; from serving.__main__ import main; "
        "codes = [main(['explain', '--bundle', bundle, '--text', 'love it, awful']) for bundle in sys.argv[1:]]; "
        "names = {name.partition('.')[0] for name in sys.modules}; "
        "print(codes, 'shap' in names, names & {'tensorflow', 'torch', 'keras', 'tf_keras', 'transformers'})"
    )
    command = [sys.executable, "-c", program, *map(str, bundles.values())]
    finished = subprocess.run(command, capture_output=True, text=True, check=True)
    assert finished.stdout.splitlines()[-1] == f"{[0] * len(bundles)} True set()"
    assert finished.stdout.count("What each word adds:") == len(bundles)
