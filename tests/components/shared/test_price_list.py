"""The price list is read strictly: a wrong price is an error, not a bargain."""

import pytest

from components.shared.errors import UserError
from components.shared.need import DEFAULT_NEED, parse_need
from components.shared.price_list import machine_price, parse_price_list, read_price_list

_NEED = "use_case: x\nreviews_per_day: 10\nprices: {{cpu_hour_eur: {price}, gpu_hour_eur: v100s}}\n"
_LIST = "machines: {a: {hour_eur: 1}}\nazure-language: {per_1000_records_eur: 1}\nchat: {}\n"


def test_the_price_of_the_v100s_is_the_talks() -> None:
    assert machine_price("v100s") == 1.93
    assert all(machine.hour_eur > 0 for machine in read_price_list().machines.values())


def test_a_need_names_a_machine_or_states_a_number() -> None:
    assert parse_need(_NEED.format(price="small-vm")).prices.cpu_hour_eur == machine_price("small-vm")
    assert parse_need(_NEED.format(price="0.07")).prices.cpu_hour_eur == 0.07


def test_the_default_need_takes_its_prices_from_the_list() -> None:
    assert "cpu_hour_eur: small-vm" in DEFAULT_NEED.read_text(encoding="utf-8")
    assert parse_need("").prices.gpu_hour_eur == 1.93


@pytest.mark.parametrize(
    ("price", "message"),
    [
        ("big-vm", "'big-vm' is not in the price list (small-vm, v100s); name one, or state a number"),
        ("'0.05'", "'0.05' is not in the price list"),
        ("0", "greater than 0"),
        ("-1", "greater than 0"),
        (".inf", "finite"),
        (".nan", "greater than 0"),
        ("[1]", "valid number"),
    ],
)
def test_a_price_that_is_none_is_told_in_one_line(price: str, message: str) -> None:
    with pytest.raises(UserError) as raised:
        parse_need(_NEED.format(price=price), "need.yaml")
    assert str(raised.value).startswith("need.yaml: key 'prices.cpu_hour_eur': ")
    assert message in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (_LIST.replace("hour_eur: 1", "hour_eur: 0"), "machines.a.hour_eur"),
        (_LIST.replace("hour_eur", "hours_eur"), "machines.a.hour"),
        (_LIST + "cloud: {}\n", "cloud"),
        (_LIST.replace("per_1000_records_eur: 1", "per_1000_records_eur: -1"), "azure-language"),
        ("machines: [", "not valid YAML"),
        ("", "the file"),
    ],
)
def test_a_wrong_price_list_is_told_in_one_line(text: str, message: str) -> None:
    with pytest.raises(UserError) as raised:
        parse_price_list(text, "prices.yaml")
    assert str(raised.value).startswith("prices.yaml: ") and message in str(raised.value)
    assert "\n" not in str(raised.value)
