"""Options and arguments that several commands have: each is declared once and means one thing."""

from __future__ import annotations

from typing import Annotated

import typer

AsJson = Annotated[
    bool,
    typer.Option("--json", help="One JSON document on stdout and nothing else there."),
]
All = Annotated[bool, typer.Option("--all", help="Leave nothing out, see above.")]
CheckOnly = Annotated[
    bool, typer.Option("--check", help="Change nothing; end with 1 if something would change.")
]
Domains = Annotated[
    list[str] | None,
    typer.Option("--domain", help="Only this domain (repeatable); default: all."),
]
FullRefresh = Annotated[
    bool,
    typer.Option("--full-refresh", help="Read everything again, rebuild what is made of it."),
]
NoSkip = Annotated[
    bool, typer.Option("--no-skip", help="Build and check what did not change, too.")
]

DomainName = Annotated[str, typer.Argument(metavar="DOMAIN", help="A domain's name.")]
ProductNames = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME]...", help="Domains or <domain>/<product>; default: all."),
]
SourceName = "A connection, or the word of its name that tells it; default: the first."
