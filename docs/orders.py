"""The data of the tutorial: `python -m docs.orders` writes docs/data/orders.csv. The same seed gives the same file.

Fifteen weeks of a delivery service, 52 orders a day. From 30 March on, customers live farther away and each kilometer
takes longer, as in a city with roadworks: the inputs drift, and the model has to learn the new relation.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

FILE = Path(__file__).parent / "data" / "orders.csv"
START, CHANGE = pd.Timestamp("2026-01-05"), pd.Timestamp("2026-03-30")
DAYS, PER_DAY = 105, 52


def rows() -> pd.DataFrame:
    """Return the orders by time: prices in dollars, `?` for unknown items, no delivery time for the last three days."""
    random, n = np.random.default_rng(1), DAYS * PER_DAY
    at = START + pd.to_timedelta(np.sort(random.uniform(0, DAYS * 1440, n)).round(), unit="min")
    later = np.asarray(at >= CHANGE)
    distance = np.where(later, random.gamma(3, 1.5, n), random.gamma(2, 1.5, n)).round(1)
    items = random.integers(1, 9, n)
    city = random.choice(["rome", "oslo", "bonn"], n)
    minutes = 12 + np.where(later, 6, 4) * distance + 1.5 * items + 6 * (city == "rome") + random.normal(0, 3, n)
    made = pd.DataFrame({"order_id": [f"A{number:05d}" for number in range(n)], "ordered_at": at})
    made["distance_km"] = distance
    made["items"] = np.where(random.random(n) < 0.05, "?", items.astype(str))
    made["total"] = [f"${price:,.2f}" for price in items * random.lognormal(4, 1, n)]
    made["city"], made["minutes"] = city, minutes.round(1)
    made.loc[at > at[-1] - pd.Timedelta(days=3), "minutes"] = np.nan  # not delivered, or not reported yet
    return made


def write(file: Path) -> None:
    """Write the orders as CSV."""
    rows().to_csv(file, index=False, date_format="%Y-%m-%d %H:%M", lineterminator="\n")


if __name__ == "__main__":
    write(FILE)
