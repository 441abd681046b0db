"""The product's files as the architecture tests read them: as text and as syntax trees."""

import ast
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

BASE = Path(__file__).resolve().parents[2]
PRODUCT = ("accounts", "reviews", "portal")


@dataclass(frozen=True)
class Source:
    """One Python file: where it is, from the project's root, and what it says."""

    path: str
    text: str

    @cached_property
    def tree(self):
        return ast.parse(self.text, self.path)

    @cached_property
    def module(self):
        """Its dotted name; a package is named by itself and not by ``__init__``."""
        parts = PurePosixPath(self.path).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def nodes(self, *kinds):
        """Every node of these kinds."""
        return (node for node in ast.walk(self.tree) if isinstance(node, kinds))

    def at(self, node, what):
        """A complaint about one place."""
        return f"{self.path}:{node.lineno}: {what}"


def product():
    """Every Python file of the product but its migrations, which are generated."""
    return [
        Source(path.relative_to(BASE).as_posix(), path.read_text())
        for app in PRODUCT
        for path in sorted((BASE / app).rglob("*.py"))
        if "migrations" not in path.parts
    ]


def within(module, places):
    """Whether the module is one of ``places`` or inside one of them."""
    return any(module == place or module.startswith(f"{place}.") for place in places)


def dotted(node):
    """``a.b.c`` for such an expression; only its attributes when it begins with a call."""
    names = []
    while isinstance(node, (ast.Attribute, ast.Call, ast.Subscript)):
        if isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        else:
            node = node.func if isinstance(node, ast.Call) else node.value
    if isinstance(node, ast.Name):
        names.append(node.id)
    return ".".join(reversed(names))
