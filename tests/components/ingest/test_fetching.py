import datetime
import hashlib
import http.server
import ipaddress
import json
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from components.ingest.fetching import fetch
from components.shared.errors import UserError

CONTENT = b"Text,Stars\nlovely,5\n" * 5000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class _Files(http.server.BaseHTTPRequestHandler):
    """A web server and the part of Cloud Storage's JSON API that a download needs, with one file."""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/storage/v1/b/shop/o/reviews.csv" and "alt=media" not in self.path:
            self._answer(json.dumps({"name": "reviews.csv", "bucket": "shop", "size": str(len(CONTENT))}).encode())
        elif path in ("/reviews.csv", "/download/storage/v1/b/shop/o/reviews.csv"):
            self._answer(CONTENT)
        else:
            self.send_error(404)

    def _answer(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None: ...


def _serve(context: ssl.SSLContext | None = None) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Files)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for address in _serve():
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", address)
        yield


@pytest.fixture
def website(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    certificate = _write_certificate(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    yield from _serve(context)


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


def test_a_file_from_the_web_is_downloaded_and_verified(website: str, tmp_path: Path) -> None:
    assert fetch(f"{website}/reviews.csv", SHA256, tmp_path)[0].read_bytes() == CONTENT


def test_a_file_from_the_web_needs_a_checksum(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="needs its expected SHA-256"):
        fetch("https://127.0.0.1:9/reviews.csv", "", tmp_path)


def test_another_content_from_the_web_is_refused(website: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"wrong checksum, its SHA-256 is {SHA256}"):
        fetch(f"{website}/reviews.csv", "1" * 64, tmp_path)


def test_a_page_that_is_not_there_is_refused(website: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read: HTTP status 404"):
        fetch(f"{website}/other.csv", SHA256, tmp_path)


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
def test_an_object_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gs://shop/other\.csv: cannot be read: HTTP status 404"):
        fetch("gs://shop/other.csv", "", tmp_path)


def test_a_bucket_without_an_object_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="expected gs://bucket/path/of/file"):
        fetch("gs://shop", "", tmp_path)
