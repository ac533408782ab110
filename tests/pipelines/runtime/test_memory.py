"""Free memory is the least of the machine's and of every cgroup limit above the process."""

from __future__ import annotations

import gc
from pathlib import Path

from click.testing import CliRunner

from driftloop.pipelines.cli import main
from driftloop.pipelines.runtime.memory import MB, SEARCH_AFTER, Free, free


def system(root: Path, files: dict[str, str]) -> Path:
    """Write the files of a system under a folder."""
    for name, content in {"proc/meminfo": "MemTotal: 9 kB\nMemAvailable:  8192 kB\n", **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root


def test_the_limit_of_a_group_above_counts(tmp_path: Path) -> None:
    """Version 2: the parent's limit, less what is used, plus the page cache that can be dropped."""
    made = system(
        tmp_path,
        {
            "proc/self/cgroup": "0::/jobs/one\n",
            "sys/fs/cgroup/jobs/one/memory.max": "max\n",
            "sys/fs/cgroup/jobs/one/memory.current": "100\n",
            "sys/fs/cgroup/jobs/memory.max": f"{6 * MB}\n",
            "sys/fs/cgroup/jobs/memory.current": f"{4 * MB}\n",
            "sys/fs/cgroup/jobs/memory.stat": f"anon 1\ninactive_file {MB}\n",
        },
    )
    assert free(made) == Free(3 * MB, "cgroup limit")


def test_version_one_and_a_container_whose_path_is_the_hosts(tmp_path: Path) -> None:
    """The limit at the top counts; one beyond the machine's memory does not."""
    files = {
        "proc/self/cgroup": "5:cpu:/x\n4:memory:/docker/abc\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{5 * MB}\n",
        "sys/fs/cgroup/memory/memory.usage_in_bytes": f"{4 * MB}\n",
    }
    assert free(system(tmp_path, files)) == Free(MB, "cgroup limit")
    files["sys/fs/cgroup/memory/memory.limit_in_bytes"] = "9223372036854771712\n"
    assert free(system(tmp_path, files)) == Free(8 * MB, "available memory")


def test_a_system_that_reports_nothing(tmp_path: Path) -> None:
    """Without /proc nothing is known, and nothing is invented."""
    assert free(tmp_path) is None
    assert (limit := free()) is None or limit.mb > 0


def test_every_command_searches_for_garbage_rarely() -> None:
    """Before its module and all that it needs is imported."""
    gc.set_threshold(700, 10, 10)
    try:
        CliRunner().invoke(main, ["no such command"])
        assert gc.get_threshold() == SEARCH_AFTER
    finally:
        gc.set_threshold(*SEARCH_AFTER)
