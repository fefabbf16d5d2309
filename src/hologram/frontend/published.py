"""The JSON Schema of kernels, published: what `schema.loads` reads, as far as a schema can say it.

The types of the tree give the definitions of version 1.1; those of version 1.0 are cut from them by the table that
the reader uses, too. A schema cannot say that numbers fit a double, how deep a kernel may be nested, or that types
agree.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

import msgspec

from hologram.frontend import schema, tree

DIALECT = "https://json-schema.org/draft/2020-12/schema"
IDENTIFIER = "urn:hologram:kernel:1.1"
_UNIONS: dict[str, tuple[type[tree.Node], ...]] = {
    "Expression": get_args(tree.AnyExpression),
    "Statement": get_args(tree.AnyStatement),
    "Type": get_args(tree.TypeNode),
}
_OLD = "1.0"

Part = dict[str, Any]

_NOTHING: Part = {"type": "null"}
_EMPTY: Part = {"type": "array", "maxItems": 0}
_CUT: dict[str, dict[str, Part]] = {
    "Kernel": {"block": _EMPTY, "flags": _EMPTY},
    "Parameter": {"default": _NOTHING},
    "Scalar": {"type": {"enum": sorted(schema.SCALARS_1_0)}},
    "Element": {"type": {"enum": sorted(schema.SCALARS_1_0)}},
    "Array": {"ndim": {"const": 1}},
    "Let": {"declared": _NOTHING},
    "BinaryOp": {"op": {"enum": sorted(schema.OPERATORS_1_0)}},
    "Index": {"rest": _EMPTY},
}
"""Fields that version 1.0 has not, or not with all their values."""


def json_schema() -> Part:
    """JSON Schema (2020-12) of what `schema.loads` reads."""
    made = msgspec.json.schema(schema.Document | tuple[schema.Document, ...])
    newest = {name: _tidied(part) for name, part in made["$defs"].items() if name != "Document"}
    newest |= {name: _choice(members) for name, members in _UNIONS.items()}
    newest["Element"] = {**newest["Scalar"], "required": ["type"]}  # the reader wants no `kind` where one can stand
    newest["Array"]["properties"]["element_type"] = _reference("Element")
    kept = {*(t.__name__ for t in schema.NODES_1_0), *_UNIONS, "Element"}
    oldest = {name: _oldest(name, part, kept) for name, part in newest.items() if name in kept}
    versions = [_case("version", version, {"properties": {"kernel": _reference(name)}}) for version, name in _KERNELS]
    document: Part = {
        "type": "object",
        "properties": {"version": {"enum": list(schema.VERSIONS)}, "kernel": {"type": "object"}},
        "required": ["version", "kernel"],
        "additionalProperties": False,
        "allOf": versions,
    }
    definitions = {"Document": document, **newest, **{_old(name): part for name, part in oldest.items()}}
    several: Part = {"type": "array", "items": _reference("Document"), "minItems": 1}
    head: Part = {"$schema": DIALECT, "$id": IDENTIFIER, "title": "Kernels of Hologram"}
    return {**head, "if": {"type": "array"}, "then": several, "else": _reference("Document"), "$defs": definitions}


def text() -> str:
    """The schema as the file docs/kernel.schema.json holds it."""
    return json.dumps(json_schema(), indent=1) + "\n"


def _old(name: str) -> str:
    return f"{name}-{_OLD}"


_KERNELS = (("1.0", _old("Kernel")), ("1.1", "Kernel"))


def _reference(name: str) -> Part:
    return {"$ref": f"#/$defs/{name}"}


def _case(key: str, value: str, then: Part) -> Part:
    return {"if": {"properties": {key: {"const": value}}, "required": [key]}, "then": then}


def _choice(members: Iterable[type[tree.Node]]) -> Part:
    """Nodes told apart by their tag: one branch a tag, so that a reader says what is wrong with the right one."""
    tags = {str(member.__struct_config__.tag): member.__name__ for member in members}
    field = "kind" if tags.keys() == {m.__struct_config__.tag for m in _UNIONS["Type"]} else "type"
    return {
        "type": "object",
        "properties": {field: {"enum": list(tags)}},
        "required": [field],
        "allOf": [_case(field, tag, _reference(name)) for tag, name in tags.items()],
    }


def _tidied(part: Any) -> Any:
    """What msgspec gives, with unions by tag, closed lists in place of patterns, and one paragraph of description."""
    if isinstance(part, list):
        return [_tidied(p) for p in part]
    if not isinstance(part, dict):
        return part
    if "discriminator" in part:
        members = tuple(getattr(tree, p["$ref"].rpartition("/")[2]) for p in part["anyOf"])
        return next((_reference(name) for name, union in _UNIONS.items() if members == union), None) or _choice(members)
    out = {key: _tidied(value) for key, value in part.items() if not (key == "pattern" and "enum" in part)}
    if isinstance(out.get("description"), str):
        out["description"] = " ".join(out["description"].split())
    return out


def _oldest(name: str, part: Part, kept: set[str]) -> Part:
    """A definition as version 1.0 has it."""
    out: Part = _renamed(part, lambda other: _old(other) if other in kept else None)
    for field, value in _CUT.get(name, {}).items():
        out["properties"] = {**out["properties"], field: value}
    return out


def _renamed(part: Any, rename: Callable[[str], str | None]) -> Any:
    """The definition with its references renamed; branches whose node has no new name are left out, tags too."""
    if isinstance(part, list):
        return [_renamed(p, rename) for p in part]
    if not isinstance(part, Mapping):
        return part
    if "$ref" in part:
        return _reference(rename(part["$ref"].rpartition("/")[2]) or "")
    out = dict(part)
    if "allOf" in out:
        cases = [c for c in out["allOf"] if rename(c["then"]["$ref"].rpartition("/")[2])]
        (field,) = cases[0]["if"]["required"]
        out["properties"] = {field: {"enum": [c["if"]["properties"][field]["const"] for c in cases]}}
        out["allOf"] = cases
    return {key: _renamed(value, rename) for key, value in out.items()}


if __name__ == "__main__":
    sys.stdout.write(text())
