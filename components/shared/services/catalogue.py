"""The paid services by name."""

from collections.abc import Sequence

from components.shared.need import Need
from components.shared.price_list import RecordTariff, TokenTariff
from components.shared.services import azure_language, chat
from components.shared.services.access import Access
from components.shared.services.answers import AnswerStore, Caps
from components.shared.services.prices import record_tariff, token_tariff
from components.shared.services.till import Till

PaidService = azure_language.AzureLanguage | chat.Chat
Tariff = RecordTariff | TokenTariff

_ATTEMPTS_PER_MINUTE = {
    azure_language.NAME: azure_language.ATTEMPTS_PER_MINUTE,
    chat.NAME: chat.ATTEMPTS_PER_MINUTE,
}


def tariff_of(service: str, model: str, need: Need) -> Tariff:
    """Returns what a paid service charges, by the need or the price list.

    Raises:
        UserError: No price of the chat model is known.
    """
    return record_tariff(need) if service == azure_language.NAME else token_tariff(need, model)


def describe_service(
    service: str, endpoint: str, model: str, language: str, labels: Sequence[str], tariff: Tariff
) -> PaidService:
    """Returns a paid service that is not called yet.

    Args:
        service: One of PAID_SERVICES.
        endpoint: Where it is.
        model: Of the chat; Azure AI Language has one of its own.
        language: ISO 639-1 code of the reviews.
        labels: Of the task, from worst to best.
        tariff: What it charges.
    """
    if isinstance(tariff, RecordTariff):
        return azure_language.AzureLanguage(endpoint, language, tariff)
    return chat.Chat(endpoint, model, labels, tariff)


def open_service(service: PaidService, access: Access, store: AnswerStore, caps: Caps) -> None:
    """Prepares a service for calls within the caps, counted in the store."""
    per_minute = _ATTEMPTS_PER_MINUTE[service.identity.service]
    service.open(access, Till(store, caps, service.identity, per_minute))
