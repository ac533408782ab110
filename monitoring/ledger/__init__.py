"""The durable record of what was checked, decided, asked for and done. The only user of SQLAlchemy."""

from monitoring.ledger.events import Event, Kind
from monitoring.ledger.keys import digest, window_key
from monitoring.ledger.ledger import Ledger

__all__ = ["Event", "Kind", "Ledger", "digest", "window_key"]
