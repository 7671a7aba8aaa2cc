"""JPMorgan's months as the press printed them: what scenarios/published.csv ships and the tests of published figures check."""

from __future__ import annotations

PRICES_2024 = "github.com/sha2fiddy/btcpp-demo-2025 data/price.csv (Coin Metrics)"
PRICES_2025 = "github.com/jtkimpr/strategy-preferred data/btc.csv (CoinGecko)"

JPMORGAN = [
    # month, BTC USD (mean of the daily closes), network EH/s, revenue in k USD per EH/s and day, gross profit, where it was printed
    ("2024-08", 59_912, 631, 43.6, None, "coindesk.com/markets/2024/09/04/bitcoin-mining-profitability-is-stuck-at-record-lows"),
    ("2024-09", 60_359, 643, 42.1, 16.1, "coindesk.com/tr/markets/2024/10/01/bitcoin-mining-profitability-fell-for-third-straight"),
    ("2024-10", 65_580, 702, 41.8, None, "binance.com/ar/square/post/15658721065713"),
    ("2024-11", 86_576, 735, 51.9, None, "coindesk.com/tr/markets/2025/01/07/bitcoin-mining-profitability-rose-in-december"),
    ("2025-01", 100_086, 785, 57.2, 32.4, "cloudchainnews.com/cryptocurrency/jpmorgan-s-newest-bitcoin-analysis"),
    ("2025-04", 86_447, 872, 44.5, 20.5, "mycryptopot.com/bitcoin-mining-profitability-improved-in-may-jpmorgan-says"),
    (
        "2025-08",
        114_963,
        946,
        55.2,
        None,
        "fastly.tipranks.com/news/jefferies-financial-group-jef-says-bitcoin-mining-profitability",
    ),
    ("2025-09", 113_258, 1_031, 49.7, None, "JPMorgan's note of October 2025 in the press"),
    (
        "2025-11",
        96_434,
        1_074,
        41.4,
        18.8,
        "coindesk.com/markets/2025/12/01/bitcoin-mining-profitability-fell-for-fourth-consecutive",
    ),
    ("2025-12", 89_011, 1_045, 38.7, 17.1, "wordupnews.com/cryptocurrency/bitcoin-miners-continue-to-face-dwindling-profits"),
    ("2026-01", 90_526, 981, 42.35, 21.2, "JPMorgan's note of February 2026 in the press"),
]
"""The price is the mean of the daily closes: 2024 from PRICES_2024, from 2025 on from PRICES_2025."""
