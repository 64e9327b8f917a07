"""Many rows through one statement, at the price of the driver alone.

SQLAlchemy works out the parameters of each row again, which costs the writer more than the database does. Here a statement is
compiled once for a dialect, and rows travel as tuples in the order of its parameters. For statements whose values need no
conversion: texts, numbers, truth and None, as all columns that the writer fills hold.

Rows go in hundreds, and between two hundreds the other tasks of this process have a turn. SQLite works in a thread. Between two
rows it asks for the interpreter's lock, and a busy event loop can make it wait for milliseconds. So there a hundred new rows are
one statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import Delete, Insert, Update

Row = dict[str, Any]
Values = tuple[Any, ...]
Statement = Insert | Update | Delete

SIZES = (256, 32, 4, 1)  # rows of one statement: few sizes, so that SQLite knows the statements again


class _Compiled(NamedTuple):
    text: str
    group: str  # the values of one row in an insert for SQLite; "" where rows go one by one
    pick: Callable[[Any], Values]
    fixed: Row  # parameters that the statement brings itself


_COMPILED: dict[tuple[str, str, tuple[str, ...]], _Compiled] = {}


async def write_many(
    sql: AsyncConnection,
    name: str,
    statement: Callable[[], Statement],
    rows: Iterable[Row] | Iterable[Values],
    columns: tuple[str, ...] = (),
) -> None:
    """Execute what `statement` makes for every row. `name` names the statement, for good.

    All rows have the same keys; or they are tuples, in the order of `columns`. They are asked for as they are needed.
    """
    waiting = iter(rows)
    while hundreds := list[Any](islice(waiting, SIZES[0])):
        compiled = _compiled(sql, name, statement, columns or tuple(hundreds[0]), by_name=not columns)
        if compiled.fixed:
            hundreds = [compiled.fixed | row for row in hundreds]
        values = list(map(compiled.pick, hundreds))
        if not compiled.group:
            await sql.exec_driver_sql(compiled.text, values)
            continue
        for start, count in _portions(len(values)):
            text = compiled.text.replace(compiled.group, ", ".join([compiled.group] * count), 1)
            await sql.exec_driver_sql(text, tuple(chain.from_iterable(values[start : start + count])))


def _portions(count: int) -> Iterator[tuple[int, int]]:
    """Yield where each statement begins, and how many rows it has."""
    start = 0
    for size in SIZES:
        while count - start >= size:
            yield start, size
            start += size


def _compiled(
    sql: AsyncConnection, name: str, statement: Callable[[], Statement], columns: tuple[str, ...], *, by_name: bool
) -> _Compiled:
    key = (sql.dialect.name, name, columns)
    if key not in _COMPILED:
        _COMPILED[key] = _compile(sql, statement(), columns, by_name=by_name)
    return _COMPILED[key]


def _compile(sql: AsyncConnection, statement: Statement, columns: tuple[str, ...], *, by_name: bool) -> _Compiled:
    into = isinstance(statement, Insert)
    compiled: Any = statement.compile(dialect=sql.dialect, column_keys=list(columns) if into else None)
    if compiled.insert_prefetch or compiled.update_prefetch:
        raise TypeError("a column's default would have to be worked out for each row: give it a value")
    names = list(compiled.positiontup)
    pick = itemgetter(*(names if by_name else map(columns.index, names)))
    fixed = {name: value for name, value in compiled.params.items() if name not in columns}
    group = f"({', '.join('?' * len(names))})" if into and sql.dialect.name == "sqlite" else ""
    return _Compiled(str(compiled), group, pick, fixed)
