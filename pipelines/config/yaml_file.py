"""YAML of a model file: text in, plain values out. Each refusal names file and line; no text is read for ever."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from driftloop.monitoring.errors import ConfigError, clipped
from driftloop.pipelines.config.refusal import shown

# A config of 50,000 columns has less; reading takes about ten seconds per megabyte.
MOST_BYTES = 2_000_000
DEEPEST = 64
# What aliases (*name) may add to a file, in values: anchors of anchors multiply.
MOST_REPEATED = 100_000
LONGEST_NUMBER = 400


class Loader(yaml.SafeLoader):
    """SafeLoader that refuses what YAML allows and no config means.

    A key given twice, of which YAML would silently keep the last; a list as a key; values nested too deep; an anchor
    that holds itself, or that is repeated until the values no longer fit into memory; a number of thousands of digits;
    a text that no file system and no database can hold.
    """

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self._depth = 0
        self._checked: set[int] = set()

    def get_single_node(self) -> yaml.Node | None:
        node = super().get_single_node()
        if node is not None:
            _check_aliases(node)
        return node

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise _marked(f"values nested more than {DEEPEST} deep", self.peek_event())  # type: ignore[no-untyped-call]
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        if isinstance(node, yaml.ScalarNode):
            _check_scalar(node)
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, TypeError, AttributeError, OverflowError) as error:
            # A tag such as !!int on a text that is none, or a 30 February.
            kind = node.tag.rpartition(":")[2]
            raise _marked(f"{shown(node.value)} is not a valid value of the type {kind!r}", node) from error

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        # YAML merges (<<) are resolved within the node, and it may be constructed again: keys are checked once.
        if id(node) not in self._checked:
            _check_keys(node)
            self._checked.add(id(node))
        return super().construct_mapping(node, deep)


def read_yaml(file: Path) -> dict[str, Any]:
    """Read the values of a file; every fault of it is a `ConfigError`."""
    try:
        size = file.stat().st_size
        if size > MOST_BYTES:
            raise ConfigError(
                str(file),
                "",
                f"holds {size:,} bytes",
                expected=f"at most {MOST_BYTES:,} bytes",
                remedy="check that this is the YAML file of a model",
            )
        content = _values(file, file.read_text("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = file.read_bytes()[: error.start].count(b"\n") + 1
        raise ConfigError(
            str(file), f"line {line}", "is not UTF-8 text", expected="a YAML file", remedy="save it again as UTF-8"
        ) from error
    except OSError as error:
        raise ConfigError(
            str(file),
            "",
            f"cannot be read: {error.strerror}",
            expected="a readable file",
            remedy="correct its permissions",
        ) from error
    except yaml.YAMLError as error:
        raise _malformed(file, error) from error
    if not isinstance(content, dict):
        found = "is empty" if content is None else f"holds {shown(content)}"
        raise ConfigError(
            str(file), "", found, expected="keys such as model, task, source", remedy="start with `driftloop init DATA`"
        )
    return content


def _values(file: Path, text: str) -> Any:
    loader = None
    try:
        loader = Loader(text)
        return loader.get_single_data()
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        # PyYAML's own scanner: an escape of no character, a version of thousands of digits.
        problem = f"cannot be read: {type(error).__name__}: {error}"
        mark = loader.get_mark() if loader else None
        raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark) from error


def _check_keys(node: yaml.MappingNode) -> None:
    known: set[tuple[str, str]] = set()
    for key_node, _ in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise _marked("a key that is no text", key_node)
        if key_node.value == "on":
            # A key of ours. YAML 1.1 reads it as true.
            key_node.tag = "tag:yaml.org,2002:str"
        key = (key_node.tag, key_node.value)
        if key in known:
            raise _marked(f"the key {shown(key_node.value)} is given twice", key_node)
        known.add(key)


def _check_scalar(node: yaml.ScalarNode) -> None:
    if len(node.value) > LONGEST_NUMBER and node.tag.endswith((":int", ":float", ":timestamp")):
        raise _marked(f"a number of {len(node.value):,} characters; put it in quotes if it is text", node)
    if any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in node.value):
        raise _marked("a text with a zero byte or half a character (\\0, \\ud800)", node)


def _check_aliases(root: yaml.Node) -> None:
    """Count the values that the nodes below `root` become, each alias with all that its anchor holds."""
    sizes: dict[int, int] = {}
    depths: dict[int, int] = {}
    open_nodes = {id(root)}
    path: list[tuple[yaml.Node, Iterator[yaml.Node]]] = [(root, _children(root))]
    while path:
        node, children = path[-1]
        child = next(children, None)
        if child is None:
            path.pop()
            open_nodes.discard(id(node))
            below = [id(one) for one in _children(node)]
            sizes[id(node)] = 1 + sum(sizes[one] for one in below)
            depths[id(node)] = 1 + max((depths[one] for one in below), default=0)
            if sizes[id(node)] - len(sizes) > MOST_REPEATED:
                raise _marked(f"anchors that repeat more than {MOST_REPEATED:,} values", node)
            if depths[id(node)] > DEEPEST:
                raise _marked(f"values nested more than {DEEPEST} deep", node)
        elif id(child) in open_nodes:
            raise _marked("an anchor that holds itself", child)
        elif id(child) not in sizes:
            open_nodes.add(id(child))
            path.append((child, _children(child)))


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for pair in node.value:
            yield from pair
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def _marked(problem: str, at: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=at.start_mark)


def _malformed(file: Path, error: yaml.YAMLError) -> ConfigError:
    mark = getattr(error, "problem_mark", None)
    found = str(getattr(error, "problem", None) or str(error).splitlines()[0]).removeprefix("but ")
    remedy = "correct that line"
    if "\\t" in found:
        remedy = "put spaces where it has tabs"
    elif "another document" in found:
        remedy = "keep one document: remove the line ---"
    elif "expected <block end>" in found or "mapping values" in found:
        remedy = "correct that line or the one above: the indents differ, or a value with : or # needs quotes"
    return ConfigError(
        str(file),
        f"line {mark.line + 1}" if mark else "",
        clipped(found, 200),
        expected="well-formed YAML",
        remedy=remedy,
    )
