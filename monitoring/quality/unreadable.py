"""Findings about an unusable source: the errors that end a check as `bad_data`."""

from __future__ import annotations

from driftloop.monitoring.errors import BadData
from driftloop.monitoring.records import Finding, FindingCode

BAD_DATA = FindingCode(
    name="bad_data",
    severities=("fatal",),
    meaning="the content of the source cannot be used",
    cause="see the message",
    remedy="see the message",
)
UNREADABLE_SOURCE = FindingCode(
    name="unreadable_source",
    severities=("fatal",),
    meaning="a file of the source cannot be read",
    cause="a truncated or half-written file, broken lines, or a wrong encoding",
    remedy="write the file again, to a temporary name first, and run the check again",
)
LOST_COLUMN = FindingCode(
    name="lost_column",
    severities=("fatal",),
    meaning="the source lacks columns that the config or the champion needs",
    cause="a column was renamed or removed in the source, or its name is misspelled in the config",
    remedy="restore the column, or change its name in the config and retrain",
)
DUPLICATE_COLUMN = FindingCode(
    name="duplicate_column",
    severities=("fatal",),
    meaning="a column of the config is in the source more than once",
    cause="a join or a file with a repeated name, or names that differ in case only",
    remedy="rename or remove one of the columns in the source",
)
NOT_A_TIME = FindingCode(
    name="not_a_time",
    severities=("fatal",),
    meaning="`columns.time` is not a time",
    cause="the column is text or a number that cannot be read as a time, or the wrong column is named",
    remedy="set `columns.time` to a column of times, or write the times as ISO 8601",
)
KEY_TYPES_DIFFER = FindingCode(
    name="key_types_differ",
    severities=("fatal",),
    meaning="`columns.id` and `labels.key` hold values that can never be equal, such as numbers and text",
    cause="rows and labels were written by different programs, or another column is meant",
    remedy="write both in the same type, or derive a column that fits (`columns.derived`); the message has an example",
)
BY_NAME = {
    code.name: code
    for code in (BAD_DATA, UNREADABLE_SOURCE, LOST_COLUMN, DUPLICATE_COLUMN, NOT_A_TIME, KEY_TYPES_DIFFER)
}


def unreadable(error: BadData) -> Finding:
    """Return an error of the data as a finding of the check that it ends."""
    return BY_NAME[error.code].found(error.found, column=error.column)
