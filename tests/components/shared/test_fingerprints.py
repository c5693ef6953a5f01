from pathlib import Path

import pandas as pd

from components.shared.fingerprints import TableFingerprint, code_fingerprint, directory_fingerprint

_TABLE = pd.DataFrame({"text": ["a", "b"], "label": ["1", "2"]})


def _fingerprint(*partitions: pd.DataFrame, description: str = "") -> str:
    fingerprint = TableFingerprint()
    for partition in partitions:
        fingerprint.update(partition)
    return fingerprint.hexdigest(description)


def test_equal_tables_have_equal_fingerprints_however_they_are_cut() -> None:
    assert _fingerprint(_TABLE) == _fingerprint(_TABLE.iloc[:1], _TABLE.iloc[1:])
    assert len(_fingerprint(_TABLE)) == 16


def test_the_meaning_of_the_columns_changes_the_fingerprint() -> None:
    assert _fingerprint(_TABLE) != _fingerprint(_TABLE, description="labels 1 to 2")


def test_a_value_a_name_and_the_order_change_the_fingerprint() -> None:
    changed = [
        _TABLE.assign(text=["a", "c"]),
        _TABLE.rename(columns={"text": "title"}),
        _TABLE.iloc[::-1],
        _TABLE.iloc[:1],
    ]
    assert len({_fingerprint(table) for table in [_TABLE, *changed]}) == 5


def test_code_fingerprint_follows_content_and_names_but_not_caches(tmp_path: Path) -> None:
    (tmp_path / "step.py").write_text("x = 1")
    first = code_fingerprint(tmp_path)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "step.pyc").write_bytes(b"cached")
    assert code_fingerprint(tmp_path) == first
    (tmp_path / "step.py").write_text("x = 2")
    second = code_fingerprint(tmp_path)
    (tmp_path / "step.py").rename(tmp_path / "other.py")
    assert len({first, second, code_fingerprint(tmp_path)}) == 3


def test_directory_fingerprint_follows_content_and_names_wherever_it_lies(tmp_path: Path) -> None:
    for name, content in (("one", "x"), ("two", "x"), ("three", "y")):
        (tmp_path / name / "inner").mkdir(parents=True)
        (tmp_path / name / "inner" / "file").write_text(content)
    one, two, three = (directory_fingerprint(tmp_path / name) for name in ("one", "two", "three"))
    assert one == two != three
    (tmp_path / "two" / "inner" / "file").rename(tmp_path / "two" / "file")
    assert directory_fingerprint(tmp_path / "two") != one
