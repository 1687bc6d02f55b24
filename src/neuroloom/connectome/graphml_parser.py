"""The elements of a GraphML file as two tables of text, read as a stream by expat.

A document type, and with it every entity, is refused; nothing outside the file is ever opened.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from sys import intern
from xml.parsers import expat

import pyarrow as pa

from neuroloom.connectome.columns import Table
from neuroloom.connectome.files import GZIP
from neuroloom.disk import check_expansion, first_bytes, speaking_of
from neuroloom.errors import InputError

__all__ = ["NAMESPACE", "GraphmlElements", "parse_graphml"]

NAMESPACE = "http://graphml.graphdrawing.org/xmlns"
TYPES = {
    **dict.fromkeys(("int", "long"), "int64"),
    **dict.fromkeys(("float", "double"), "float64"),
    "boolean": "bool",
    "string": "text",
}
TRUTH = {"true": "True", "1": "True", "false": "False", "0": "False"}
ENDLESS = {"inf": "inf", "+inf": "inf", "infinity": "inf", "-inf": "-inf", "-infinity": "-inf"}
DEEPEST = 100  # elements inside each other; tables need 4
MOST_BLANKS = 2**24  # cells of attributes that few nodes or edges have


@dataclass
class _Key:
    name: str
    type: str
    meant_for: str
    default: str | None = None


@dataclass
class GraphmlElements:
    """What the parser has met so far. Attributes are kept only where they are given.

    Attributes:
        about: The attributes of the graph itself.
        directed: Whether each edge has a direction.
        said: What was left out, a sentence each.
    """

    path: Path
    parser: expat.XMLParserType
    keys: dict[str, _Key] = field(default_factory=dict)
    nodes: list[str] = field(default_factory=list)
    pre: list[str] = field(default_factory=list)
    post: list[str] = field(default_factory=list)
    directed: list[bool] = field(default_factory=list)
    about: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    given: dict[tuple[str, str], tuple[list[int], list[str]]] = field(default_factory=dict)
    lines: dict[str, list[int]] = field(default_factory=lambda: {"node": [], "edge": []})
    n_left: int = 0
    n_graphs: int = 0
    edges_directed: bool = True
    inside: list[str] = field(default_factory=list)
    key: str = ""
    text: list[str] | None = None

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        space, _, word = tag.rpartition(" ")
        known = space in ("", NAMESPACE)
        within = self.inside[-1] if self.inside else ""
        if len(self.inside) >= DEEPEST:
            raise InputError(
                f"Elements must be nested less than {DEEPEST} deep; they are deeper in line "
                f"{self.parser.CurrentLineNumber}. Export the graph again."
            )
        if not within and not (known and word == "graphml"):
            raise InputError(
                f"A GraphML file must begin with `graphml`; this one begins with `{word[:80]}`. "
                "Export the graph as GraphML."
            )
        if not known or within in ("left", "data", "default"):
            self.inside.append("left")
            self.n_left += within != "left"
            if within == "data":
                self.text = None
            return
        self.inside.append(word)
        if word == "key":
            self._key(attributes)
        elif word == "graph":
            self._graph(attributes)
        elif word == "node":
            self.nodes.append(self._needed(attributes, "node", "id"))
            self.lines["node"].append(self.parser.CurrentLineNumber)
        elif word == "edge":
            self._edge(attributes)
        elif word in ("data", "default"):
            self.key = self._needed(attributes, "data", "key") if word == "data" else self.key
            self.text = []
        elif word == "hyperedge":
            raise InputError(
                "A connection must have two ends; there is a hyperedge in line "
                f"{self.parser.CurrentLineNumber}. Replace it by edges."
            )
        elif word != "graphml":
            self.inside[-1] = "left"
            self.n_left += word != "desc"

    def _end(self, tag: str) -> None:
        word = self.inside.pop()
        if word in ("data", "default") and self.text is not None:
            self._value(word, "".join(self.text))
            self.text = None

    def _characters(self, text: str) -> None:
        if self.text is not None and self.inside[-1] in ("data", "default"):
            self.text.append(text)

    def _doctype(self, *what: object) -> None:
        raise InputError(
            "A GraphML file must not define a document type or entities; it has `<!DOCTYPE` in "
            f"line {self.parser.CurrentLineNumber}. Remove it."
        )

    def _needed(self, attributes: dict[str, str], what: str, name: str) -> str:
        if name not in attributes:
            raise InputError(
                f"Every `{what}` must have `{name}`; one in line {self.parser.CurrentLineNumber} "
                "has not. Export the graph again."
            )
        return attributes[name]

    def _key(self, attributes: dict[str, str]) -> None:
        self.key = self._needed(attributes, "key", "id")
        if self.key in self.keys:
            raise InputError(
                f"Each `key` must have an id of its own; {self.key!r:.80} occurs again in line "
                f"{self.parser.CurrentLineNumber}. Remove one."
            )
        kind = attributes.get("attr.type", "string")
        if kind not in TYPES:
            raise InputError(
                f"`attr.type` must be one of {', '.join(TYPES)}; line "
                f"{self.parser.CurrentLineNumber} has {kind!r:.80}. Correct it."
            )
        name = attributes.get("attr.name", "").strip()
        self.keys[self.key] = _Key(name, TYPES[kind], attributes.get("for", "all"))

    def _graph(self, attributes: dict[str, str]) -> None:
        self.n_graphs += 1
        line = self.parser.CurrentLineNumber
        if self.n_graphs > 1:
            raise InputError(
                f"A file must hold one graph; a second begins in line {line}. Save one graph a "
                "file, and ungroup nodes that hold graphs."
            )
        default = self._needed(attributes, "graph", "edgedefault")
        if default not in ("directed", "undirected"):
            raise InputError(
                f"`edgedefault` must be directed or undirected; line {line} has {default!r:.80}. "
                "Correct it."
            )
        self.edges_directed = default == "directed"

    def _edge(self, attributes: dict[str, str]) -> None:
        self.pre.append(intern(self._needed(attributes, "edge", "source")))
        self.post.append(intern(self._needed(attributes, "edge", "target")))
        own = attributes.get("directed")
        if own is not None and own not in TRUTH:
            raise InputError(
                f"`directed` must be true or false; line {self.parser.CurrentLineNumber} has "
                f"{own!r:.80}. Correct it."
            )
        self.directed.append(self.edges_directed if own is None else TRUTH[own] == "True")
        self.lines["edge"].append(self.parser.CurrentLineNumber)

    def _value(self, word: str, text: str) -> None:
        owner = self.inside[-1]
        if word == "default":
            if owner == "key":
                self.keys[self.key].default = text
            return
        if self.key not in self.keys:
            raise InputError(
                f"`data` must use a declared key; {self.key!r:.80} in line "
                f"{self.parser.CurrentLineNumber} is none. Declare it on top, or remove it."
            )
        if owner == "graph":
            self.about[self.keys[self.key].name] = text
            return
        if owner not in ("node", "edge"):
            self.n_left += 1
            return
        rows, values = self.given.setdefault((owner, self.key), ([], []))
        row = len(self.lines[owner]) - 1
        if rows and rows[-1] == row:
            raise InputError(
                f"A {owner} must have each attribute once; the one in line "
                f"{self.lines[owner][row]} has `{self.keys[self.key].name}` twice. Remove one."
            )
        rows.append(row)
        values.append(intern(text))

    def neurons(self, escaped: object) -> Table:
        """The nodes, with their ids in `neuron_id`; the text of `escaped` columns is JSON."""
        known = escaped if isinstance(escaped, list) else []
        return self._table("node", {"neuron_id": self.nodes}, known)

    def edges(self) -> Table:
        """The edges, with their ends in `pre` and `post`."""
        return self._table("edge", {"pre": self.pre, "post": self.post}, [])

    def _table(self, owner: str, ends: Mapping[str, list[str]], escaped: list[object]) -> Table:
        lines = self.lines[owner]
        n = len(lines)
        text = pa.large_string()
        columns = {name: pa.array(values, text) for name, values in ends.items()}
        types: dict[str, str] = {}
        left = []
        n_given = sum(len(rows) for (kind, _), (rows, _) in self.given.items() if kind == owner)
        here = [
            (word, key)
            for word, key in self.keys.items()
            if (owner, word) in self.given
            or (key.meant_for in (owner, "all") and (key.default is not None or not n))
        ]
        if len(here) * n > max(MOST_BLANKS, 20 * n_given):
            raise InputError(
                f"The attributes of {owner}s must be given for most of them; {self.path} declares "
                f"{len(here):,} for {n:,} {owner}s and gives {n_given:,} values. Remove those that "
                "few have."
            )
        for word, key in here:
            if not key.name or key.name in ends:
                left.append(key.name or word)
                continue
            if key.name in columns:
                raise InputError(
                    f"Each attribute must have a name of its own; {self.path} declares "
                    f"`{key.name}` twice for {owner}s. Rename one `attr.name`."
                )
            rows, given = self.given.get((owner, word), ([], []))
            values = given
            if len(rows) < n:
                values = [key.default or ""] * n
                for row, value in zip(rows, given, strict=True):
                    values[row] = value
            if key.type != "text":
                values = [_plain(value, key.type) for value in values]
            elif key.name in escaped:
                values = [self._unescaped(key.name, value) for value in values]
            columns[key.name] = pa.array(values, text)
            # With gaps, whole numbers become floats where that is exact; see `values_of`.
            if key.default is not None or len(rows) == n:
                types[key.name] = key.type
            elif key.type != "int64":
                types[key.name] = "float64" if key.type == "float64" else "text"
        if left:
            self.said.append(f"left out the attributes {', '.join(left)} of {owner}s")
        return Table(
            str(self.path),
            columns,
            lambda row: f"the {owner} of line {lines[row]}",
            untyped=True,
            types=types,
        )

    def _unescaped(self, name: str, value: str) -> str:
        try:
            found = json.loads(value)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, str):
            raise InputError(
                f"The attribute `{name}` must hold text in JSON, as {self.path} says; it has "
                f"{value!r:.80}. Write the file again."
            )
        return found


def _plain(text: str, kind: str) -> str:
    if kind == "text":
        return text
    word = text.strip()
    if kind == "bool":
        return TRUTH.get(word.lower(), word)
    return ENDLESS.get(word.lower(), word) if kind == "float64" else word


def parse_graphml(path: Path) -> GraphmlElements:
    """The elements of the one graph in a file, gzipped or not.

    Raises:
        InputError: If it is no whole GraphML, defines entities, or holds what no table can.
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    found = GraphmlElements(path, parser)
    parser.StartDoctypeDeclHandler = found._doctype
    parser.StartElementHandler = found._start
    parser.EndElementHandler = found._end
    parser.CharacterDataHandler = found._characters
    with speaking_of(path):
        try:
            for piece in _pieces(path):
                parser.Parse(piece, False)
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise InputError(
                f"A GraphML file must be whole and well-formed XML; {path} is not: "
                f"{str(error)[:200]}. Copy or export it again."
            ) from error
        except InputError as error:
            raise InputError(f"{path}: {error}") from error
    if not found.n_graphs:
        raise InputError(f"A GraphML file must hold a graph; {path} has none. Export it again.")
    if found.n_left:
        found.said.append(f"left out {found.n_left:,} elements that are no nodes, edges or data")
    return found


def _pieces(path: Path) -> Iterator[bytes]:
    """The bytes of the file, unpacked if packed, in pieces that grow.

    Older expats read an unfinished tag again with every piece; growing pieces bound that.
    """
    packed = first_bytes(path).startswith(GZIP)
    size, n_bytes = 2**16, 0
    with gzip.open(path) if packed else path.open("rb") as file:
        while piece := file.read(size):
            n_bytes += len(piece)
            check_expansion(path, n_bytes if packed else 0)
            yield piece
            size = min(2 * size, 2**26)
