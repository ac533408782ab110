"""Processes that begin at the same moment: forked from one that has imported what they need, and let go immediately."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FORKS = """
import json, os, sys, traceback
imports, code, *words = json.loads(sys.argv[1])
names, children = {}, []
exec(imports, names)
waits, begins = os.pipe()
for each in words:
    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(begins)
        os.dup2(into, 1)
        sys.argv[1:] = each
        os.read(waits, 1)
        try:
            exec(code, names)
            sys.stdout.flush()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    os.close(into)
    children.append((pid, open(out)))
os.close(begins)
outputs = [out.read() for _, out in children]
failed = [pid for pid, _ in children if os.waitpid(pid, 0)[1]]
print(json.dumps(outputs))
sys.exit(bool(failed))
"""


def together(imports: str, code: str, *words: Iterable[object]) -> list[str]:
    """Run `code` in a process for each list of words, which are its `sys.argv[1:]`; gives what each of them stated.

    It is an error if one of them fails.
    """
    output = json.dumps([imports, code, *([str(word) for word in each] for each in words)])
    done = subprocess.run([sys.executable, "-c", FORKS, output], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))
