"""Posts to a receiver: signed, once a call, and to nowhere that a stranger should make us call."""

import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import orjson
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from standardwebhooks import Webhook, WebhookVerificationError

from billing.adapters.environment_secrets import EnvironmentSecrets
from billing.adapters.event_posts import ADDRESSES, EventPosts, Patience
from billing.domain.event import EventType, event_of
from billing.ports import EventNotTaken, UnusableEventSecret
from tests.builders import utc
from tests.event_receiver import OLD_SECRET, SECRET, Receiver, receiving

EVENT = event_of(
    EventType.CUSTOMER_SUSPENDED,
    subject="customers/c1",
    occurred_at=utc("2026-03-15T09:00"),
    fields={"reason": "unpaid since Köln", "days": 21, "by_hand": False, "note": None},
)
MESSAGE = EVENT.id


def posts(**secrets: str) -> EventPosts:
    """As on a laptop; the secret unless another is given."""
    held = EnvironmentSecrets(secrets or {"EVENT_SECRET": SECRET})
    return EventPosts(
        secret_name="EVENT_SECRET",
        secrets=held.get,
        now=lambda: datetime.now(UTC),
        loopback=True,
        patience=Patience(connect=2, packet=2, whole=4),
    )


def deliver(sink: EventPosts, url: str) -> None:
    sink.deliver(EVENT, tenant_id="acme", url=url)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def test_an_event_arrives_as_json_that_the_secret_verifies(receiver: Receiver) -> None:
    deliver(posts(), f"{receiver.url}/acme?token=1")
    [taken] = receiver.taken
    assert taken.path == "/events/acme?token=1"
    assert taken.headers["webhook-id"] == MESSAGE
    assert taken.headers["content-type"] == "application/json"
    assert taken.headers["host"] == receiver.url.split("/")[2]
    assert taken.headers["user-agent"] == "billing-events"
    assert Webhook(SECRET).verify(taken.body, taken.headers) == {
        "type": "customer.suspended",
        "timestamp": "2026-03-15T09:00:00Z",
        "data": {
            "reason": "unpaid since Köln",
            "days": 21,
            "by_hand": False,
            "note": None,
            "tenant_id": "acme",
            "subject": "customers/c1",
        },
    }


def test_the_same_event_again_is_the_same_message(receiver: Receiver) -> None:
    deliver(posts(), receiver.url)
    deliver(posts(), receiver.url)
    assert receiver.ids == [MESSAGE, MESSAGE]
    assert receiver.taken[0].body == receiver.taken[1].body


def test_a_changed_body_is_found_by_its_receiver(receiver: Receiver) -> None:
    deliver(posts(), receiver.url)
    [taken] = receiver.taken
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(taken.body.replace(b"21", b"22"), taken.headers)


def test_while_a_secret_is_changed_the_old_and_the_new_one_verify(receiver: Receiver) -> None:
    deliver(posts(EVENT_SECRET=SECRET, EVENT_SECRET_PREVIOUS=OLD_SECRET), receiver.url)
    [taken] = receiver.taken
    for secret in (SECRET, OLD_SECRET):
        assert Webhook(secret).verify(taken.body, taken.headers)["type"] == "customer.suspended"
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 32).verify(taken.body, taken.headers)


@pytest.mark.parametrize("status", [300, 400, 404, 410, 429, 500, 503])
def test_any_other_status_than_2xx_is_not_taken_and_the_answer_is_not_repeated(receiver: Receiver, status: int) -> None:
    receiver.statuses = [status]
    with pytest.raises(EventNotTaken, match=f"status {status}") as raised:
        deliver(posts(), receiver.url)
    assert "secret words" not in str(raised.value)
    assert raised.value.retryable


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(receiver: Receiver, status: int) -> None:
    with receiving() as elsewhere:
        receiver.statuses, receiver.location = [status], elsewhere.url
        with pytest.raises(EventNotTaken, match=f"status {status}"):
            deliver(posts(), receiver.url)
        assert elsewhere.taken == []


def test_a_receiver_that_says_nothing_is_given_up(receiver: Receiver) -> None:
    receiver.silent_for = 60
    with pytest.raises(EventNotTaken, match="it did not answer in time"):
        deliver(replace(posts(), patience=Patience(connect=1, packet=1, whole=30)), receiver.url)


def test_a_receiver_that_drips_its_answer_is_given_up(receiver: Receiver) -> None:
    receiver.drips = True
    with pytest.raises(EventNotTaken, match="no answer within 1 seconds"):
        deliver(replace(posts(), patience=Patience(connect=1, packet=30, whole=1)), receiver.url)


def test_a_receiver_that_drips_under_tls_is_given_up_as_well(tmp_path: Path) -> None:
    shown, believed = certificate(tmp_path, name="receiver.example")
    with receiving(tls=shown) as receiver:
        receiver.drips = True
        port = receiver.url.split(":")[2]
        sink = replace(posts(), tls=lambda: believed, resolve=lambda _host, _port: ["127.0.0.1"])
        with pytest.raises(EventNotTaken, match="no answer within 1 seconds"):
            deliver(replace(sink, patience=Patience(connect=1, packet=30, whole=1)), f"https://receiver.example:{port}")


def test_a_receiver_that_drips_its_handshake_is_given_up() -> None:
    """Nothing is open yet that could be hung up: the handshake as a whole has the time of a connection."""
    given_up = Event()

    def drip() -> None:
        taken, _ = listening.accept()
        with taken, suppress(OSError):
            taken.sendall(b"\x16\x03\x03\x40\x00")  # a record of TLS of 16 KiB, its bytes to follow
            while not given_up.wait(0.05):
                taken.sendall(b"\x02")

    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as other:
        dripping = other.submit(drip)
        here = replace(posts(), patience=Patience(connect=1), resolve=lambda _host, _port: ["127.0.0.1"])
        with pytest.raises(EventNotTaken, match="it did not answer in time"):
            deliver(here, f"https://receiver.example:{listening.getsockname()[1]}")
        given_up.set()
        dripping.result()


def test_an_answer_without_end_is_not_read(receiver: Receiver) -> None:
    """It would fill the memory of a function, a compressed one a thousand times as fast."""
    receiver.answer, receiver.answers_on = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + b"\0" * 65536, True
    made = posts().deliver(EVENT, tenant_id="acme", url=receiver.url)
    assert (made.status, made.error) == (200, "")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"HTTP/1.1 100 Continue\r\n\r\n", "no answer within 1 seconds"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", "what it answered is no HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", "what it answered is no HTTP"),
        (b"secret words\r\n\r\n", "what it answered is no HTTP"),
    ],
    ids=["it says wait for ever", "too many headers", "a header too long", "no HTTP"],
)
def test_an_answer_that_attacks_is_a_failure_of_its_kind(receiver: Receiver, answer: bytes, kind: str) -> None:
    receiver.answer, receiver.answers_on = answer, b"100 Continue" in answer
    with pytest.raises(EventNotTaken, match=kind) as raised:
        deliver(replace(posts(), patience=Patience(connect=1, packet=1, whole=1)), receiver.url)
    assert "secret words" not in str(raised.value)


def test_nothing_that_a_receiver_writes_gets_into_a_log(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    receiver.answer = b"HTTP/1.1 200 OK\r\nsecret words\r\nand more\r\n\r\n"
    deliver(posts(), f"{receiver.url}?token=of-the-tenant")
    assert caplog.records == []


def test_a_proxy_of_the_environment_is_not_asked(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would resolve the name again, and see what is sent."""
    with receiving() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        deliver(posts(), receiver.url)
        assert (len(receiver.taken), proxy.taken) == (1, [])


def test_a_name_with_very_many_addresses_is_given_up_after_a_few(receiver: Receiver) -> None:
    """Who owns the name could else hold up everybody's pass for seconds an address."""
    there = receiver.url.split(":")[1].strip("/")
    addresses = [f"127.0.1.{number}" for number in range(1, ADDRESSES + 1)]
    deliver(replace(posts(), resolve=lambda _host, _port: [*addresses[1:], there]), receiver.url)
    with pytest.raises(EventNotTaken, match="nothing takes calls at its address"):
        deliver(replace(posts(), resolve=lambda _host, _port: [*addresses, there]), receiver.url)
    assert len(receiver.taken) == 1


def test_what_stands_before_an_at_sign_is_sent_to_nobody(receiver: Receiver) -> None:
    """The host is what follows it, though the eye may see another one before it."""
    deliver(posts(), receiver.url.replace("//", "//receiver.example:key@"))
    [taken] = receiver.taken
    assert "authorization" not in taken.headers
    assert taken.headers["host"] == receiver.url.split("/")[2]


def test_a_name_beyond_ascii_is_looked_up_checked_and_named_as_the_internet_writes_it(tmp_path: Path) -> None:
    shown, believed = certificate(tmp_path, name="xn--bcher-kva.example")
    asked: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    with receiving(tls=shown) as receiver:
        port = receiver.url.split(":")[2].partition("/")[0]
        deliver(replace(posts(), tls=lambda: believed, resolve=resolve), f"https://Bücher.example:{port}/events")
        assert receiver.taken[0].headers["host"] == f"xn--bcher-kva.example:{port}"
    assert asked == ["xn--bcher-kva.example"]


@pytest.mark.parametrize(
    "url", ["https://１６９。254。169。254/", "https://a..b.example/", "https://" + "ä" * 70 + ".example/"]
)
def test_a_name_in_disguise_leads_nowhere(url: str) -> None:
    with pytest.raises(EventNotTaken, match="not on the public internet|its host is no name"):
        deliver(replace(posts(), resolve=lambda host, _port: [host]), url)


def test_a_try_has_its_duration(receiver: Receiver) -> None:
    instants = iter([utc("2026-03-15T09:00"), utc("2026-03-15T09:00") + timedelta(milliseconds=1234)])
    made = replace(posts(), now=lambda: next(instants)).deliver(EVENT, tenant_id="acme", url=receiver.url)
    assert (made.at, made.milliseconds) == (utc("2026-03-15T09:00"), 1234)


def test_a_receiver_that_is_not_there_is_told_in_words() -> None:
    with pytest.raises(EventNotTaken, match="nothing takes calls at its address"):
        deliver(posts(), "http://127.0.0.1:9/events")


def test_without_a_secret_nothing_is_sent(receiver: Receiver) -> None:
    with pytest.raises(UnusableEventSecret, match="EVENT_SECRET is not set"):
        deliver(posts(OTHER="x"), receiver.url)
    assert receiver.taken == []


@pytest.mark.parametrize("secret", ["too short", "whsec_c2hvcnQ=", "whsec_" + "A" * 31 + "!", "whsec_" + "A" * 88])
def test_a_secret_that_is_none_signs_nothing_and_is_not_said(receiver: Receiver, secret: str) -> None:
    with pytest.raises(UnusableEventSecret, match="24 to 64 bytes") as raised:
        deliver(posts(EVENT_SECRET=secret), receiver.url)
    assert secret not in str(raised.value)
    assert receiver.taken == []


@pytest.mark.parametrize(
    "url",
    [
        "https://10.0.0.5/",
        "https://192.168.1.1/",
        "https://100.64.0.1/",
        "https://169.254.169.254/computeMetadata/v1/",
        "https://0.0.0.0/",
        "https://[fd00::1]/",
        "https://[fe80::1]/",
        "https://[::ffff:10.0.0.5]/",
        "https://[64:ff9b::a00:5]/",
        "https://[2002:a00:5::]/",
        "https://[fec0::1]/",
        "https://[::10.0.0.5]/",
        "https://[64:ff9b:1::a00:5]/",
        "https://[2001:0:a00:5::1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://[fd20:ce::254]/",
        "https://[ff02::1]/",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
        "https://192.0.0.192/",
    ],
)
def test_a_private_address_is_refused_on_a_laptop_too(url: str) -> None:
    address = url.split("/")[2].strip("[]")
    sink = replace(posts(), resolve=lambda _host, _port: [address])
    with pytest.raises(EventNotTaken, match="not on the public internet"):
        deliver(sink, url)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "127.9.9.9"])
def test_this_very_machine_is_refused_where_the_configuration_does_not_allow_it(
    receiver: Receiver, address: str
) -> None:
    sink = replace(posts(), loopback=False, resolve=lambda _host, _port: [address])
    with pytest.raises(EventNotTaken, match="not on the public internet"):
        deliver(sink, receiver.url)
    assert receiver.taken == []


@pytest.mark.parametrize("addresses", [["10.0.0.5"], ["203.0.114.7", "10.0.0.5"], ["169.254.169.254"]])
def test_a_name_that_leads_to_a_private_address_is_refused_and_the_address_is_not_said(addresses: list[str]) -> None:
    sink = replace(posts(), resolve=lambda _host, _port: addresses)
    with pytest.raises(EventNotTaken, match="not on the public internet") as raised:
        deliver(sink, "https://receiver.example/events")
    assert not any(each in str(raised.value) for each in addresses)


def test_a_name_is_resolved_once_and_that_address_is_connected_to(receiver: Receiver) -> None:
    """A name that leads to the receiver when it is checked, and into our network when it would be asked again."""
    answers = [["127.0.0.1"], ["10.0.0.5"]]
    port = receiver.url.split(":")[2].partition("/")[0]
    deliver(replace(posts(), resolve=lambda _host, _port: answers.pop(0)), f"http://localhost:{port}/events")
    assert answers == [["10.0.0.5"]]
    assert receiver.taken[0].headers["host"] == f"localhost:{port}"


def test_a_name_with_two_addresses_is_reached_by_the_one_that_answers(receiver: Receiver) -> None:
    deliver(replace(posts(), resolve=lambda _host, _port: ["127.0.0.99", "127.0.0.1"]), receiver.url)
    assert len(receiver.taken) == 1


@pytest.mark.parametrize("url", ["http://receiver.example/", "ftp://receiver.example/", "https://", "receiver"])
def test_without_encryption_nothing_leaves_this_machine(url: str) -> None:
    with pytest.raises(EventNotTaken, match="not an https:// one"):
        deliver(replace(posts(), resolve=lambda _host, _port: ["203.0.114.7"]), url)


def test_a_name_that_does_not_exist_is_not_taken() -> None:
    def unknown(host: str, _port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, host)

    with pytest.raises(EventNotTaken, match="its host has no address"):
        deliver(replace(posts(), resolve=unknown), "https://receiver.example/")


def certificate(folder: Path, *, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What the server shows for a name, and what a client believes that trusts it."""
    key, at = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / "cert.pem", folder / "key.pem"
    pem.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(pem, private)
    return shown, ssl.create_default_context(cafile=str(pem))


def test_a_certificate_is_checked_for_the_name_though_its_address_is_connected_to(tmp_path: Path) -> None:
    shown, believed = certificate(tmp_path, name="receiver.example")
    with receiving(tls=shown) as receiver:
        port = receiver.url.split(":")[2]
        here = replace(posts(), resolve=lambda _host, _port: ["127.0.0.1"])
        deliver(replace(here, tls=lambda: believed), f"https://receiver.example:{port}")
        assert orjson.loads(receiver.taken[0].body)["type"] == "customer.suspended"
        for sink, host in ((replace(here, tls=lambda: believed), "other.example"), (here, "receiver.example")):
            with pytest.raises(EventNotTaken, match="its certificate is not one for its host"):
                deliver(sink, f"https://{host}:{port}")
        assert len(receiver.taken) == 1
