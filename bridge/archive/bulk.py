"""Many rows through one statement, at the price of the driver alone.

SQLAlchemy works out the parameters of each row anew, which costs the writer more than the database does. Here a statement is
compiled once for a dialect, and rows travel as tuples in the order of its parameters. For statements whose values need no
conversion: texts, numbers, truth and None, as all columns that the writer fills hold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import Delete, Insert, Update

Row = dict[str, Any]
Statement = Insert | Update | Delete


class _Compiled(NamedTuple):
    text: str
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
    await sql.exec_driver_sql(compiled.text, values)


def _compile(sql: AsyncConnection, statement: Statement, row: Row) -> _Compiled:
    columns = list(row) if isinstance(statement, Insert) else None
    compiled: Any = statement.compile(dialect=sql.dialect, column_keys=columns)
    if compiled.insert_prefetch or compiled.update_prefetch:
        raise TypeError("a column's default would have to be worked out for each row: give it a value")
    names = list(compiled.positiontup)
    fixed = {name: value for name, value in compiled.params.items() if name not in row}
    return _Compiled(str(compiled), itemgetter(*names), fixed, len(names) == 1)
