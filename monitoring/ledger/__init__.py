"""The durable record of what was checked, decided, asked for and done. The only user of SQLAlchemy."""

from driftloop.monitoring.ledger.claims import Claim, Held
from driftloop.monitoring.ledger.events import Event, Kind
from driftloop.monitoring.ledger.keys import digest, window_key
from driftloop.monitoring.ledger.latest import Latest
from driftloop.monitoring.ledger.ledger import Ledger
from driftloop.monitoring.ledger.requests import Adoption, Progress, Recalibrate, Request, ShadowVerdict, SwitchBack

__all__ = [
    "Adoption",
    "Claim",
    "Event",
    "Held",
    "Kind",
    "Latest",
    "Ledger",
    "Progress",
    "Recalibrate",
    "Request",
    "ShadowVerdict",
    "SwitchBack",
    "digest",
    "window_key",
]
