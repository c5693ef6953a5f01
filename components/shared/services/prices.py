"""What the services charge: the price list, and what a need says instead."""

import math
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

from components.shared.errors import UserError
from components.shared.need import Need

PRICE_LIST = Path(__file__).parents[1] / "prices.yaml"
_CHARACTERS_PER_TOKEN = 4


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RecordTariff(_Strict):
    """A price for each started piece of a text.

    Attributes:
        per_1000_records_eur: For 1,000 text records.
        record_characters: Length of a text record.
    """

    per_1000_records_eur: float = Field(ge=0)
    record_characters: int = Field(default=1000, gt=0)

    def price_eur(self, text: str) -> float:
        """Returns the price of one text."""
        return math.ceil(len(text) / self.record_characters) * self.per_1000_records_eur / 1000

    def in_words(self) -> str:
        """Returns the tariff for people."""
        return f"{self.per_1000_records_eur:g} € per 1,000 records of {self.record_characters:,} characters"


class TokenTariff(_Strict):
    """A price for tokens, in euros for a million of them."""

    input_million_eur: float = Field(ge=0)
    output_million_eur: float = Field(ge=0)

    def price_eur(self, input_tokens: float, output_tokens: float) -> float:
        """Returns the price of one call."""
        return (input_tokens * self.input_million_eur + output_tokens * self.output_million_eur) / 1_000_000

    def in_words(self) -> str:
        """Returns the tariff for people."""
        return f"{self.input_million_eur:g} € per million tokens sent and {self.output_million_eur:g} € received"


def estimate_tokens(text: str) -> float:
    """Returns about how many tokens a text has: one for four characters, the rule of thumb for English."""
    return len(text) / _CHARACTERS_PER_TOKEN


def record_tariff(need: Need) -> RecordTariff:
    """Returns the tariff of Azure AI Language: the need's, else the price list's."""
    listed = RecordTariff.model_validate(_read_list()["azure-language"])
    own = need.services.azure_language_per_1000_records_eur
    return listed if own is None else listed.model_copy(update={"per_1000_records_eur": own})


def token_tariff(need: Need, model: str) -> TokenTariff:
    """Returns the tariff of a chat model: the need's, else the price list's.

    Raises:
        UserError: Neither knows the model.
    """
    own = need.services
    if own.chat_input_million_eur is not None and own.chat_output_million_eur is not None:
        return TokenTariff(
            input_million_eur=own.chat_input_million_eur, output_million_eur=own.chat_output_million_eur
        )
    listed = _read_list()["chat"]
    if model not in listed:
        raise UserError(
            f"chat_model '{model}' is not in the price list ({', '.join(listed)}); state services: "
            "chat_input_million_eur and chat_output_million_eur in the need"
        )
    return TokenTariff.model_validate(listed[model])


@cache
def _read_list() -> dict[str, dict[str, object]]:
    return yaml.safe_load(PRICE_LIST.read_text(encoding="utf-8"))
