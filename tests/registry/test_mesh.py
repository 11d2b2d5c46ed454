"""domain.yaml becomes domains, in the order in which they feed each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from f1mesh.errors import PermanentError
from f1mesh.registry import ProductRef, load_mesh

DOMAIN = """
name: {name}
title: T
description: D
owner: {{team: t, email: t@example.org}}
tier: 1
reads: {reads}
products: [{products}]
"""


def write(root: Path, name: str, reads: str = "[]", products: str = "p", folder: str = "") -> None:
    path = root / "domains" / (folder or name)
    path.mkdir(parents=True)
    (path / "domain.yaml").write_text(DOMAIN.format(name=name, reads=reads, products=products))


def test_a_domain_comes_after_the_domains_that_it_reads(tmp_path: Path) -> None:
    write(tmp_path, "a_reader", "[z_source/p]")
    write(tmp_path, "z_source")

    mesh = load_mesh(tmp_path)

    assert list(mesh.domains) == ["z_source", "a_reader"]
    assert mesh.consumers(ProductRef.parse("z_source/p")) == (mesh.domain("a_reader"),)


def test_a_domain_comes_at_its_own_times_and_at_those_of_what_starts_it(tmp_path: Path) -> None:
    for name, reads, cron in (
        ("a", "[]", "0 5 * * *"),
        ("b", "[]", "0 7 * * 1"),
        ("c", "[a/p]", None),
        ("d", "[c/p, b/p]", "@hourly"),
    ):
        write(tmp_path, name, reads)
        if cron:
            with (tmp_path / "domains" / name / "domain.yaml").open("a") as file:
                file.write(f'schedule: "{cron}"\n')

    mesh = load_mesh(tmp_path)

    assert mesh.pace("a") == {"0 5 * * *"}
    assert mesh.pace("c") == {"0 5 * * *"}
    assert mesh.pace("d") == {"0 5 * * *", "0 7 * * 1", "@hourly"}


def test_a_folder_without_domain_yaml_is_not_yet_a_domain(tmp_path: Path) -> None:
    write(tmp_path, "a")
    (tmp_path / "domains" / "planned").mkdir()

    assert list(load_mesh(tmp_path).domains) == ["a"]


def test_an_input_that_nobody_publishes_is_refused_with_its_file(tmp_path: Path) -> None:
    write(tmp_path, "a", "[b/nothing]")

    with pytest.raises(
        PermanentError, match=r"a/domain.yaml:\d+: reads\[0\]: no domain publishes b/nothing"
    ):
        load_mesh(tmp_path)


def test_domains_that_read_each_other_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "a", "[b/p]")
    write(tmp_path, "b", "[a/p]")

    with pytest.raises(PermanentError, match="circle"):
        load_mesh(tmp_path)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("name: [", "not YAML"),
        ("- a list", "must hold a mapping"),
        ("name: a\ncolour: red\n", "colour"),
        (DOMAIN.format(name="a", reads="[no_slash]", products="p"), "reads"),
        (DOMAIN.format(name="other", reads="[]", products="p"), "named after its folder"),
    ],
)
def test_a_bad_domain_yaml_is_named_with_its_problem(
    tmp_path: Path, content: str, problem: str
) -> None:
    folder = tmp_path / "domains" / "a"
    folder.mkdir(parents=True)
    (folder / "domain.yaml").write_text(content)

    with pytest.raises(PermanentError, match=problem) as caught:
        load_mesh(tmp_path)

    assert "domain.yaml" in str(caught.value)


def test_an_unknown_product_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    write(tmp_path, "a", products="one, two")

    with pytest.raises(PermanentError, match="one, two"):
        load_mesh(tmp_path).product("a/three")
