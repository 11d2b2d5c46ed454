"""A product's dbt model as its contract describes it, written into the YAML of its domain.

The contract owns a model's description and, of each column, its place, name, type, description and
whether it may be null; domain.yaml owns who owns. Everything else is written by hand (tests, other
constraints, comments) and stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from f1mesh.contracts.model import Column, Contract
from f1mesh.contracts.yaml_blocks import Edit, NotABlock, Part, edited, flow, in_place_of, parts
from f1mesh.contracts.yaml_blocks import scalar as line_of
from f1mesh.document import Document, Problem, parse_document, refusal
from f1mesh.registry import Owner

_OWNED = ("name", "data_type", "description", "constraints")
_NOT_NULL = "not_null"
_ODD_ENDS = frozenset("\r\x85\u2028\u2029")  # of lines, to YAML

Lines = list[str]
Change = tuple[Edit | None, Problem]
Changes = Callable[[Document, Lines], Iterator[Change]]


@dataclass(frozen=True)
class Draft:
    """The text that a file should have, and where what it has differs."""

    path: Path
    text: str
    differences: tuple[Problem, ...] = ()

    def described_by(self, contract: Contract) -> Draft:
        """With the model of a product as its contract has it.

        Raises PermanentError, with the line, for what cannot be written: YAML that is not in block
        style, a column that left the contract and has something that was written by hand.
        """
        done = self._changed(lambda document, lines: _of_model(document, lines, contract))
        _verify(self, done, contract)
        return done

    def owned_by(self, owner: Owner) -> Draft:
        """With the owner of every group and exposure as domain.yaml has it; raises likewise."""
        return self._changed(lambda document, lines: _of_owner(document, lines, owner))

    def models(self) -> list[str]:
        """The names of the models that it describes."""
        listed = parse_document(self.path, self.text).content.get("models")
        models = listed if isinstance(listed, list) else []
        return [str(model.get("name")) for model in models if isinstance(model, dict)]

    def _changed(self, changes: Changes) -> Draft:
        lines = self.text.split("\n")
        if odd := next((at for at, line in enumerate(lines, 1) if _ODD_ENDS & set(line)), None):
            message = "ends a line in another way than with \\n. Write it anew"
            raise refusal([Problem(self.path, odd, "(file)", message)])
        try:
            found = list(changes(parse_document(self.path, self.text), lines))
        except NotABlock as error:
            raise refusal([Problem(self.path, error.line, "(file)", str(error))]) from error
        edits = [edit for edit, _ in found if edit]
        text = "\n".join(edited(lines, edits, 0, len(lines)))
        return Draft(self.path, text, (*self.differences, *(problem for _, problem in found)))


def _of_model(document: Document, lines: Lines, contract: Contract) -> Iterator[Change]:
    (models,) = (part for part in _roots(document, lines) if part.key == "models")
    model = next(m for m in models.parts(lines) if _name(m) == contract.product)
    own = {part.key: part for part in model.parts(lines)}
    place = ("models", model.key)
    if model.value.get("description") != contract.summary:
        fresh = line_of("description", contract.summary, own["name"].column)
        problem = document.problem((*place, "description"), f"must be: {contract.summary}")
        yield _set(lines, own, "description", "name", fresh), problem
    columns, problems = _columns(document, lines, place, own, contract)
    edit = _set(lines, own, "columns", "description" if "description" in own else "name", columns)
    for index, problem in enumerate(problems):
        yield None if index else edit, problem


def _name(part: Part) -> str | None:
    """The name that an entry has; None for one that has none."""
    name = part.value.get("name") if isinstance(part.value, dict) else None
    return name if isinstance(name, str) else None


def _of_owner(document: Document, lines: Lines, owner: Owner) -> Iterator[Change]:
    wanted = {"name": owner.team, "email": owner.email}
    for kind in (part for part in _roots(document, lines) if part.key in ("groups", "exposures")):
        for entry in kind.parts(lines) if kind.value else ():
            if _name(entry) is None:
                place = (str(kind.key), entry.key)
                raise refusal([document.problem(place, "must be a mapping with a name")])
            stands = entry.value.get("owner")
            stands = stands if isinstance(stands, dict) else {}
            if wanted.items() <= stands.items():
                continue
            own = {part.key: part for part in entry.parts(lines)}
            fresh = flow("owner", {**stands, **wanted}, own["name"].column)
            message = f"must be {owner.team} ({owner.email}), as domain.yaml says"
            problem = document.problem((str(kind.key), entry.key, "owner"), message)
            yield _set(lines, own, "owner", "name", fresh), problem


def _roots(document: Document, lines: Lines) -> list[Part]:
    return parts(lines, document.root, document.content, len(lines))


def _set(lines: Lines, own: dict[Any, Part], key: str, after: str, fresh: Lines) -> Edit:
    """An entry with other lines, or a new one after another."""
    if key in own:
        return in_place_of(lines, own[key], fresh)
    return Edit(own[after].stop, own[after].stop, fresh)


def _columns(
    document: Document,
    lines: Lines,
    place: tuple[Any, ...],
    own: dict[Any, Part],
    contract: Contract,
) -> tuple[Lines, list[Problem]]:
    """The lines of `columns:`, each column where the contract has it, and what differs."""
    part = own.get("columns")
    items = part.parts(lines) if part and part.value else []
    if wrong := [i for i in items if _name(i) is None or isinstance(i.key, str)]:
        at = (*place, "columns", wrong[0].key)
        raise refusal([document.problem(at, "must be an entry of a list, with a name")])
    by_name = {_name(item): item for item in reversed(items)}
    names = [_name(item) for item in items]
    _refuse_lost(document, lines, (*place, "columns"), items, by_name, contract)
    problems = []
    if names != list(contract.names):
        message = _order(names, list(contract.names))
        problems.append(document.problem((*place, "columns"), message))
    column = items[0].column if items else own["name"].column + 2
    rows: Lines = []
    for promised in contract.columns:
        item = by_name.get(promised.name)
        fresh, differs = _item(lines, item, promised, column)
        rows += fresh
        at = (*place, "columns", item.key if item else len(items))
        problems += [document.problem((*at, key), message) for key, message in differs]
    if not part or not items:
        return [" " * own["name"].column + "columns:", *rows], problems
    head, rest = lines[part.at : items[0].start], lines[items[-1].stop : part.stop]
    return [*head, *rows, *rest], problems


def _refuse_lost(
    document: Document,
    lines: Lines,
    place: tuple[Any, ...],
    items: list[Part],
    by_name: dict[Any, Part],
    contract: Contract,
) -> None:
    """Nothing that a person wrote is deleted: a column that goes must have nothing of the kind."""
    kept = [by_name.get(name) for name in contract.names]
    lost = [item for item in items if item not in kept and _by_hand(lines, item)]
    if lost:
        message = (
            "is no column of the contract (or is here twice), and has something written by hand. "
            "Give that to another column, or remove the entry"
        )
        raise refusal(
            document.problem((*place, item.key), f"{_name(item)} {message}") for item in lost
        )


def _by_hand(lines: Lines, item: Part) -> bool:
    comments = any(line.lstrip().startswith("#") for line in lines[item.start : item.stop])
    return comments or bool(_others(item.value)) or bool(_constraints(item.value, required=False))


def _item(
    lines: Lines, item: Part | None, column: Column, at: int
) -> tuple[Lines, list[tuple[str, str]]]:
    """The lines of a column, and the keys that differ with what they must say."""
    wanted = {
        "name": column.name,
        "data_type": column.physical_type,
        "description": column.description,
        "constraints": _constraints(item.value if item else {}, required=column.required),
    }
    if item is None:
        return _fresh(wanted, at), []
    differs = [key for key in _OWNED if (item.value.get(key) or []) != (wanted[key] or [])]
    told = [(key, f"of {column.name} must be {_said(wanted[key])}") for key in differs]
    if not differs:
        return lines[item.start : item.stop], []
    if item.on_one_line:
        fresh = _fresh({**wanted, **_others(item.value)}, at)
        return [*lines[item.start : item.at], *fresh], told
    own = {part.key: part for part in item.parts(lines)}
    edits = []
    after = "name"
    for key in _OWNED:
        if key in differs:
            spelled = _spelled(key, wanted[key], own["name"].column)
            edits.append(_set(lines, own, key, after, spelled) if spelled else _gone(own[key]))
        after = key if key in own else after
    return edited(lines, edits, item.start, item.stop), told


def _gone(part: Part) -> Edit:
    return Edit(part.at, part.stop, [])


def _fresh(entries: dict[str, Any], at: int) -> Lines:
    """A column that was not there, as people write one."""
    lines = [line for key, value in entries.items() for line in _spelled(key, value, at + 2)]
    return [" " * at + "- " + lines[0][at + 2 :], *lines[1:]]


def _spelled(key: str, value: Any, column: int) -> Lines:
    if isinstance(value, str):
        return line_of(key, value, column)
    return flow(key, value, column) if value else []


def _said(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else f"{value or 'absent'}"


def _others(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key not in _OWNED}


def _constraints(entry: dict[str, Any], *, required: bool) -> list[Any]:
    """The constraints that a person wrote, and the one that says the same as `required`."""
    listed = entry.get("constraints")
    stands = listed if isinstance(listed, list) else []
    nulls = [c for c in stands if isinstance(c, dict) and c.get("type") == _NOT_NULL]
    others = [c for c in stands if c not in nulls]
    if required and len(nulls) == 1:
        return stands
    return [{"type": _NOT_NULL}, *others] if required else others


def _order(names: list[Any], promised: list[str]) -> str:
    absent = [name for name in promised if name not in names]
    extra = [str(name) for name in names if name not in promised]
    if not absent and not extra:
        return f"must be in the contract's order: {', '.join(promised)}"
    said = [f"lacks {', '.join(absent)}"] if absent else []
    said += [f"the contract does not have {', '.join(extra)}"] if extra else []
    return "; ".join(said)


def _verify(before: Draft, after: Draft, contract: Contract) -> None:
    """That the text says what it should, whatever YAML can do that this module does not know of."""
    model, others = _apart(before, contract)
    fresh, kept = _apart(after, contract)
    said = [(c.get("name"), c.get("data_type"), c.get("description")) for c in fresh["columns"]]
    promised = [(c.name, c.physical_type, c.description) for c in contract.columns]
    by_hand = _hand_written(model, contract) == _hand_written(fresh, contract)
    if said != promised or others != kept or not by_hand:
        message = "is written in a way that cannot be edited: give each entry a line, no aliases"
        raise refusal([Problem(before.path, 1, contract.product, message)])


def _apart(draft: Draft, contract: Contract) -> tuple[dict[str, Any], dict[str, Any]]:
    """The model of a product, and the content of its file without it."""
    content = dict(parse_document(draft.path, draft.text).content)
    models = content.pop("models")
    (model,) = (m for m in models if m.get("name") == contract.product)
    return model, {**content, "models": [m for m in models if m is not model]}


def _hand_written(model: dict[str, Any], contract: Contract) -> dict[str, Any]:
    columns = {c.get("name"): c for c in reversed(model.get("columns") or [])}
    kept = {key: value for key, value in model.items() if key not in ("description", "columns")}
    for name in contract.names:
        entry = columns.get(name, {})
        kept[f"column {name}"] = (_others(entry), _constraints(entry, required=False))
    return kept
