import datetime
import hashlib
import http.server
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from gcp_storage_emulator.server import create_server
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Blob, Client

from components.ingest.fetching import fetch
from components.shared import downloads
from components.shared.errors import UserError

CONTENT = (b"Text,Stars\nlovely,5\n" * 110_000)[: 1 << 21]
SHA256 = hashlib.sha256(CONTENT).hexdigest()
# A whole number of the pieces that are written, or the last one is asked for again.
HALF = len(CONTENT) // 2


class Website(http.server.ThreadingHTTPServer):
    """A web server with one file; it cuts the first `cuts` answers halfway, or answers 503 `failures` times.

    `requests` are the Range headers that came, "" for none.
    """

    def __init__(self, certificate: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Pages)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.uri = f"https://127.0.0.1:{self.server_port}/reviews.csv"
        self.requests: list[str] = []
        self.cuts = 0
        self.failures = 0
        self.tags = ['"first"'] * 10  # of the file, at each request
        self.knows_ranges = True
        self.any_path = False
        self.shift = 0  # by how much a part of the file begins too late

    def handle_error(self, *_: object) -> None: ...


class _Pages(http.server.BaseHTTPRequestHandler):
    server: Website

    def do_GET(self) -> None:
        site, number = self.server, len(self.server.requests)
        wanted = self.headers.get("Range", "")
        site.requests.append(wanted)
        if self.path != "/reviews.csv" and not site.any_path:
            return self.send_error(404)
        if number < site.failures:
            return self.send_error(503)
        tag = site.tags[number]
        part = wanted and site.knows_ranges and self.headers.get("If-Range") == tag
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) + site.shift if part else 0
        self.send_response(206 if part else 200)
        if part:
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        if tag:
            self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        self.wfile.write(CONTENT[start:HALF] if number < site.cuts else CONTENT[start:])

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "_WAITS_SECONDS", (0, 0, 0))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _write_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def website(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Website]:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with Website(certificate) as site:
        threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield site
        site.shutdown()


@pytest.fixture(scope="module")
def storage() -> Iterator[str]:
    """The emulator of Cloud Storage's API, with five objects in the bucket "shop"; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with create_server("127.0.0.1", port, in_memory=True, default_bucket="shop"):
        address = f"http://127.0.0.1:{port}"
        options = {"api_endpoint": address}
        bucket = Client("project", AnonymousCredentials(), client_options=options).bucket("shop")
        for name in ("reviews.csv", "many/b.csv", "many/a.csv", "many/notes.txt", "many/deep/c.csv"):
            bucket.blob(name).upload_from_string(CONTENT)
        yield address


@pytest.fixture
def emulator(storage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage)


def _write_certificate(directory: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = directory / "certificate.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    return path


def test_a_local_path_is_used_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "reviews.csv").write_bytes(CONTENT)
    assert fetch(str(tmp_path / "reviews.csv"), SHA256.upper(), tmp_path) == [tmp_path / "reviews.csv"]


def test_a_file_from_the_web_is_downloaded_and_verified(website: Website, tmp_path: Path) -> None:
    assert fetch(website.uri, SHA256, tmp_path)[0].read_bytes() == CONTENT


def test_a_file_from_the_web_needs_a_checksum(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="needs its expected SHA-256"):
        fetch("https://127.0.0.1:9/reviews.csv", "", tmp_path)


def test_another_content_from_the_web_is_refused(website: Website, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"wrong checksum, its SHA-256 is {SHA256}"):
        fetch(website.uri, "1" * 64, tmp_path)


def test_a_download_that_was_cut_goes_on_where_it_was(website: Website, tmp_path: Path) -> None:
    website.cuts = 1
    (path,) = fetch(website.uri, SHA256, tmp_path)
    assert path.read_bytes() == CONTENT
    assert website.requests == ["", f"bytes={HALF}-"]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        ({"knows_ranges": False}, ["", f"bytes={HALF}-"]),
        ({"tags": ['"first"', '"second"']}, ["", f"bytes={HALF}-"]),
        ({"tags": ["", ""]}, ["", ""]),
        ({"tags": ['W/"weak"', 'W/"weak"']}, ["", ""]),
        ({"shift": 1, "tags": ['"first"'] * 3}, ["", f"bytes={HALF}-", ""]),
    ],
    ids=["no ranges", "the file has changed", "no tag", "a weak tag", "another part"],
)
def test_a_download_that_cannot_go_on_starts_again(
    changes: dict[str, Any], asked: list[str], website: Website, tmp_path: Path
) -> None:
    website.cuts = 1
    for name, value in changes.items():
        setattr(website, name, value)
    assert fetch(website.uri, SHA256, tmp_path)[0].read_bytes() == CONTENT
    assert website.requests == asked


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("", "source"),
        ("a%00b.csv", "a_b.csv"),
        ("a%2F..", "source"),
        ("r%C3%A9.csv", "r_.csv"),
        ("x" * 900, "x" * 100),
    ],
)
def test_any_address_gives_a_name_within_the_workspace(
    address: str, name: str, website: Website, tmp_path: Path
) -> None:
    website.any_path = True
    assert fetch(website.uri.replace("reviews.csv", address), SHA256, tmp_path)[0] == tmp_path / name


def test_a_server_that_is_busy_is_asked_again(website: Website, tmp_path: Path) -> None:
    website.failures = 2
    assert fetch(website.uri, SHA256, tmp_path)[0].read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"cuts": 9, "knows_ranges": False}, "ChunkedEncodingError"), ({"failures": 9}, "HTTP status 503")],
)
def test_a_download_that_never_ends_leaves_nothing(
    changes: dict[str, Any], reason: str, website: Website, tmp_path: Path
) -> None:
    for name, value in changes.items():
        setattr(website, name, value)
    with pytest.raises(UserError, match=f"cannot be read: {reason}; check the URI and the network"):
        fetch(website.uri, SHA256, tmp_path)
    assert len(website.requests) == 4
    assert not list(tmp_path.iterdir())


def test_a_page_that_is_not_there_is_refused(website: Website, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read: HTTP status 404"):
        fetch(website.uri.replace("reviews", "other"), SHA256, tmp_path)


def test_an_unreachable_uri_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read: ConnectionError"):
        fetch("https://127.0.0.1:9/reviews.csv", SHA256, tmp_path)


@pytest.mark.parametrize("uri", ["http://example.org/a.csv", "s3://shop/a.csv", "file:///tmp/a.csv"])
def test_other_schemes_are_refused(uri: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not supported; use a local path, https:// or gs://"):
        fetch(uri, "", tmp_path)


@pytest.mark.usefixtures("emulator")
def test_an_object_of_a_bucket_is_downloaded_and_verified(tmp_path: Path) -> None:
    assert fetch("gs://shop/reviews.csv", SHA256, tmp_path)[0].read_bytes() == CONTENT


@pytest.mark.usefixtures("emulator")
def test_the_tables_of_a_folder_of_a_bucket_are_downloaded(tmp_path: Path) -> None:
    paths = fetch("gs://shop/many/", "", tmp_path)
    assert paths == [tmp_path / "a.csv", tmp_path / "b.csv"] == sorted(tmp_path.iterdir())
    assert all(path.read_bytes() == CONTENT for path in paths)


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize(
    ("uri", "says"),
    [
        (
            "gs://shop/other.csv",
            r"other\.csv: cannot be read: HTTP status 404; check the URI and your access",
        ),
        ("gs://nobody/reviews.csv", "gs://nobody/reviews.csv: cannot be read: HTTP status 404"),
        ("gs://nobody/many/", "gs://nobody/many/: cannot be read: HTTP status 404"),
        ("gs://shop/nothing/", "gs://shop/nothing/: no table in this folder"),
        ("gs:///", "expected gs://bucket/path/of/folder"),
        ("gs://shop", "expected gs://bucket/path/of/file"),
    ],
)
def test_what_is_not_in_the_storage_is_refused(uri: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=says):
        fetch(uri, "", tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_cut_download_from_a_bucket_leaves_nothing(
    emulator: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(blob: Any, stream: Any, **_: Any) -> None:
        stream.write(CONTENT[:HALF])
        raise requests.ConnectionError

    monkeypatch.setattr(Blob, "download_to_file", cut)
    with pytest.raises(UserError, match="cannot be read: ConnectionError"):
        fetch("gs://shop/reviews.csv", "", tmp_path)
    assert not list(tmp_path.iterdir())
