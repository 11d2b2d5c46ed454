"""Options that a command does not know by itself: source systems and domains declare them.

They are looked up when the command is parsed or asked for its help, and no sooner.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperOption

from f1mesh.cli.output import failures
from f1mesh.workspace import Workspace

if TYPE_CHECKING:
    from f1mesh.sources.system import LoadOption

_GIVEN = "f1mesh.declared_options"


class DeclaringCommand(TyperCommand):
    """A command with further options, whose values `declared_options` gives."""

    def declared(self) -> Iterable[TyperOption]:
        """The further options. Raises MeshError."""
        raise NotImplementedError

    def get_params(self, ctx: Any) -> list[Any]:
        if _GIVEN not in ctx.meta:
            with failures():
                ctx.meta[_GIVEN] = {}, tuple(self.declared())
        return [*ctx.meta[_GIVEN][1], *super().get_params(ctx)]


class LoadingCommand(DeclaringCommand):
    """A command that fills the source systems: with what, their own options say."""

    def declared(self) -> Iterable[TyperOption]:
        from f1mesh.sources.declared import source_systems
        from f1mesh.sources.loading import load_options

        systems = source_systems(Workspace.locate().root)
        return [_of_a_load(option) for option in load_options(systems)]


class PartitionCommand(DeclaringCommand):
    """A command that may be asked for a part of a domain: `--<name>` of each declared partition."""

    def declared(self) -> Iterable[TyperOption]:
        from f1mesh.errors import PermanentError
        from f1mesh.registry import load_mesh

        try:
            domains = load_mesh(Workspace.locate().root).domains.values()
        except PermanentError:  # the command itself tells of it
            return []
        names = sorted({domain.partition.name for domain in domains if domain.partition})
        return [
            declared_option(name, f"--{name.replace('_', '-')}", str, f"As --partition {name}=...")
            for name in names
        ]


def asked_partition(ctx: typer.Context, partition: str | None) -> str | None:
    """The one part that is asked for, as `<name>=<value>`; more than one is wrong usage."""
    named = [f"{k}={v}" for k, v in declared_options(ctx).items() if v is not None]
    asked = [*([partition] if partition is not None else []), *named]
    if len(asked) > 1:
        raise typer.BadParameter(f"A step computes one part again, not {' and '.join(asked)}.")
    return asked[0] if asked else None


def declared_options(ctx: typer.Context) -> dict[str, Any]:
    """The values of the declared options of this call, by their names."""
    values: dict[str, Any] = ctx.meta[_GIVEN][0]
    return values


def declared_option(name: str, flags: str, kind: Any, about: str, **more: Any) -> TyperOption:
    """An option whose value lands under `name` in `declared_options`."""

    def keep(ctx: Any, _option: Any, value: Any) -> None:
        ctx.meta[_GIVEN][0][name] = value

    variable = name.replace("-", "_")
    return TyperOption(
        param_decls=[variable, flags],
        type=kind,
        help=about,
        expose_value=False,
        callback=keep,
        **more,
    )


def _of_a_load(option: LoadOption) -> TyperOption:
    flags = f"--{option.name}"
    if option.kind is bool:
        flags = f"{flags}/--no-{option.name}"
    shown = option.default is not None
    return declared_option(
        option.name, flags, _kind(option), option.help, default=option.default, show_default=shown
    )


def _kind(option: LoadOption) -> Any:
    """The type as Typer has it, with its bounds."""
    from typer.main import get_click_type
    from typer.models import OptionInfo

    bounds = OptionInfo(min=option.least, max=option.most)
    return get_click_type(annotation=option.kind, parameter_info=bounds)
