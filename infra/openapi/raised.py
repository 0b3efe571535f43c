"""Which error codes the source can raise, and which of them each function leads to.

Read from the syntax trees, so that the documentation of an operation names what its code names and
nobody keeps a second list. It errs on the side of too many: a method is found by its name alone,
and a code that is caught on the way counts as raised.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from onlineticket.api import requests
from onlineticket.domain import errors

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "layers" / "shared" / "python"
FUNCTIONS = ROOT / "functions"

_BY_TABLE = "refusal"
"""domain/refusals.py: its callers give the code alone."""
_ANSWERS = ("answer", "http.answer")
"""api/http.py: an error answer that no exception leads to; the code is its second argument."""


_EVERYWHERE = {name for kind in (dict, list, set, str, bytes) for name in dir(kind)}
"""Methods that any value may have: `.get` says nothing about whose."""


@dataclass(frozen=True, slots=True)
class Site:
    """A place that raises. `code` is None if it is not written there; `kind` is the class's name,
    or "" where only the code is given; `details` are the names given with it.
    """

    where: str
    kind: str
    code: str | None
    details: frozenset[str]


@dataclass(slots=True)
class _Function:
    """One function or method, with those nested in it: what it raises, and what it mentions."""

    sites: list[Site] = field(default_factory=list)
    mentions: set[str] = field(default_factory=set)
    successes: set[int] = field(default_factory=set)


def kinds() -> dict[str, type[errors.OnlineTicketError]]:
    """Every class of the tree, by its name."""
    found: dict[str, type[errors.OnlineTicketError]] = {}
    waiting: list[type[errors.OnlineTicketError]] = [errors.OnlineTicketError]
    while waiting:
        kind = waiting.pop()
        found[kind.__name__] = kind
        waiting += kind.__subclasses__()
    assert requests.BodyTooLarge.__name__ in found
    return found


class Source:
    """The whole source, parsed once."""

    def __init__(self) -> None:
        self._functions: dict[str, _Function] = {}
        """By `module.function` or `module.Class.method`."""
        self._methods: dict[str, list[str]] = {}
        self._notes: dict[tuple[str, str], str] = {}
        self._kinds = kinds()
        for path in sorted(PACKAGE.rglob("*.py")):
            self._read(path, _dotted(path.relative_to(PACKAGE)))
        for path in sorted(FUNCTIONS.rglob("*.py")):
            self._read(path, _dotted(path.relative_to(ROOT)))

    def sites(self) -> Iterator[Site]:
        for function in self._functions.values():
            yield from function.sites

    def codes_of(self, function: str) -> set[str]:
        """Every code that `function` (its dotted name) may lead to."""
        codes: set[str] = set()
        seen: set[str] = set()
        waiting = [function]
        while waiting:
            name = waiting.pop()
            if name in seen or name not in self._functions:
                continue
            seen.add(name)
            codes |= {site.code for site in self._functions[name].sites if site.code}
            for mention in self._functions[name].mentions:
                waiting += self._methods.get(mention, [mention])
        return codes

    def successes_of(self, function: str) -> set[int]:
        """The statuses from 201 to 204 that `function` answers by itself, written as numbers."""
        return self._functions[function].successes

    def field_notes(self) -> dict[tuple[str, str], str]:
        """(class, field) -> the string written below the field."""
        return self._notes

    def _read(self, path: Path, module: str) -> None:
        tree = ast.parse(path.read_text())
        names = _imports(tree) | {
            node.name: f"{module}.{node.name}"
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.ClassDef)
        }
        where = str(path.relative_to(ROOT))
        self._functions[module] = top = _Function()
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                self._add(f"{module}.{node.name}", node, names, where)
            elif isinstance(node, ast.ClassDef):
                self._notes |= _notes(node)
                for each in node.body:
                    if isinstance(each, ast.FunctionDef):
                        name = f"{module}.{node.name}.{each.name}"
                        if each.name not in _EVERYWHERE:
                            self._methods.setdefault(f".{each.name}", []).append(name)
                        if each.name in ("__init__", "__post_init__"):
                            self._methods.setdefault(f"{module}.{node.name}", []).append(name)
                        self._add(name, each, names, where)
            else:
                top.sites += self._sites(node, where)

    def _add(self, name: str, node: ast.FunctionDef, names: dict[str, str], where: str) -> None:
        function = self._functions[name] = _Function()
        function.sites += self._sites(node, where)
        for each in ast.walk(node):
            if isinstance(each, ast.Call) and ast.unparse(each.func) == "no_content":
                function.successes.add(204)
            if isinstance(each, ast.Call) and each.args:
                first = getattr(each.args[0], "value", None)
                function.successes |= {status for status in (201, 202, 204) if first == status}
            if isinstance(each, ast.Name) and each.id in names:
                function.mentions.add(names[each.id])
            elif isinstance(each, ast.Attribute):
                owner = names.get(each.value.id) if isinstance(each.value, ast.Name) else None
                function.mentions.add(f"{owner or ''}.{each.attr}")

    def _sites(self, tree: ast.AST, where: str) -> Iterator[Site]:
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = ast.unparse(node.func)
            kind = called.rpartition(".")[2]
            place = 1 if called in _ANSWERS else 0
            if kind not in self._kinds and kind != _BY_TABLE and called not in _ANSWERS:
                continue
            if len(node.args) <= place:
                continue
            code = node.args[place]
            yield Site(
                f"{where}:{node.lineno}",
                kind if kind in self._kinds else "",
                code.value
                if isinstance(code, ast.Constant) and isinstance(code.value, str)
                else None,
                frozenset(keyword.arg or "**" for keyword in node.keywords),
            )


def _imports(tree: ast.AST) -> dict[str, str]:
    """Local name -> dotted name, wherever in the module it is imported."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
        elif isinstance(node, ast.Import):
            names |= {a.asname or a.name: a.name for a in node.names}
    return names


def _notes(node: ast.ClassDef) -> dict[tuple[str, str], str]:
    notes = {}
    for before, after in zip(node.body, node.body[1:], strict=False):
        if (
            isinstance(before, ast.AnnAssign)
            and isinstance(before.target, ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            notes[node.name, before.target.id] = " ".join(str(after.value.value).split())
    return notes


def _dotted(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")
