import pytest

from components.shared.errors import UserError
from components.shared.services.access import VARIABLES, is_local, missing_variables, read_access


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_without_a_key_there_is_no_access(monkeypatch):
    assert read_access("chat") is None
    monkeypatch.setenv("AZURE_LANGUAGE_KEY", "secret")
    assert read_access("azure-language") is None
    assert missing_variables("azure-language") == "AZURE_LANGUAGE_KEY and AZURE_LANGUAGE_ENDPOINT"


def test_the_chat_has_a_default_endpoint(monkeypatch):
    monkeypatch.setenv("CHAT_API_KEY", "secret\n")
    access = read_access("chat")
    assert (access.endpoint, access.key) == ("https://api.openai.com/v1", "secret")


def test_a_key_is_not_in_what_is_printed(monkeypatch):
    monkeypatch.setenv("CHAT_API_KEY", "planted-key")
    assert "planted-key" not in f"{read_access('chat')} {read_access('chat')!r}"


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://example.com/v1",
        "https://user:planted-key@example.com",
        "https://example.com/v1?key=planted-key",
        "example.com",
        "ftp://example.com",
        "https://",
    ],
)
def test_an_endpoint_that_a_key_must_not_go_to_is_refused_without_repeating_it(monkeypatch, endpoint):
    monkeypatch.setenv("CHAT_API_KEY", "secret")
    monkeypatch.setenv("CHAT_BASE_URL", endpoint)
    with pytest.raises(UserError, match="CHAT_BASE_URL") as raised:
        read_access("chat")
    assert "planted-key" not in str(raised.value)


@pytest.mark.parametrize(
    ("endpoint", "local"),
    [
        ("http://localhost:8000/v1", True),
        ("http://LOCALHOST./v1", True),
        ("http://api.localhost", True),
        ("http://127.0.0.1:8000", True),
        ("http://127.8.9.1", True),
        ("http://[::1]:80", True),
        ("http://[::ffff:127.0.0.1]", True),
        ("http://0.0.0.0:80", True),
        ("https://api.openai.com/v1", False),
        ("https://localhost.example.com", False),
        ("https://10.0.0.1", False),
    ],
)
def test_an_endpoint_on_this_machine_is_known_as_such(endpoint, local):
    assert is_local(endpoint) is local
