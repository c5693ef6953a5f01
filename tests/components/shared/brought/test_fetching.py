"""A model of one's own is found in a directory, as a file, or in a bucket; what is none is one line."""

from pathlib import Path
from typing import Any

import pytest

from components.shared.brought import fetching
from components.shared.brought.fetching import fetched
from components.shared.errors import UserError


@pytest.fixture
def keras_directory(tmp_path: Path) -> Path:
    for name in ("model.keras", "vocabulary.json", "labels.json"):
        (tmp_path / name).write_text(name)
    return tmp_path


def test_a_directory_or_the_file_in_it_is_an_lstm(keras_directory: Path) -> None:
    for reference in (str(keras_directory), str(keras_directory / "model.keras"), f"{keras_directory}/"):
        with fetched(reference) as model:
            assert (model.kind, model.file) == ("lstm", keras_directory / "model.keras")
            assert {path.name for path in model.files} == {"model.keras", "vocabulary.json", "labels.json"}
    assert model.name == keras_directory.name


def test_a_config_is_a_hugging_face_model_even_beside_weights_of_tensorflow(tmp_path: Path) -> None:
    for name in ("config.json", "tf_model.h5"):
        (tmp_path / name).write_text("")
    with fetched(str(tmp_path)) as model:
        assert (model.kind, model.file.name) == ("distilbert", "config.json")


@pytest.mark.parametrize(
    ("files", "named", "words"),
    [
        ([], "", "it holds neither a .keras or .h5 file nor the config.json of a Hugging Face model"),
        (["a.keras", "b.h5"], "", "it holds several Keras files (a.keras, b.h5); name the one that is meant"),
        (["readme.txt"], "readme.txt", "no such directory or Keras file"),
        ([], "nowhere", "no such directory or Keras file"),
    ],
)
def test_what_is_no_model_is_one_line(files: list[str], named: str, words: str, tmp_path: Path) -> None:
    for name in files:
        (tmp_path / name).write_text("")
    with pytest.raises(UserError) as raised, fetched(str(tmp_path / named)):
        pass
    assert words in str(raised.value)


@pytest.mark.parametrize("reference", ["gs://bucket/mine", "gs://bucket/mine/", "gs://bucket/mine/model.keras"])
def test_a_bucket_is_fetched_without_what_is_not_needed(
    reference: str, keras_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (keras_directory / "checkpoints.zip").write_text("large")

    def download(uri: str, is_wanted: Any, directory: Path) -> None:
        assert uri.rstrip("/") == "gs://bucket/mine"
        for path in keras_directory.iterdir():
            if is_wanted(path.name):
                (directory / path.name).write_bytes(path.read_bytes())

    monkeypatch.setattr(fetching, "download_gs_folder", download)
    with fetched(reference) as model:
        directory = model.directory
        assert (model.kind, model.file.name) == ("lstm", "model.keras")
        assert {path.name for path in directory.iterdir()} == {"model.keras", "vocabulary.json", "labels.json"}
    assert not directory.exists()
