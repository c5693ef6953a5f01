import re

import pytest

from components.shared.errors import UserError
from components.shared.need import parse_need
from components.shared.price_list import PRICE_LIST, RecordTariff, TokenTariff
from components.shared.services.prices import record_tariff, token_tariff

_NEED = "use_case: x\nreviews_per_day: 10\nprices: {cpu_hour_eur: 0.1, gpu_hour_eur: 1}\n"


def test_each_started_record_is_charged():
    tariff = RecordTariff(per_1000_records_eur=0.9)
    assert [round(1000 * tariff.price_eur("x" * length), 3) for length in (1, 1000, 1001, 2500)] == [
        0.9,
        0.9,
        1.8,
        2.7,
    ]


def test_tokens_are_charged_by_the_million():
    assert TokenTariff(input_million_eur=2, output_million_eur=8).price_eur(500_000, 250_000) == 3.0


def test_the_need_takes_precedence_over_the_list():
    own = parse_need(
        _NEED
        + "services: {azure_language_per_1000_records_eur: 0.5, "
        + "chat_input_million_eur: 3, chat_output_million_eur: 4}"
    )
    assert record_tariff(own).per_1000_records_eur == 0.5
    assert token_tariff(own, "any-model") == TokenTariff(input_million_eur=3, output_million_eur=4)
    assert record_tariff(parse_need(_NEED)).per_1000_records_eur == 0.9


def test_a_chat_model_without_a_price_is_refused_in_one_line():
    with pytest.raises(UserError, match="'mystery' is not in the price list"):
        token_tariff(parse_need(_NEED), "mystery")


def test_a_negative_price_is_refused():
    with pytest.raises(UserError, match=r"services\.chat_input_million_eur"):
        parse_need(_NEED + "services: {chat_input_million_eur: -1}")


def test_every_service_of_the_list_has_a_source_and_a_date():
    text = PRICE_LIST.read_text(encoding="utf-8")
    for section in re.split(r"^\S+:$", text, flags=re.MULTILINE)[1:]:
        comments = "".join(line for line in section.splitlines() if line.strip().startswith("#"))
        assert "https://" in comments and re.search(r"20\d\d", comments)
