"""The durable record of what was checked, decided, asked for and done. The only user of SQLAlchemy."""

from monitoring.ledger.claims import Claim, Held
from monitoring.ledger.events import Event, Kind
from monitoring.ledger.keys import digest, window_key
from monitoring.ledger.ledger import Ledger
from monitoring.ledger.requests import Progress, Request

__all__ = ["Claim", "Event", "Held", "Kind", "Ledger", "Progress", "Request", "digest", "window_key"]
