"""The price list, prices.yaml beside this module: machines by the hour, services by the record or token."""

import math
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from components.shared.errors import UserError

PRICE_LIST = Path(__file__).with_name("prices.yaml")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Machine(_Strict):
    """A machine to rent, in euros an hour."""

    hour_eur: float = Field(gt=0, allow_inf_nan=False)


class RecordTariff(_Strict):
    """A service that charges for each started piece of a text of so many characters."""

    per_1000_records_eur: float = Field(ge=0)
    record_characters: int = Field(default=1000, gt=0)

    def price_eur(self, text: str) -> float:
        """Returns the price of one text."""
        return math.ceil(len(text) / self.record_characters) * self.per_1000_records_eur / 1000

    def in_words(self) -> str:
        """Returns the tariff for people."""
        return f"{self.per_1000_records_eur:g} € per 1,000 records of {self.record_characters:,} characters"


class TokenTariff(_Strict):
    """A service that charges for tokens, in euros for a million of them."""

    input_million_eur: float = Field(ge=0)
    output_million_eur: float = Field(ge=0)

    def price_eur(self, input_tokens: float, output_tokens: float) -> float:
        """Returns the price of one call."""
        return (input_tokens * self.input_million_eur + output_tokens * self.output_million_eur) / 1_000_000

    def in_words(self) -> str:
        """Returns the tariff for people."""
        return f"{self.input_million_eur:g} € per million tokens sent and {self.output_million_eur:g} € received"


class PriceList(_Strict):
    """The content of prices.yaml, by name."""

    machines: dict[str, Machine]
    azure_language: RecordTariff = Field(alias="azure-language")
    chat: dict[str, TokenTariff]


def parse_price_list(text: str, source: str = PRICE_LIST.name) -> PriceList:
    """Returns the validated price list written in YAML.

    Args:
        text: YAML text.
        source: Name of the file, for error messages.

    Raises:
        UserError: Not YAML, an unknown key, or a price that is none; names the first problem.
    """
    try:
        return PriceList.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise UserError(f"{source}: not valid YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "the file"
        raise UserError(f"{source}: {key}: {first['msg']}; correct it") from error


@cache
def read_price_list() -> PriceList:
    """Returns the price list that comes with the project."""
    return parse_price_list(PRICE_LIST.read_text(encoding="utf-8"))


def machine_price(name: str) -> float:
    """Returns the price of a machine, in euros an hour.

    Raises:
        ValueError: The price list has no such machine.
    """
    machines = read_price_list().machines
    if name not in machines:
        raise ValueError(f"'{name}' is not in the price list ({', '.join(machines)}); name one, or state a number")
    return machines[name].hour_eur
