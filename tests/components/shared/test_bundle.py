"""Bundles: what is written can be read, and what is damaged, cut short or foreign is refused in one line."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.shared.bundle import (
    MANIFEST,
    MODEL_CARD,
    Manifest,
    content_fingerprint,
    gzip_bytes,
    load_bundle,
    read_manifest,
    set_execution,
    set_responses,
    size_bytes,
    write_bundle,
)
from components.shared.errors import UserError
from components.shared.meter import Usage
from components.shared.predictors.running import Execution
from components.shared.quantification import measure_responses
from components.shared.records.candidates import bundle_directory
from components.shared.records.task import Task

_TASK = Task(labels=("1", "2"), scores=(1, 2), text_column="text")


def _manifest(**changes: object) -> Manifest:
    values: dict[str, object] = {
        "candidate": "majority",
        "task": _TASK,
        "model": "majority",
        "base_model": "none",
        "runtime": "scikit-learn",
        "predictor": "majority",
        "preprocessing": {"shares": [0.25, 0.75]},
        "data_fingerprint": "d",
        "code_fingerprint": "c",
        "training": Usage(seconds=1.5),
    }
    return Manifest.model_validate(values | changes)


def _refusal(directory: Path) -> str:
    """Returns the one line with which a bundle is refused."""
    with pytest.raises(UserError) as refused:
        load_bundle(directory)
    message = str(refused.value)
    assert "\n" not in message and str(directory) in message
    return message


@pytest.fixture
def bundle(logistic_bundle: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(logistic_bundle, tmp_path / "bundle"))


def _edit(bundle: Path, **changes: object) -> None:
    path = bundle / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | changes), encoding="utf-8")


def test_a_manifest_comes_back_with_the_size_and_hash_of_every_file(tmp_path: Path) -> None:
    manifest = _manifest(chain=("prune", "dynamic"), candidate="lstm-prune-dynamic")
    write_bundle(tmp_path / "bundle", manifest, {"a.bin": b"abc", "b.json": b"[]"})
    read = read_manifest(tmp_path / "bundle")
    assert {name: record.bytes for name, record in read.files.items()} == {"a.bin": 3, "b.json": 2}
    assert read.files["a.bin"].sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert read.model_copy(update={"files": {}}) == manifest
    assert size_bytes(tmp_path / "bundle") == 5 + (tmp_path / "bundle" / MANIFEST).stat().st_size


def test_writing_replaces_an_earlier_bundle_whole(tmp_path: Path) -> None:
    write_bundle(tmp_path / "bundle", _manifest(), {"old.bin": b"old"})
    write_bundle(tmp_path / "bundle", _manifest(), {"new.bin": b"new"})
    assert sorted(path.name for path in (tmp_path / "bundle").iterdir()) == [MANIFEST, "new.bin"]
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_a_loaded_bundle_predicts(bundle: Path) -> None:
    assert load_bundle(bundle).predict(["love this", "awful"]).argmax(axis=1).tolist() == [2, 0]


@pytest.mark.parametrize("name", ["weights.npz", "vocabulary.json"])
@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "grow"])
def test_a_damaged_file_is_refused(bundle: Path, name: str, damage: str) -> None:
    content = bytearray((bundle / name).read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 1
    (bundle / name).write_bytes({"flip": content, "cut": content[:-5], "empty": b"", "grow": content + b"x"}[damage])
    message = _refusal(bundle)
    assert name in message and "damaged" in message


def test_a_missing_file_is_refused(bundle: Path) -> None:
    (bundle / "weights.npz").unlink()
    assert "weights.npz: this file of the bundle is missing" in _refusal(bundle)


def test_a_directory_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    assert f"it has no {MANIFEST}" in _refusal(tmp_path)
    assert f"it has no {MANIFEST}" in _refusal(tmp_path / "nowhere")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(share=st.floats(0, 0.99))
def test_a_manifest_cut_short_anywhere_is_refused(bundle: Path, logistic_bundle: Path, share: float) -> None:
    whole = (logistic_bundle / MANIFEST).read_bytes().rstrip()
    (bundle / MANIFEST).write_bytes(whole[: int(len(whole) * share)])
    assert "not a bundle of format 1" in _refusal(bundle)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(content=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_a_foreign_manifest_is_refused(bundle: Path, content: bytes) -> None:
    (bundle / MANIFEST).write_bytes(content)
    _refusal(bundle)


def test_another_format_version_is_refused(bundle: Path) -> None:
    _edit(bundle, format_version=2)
    assert "format_version" in _refusal(bundle)


def test_an_unknown_key_is_refused(bundle: Path) -> None:
    _edit(bundle, surprise=1)
    assert "surprise" in _refusal(bundle)


def test_an_unknown_predictor_is_refused(bundle: Path) -> None:
    _edit(bundle, predictor="oracle")
    assert "unknown predictor 'oracle'" in _refusal(bundle)


def test_preprocessing_of_another_predictor_is_refused(bundle: Path) -> None:
    _edit(bundle, preprocessing={"ngram_range": [1, 2], "beam": 3})
    assert "preprocessing.beam" in _refusal(bundle)


@pytest.mark.parametrize("name", ["../outside.bin", "/etc/hostname", "sub/inside.bin"])
def test_a_manifest_that_names_files_elsewhere_is_refused(bundle: Path, name: str) -> None:
    _edit(bundle, files={name: {"sha256": "0" * 64, "bytes": 1}})
    assert "outside itself" in _refusal(bundle)


@pytest.mark.parametrize("candidate", ["", "../up", "Two words", "-x"])
def test_a_candidate_name_that_is_no_safe_file_name_is_refused(candidate: str) -> None:
    with pytest.raises(ValueError, match="candidate"):
        _manifest(candidate=candidate)


def test_the_pages_of_a_file_are_not_read_when_verification_is_not_wanted(bundle: Path) -> None:
    (bundle / "weights.npz").write_bytes(b"damaged")
    assert read_manifest(bundle, verify=False).predictor == "tfidf-logistic"


def test_scoring_a_thousand_reviews_never_loads_tensorflow(
    tiny: Any, tiny_pruned: Path, logistic_bundle: Path
) -> None:
    bundles = [
        bundle_directory(tiny.trained, "lstm"),
        bundle_directory(tiny_pruned, "lstm-prune"),
        logistic_bundle,
    ]
    program = """
import sys
from pathlib import Path
from components.shared.bundle import load_bundle
for directory in sys.argv[1:]:
    predicted = load_bundle(Path(directory)).predict(["love the perfect dress", "awful and itchy"] * 500)
    assert predicted.shape == (1000, 3), predicted.shape
heavy = {"tensorflow", "tf_keras", "keras", "tensorflow_model_optimization", "transformers", "torch", "kfp"}
print(sorted(heavy & {name.partition(".")[0] for name in sys.modules}))
"""
    run = subprocess.run(
        [sys.executable, "-c", program, *map(str, bundles)], capture_output=True, text=True, check=True, timeout=120
    )
    assert run.stdout.strip() == "[]"


def test_probabilities_of_every_predictor_are_float32_and_add_up_to_one(tiny: Any, logistic_bundle: Path) -> None:
    for directory in (bundle_directory(tiny.trained, "lstm"), logistic_bundle):
        predicted = load_bundle(directory).predict(tiny.texts)
        assert predicted.dtype == np.float32 and predicted.shape == (len(tiny.texts), 3)
        np.testing.assert_allclose(predicted.sum(axis=1), 1, atol=1e-5)


def test_a_bundle_is_run_as_its_manifest_says_unless_told_otherwise(bundle: Path) -> None:
    set_execution(bundle, Execution(threads=1, workers=3, batch_size=7))
    assert read_manifest(bundle).execution == Execution(threads=1, workers=3, batch_size=7)
    assert load_bundle(bundle).execution.workers == 3
    assert load_bundle(bundle, Execution(workers=2)).execution == Execution(workers=2)


def test_how_it_is_run_does_not_change_what_a_bundle_is(bundle: Path) -> None:
    before = content_fingerprint(read_manifest(bundle))
    set_execution(bundle, Execution(threads=1))
    assert content_fingerprint(read_manifest(bundle)) == before


def test_how_it_answers_to_labels_is_kept_and_does_not_change_what_a_bundle_is(bundle: Path) -> None:
    before = content_fingerprint(read_manifest(bundle))
    responses = measure_responses(np.array([0, 1, 2]), np.eye(3))
    set_responses(bundle, responses)
    assert read_manifest(bundle).responses == responses
    assert content_fingerprint(read_manifest(bundle)) == before
    assert load_bundle(bundle).predict(["love this"]).argmax() == 2


def test_a_card_beside_a_bundle_does_not_count_for_its_size(bundle: Path) -> None:
    before = size_bytes(bundle), gzip_bytes(bundle)
    (bundle / MODEL_CARD).write_text("# A card")
    assert (size_bytes(bundle), gzip_bytes(bundle)) == before
