"""Editing YAML text in place: which lines each entry of a block stands on.

Whoever edits replaces the lines of single entries, so that every other byte of a file stays as its
author wrote it: comments, quotes, line breaks, order. (Round-trip libraries such as ruamel.yaml
keep a comment with what stands before it, and lose it with that.)
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml

WIDTH = 100

Key = str | int


class NotABlock(ValueError):
    """A node is not written as a block (an entry a line)."""

    def __init__(self, node: yaml.Node) -> None:
        super().__init__("is not written in block style: give each entry a line of its own")
        self.line: int = node.start_mark.line + 1


@dataclass(frozen=True)
class Part:
    """An entry of a block. It stands on lines `at` to `stop`, indented by `column`; lines `start`
    to `at` hold the comments above it. Lines count from 0, `stop` is behind the last."""

    key: Key
    value: Any
    node: yaml.Node
    column: int
    start: int
    at: int
    stop: int

    @property
    def on_one_line(self) -> bool:
        """Whether its value is written in braces or brackets."""
        return bool(getattr(self.node, "flow_style", False))

    def parts(self, lines: list[str]) -> list[Part]:
        """The entries of its value; raises NotABlock."""
        return parts(lines, self.node, self.value, self.stop)


@dataclass(frozen=True)
class Edit:
    """Other lines in the place of those from `start` to `stop`."""

    start: int
    stop: int
    lines: list[str]


def parts(lines: list[str], node: yaml.Node, value: Any, stop: int) -> list[Part]:
    """The entries of a block that ends before line `stop`, in text order; raises NotABlock.

    A comment belongs to the entry under it, unless it is indented as a part of the one above.
    """
    if not isinstance(node, yaml.MappingNode | yaml.SequenceNode) or node.flow_style:
        raise NotABlock(node)
    entries = list(_entries(lines, node))
    starts = [at for _, _, at, _ in entries]
    ends = [
        _end(lines, at, following, column)
        for (_, _, at, column), following in zip(entries, [*starts[1:], stop], strict=True)
    ]
    begins = [*starts[:1], *ends[:-1]]
    return [
        Part(key, _value(value, key), inner, column, begin, at, end)
        for (key, inner, at, column), begin, end in zip(entries, begins, ends, strict=True)
    ]


def edited(lines: list[str], edits: Iterable[Edit], start: int, stop: int) -> list[str]:
    """Lines `start` to `stop` after edits that do not overlap."""
    done: list[str] = []
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.stop)):
        done += [*lines[start : edit.start], *edit.lines]
        start = edit.stop
    return done + lines[start:stop]


def in_place_of(lines: list[str], part: Part, fresh: list[str]) -> Edit:
    """The lines of an entry replaced; what stands before its key on the line (a dash) stays."""
    before = lines[part.at][: part.column]
    return Edit(part.at, part.stop, [before + fresh[0][part.column :], *fresh[1:]])


def scalar(key: str, value: str, column: int) -> list[str]:
    """`key: value` as lines, folded where it is longer than a line."""
    pad = " " * column
    spelled = yaml.safe_dump(value, allow_unicode=True, width=float("inf"))
    line = f"{pad}{key}: {spelled.removesuffix('...' + chr(10)).strip()}"
    if len(line) <= WIDTH or not _folds(value):
        return [line]
    inner = pad + "  "
    wrapper = textwrap.TextWrapper(
        WIDTH,
        initial_indent=inner,
        subsequent_indent=inner,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [f"{pad}{key}: >-", *wrapper.wrap(value)]


def flow(key: str, value: Any, column: int) -> list[str]:
    """`key: value` on one line, in braces and brackets."""
    spelled = yaml.safe_dump(
        value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=float("inf")
    )
    return [f"{' ' * column}{key}: {spelled.removesuffix('...' + chr(10)).strip()}"]


def _entries(lines: list[str], node: yaml.Node) -> Iterator[tuple[Key, yaml.Node, int, int]]:
    """Key, value, line and column of each entry; every entry begins on a line of its own."""
    if isinstance(node, yaml.MappingNode):
        for key, inner in node.value:
            at, column = key.start_mark.line, key.start_mark.column
            if lines[at][:column].strip(" -"):
                raise NotABlock(key)
            yield str(key.value), inner, at, column
    else:
        for index, inner in enumerate(node.value):
            at, before = inner.start_mark.line, lines[inner.start_mark.line]
            if before[: inner.start_mark.column].strip(" ") != "-":
                raise NotABlock(inner)
            yield index, inner, at, before.index("-")


def _end(lines: list[str], at: int, following: int, column: int) -> int:
    """Where an entry ends that begins at `at`, before what stands above the following one."""
    end = following
    while end > at + 1 and _of_the_next(lines[end - 1], column):
        end -= 1
    return end


def _of_the_next(line: str, column: int) -> bool:
    bare = line.lstrip(" ")
    return not bare or (bare.startswith("#") and len(line) - len(bare) <= column)


def _value(value: Any, key: Key) -> Any:
    return value.get(key) if isinstance(value, dict) else value[key]


def _folds(value: str) -> bool:
    """Whether a folded block says the same: single spaces, nothing that YAML must escape."""
    return value.isprintable() and value == " ".join(value.split(" ")) and value == value.strip()
