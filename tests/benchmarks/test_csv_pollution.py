"""The benchmark of polluted files: the clean table is read right, and no file of a sample is read wrong."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from benchmarks.csv_pollution import cells, files, judged, table, text


def test_the_clean_table_is_read_right_and_another_one_wrong(tmp_path: Path) -> None:
    """The judge knows the difference of one cell."""
    frame = table(seed=1)
    data = text(cells(frame)).encode()
    assert judged(frame, data, tmp_path) == ("right", "")
    assert judged(frame.assign(y=frame["y"] + 1), data, tmp_path)[0] == "wrong"
    assert judged(frame.assign(code=frame["code"].str.upper()), data, tmp_path)[0] == "wrong"
    assert judged(frame, data.replace(b"1.10", b"1.1"), tmp_path)[0] == "wrong"


@pytest.mark.parametrize("first", range(4))
def test_no_polluted_file_is_read_wrong(tmp_path: Path, first: int) -> None:
    """Every file of a sample is read right or reported, with a reason."""
    ends = [judged(frame, data, tmp_path) for frame, _, _, data in islice(files(seed=2), first * 7, None, 29)]
    assert {end for end, _ in ends} == {"right", "reported"}
    assert all(why for end, why in ends if end == "reported")
