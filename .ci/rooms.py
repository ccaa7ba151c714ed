"""The rooms of src/scrobbled and who imports whom, read from the source: a picture for CONTRIBUTING.md, and figures.

    python3 .ci/dev.py rooms           write the picture into CONTRIBUTING.md
    python3 .ci/dev.py rooms sizes     lines, files and classes by room
    python3 .ci/dev.py rooms names     public class names that mean two things or more
    python3 .ci/dev.py rooms circles   modules that import each other, also by a way round

The last three take the source folder of another commit too: ``rooms sizes ELSEWHERE/src/scrobbled``.
"""

import ast
import collections
import functools
import io
import sys
import tokenize
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "scrobbled"
PAGE = ROOT / "CONTRIBUTING.md"
BEGIN, END = "<!-- rooms: python3 .ci/dev.py rooms -->\n", "<!-- end of rooms -->\n"
BESIDE = ("sandbox", "__main__")
"""Stand beside the others: what the demo and the tests run on, and what starts the command."""


# Imports


def imports(source=SOURCE):
    """Which modules each module imports, by dotted names below ``scrobbled``; those for type checkers count too."""
    known = trees(source)
    return {name: {_there(one, known) for one in _asked(tree)} - {name, None} for name, tree in known.items()}


@functools.cache
def trees(source):
    """Of each module by its name; two modules never share one, as a package's ``__init__`` has the package's."""
    found = {}
    for path in sorted(source.rglob("*.py")):
        parts = path.relative_to(source).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        found[name or "__init__"] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def _asked(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "scrobbled":
            yield from (f"{node.module}.{alias.name}".removeprefix("scrobbled.") for alias in node.names)
        elif isinstance(node, ast.Import):
            names = (alias.name for alias in node.names if alias.name.startswith("scrobbled."))
            yield from (name.removeprefix("scrobbled.") for name in names)


def _there(name, known):
    """The module of that name, or the one that has this name inside."""
    return name if name in known else name.rpartition(".")[0] if name.rpartition(".")[0] in known else None


def arrows(graph):
    """Which rooms each room imports."""
    found = collections.defaultdict(set)
    for name, wanted in graph.items():
        here = name.split(".")[0]
        found[here] |= {one.split(".")[0] for one in wanted} - {here}
    return dict(found)


def circles(graph):
    """Groups of names of which each leads to every other (Tarjan's way)."""
    index, low, stack, found = {}, {}, [], []

    def visit(name):
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in graph.get(name, ()):
            if other not in index:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], index[other])
        if low[name] == index[name]:
            at = stack.index(name)
            group = sorted(stack[at:])
            del stack[at:]
            if len(group) > 1:
                found.append(group)

    sys.setrecursionlimit(10_000)
    for name in graph:
        if name not in index:
            visit(name)
    return found


def floors(graph):
    """The floor of each room: one above the highest that it imports."""
    found = {}

    def floor(room):
        if room not in found:
            found[room] = 1 + max((floor(below) for below in graph.get(room, ())), default=0)
        return found[room]

    for room in graph:
        floor(room)
    return found


# The picture


def picture():
    """A row for each room from the top floor down, and a mark below each room that it imports: none is on the left."""
    inside = {room: wanted - set(BESIDE) for room, wanted in arrows(imports()).items() if room not in BESIDE}
    rooms = {room: wanted & set(inside) for room, wanted in inside.items() if room != "__init__"}
    rooms = {room: wanted - {"__init__"} for room, wanted in rooms.items()}
    high = floors(rooms)
    order = sorted(rooms, key=lambda room: (-high[room], room))
    wide = max(map(len, order))
    head = "floor  " + "room".ljust(wide) + "  " + " ".join(f"{number:>2}" for number in range(1, len(order) + 1))
    rows = [head.rstrip(), *(_row(room, order, rooms, high, wide) for room in order)]
    count = sum(map(len, rooms.values()))
    return "\n".join((*rows, "", f"{len(order)} rooms on {max(high.values())} floors, {count} arrows, none upwards"))


def _row(room, order, rooms, high, wide):
    number = order.index(room) + 1
    marks = (f"{number:>2}" if one == room else " x" if one in rooms[room] else " ." for one in order)
    return f"{high[room]:>5}  {room.ljust(wide)}  {' '.join(marks)}"


def drawn(text):
    """The page with the picture as it is now."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}```text\n{picture()}\n```\n{END}{rest.partition(END)[2]}"


# Figures


def sizes(source=SOURCE):
    """Of each room: files, lines, lines of code (no blanks, comments, docstrings), classes."""
    found = collections.defaultdict(lambda: [0, 0, 0, 0])
    for path in sorted(source.rglob("*.py")):
        parts = path.relative_to(source).parts
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        classes = sum(isinstance(node, ast.ClassDef) for node in ast.walk(tree))
        row = found[parts[0] if len(parts) > 1 else "(top)"]
        for at, value in enumerate((1, text.count("\n"), len(_code(text, tree)), classes)):
            row[at] += value
    return dict(found)


def _code(text, tree):
    """The numbers of the lines that hold code."""
    nothing = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    lines = {line for one in tokens if one.type not in nothing for line in range(one.start[0], one.end[0] + 1)}
    said = (node for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    return lines - {line for one in said for line in range(one.lineno, one.end_lineno + 1)}


def names(source=SOURCE):
    """Public names of classes and type aliases that are defined in more than one module, with those modules."""
    found = collections.defaultdict(set)
    for module, tree in trees(source).items():
        for name in (name for node in tree.body for name in defined(node) if not name.startswith("_")):
            found[name].add(module)
    return {name: sorted(where) for name, where in sorted(found.items()) if len(where) > 1}


def defined(node):
    if isinstance(node, ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign) and isinstance(node.value, (ast.Subscript, ast.BinOp)):
        targets = (one.id for one in node.targets if isinstance(one, ast.Name))
        yield from (name for name in targets if name[0].isupper() and not name.isupper())


def main(words):
    what, *rest = words or ["picture"]
    source = Path(rest[0]).resolve() if rest else SOURCE
    sys.stdout.write(SHOWN[what](source) + "\n")


def _draw(source):
    PAGE.write_text(drawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return picture()


def _sizes(source):
    found = sizes(source)
    total = [sum(column) for column in zip(*found.values(), strict=True)]
    rows = ([room, *row] for room, row in [*sorted(found.items()), ("all", total)])
    table = (["room", "files", "lines", "code", "classes"], *rows)
    return "\n".join(f"{room:14}" + "".join(f"{value:>8}" for value in row) for room, *row in table)


def _names(source):
    return "\n".join(f"{name}: {', '.join(where)}" for name, where in names(source).items()) or "none"


def _circles(source):
    return "\n".join(" - ".join(group) for group in circles(imports(source))) or "none"


SHOWN = {"picture": _draw, "sizes": _sizes, "names": _names, "circles": _circles}


if __name__ == "__main__":
    main(sys.argv[1:])
