"""Charts of metrics over time."""

from __future__ import annotations

import re

from driftloop.monitoring.records import Check, MetricValue
from driftloop.pipelines.site.metric_charts import POINTS, metric_charts
from tests.outcomes import made
from tests.streams import day


def checks(*values: float | None, references: tuple[float | None, ...] = ()) -> list[Check]:
    return [
        made(
            check_id=f"c{at}",
            now=day(7 * at),
            metrics=(
                MetricValue(
                    metric="auc",
                    better="higher",
                    value=value,
                    low=None if value is None else value - 0.1,
                    high=None if value is None else value + 0.1,
                    rows=90,
                    reference=references[at] if references else 0.8,
                ),
            ),
        )
        for at, value in enumerate(values)
    ]


def test_a_chart_has_values_intervals_reference_and_dates() -> None:
    (chart,) = metric_charts([*checks(0.8, None, 0.7, 0.6), made(check_id="early", now=day(35))])
    assert chart.metric.value == 0.6
    assert chart.interval == "0.5 to 0.7"
    assert chart.drawing.count("whisker") == 3
    assert chart.drawing.count('class="reference"') == 1
    assert "Jan 2026" in chart.drawing
    assert "auc at 4 checks, 2026-01-01 to 2026-01-22" in chart.drawing


def test_the_reference_of_another_version_is_another_level() -> None:
    """A step down where the version changed, a gap where a version has none."""
    (chart,) = metric_charts(checks(0.8, 0.8, 0.8, 0.8, references=(0.9, 0.9, None, 0.5)))
    path = re.findall(r'<path class="reference" d="([^"]+)"', chart.drawing)[0]
    assert path.count("M") == 2
    (stepped,) = metric_charts(checks(0.8, 0.8, references=(0.9, 0.5)))
    assert "V" in re.findall(r'<path class="reference" d="([^"]+)"', stepped.drawing)[0]


def test_one_value_is_no_line_and_many_stay_small_with_the_newest() -> None:
    (single,) = metric_charts(checks(0.8))
    assert single.drawing == ""
    assert metric_charts([made()]) == []
    (many,) = metric_charts(checks(*[0.8] * 999, 0.123))
    assert many.drawing.count("whisker") == POINTS + 1
    assert 'r="3"' in many.drawing
