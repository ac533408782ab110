"""Word list of plain English, and the counts of these words in the documents and in the code.

`python -m tests.plain_english` lowers the allowance in plain_english.json to the present counts; it never raises it.
"""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ALLOWANCE = Path(__file__).with_suffix(".json")
HALVES = ("monitoring", "pipelines")
# Pattern of a word, and what to write instead.
INSTEAD = {
    r"tells?|told|telling": "report, show, message",
    r"says|said": "report, print, state",
    r"anew": "again",
    r"stands?": "is, is in",
    r"lies|lie": "is, is in",
    r"mends?|mended|mending": "fix, repair",
    r"heals?|healed|healing": "repair, restore",
    r"heeds?|heeded": "respect",
    r"foresees?|foreseen|foretells?|foretold|unforeseen": "predict, expect",
    r"whoever|whomever": "anyone who",
    r"nobody|somebody": "no user, a user, no process",
    r"a person": "a user, manual",
    r"by now": "now, currently",
    r"by hand": "manually",
    r"at once": "immediately",
    r"dear|dearer|dearest": "expensive",
    r"held against|beside": "compared with, next to, alongside",
    r"so many|so long|so much": "N, this many, this long",
    r"for want of|without leave": "for lack of, without permission",
    r"let alone|left alone": "ignored",
    r"(?:is|are|was|stays?|went|goes) away": "is unavailable",
    r"out of reach": "unavailable, out of range",
    r"beneath": "under, underlying",
    r"beyond chance": "significant",
    r"handicap": "probe bias",
    r"(?:would|will|can be|to|could) (?:win|won)(?: back)?": "gain",
    r"poison\w*": "corrupt",
    r"last word|no say|in words|the word for": "final outcome, held out, as text",
    r"of (?:your|one's) own": "your, custom",
    r"is no (?:time|span|value|number|batch|folder|file)": "is not a valid ...",
    r"longer than nothing": "positive",
    r"learnt": "learned",
    r"per cent": "percent",
    r"trainings": "training runs, retrains",
    r"amiss|forgiven|taken at its word|in good order": "wrong, subtracted, accepted, normally",
    r"came true|come true": "measured",
    r"taken off|took off|puts? aside": "subtracted, excluded",
    r"won back|winnable|nothing to win|its cost already lost": "gain, has cost",
    r"beyond reason": "extreme",
    r"for reading only": "read-only",
    r"how manieth|left in peace|brought to its end": "number of the attempt, ignored, closed",
    r"bring the labels|bring the column": "deliver, restore",
    r"labelled|unlabelled|neighbour\w*|colours?|behaviour|regularised|minimis\w+|realised|ageing": "US spelling",
}
PATTERNS = {word: re.compile(rf"\b(?:{word})\b", re.IGNORECASE) for word in INSTEAD}


def prose(page: Path) -> str:
    """Return the text of a page without code and without the output of commands, which the code's texts make."""
    text = page.read_text("utf-8")
    if page.name != "commands.md":
        text = re.sub(r"^( *)```.*?^\1```", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`\n]*`|\]\([^)]*\)", "", text)


def found_in(text: str) -> list[str]:
    """Return the words of the list in a text, each with its advice."""
    flat = " ".join(text.split())
    return [
        f"{match.group()!r}: write {INSTEAD[word]}"
        for word, pattern in PATTERNS.items()
        for match in pattern.finditer(flat)
    ]


def texts(kind: str, halves: Sequence[str] = HALVES) -> Iterator[str]:
    """Yield the docstrings, or the other texts (messages, labels), of the product's code."""
    for half in halves:
        for file in sorted((ROOT / half).rglob("*.py")):
            yield from _texts(ast.parse(file.read_text("utf-8")), kind)


def _texts(tree: ast.Module, kind: str) -> Iterator[str]:
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    doc = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and (id(node) in doc) == (kind == "docstrings")
        ):
            # Not the names in code, such as a key or a fragment without a space.
            text = re.sub(r"`[^`\n]*`", "", node.value)
            if " " in text.strip():
                yield text


def counts() -> dict[str, dict[str, int]]:
    """Count the words of the list in docstrings and messages."""
    result = {}
    for kind in ("docstrings", "messages"):
        count: Counter[str] = Counter()
        for text in texts(kind):
            flat = " ".join(text.split())
            count.update({word: len(pattern.findall(flat)) for word, pattern in PATTERNS.items()})
        result[kind] = dict(count)
    return result


def allowed() -> dict[str, dict[str, int]]:
    """Read the allowance."""
    content: dict[str, dict[str, int]] = json.loads(ALLOWANCE.read_text("utf-8"))
    return content


def lowered(present: dict[str, dict[str, int]], limits: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    """Return the smaller of both counts for every word; a word without a limit has none left."""
    return {
        kind: {word: min(count, limits.get(kind, {}).get(word, 0)) for word, count in words.items()}
        for kind, words in present.items()
    }


if __name__ == "__main__":
    ALLOWANCE.write_text(json.dumps(lowered(counts(), allowed()), indent=2) + "\n", "utf-8")
