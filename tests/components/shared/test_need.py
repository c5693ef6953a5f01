"""The need file is validated strictly: a limit with a misspelt name must not silently be no limit."""

import pytest

from components.shared.errors import UserError
from components.shared.need import DEFAULT_NEED, parse_need

MINIMAL = "use_case: x\nreviews_per_day: 10\nprices: {cpu_hour_eur: 0.1, gpu_hour_eur: 1}\n"


def test_the_default_need_is_the_clothing_shops() -> None:
    need = parse_need("")
    assert "clothing shop" in need.use_case
    assert need == parse_need(DEFAULT_NEED.read_text(encoding="utf-8"))


def test_limits_are_optional() -> None:
    need = parse_need(MINIMAL)
    assert need.constraints.maximum_size_mb is None
    assert need.quality.metric == "macro_f1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (MINIMAL + "budget: 3\n", "unknown key 'budget'"),
        (MINIMAL + "constraints: {max_size: 3}\n", "unknown key 'constraints.max_size'"),
        (MINIMAL + "constraints: {minimum_quality: 80}\n", "key 'constraints.minimum_quality'"),
        (MINIMAL + "quality: {metric: f2}\n", "key 'quality.metric'"),
        ("reviews_per_day: 10\n", "key 'use_case'"),
        (MINIMAL.replace("10", "-1"), "key 'reviews_per_day'"),
        ("a: [1\n", "not valid YAML"),
        ("just words\n", "expected keys"),
    ],
)
def test_a_wrong_need_is_told_in_one_line_with_its_key(text: str, message: str) -> None:
    with pytest.raises(UserError) as raised:
        parse_need(text, "need.yaml")
    assert str(raised.value).startswith("need.yaml: ")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
