"""Kernels as JSON: one reader, one writer, one published schema.

Version "1.0" says scalars, 1-D arrays, let/assign/if/for/while/return and var/literal/binary_op/index/call.
Version "1.1" adds the rest and the places of nodes in their source. The writer takes the lowest version that
can say what a kernel computes (in 1.0 its docstring and places are left out); both load.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from hologram.errors import SchemaError
from hologram.frontend import tree

MAX_MESSAGE = 600
_ONE_OF = re.compile(r"`str` matching regex '\^\(\?:(.*?)\).*?'")
VERSIONS = ("1.0", "1.1")
MAX_BYTES = 16 * 1024 * 1024
NODES_1_0: tuple[type[tree.Node], ...] = (
    tree.Kernel, tree.Parameter, tree.Scalar, tree.DevicePtr, tree.Array,
    tree.Let, tree.Assign, tree.If, tree.For, tree.While, tree.Return,
    tree.Var, tree.Literal, tree.BinaryOp, tree.Index, tree.Call,
)  # fmt: skip
OPERATORS_1_0 = frozenset(
    ["add", "sub", "mul", "div", "floor_div", "mod", "lt", "le", "gt", "ge", "eq", "ne", "and", "or"]
)  # fmt: skip
SCALARS_1_0 = frozenset(["u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "f32", "f64", "bool"])


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kernel with the version of the language it is written in."""

    version: str
    kernel: tree.Kernel


_DECODER = msgspec.json.Decoder(Document | tuple[Document, ...])


def dumps(kernels: Sequence[tree.Kernel], indent: int = 2) -> str:
    """JSON of one kernel (an object) or several (an array of objects).

    Raises `SchemaError` for no kernel at all.
    """
    if not kernels:
        raise SchemaError("there is no kernel to write")
    documents = [_document(k) for k in kernels]
    data = msgspec.json.encode(documents[0] if len(documents) == 1 else documents)
    return msgspec.json.format(data, indent=indent).decode() + "\n"


def loads(data: str | bytes) -> tuple[tree.Kernel, ...]:
    """The kernels of a JSON text; nothing is trusted and nothing is typed yet (`compile_tree` does that).

    Raises `SchemaError`, naming the path inside the document.
    """
    if len(data) > MAX_BYTES:
        raise SchemaError(f"the document has {len(data)} bytes; at most {MAX_BYTES} are read")
    try:
        decoded = _DECODER.decode(data)
    except RecursionError as error:
        raise SchemaError("the document is nested too deeply") from error
    except (msgspec.MsgspecError, UnicodeError, ValueError) as error:
        place = "" if "`$" in str(error) else " - at `$`"
        said = _ONE_OF.sub(lambda words: f"one of {words[1].replace('|', ', ')}", str(error))
        raise SchemaError(f"not a kernel in JSON: {said[:MAX_MESSAGE]}{place}") from error
    documents = decoded if isinstance(decoded, tuple) else (decoded,)
    if not documents:
        raise SchemaError("the document holds no kernel")
    for number, document in enumerate(documents):
        _check(document, f"$[{number}]" if isinstance(decoded, tuple) else "$")
    return tuple(d.kernel for d in documents)


def version_of(kernel: tree.Kernel) -> str:
    """The lowest version that can say a kernel."""
    return "1.0" if _beyond_1_0(kernel) is None else "1.1"


def _check(document: Document, path: str) -> None:
    if document.version not in VERSIONS:
        known = " and ".join(VERSIONS)
        raise SchemaError(f"{path}.version is {document.version[:40]!r}; this reader knows {known}")
    for _, depth in tree.nodes(document.kernel):
        if depth > tree.MAX_DEPTH:
            raise SchemaError(f"{path}.kernel is nested more than {tree.MAX_DEPTH} deep")
    beyond = _beyond_1_0(document.kernel) if document.version == "1.0" else None
    if beyond:
        raise SchemaError(f"{path}.version is '1.0', which has no {beyond}; write version '1.1'")


def _beyond_1_0(kernel: tree.Kernel) -> str | None:
    """The first thing in a kernel that version 1.0 cannot say; docstring and places do not count."""
    if kernel.block or kernel.flags:
        return "kernel.block" if kernel.block else "kernel.flags"
    for node, _ in tree.nodes(kernel):
        if type(node) not in NODES_1_0:
            return f"'{node.__struct_config__.tag}'"
        match node:
            case tree.BinaryOp(op=op) if op not in OPERATORS_1_0:
                return f"operator '{op}'"
            case tree.Scalar(type=name) if name not in SCALARS_1_0:
                return f"scalar '{name}'"
            case tree.Array(ndim=ndim) if ndim != 1:
                return "ndim"
            case tree.Index(rest=rest) if rest:
                return "index with several parts"
            case tree.Let(declared=str()):
                return "declared type"
            case tree.Parameter(default=default) if default is not None:
                return "default"
    return None


def _document(kernel: tree.Kernel) -> Document:
    version = version_of(kernel)
    return Document(version, _bare(kernel) if version == "1.0" else kernel)


def _bare(kernel: tree.Kernel) -> tree.Kernel:
    def strip(item: object) -> object:
        if isinstance(item, dict):
            return {k: strip(v) for k, v in item.items() if k not in ("at", "doc")}
        return [strip(v) for v in item] if isinstance(item, (list, tuple)) else item

    return msgspec.convert(strip(msgspec.to_builtins(kernel)), tree.Kernel)
