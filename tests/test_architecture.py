"""Imports go one way, nothing reaches into another module's private names, and what must stay light stays light."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]

# What is used stands before what uses it; modules of one layer may not use each other, but for the ground.
LAYERS = (
    ("errors", "progress", "result", "dataset"),
    ("specs",),
    ("data", "linalg"),
    ("models",),
    ("leakage", "influence", "lood", "membership"),
    ("shift", "attacks", "mitigations"),
    ("display",),
    ("learn",),
    ("analyses",),
    ("engine",),
    ("out_of_core",),
    ("report",),
    ("cli",),
    ("__main__",),
)
LAYER = {name: i for i, names in enumerate(LAYERS) for name in names}
MODULES = sorted(path for folder in ("fil_core", "pages") for path in (ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


NAMES = {name_of(path): path for path in MODULES}
SOURCES = {name: path.read_text(encoding="utf-8") for name, path in NAMES.items()}
TREES = {name: ast.parse(source) for name, source in SOURCES.items()}
LIBRARY = [name for name in NAMES if name.startswith("fil_core")]


def imports(nodes: Iterable[ast.AST]) -> list[tuple[str, str, int]]:
    """(module, imported name or "", line) of every import of this project's own modules."""
    found = []
    for node in nodes:
        if isinstance(node, ast.Import):
            found += [(alias.name, "", node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [
                (f"{node.module}.{alias.name}", "", node.lineno)
                if f"{node.module}.{alias.name}" in NAMES
                else (node.module, alias.name, node.lineno)
                for alias in node.names
            ]
    return [one for one in found if one[0].split(".")[0] in ("fil_core", "pages")]


def part(module: str) -> str:
    """The folder or file below the package; empty for the package itself."""
    return module.split(".")[1] if "." in module else ""


def test_every_part_of_the_library_has_a_layer():
    assert {part(name) for name in LIBRARY} - {""} <= set(LAYER)


def test_imports_go_one_way():
    wrong = []
    for name in LIBRARY:
        here = part(name)
        for module, _, line in imports(ast.walk(TREES[name])):
            there = part(module)
            # The package itself only names where things are.
            below = not here or not there or here == there or LAYER[there] < LAYER[here] or LAYER[here] == 0
            if not below or module.startswith("pages"):
                wrong.append(f"{name}:{line} imports {module}")
    assert not wrong, "\n".join(wrong)


def test_no_modules_import_each_other_in_a_circle():
    graph = {name: {module for module, _, _ in imports(TREES[name].body)} & set(NAMES) for name in NAMES}
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, f"a circle: {' -> '.join([*way[way.index(name) :], name])}"
        if name not in done:
            for there in graph[name] - {name}:
                visit(there, (*way, name))
            done.add(name)

    for name in sorted(graph):
        visit(name, ())


def private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def test_nobody_takes_a_private_name_of_another_module():
    wrong = []
    for here, tree in TREES.items():
        for module, name, line in imports(ast.walk(tree)):
            if private(name):
                wrong.append(f"{here}:{line} imports {name} of {module}")
        modules = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
            if f"{node.module}.{alias.name}" in NAMES
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and private(node.attr):
                wrong += [f"{here}:{node.lineno} takes {node.attr}"] if node.value.id in modules else []
    assert not wrong, "\n".join(wrong)


def test_the_library_knows_no_streamlit():
    for name in LIBRARY:
        for node in ast.walk(TREES[name]):
            said = (
                [a.name for a in node.names] if isinstance(node, ast.Import) else [getattr(node, "module", None) or ""]
            )
            assert not any(module.split(".")[0] == "streamlit" for module in said), name


def in_a_process(code: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_display_and_the_entries_load_no_torch():
    names = [name for name in LIBRARY if part(name) == "display" or name == "fil_core.analyses.table"]
    heavy = "[m for m in ('torch', 'sklearn', 'torchvision', 'streamlit') if m in sys.modules]"
    assert in_a_process(f"import sys, {', '.join(names)}; print({heavy})") == "[]"


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef, lines: list[str]) -> int:
    """Lines of a function that are neither blank, comment nor docstring."""
    first = function.body[0]
    skipped = range(first.lineno, (first.end_lineno or 0) + 1) if ast.get_docstring(function) else range(0)
    own = [lines[i - 1].strip() for i in range(function.lineno, (function.end_lineno or 0) + 1) if i not in skipped]
    return sum(bool(line) and not line.startswith("#") for line in own)


def test_no_function_has_more_than_forty_lines_of_code():
    long = []
    for name, tree in TREES.items():
        lines = SOURCES[name].splitlines()
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (size := code_lines(node, lines)) > 40:
                long.append(f"{name}:{node.lineno} {node.name} has {size}")
    assert not long, "\n".join(long)


def test_sections_of_the_mathematics_that_are_cited_are_there():
    there = {int(number) for number in re.findall(r"^## (\d+)\.", (ROOT / "docs/maths.md").read_text(), re.M)}
    cited = re.findall(r"docs/maths\.md,\s+sections?\s+((?:\d+(?:,| and| to)?\s*)+)", "\n".join(SOURCES.values()))
    numbers = {int(number) for group in cited for number in re.findall(r"\d+", group)}
    assert len(cited) > 10 and numbers <= there


def test_the_readme_names_every_command():
    from fil_core.analyses.table import ANALYSES

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [
        one.command for one in ANALYSES if f"`{one.command}`" not in readme and f" {one.command} -" not in readme
    ] == []
