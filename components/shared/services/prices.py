"""What the services charge: the price list, and what a need says instead."""

from components.shared.errors import UserError
from components.shared.need import Need
from components.shared.price_list import RecordTariff, TokenTariff, read_price_list

_CHARACTERS_PER_TOKEN = 4


def estimate_tokens(text: str) -> float:
    """Returns about how many tokens a text has: one for four characters, the rule of thumb for English."""
    return len(text) / _CHARACTERS_PER_TOKEN


def record_tariff(need: Need) -> RecordTariff:
    """Returns the tariff of Azure AI Language: the need's, else the price list's."""
    listed = read_price_list().azure_language
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
    listed = read_price_list().chat
    if model not in listed:
        raise UserError(
            f"chat_model '{model}' is not in the price list ({', '.join(listed)}); state services: "
            "chat_input_million_eur and chat_output_million_eur in the need"
        )
    return listed[model]
