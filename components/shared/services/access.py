"""Where services are and the keys to them, from the environment alone; a key is never kept, shown or written."""

import ipaddress
import os
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from components.shared.errors import UserError

_OPENAI = "https://api.openai.com/v1"


@dataclass(frozen=True)
class _Variables:
    key: str
    endpoint: str
    default_endpoint: str = ""


_VARIABLES = {
    "azure-language": _Variables("AZURE_LANGUAGE_KEY", "AZURE_LANGUAGE_ENDPOINT"),
    "chat": _Variables("CHAT_API_KEY", "CHAT_BASE_URL", _OPENAI),
}
#: Environment variable of every key and endpoint; a Kubernetes secret has keys of the same names.
VARIABLES = tuple(name for one in _VARIABLES.values() for name in (one.key, one.endpoint))


@dataclass(frozen=True)
class Access:
    """An endpoint and its key; the key is left out wherever this is printed."""

    endpoint: str
    key: str = field(repr=False)


def read_access(service: str) -> Access | None:
    """Returns the access to a paid service, or None if the environment does not hold it.

    Raises:
        UserError: The endpoint is not an address that a key may be sent to.
    """
    names = _VARIABLES[service]
    key = os.environ.get(names.key, "").strip()
    endpoint = os.environ.get(names.endpoint, "").strip().rstrip("/") or names.default_endpoint
    if not key or not endpoint:
        return None
    check_endpoint(endpoint, names.endpoint)
    return Access(endpoint, key)


def missing_variables(service: str) -> str:
    """Returns the names of the environment variables to set, for people."""
    names = _VARIABLES[service]
    return names.key if names.default_endpoint else f"{names.key} and {names.endpoint}"


def check_endpoint(endpoint: str, name: str) -> None:
    """Checks an endpoint before a key is sent there.

    Raises:
        UserError: Not https (except to this machine), or with a user's name, a query or a fragment in it.
    """
    parts = urlsplit(endpoint)
    if not parts.hostname or parts.scheme not in ("http", "https"):
        raise UserError(f"{name} is not an address such as https://name.cognitiveservices.azure.com; correct it")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UserError(f"{name} holds more than an address; keys and options do not belong there")
    if parts.scheme == "http" and not is_local(endpoint):
        raise UserError(f"{name} is not https; a key and reviews would travel in the clear")


def is_local(endpoint: str) -> bool:
    """Returns whether an endpoint is on this machine: a test server, whose figures say nothing of a service."""
    host = (urlsplit(endpoint).hostname or "").rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return mapped.is_loopback or mapped.is_unspecified
