"""Fetching the network's history: a local server gives answers in the documented shape, made for the tests, and every bad one."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hashlease import InputError
from hashlease.cli import run_command
from hashlease.feeds.answers import get_json
from hashlease.feeds.mempool import DIFFICULTY, FEES, PRICES, read
from hashlease.scenarios.market_files import network_months

Answer = Callable[[BaseHTTPRequestHandler], None]


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


PRICES_MADE = {
    "prices": [
        {"time": at("2026-01-03T12:00"), "USD": 92_000},
        {"time": at("2026-01-02T23:00"), "USD": 91_000},
        {"time": at("2026-01-02T01:00"), "USD": 88_000},
        {"time": at("2026-01-01T23:30"), "USD": 90_000},
        {"time": at("2026-01-01T00:00"), "USD": -1},
    ],
    "exchangeRates": {"USDEUR": 0.86},
}
DIFFICULTY_MADE = [
    [at("2026-01-02T12:00"), 931_392, 150e12, 1.25],
    [at("2025-12-20T06:00"), 929_376, 120e12, 0.98],
]
FEES_MADE = [
    {"avgHeight": 930_000, "timestamp": at("2026-01-01T04:00"), "avgFees": 2_000_000, "USD": 90_000},
    {"avgHeight": 930_060, "timestamp": at("2026-01-01T14:00"), "avgFees": 4_000_000, "USD": 90_100},
    {"avgHeight": 930_200, "timestamp": at("2026-01-02T14:00"), "avgFees": 1_000_000},
]


def made(content: Any, status: int = 200) -> Answer:
    """An answer with this JSON, or with these bytes."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


class Service:
    """A local server; answers by path, and the paths that were asked for."""

    def __init__(self) -> None:
        self.answers = {PRICES: made(PRICES_MADE), DIFFICULTY: made(DIFFICULTY_MADE), FEES: made(FEES_MADE)}
        self.asked: list[str] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                service.asked.append(self.path)
                service.answers.get(self.path, made(b"not found", 404))(self)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    running = Service()
    yield running
    running.close()


def get(url: str) -> Any:
    return get_json(url, 5.0)


def test_days_by_hand(service: Service) -> None:
    days = read(get, date(2026, 1, 1), date(2026, 1, 4), service.address)
    assert [day.day.day for day in days] == [1, 2, 3]
    # The last price of each day; a price of -1 is none.
    assert [day.btc_price_usd for day in days] == [90_000, 91_000, 92_000]
    # 120 T until noon of 2 January, then 150 T.
    assert [day.difficulty for day in days] == pytest.approx([120e12, 135e12, 150e12])
    # (2,000,000 + 4,000,000) / 2 satoshi are 0.03 BTC; nothing is known of 3 January.
    assert days[0].fees_btc_per_block == pytest.approx(0.03)
    assert days[1].fees_btc_per_block == pytest.approx(0.01)
    assert days[2].fees_btc_per_block is None
    assert service.asked == [PRICES, DIFFICULTY, FEES]


def test_days_before_the_first_figure_are_empty(service: Service) -> None:
    days = read(get, date(2025, 12, 19), date(2025, 12, 22), service.address)
    assert [day.difficulty for day in days] == [None, None, 120e12]
    assert all(day.btc_price_usd is None for day in days)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HASHLEASE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def fetch(service: Service, *more: str) -> int:
    return run_command(["fetch", "mempool", "--address", service.address, "--since", "2026-01-01", *more])


def test_fetched_once_then_read_without_a_network(service: Service, cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fetch(service) == 0
    assert "next: hashlease market mempool" in capsys.readouterr().out
    service.close()
    assert run_command(["market", "mempool", "--months", "2026-01"]) == 0
    out = capsys.readouterr().out
    assert f"fetched on {datetime.now(UTC).date()} from {service.address}" in " ".join(out.split())
    network = network_months(["mempool"])
    t = network.calendar.index(type(network.calendar.start).of("2026-01"))
    # 86,400e15 / (D x 2^32) x (3.125 + fees) x price, of 1 and 2 January, whose fees are known.
    by_hand = [
        86_400e15 / (difficulty * 2**32) * (3.125 + fees) * price
        for difficulty, fees, price in ((120e12, 0.03, 90_000), (135e12, 0.01, 91_000))
    ]
    assert network.hashprice_usd_per_ph_day[t] == pytest.approx(sum(by_hand) / 2, rel=1e-12)


def test_into_a_file_of_ones_own(service: Service, tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "chain.csv"
    assert fetch(service, "-o", str(target)) == 0
    lines = target.read_text().splitlines()
    assert lines[:2] == ["date,btc_price_usd,difficulty,fees_btc_per_block", "2026-01-01,90000.0,120000000000000.0,0.03"]
    assert not cache.exists()
    # A file that was changed by hand no longer says where it came from.
    assert network_months([target]).notes[-1].startswith("chain.csv: fetched on")
    target.write_text(target.read_text().replace("90000.0", "90001.0"))
    assert not any("fetched" in note for note in network_months([target]).notes)


def test_nothing_fetched_yet(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["market", "mempool"]) == 2
    assert "hashlease fetch mempool" in capsys.readouterr().err


# --- what goes wrong --------------------------------------------------------------------------------------------------------


def slow(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(1.5)


def dripping(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(15):
        try:
            handler.wfile.write(b" ")
            handler.wfile.flush()
        except OSError:
            return
        time.sleep(0.1)


def cut_short(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"prices": [')


@pytest.mark.parametrize(
    ("path", "answer", "words"),
    [
        (PRICES, made(b"slow down", 429), ["HTTP 429", "too many requests; wait"]),
        (PRICES, made(b"", 403), ["HTTP 403", "refuses this address"]),
        (DIFFICULTY, made(b"", 503), ["HTTP 503", "try later"]),
        (FEES, made(b"", 404), ["HTTP 404", "has its interface changed?"]),
        (PRICES, made(b"<html>Sign in to the hotel</html>"), ["not JSON", "<html>Sign in", "a proxy"]),
        (PRICES, made(b"\xff\xfe\x00"), ["not JSON"]),
        (PRICES, slow, ["no whole answer within 0.5 seconds", "--timeout"]),
        (PRICES, dripping, ["no whole answer within 0.5 seconds"]),
        (PRICES, cut_short, ["not JSON"]),
        (PRICES, made([]), ["another form", '{"prices"']),
        (PRICES, made({"prices": []}), ["another form"]),
        (PRICES, made({"prices": [{"time": "now", "USD": 1}]}), ["another form", "numbers"]),
        (PRICES, made({"prices": [{"time": at("2026-01-01T00:00"), "EUR": 1}]}), ["another form", "numbers"]),
        (PRICES, made({"prices": [{"time": 1_767_225_600_000, "USD": 1}]}), ["seconds since 1970"]),
        (PRICES, made({"prices": [{"time": at("2026-01-01T12:00"), "USD": 9}]}), ["btc_price_usd: 9 USD/BTC", "100 to"]),
        (DIFFICULTY, made({"difficulty": 1}), ["another form", "[[time, height, difficulty, change], ...]"]),
        (DIFFICULTY, made([[1, 2]]), ["another form"]),
        (DIFFICULTY, made([[at("2025-12-20T06:00"), 929_376, True, 1.0]]), ["numbers"]),
        (FEES, made({"error": "no"}), ["another form"]),
        (FEES, made([{"timestamp": at("2026-01-01T04:00"), "avgFees": None}]), ["numbers"]),
        (FEES, made([{"timestamp": at("2026-01-01T04:00"), "avgFees": 1e12}]), ["fees_btc_per_block: 10,000 BTC per block"]),
    ],
)
def test_a_bad_answer_is_told_and_the_cache_kept(
    path: str, answer: Answer, words: list[str], service: Service, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fetch(service) == 0
    kept = (cache / "mempool.csv").read_bytes()
    capsys.readouterr()
    service.answers[path] = answer
    assert fetch(service, "--timeout", "0.5") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert all(word in err for word in words), err
    assert (cache / "mempool.csv").read_bytes() == kept
    assert sorted(entry.name for entry in cache.iterdir()) == ["mempool.csv", "mempool.origin.json"]


def test_offline(service: Service, cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    service.close()
    assert fetch(service) == 2
    err = capsys.readouterr().err
    assert "no connection" in err
    assert "CSV files of your own need no network" in err


def test_an_answer_without_end(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hashlease.feeds.answers.LARGEST_BYTES", 10_000)
    service.answers[PRICES] = made(b"[" + b"1," * 10_000 + b"1]")
    with pytest.raises(InputError, match="an answer of more than"):
        get(service.address + PRICES)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--since", "01/02/2026"], "a day as YYYY-MM-DD"),
        (["--since", "2999-01-01"], "a day as YYYY-MM-DD"),
        (["--timeout", "0"], "more than 0"),
        (["--timeout", "nan"], "more than 0"),
        (["--address", "file:///etc/hosts"], "not http or https"),
        (["-o", "chain.txt"], ".csv"),
    ],
)
def test_refused(arguments: list[str], word: str, cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["fetch", "mempool", *arguments]) == 2
    assert word in capsys.readouterr().err


def test_no_other_command_goes_to_a_network(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With sockets forbidden, every command of this kind still works."""

    def forbidden(*_: Any, **__: Any) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr("socket.socket.connect", forbidden)
    monkeypatch.setattr("socket.getaddrinfo", forbidden)
    miner = str(tmp_path / "miner.yaml")
    for arguments in (
        ["market", "published", "--fees", "0"],
        ["market", "two_offers"],
        ["value", miner, "--new"],
        ["value", miner],
    ):
        assert run_command(arguments) == 0, arguments
