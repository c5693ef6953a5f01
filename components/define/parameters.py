"""What the pipeline was given, as the plan keeps it for whoever repeats the run."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit


def record_parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the parameters without what gives access: user, password, query and fragment of a web address."""
    return {name: _without_access(value) if isinstance(value, str) else value for name, value in given.items()}


def _without_access(text: str) -> str:
    if not text.startswith(("https://", "http://")):
        return text
    parts = urlsplit(text)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
