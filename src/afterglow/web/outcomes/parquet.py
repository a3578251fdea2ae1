"""Writes one small table as an Apache Parquet file: one row group, plain, not compressed, every column optional.

Texts, whole numbers and floating numbers are all that the tables hold; the format's own description is the README and
`parquet.thrift` of apache/parquet-format, the metadata is Thrift's compact protocol.
"""

import struct
from collections.abc import Sequence

MAGIC = b"PAR1"
INT64, DOUBLE, BYTE_ARRAY = 2, 5, 6
UTF8, OPTIONAL, PLAIN, RLE = 0, 1, 0, 3
_I32, _I64, _BINARY, _LIST, _STRUCT = 5, 6, 8, 9, 12
Value = str | int | float | None
KINDS: dict[type, int] = {str: BYTE_ARRAY, int: INT64, float: DOUBLE}


def render_parquet(names: Sequence[str], kinds: Sequence[type], rows: Sequence[Sequence[Value]]) -> bytes:
    """Return a table as a Parquet file.

    Parameters
    ----------
    names, kinds : of the columns
        Each kind is `str`, `int` or `float`; None is an empty cell of any kind.
    rows : sequence of rows
    """
    body, chunks = bytearray(MAGIC), []
    for column, (name, kind) in enumerate(zip(names, kinds, strict=True)):
        offset = len(body)
        page = _render_page([row[column] for row in rows], kind)
        body += page
        chunks.append(_describe_chunk(name, kind, offset, len(page), len(rows)))
    size = len(body) - len(MAGIC)
    group = _struct([(1, _LIST, _list(_STRUCT, chunks)), (2, _I64, _int(size)), (3, _I64, _int(len(rows)))])
    footer = _struct(
        [
            (1, _I32, _int(1)),
            (2, _LIST, _list(_STRUCT, _describe_schema(names, kinds))),
            (3, _I64, _int(len(rows))),
            (4, _LIST, _list(_STRUCT, [group])),
            (6, _BINARY, _text("afterglow")),
        ]
    )
    return bytes(body) + footer + struct.pack("<I", len(footer)) + MAGIC


def _describe_schema(names: Sequence[str], kinds: Sequence[type]) -> list[bytes]:
    root = _struct([(4, _BINARY, _text("outcomes")), (5, _I32, _int(len(names)))])
    columns = []
    for name, kind in zip(names, kinds, strict=True):
        fields = [(1, _I32, _int(KINDS[kind])), (3, _I32, _int(OPTIONAL)), (4, _BINARY, _text(name))]
        columns.append(_struct([*fields, *([(6, _I32, _int(UTF8))] if kind is str else [])]))
    return [root, *columns]


def _describe_chunk(name: str, kind: type, offset: int, size: int, count: int) -> bytes:
    data = _struct(
        [
            (1, _I32, _int(KINDS[kind])),
            (2, _LIST, _list(_I32, [_int(PLAIN), _int(RLE)])),
            (3, _LIST, _list(_BINARY, [_text(name)])),
            (4, _I32, _int(0)),
            (5, _I64, _int(count)),
            (6, _I64, _int(size)),
            (7, _I64, _int(size)),
            (9, _I64, _int(offset)),
        ]
    )
    return _struct([(2, _I64, _int(offset)), (3, _STRUCT, data)])


def _render_page(values: Sequence[Value], kind: type) -> bytes:
    levels = _render_levels([value is not None for value in values])
    content = levels + b"".join(_render_value(value, kind) for value in values if value is not None)
    head = _struct([(1, _I32, _int(len(values))), (2, _I32, _int(PLAIN)), (3, _I32, _int(RLE)), (4, _I32, _int(RLE))])
    size = _int(len(content))
    return _struct([(1, _I32, _int(0)), (2, _I32, size), (3, _I32, size), (5, _STRUCT, head)]) + content


def _render_levels(known: Sequence[bool]) -> bytes:
    """Return which cells are filled: bits, eight to a byte, with their length in front."""
    groups = -(-len(known) // 8)
    packed = bytearray(groups)
    for number, is_known in enumerate(known):
        packed[number // 8] |= is_known << number % 8
    run = _varint(groups << 1 | 1) + bytes(packed)
    return struct.pack("<I", len(run)) + run


def _render_value(value: Value, kind: type) -> bytes:
    if kind is str:
        content = str(value).encode()
        return struct.pack("<I", len(content)) + content
    return struct.pack("<q", int(value or 0)) if kind is int else struct.pack("<d", float(value or 0))


def _struct(fields: Sequence[tuple[int, int, bytes]]) -> bytes:
    """Return a Thrift struct; fields come in the order of their numbers, each named by the distance to the last."""
    out, last = bytearray(), 0
    for number, kind, content in fields:
        out += bytes([(number - last) << 4 | kind]) + content
        last = number
    return bytes(out) + b"\x00"


def _list(kind: int, items: Sequence[bytes]) -> bytes:
    head = bytes([len(items) << 4 | kind]) if len(items) < 15 else bytes([0xF0 | kind]) + _varint(len(items))
    return head + b"".join(items)


def _text(words: str) -> bytes:
    content = words.encode()
    return _varint(len(content)) + content


def _int(number: int) -> bytes:
    return _varint(number << 1 if number >= 0 else (-number << 1) - 1)


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])
