"""Documents as models: what is wrong with one is told with file, line and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from f1mesh.document import Document, Place, Problem, refusal

Model = TypeVar("Model", bound=BaseModel)


def validated(kind: type[Model], document: Document, **given: Any) -> Model:
    """The model that a document describes, with fields that are not written but `given`.

    Raises PermanentError with every wrong key, its line, and what to do about it.
    """
    if foreign := [key for key in given if key in document.content]:
        raise refusal([document.problem((foreign[0],), "is an unknown key. Remove it")])
    try:
        return kind.model_validate({**document.content, **given})
    except ValidationError as error:
        raise refusal(_problems(document, error)) from error


def _problems(document: Document, error: ValidationError) -> Iterator[Problem]:
    for issue in error.errors():
        yield document.problem(_place(document.content, issue["loc"]), _remedy(issue))


def _place(content: Any, location: tuple[int | str, ...]) -> Place:
    """Where in the document: pydantic also names the variant of a union that it tried."""
    place: Place = ()
    for step in location:
        found = _inside(content, step)
        if found is not None:
            content = found[0]
        elif step != location[-1]:
            continue
        place = (*place, step)
    return place


def _inside(content: Any, step: int | str) -> tuple[Any] | None:
    try:
        return (content[step],)
    except (LookupError, TypeError):
        return None


def _remedy(issue: Any) -> str:
    match issue["type"]:
        case "missing":
            return "is missing. Add it"
        case "extra_forbidden":
            return "is an unknown key. Remove it, or correct its spelling"
        case "value_error":
            return str(issue["ctx"]["error"])
        case "string_pattern_mismatch":
            return f"'{issue['input']}' must be of the form {issue['ctx']['pattern']}. Correct it"
    said = f"{issue['msg'][:1].lower()}{issue['msg'][1:]}"
    return f"{said}, and it is {str(issue['input'])[:60]!r}. Correct it"
