"""What gensim saved (.kv): mapped, with its arrays beside it; anything else that a pickle may hold never runs."""

import collections
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gensim.models import FastText, KeyedVectors, Word2Vec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.engineer_features.embeddings import load_vectors
from components.engineer_features.keyed_vectors_files import sidecars_of
from components.shared.errors import UserError

_REVIEWS = [["soft", "dress", "comfortable"], ["soft", "top"]] * 10


def _save(path: Path, sep_limit: int = 0) -> KeyedVectors:
    keyed = KeyedVectors(3)
    keyed.add_vectors(["soft", "dress"], np.array([[1, 2, 3], [4, 5, 6]], dtype=np.float32))
    keyed.save(str(path), sep_limit=sep_limit)
    return keyed


def _refusal(path: Path) -> str:
    with pytest.raises(UserError) as refused:
        load_vectors(str(path), ["soft"])
    assert str(refused.value).startswith(f"{path}: ") and "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("sep_limit", [0, 1 << 20], ids=["arrays beside", "one file"])
def test_saved_vectors_come_back(sep_limit: int, tmp_path: Path) -> None:
    _save(tmp_path / "vectors.kv", sep_limit)
    read = load_vectors(str(tmp_path / "vectors.kv"), ["dress", "unknown"])
    assert {word: read[word].tolist() for word in read.key_to_index} == {"dress": [4, 5, 6]}
    assert sidecars_of(tmp_path / "vectors.kv", "name") == ([] if sep_limit else [".vectors.npy"])


def test_large_arrays_are_mapped_and_what_is_kept_does_not_need_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _save(tmp_path / "vectors.kv")
    loaded: list[KeyedVectors] = []
    load = KeyedVectors.load
    monkeypatch.setattr(
        KeyedVectors, "load", lambda *given, **named: loaded.append(load(*given, **named)) or loaded[0]
    )
    read = load_vectors(str(tmp_path / "vectors.kv"), ["soft"])
    assert isinstance(loaded[0].vectors, np.memmap) and not isinstance(read.vectors, np.memmap)


def test_saved_fasttext_vectors_know_subwords(tmp_path: Path) -> None:
    model = FastText(sentences=_REVIEWS, vector_size=4, min_count=1, bucket=50, epochs=1, workers=1)
    model.wv.save(str(tmp_path / "fasttext.kv"), sep_limit=0)
    read = load_vectors(str(tmp_path / "fasttext.kv"), ["dress", "uncomfortable"])
    np.testing.assert_allclose(read["uncomfortable"], model.wv["uncomfortable"], atol=1e-6)


class _Malicious:
    """A pickle of it calls a function when it is loaded."""

    def __init__(self, function: Any, *given: Any) -> None:
        self._call = (function, given)

    def __reduce__(self) -> Any:
        return self._call


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_would_run_a_program_is_refused_and_does_not_run_it(protocol: int, tmp_path: Path) -> None:
    path, trace = tmp_path / "vectors.kv", tmp_path / "was-here"
    path.write_bytes(pickle.dumps(_Malicious(Path.touch, trace), protocol))
    assert "refused, it names" in _refusal(path)
    assert not trace.exists()
    pickle.loads(path.read_bytes())
    assert trace.exists()


@pytest.mark.parametrize("function", [eval, exec, __import__, getattr, np.load, collections.Counter])
def test_no_other_name_is_loaded_even_within_word_vectors(function: Any, tmp_path: Path) -> None:
    keyed = _save(tmp_path / "vectors.kv")
    keyed.expandos = {"count": _Malicious(function, "1")}
    keyed.save(str(tmp_path / "vectors.kv"))
    assert "refused, it names" in _refusal(tmp_path / "vectors.kv")


def test_a_method_of_an_allowed_class_is_no_way_around(tmp_path: Path) -> None:
    # What protocol 4 writes for KeyedVectors.load: a name with a dot.
    (tmp_path / "vectors.kv").write_bytes(pickle.dumps(_Malicious(KeyedVectors.load, str(tmp_path / "x")), 4))
    assert "refused, it names" in _refusal(tmp_path / "vectors.kv")


@pytest.mark.parametrize("attribute", ["__scipys", "__recursive_saveloads"])
def test_further_pickles_beside_the_file_are_never_asked_for(attribute: str, tmp_path: Path) -> None:
    path, trace = tmp_path / "vectors.kv", tmp_path / "was-here"
    keyed = _save(path)
    keyed.__dict__.update({"__numpys": [], "__scipys": [], "__recursive_saveloads": [], "__ignoreds": []})
    keyed.__dict__[attribute] = ["norms"]
    path.write_bytes(pickle.dumps(keyed, 4))
    (tmp_path / "vectors.kv.norms.npy").write_bytes(pickle.dumps(_Malicious(Path.touch, trace)))
    assert "refused, it asks for further files" in _refusal(path)
    assert not trace.exists()


def test_arrays_elsewhere_are_never_asked_for(tmp_path: Path) -> None:
    keyed = _save(tmp_path / "vectors.kv")
    keyed.__dict__["__numpys"] = ["/../../secret"]
    (tmp_path / "vectors.kv").write_bytes(pickle.dumps(keyed, 4))
    assert "refused, it asks for further files" in _refusal(tmp_path / "vectors.kv")


def test_an_array_that_is_a_pickle_is_refused(tmp_path: Path) -> None:
    trace = tmp_path / "was-here"
    _save(tmp_path / "vectors.kv")
    np.save(tmp_path / "vectors.kv.vectors.npy", np.array([_Malicious(Path.touch, trace)]), allow_pickle=True)
    assert "do not fit" in _refusal(tmp_path / "vectors.kv")
    assert not trace.exists()


def test_a_missing_array_is_named(tmp_path: Path) -> None:
    _save(tmp_path / "vectors.kv")
    (tmp_path / "vectors.kv.vectors.npy").unlink()
    assert "vectors.kv.vectors.npy is missing" in _refusal(tmp_path / "vectors.kv")


def test_an_array_with_too_few_rows_is_refused(tmp_path: Path) -> None:
    _save(tmp_path / "vectors.kv")
    np.save(tmp_path / "vectors.kv.vectors.npy", np.zeros((0, 3), dtype=np.float32))
    assert "do not fit" in _refusal(tmp_path / "vectors.kv")


def test_a_whole_model_is_refused_with_a_hint(tmp_path: Path) -> None:
    Word2Vec(sentences=_REVIEWS, vector_size=4, min_count=1, epochs=1, workers=1).save(str(tmp_path / "word2vec.kv"))
    assert "model.wv.save" in _refusal(tmp_path / "word2vec.kv")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_refused_in_one_line_or_still_word_vectors(data: st.DataObject, tmp_path: Path) -> None:
    path = tmp_path / "vectors.kv"
    _save(path, 1 << 20)
    content = bytearray(path.read_bytes())
    position = data.draw(st.integers(1, len(content) - 1))
    if data.draw(st.booleans()):
        content = content[:position]
    else:
        content[position] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        assert set(load_vectors(str(path), ["soft", "dress"]).key_to_index) <= {"soft", "dress"}
    except UserError as error:
        assert "\n" not in str(error)
