"""What a technique did, as it is recorded beside a candidate."""

import json
from pathlib import Path

from builders import conversion
from components.shared.records.conversions import CONVERSION, Likeness, read_conversions, write_conversion

_CONVERSION = conversion(onnxruntime=Likeness(agreement=0.9, largest_difference=0.2))


def test_each_run_time_has_a_likeness_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "lstm-dynamic").mkdir()
    write_conversion(tmp_path / "lstm-dynamic", _CONVERSION)
    conversion = read_conversions([tmp_path])["lstm-dynamic"]
    assert conversion == _CONVERSION
    assert conversion.likeness("litert") == Likeness(agreement=0.98, largest_difference=0.03)
    assert conversion.likeness("onnxruntime") == Likeness(agreement=0.9, largest_difference=0.2)


def test_a_record_from_before_onnx_runtime_was_compared_is_read(tmp_path: Path) -> None:
    (tmp_path / "lstm-dynamic").mkdir()
    old = json.loads(_CONVERSION.model_dump_json(exclude={"onnxruntime"}))
    (tmp_path / "lstm-dynamic" / CONVERSION).write_text(json.dumps(old), encoding="utf-8")
    conversion = read_conversions([tmp_path])["lstm-dynamic"]
    assert conversion.likeness("onnxruntime") is None
    assert conversion.likeness("litert") == Likeness(agreement=0.98, largest_difference=0.03)
