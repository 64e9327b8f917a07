"""Many rows through one statement, at the price of the driver alone.

SQLAlchemy works out the parameters of each row anew, which costs the writer more than the database does. Here a statement is
compiled once for a dialect, and rows travel as tuples in the order of its parameters. For statements whose values need no
conversion: texts, numbers, truth and None, as all columns that the writer fills hold.

SQLite works in a thread. Between two rows it asks for the interpreter's lock, for which a busy event loop lets it wait up to
milliseconds; so new rows go in hundreds to a statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import Delete, Insert, Update

Row = dict[str, Any]
Statement = Insert | Update | Delete


SIZES = (256, 32, 4, 1)  # rows of one statement, in SQLite


class _Compiled(NamedTuple):
    text: str
    group: str  # the values of one row in an insert for SQLite; "" where rows go one by one
    pick: Callable[[Row], Any]
    fixed: Row  # parameters that the statement brings itself
    single: bool  # `pick` returns a bare value


_COMPILED: dict[tuple[str, str, tuple[str, ...]], _Compiled] = {}


async def write_many(sql: AsyncConnection, name: str, statement: Callable[[], Statement], rows: Sequence[Row]) -> None:
    """Execute what `statement` makes for every row. `name` stands for it, for good; all rows have the same keys."""
    key = (sql.dialect.name, name, tuple(rows[0]))
    compiled = _COMPILED.get(key)
    if compiled is None:
        compiled = _COMPILED[key] = _compile(sql, statement(), rows[0])
    pick = compiled.pick
    if compiled.fixed:
        rows = [compiled.fixed | row for row in rows]
    values = [(pick(row),) for row in rows] if compiled.single else [pick(row) for row in rows]
    if not compiled.group:
        await sql.exec_driver_sql(compiled.text, values)
        return
    for start, count in _portions(len(values)):
        text = compiled.text.replace(compiled.group, ", ".join([compiled.group] * count), 1)
        await sql.exec_driver_sql(text, tuple(chain.from_iterable(values[start : start + count])))


def _portions(count: int) -> Iterator[tuple[int, int]]:
    """Yield where each statement begins, and how many rows it has: of few sizes, so that SQLite knows the statements again."""
    start = 0
    for size in SIZES:
        while count - start >= size:
            yield start, size
            start += size


def _compile(sql: AsyncConnection, statement: Statement, row: Row) -> _Compiled:
    columns = list(row) if isinstance(statement, Insert) else None
    compiled: Any = statement.compile(dialect=sql.dialect, column_keys=columns)
    if compiled.insert_prefetch or compiled.update_prefetch:
        raise TypeError("a column's default would have to be worked out for each row: give it a value")
    names = list(compiled.positiontup)
    fixed = {name: value for name, value in compiled.params.items() if name not in row}
    group = f"({', '.join('?' * len(names))})" if columns and sql.dialect.name == "sqlite" else ""
    return _Compiled(str(compiled), group, itemgetter(*names), fixed, len(names) == 1)
