"""Reads back the plain Parquet files that the tables write: one row group, one page a column, every column optional.

Written from the format's own description and not from the writer, so that the two can disagree.
"""

import struct
from typing import Any

STRUCT, LIST, BINARY = 12, 9, 8


def read_parquet(content: bytes) -> list[dict[str, Any]]:
    """Return the rows of a file; an empty cell is None."""
    assert content[:4] == content[-4:] == b"PAR1"
    size = struct.unpack("<I", content[-8:-4])[0]
    footer, _ = _read_struct(content, len(content) - 8 - size)
    (group,) = footer[4]
    columns = {}
    for chunk in group[1]:
        about = chunk[3]
        columns[about[3][0].decode()] = _read_page(content, about[9], about[1])
    assert {len(values) for values in columns.values()} == {footer[3]}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _read_page(content: bytes, at: int, kind: int) -> list[Any]:
    head, at = _read_struct(content, at)
    count = head[5][1]
    size = struct.unpack_from("<I", content, at)[0]
    levels = _read_levels(content[at + 4 : at + 4 + size], count)
    at += 4 + size
    values: list[Any] = []
    for is_filled in levels:
        if not is_filled:
            values.append(None)
        elif kind == 6:
            length = struct.unpack_from("<I", content, at)[0]
            values.append(content[at + 4 : at + 4 + length].decode())
            at += 4 + length
        else:
            values.append(struct.unpack_from("<q" if kind == 2 else "<d", content, at)[0])
            at += 8
    return values


def _read_levels(content: bytes, count: int) -> list[bool]:
    found: list[bool] = []
    at = 0
    while len(found) < count:
        head, at = _read_varint(content, at)
        if head & 1:  # groups of eight, bit by bit
            groups = head >> 1
            found += [bool(byte >> bit & 1) for byte in content[at : at + groups] for bit in range(8)]
            at += groups
        else:  # one value, so many times
            found += [bool(content[at])] * (head >> 1)
            at += 1
    return found[:count]


def _read_struct(content: bytes, at: int) -> tuple[dict[int, Any], int]:
    fields, last = {}, 0
    while content[at]:
        step, kind = content[at] >> 4, content[at] & 15
        at += 1
        if step == 0:
            number, at = _read_varint(content, at)
            last = (number >> 1) ^ -(number & 1)
        else:
            last += step
        fields[last], at = _read_value(content, at, kind)
    return fields, at + 1


def _read_value(content: bytes, at: int, kind: int) -> tuple[Any, int]:
    if kind == STRUCT:
        return _read_struct(content, at)
    if kind == BINARY:
        size, at = _read_varint(content, at)
        return content[at : at + size], at + size
    if kind == LIST:
        size, inner = content[at] >> 4, content[at] & 15
        at += 1
        if size == 15:
            size, at = _read_varint(content, at)
        items = []
        for _ in range(size):
            item, at = _read_value(content, at, inner)
            items.append(item)
        return items, at
    number, at = _read_varint(content, at)
    return (number >> 1) ^ -(number & 1), at


def _read_varint(content: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = content[at]
        number |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return number, at
