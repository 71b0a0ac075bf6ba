"""The synapses of a projection on a device: rows with room to grow, made, read and moved by the host.

A row that is full moves to the end of the pool on the device (pl_rows_widen). Where that end is full, too, the host
makes a larger pool, in which all rows lie one behind the other again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from plastlang.backends.cfamily.layout import ProjectionLayout
from plastlang.backends.cuda.binding import Rows
from plastlang.backends.cuda.memory import Memory, Placed
from plastlang.backends.cuda.plan import keeps_places
from plastlang.diagnostics import MachineError
from plastlang.ir.nodes import PruneRanked
from plastlang.ir.types import Site
from plastlang.ir.walk import statements

Array = NDArray[Any]
Places = Array | slice
INT, LONG = np.dtype(np.int32), np.dtype(np.int64)

#: Places that a row of a projection with structural statements has at least to spare (PL_SPARE).
SPARE = 8


def roomy(lengths: Array, growing: bool, more: int = 0) -> tuple[Array, Array]:
    """(start, capacity) of rows: with places to spare where they grow, at least `more`."""
    slack = np.maximum(max(SPARE, more), lengths // 4) if growing else 0
    capacity = (lengths + slack).astype(np.int32)
    start = np.zeros(len(lengths), np.int64)
    np.cumsum(capacity[:-1], out=start[1:])
    return start, capacity


def reserve(places: int) -> int:
    """Places at the end of a pool for rows that are full."""
    return places // 8 + 8 * SPARE


def places_of(start: Array, lengths: Array) -> Places:
    """The places of all entries, row after row: a slice where nothing lies between the rows."""
    before = np.cumsum(lengths, dtype=np.int64) - lengths
    if np.array_equal(start, before):
        return slice(0, int(lengths.sum()))
    return np.repeat(start - before, lengths) + np.arange(int(lengths.sum()), dtype=np.int64)


class Synapses:
    """Rows of a projection and their index by post. Structs have to be `looked` at before, or `changed`.

    The rows of a batch are those of its first network; those of the others are views, which read and write their own
    columns but make and move nothing.
    """

    def __init__(self, memory: Memory, place: ProjectionLayout, leader: Synapses | None = None):
        self._memory, self._place, self._leader = memory, place, leader
        self._name = place.owner.name
        self._struct = memory.projections[place.number]
        self._pools: dict[str, list[int]] = {"rows": [], "incoming": []}  # addresses: entries, then columns
        self._order: tuple[Array, Places] | None = None  # of the rows as they are now
        ranks = (s for b in place.owner.blocks for s in statements(b.body) if isinstance(s, PruneRanked))
        #: Whether rows lie in their order: among synapses of equal rank the first one goes, by its place in the pool.
        self._ordered = any(s.per is Site.GLOBAL for s in ranks)
        self._views: list[Synapses] = []  # of the other networks of a batch
        if leader is not None:
            leader._views.append(self)
            self._pools = leader._pools

    def forget(self) -> None:
        """Rows may have changed."""
        self._order = None

    # ------------------------------------------------------------ making

    def build(self, lengths: Array) -> None:
        """Rows of these lengths whose entries are to be written; all columns are zero.

        Raises:
            MachineError: there is no memory. There are then no synapses.
        """
        self._memory.change()
        rows = self._struct.rows
        self.forget()
        self._free("rows")
        try:
            self._new_pool("rows", rows, *roomy(lengths, self._place.structural))
        except MachineError:
            self.build(np.zeros_like(lengths))
            self.room_for_index(np.zeros(0, np.int32))
            self._put(rows.in_degree, np.zeros(rows.posts, np.int32))
            raise
        self._put(rows.length, lengths.astype(np.int32))
        rows.total, rows.extra = int(lengths.sum()), 0

    def write_posts(self, posts: Array) -> None:
        """The entries of all rows, sorted."""
        rows = self._struct.rows
        pool = np.zeros(rows.room, np.int32)
        pool[self._places()] = posts
        self._put(rows.post, pool)

    def room_for_index(self, posts: Array) -> None:
        """Empty rows by post, with room for an entry for each of `posts`."""
        incoming = self._struct.incoming
        if not self._struct.has_incoming:
            return
        self._memory.change()
        start, capacity = roomy(np.bincount(posts, minlength=incoming.count), self._place.structural)
        self._free("incoming")
        self._new_pool("incoming", incoming, start, capacity)
        self._put(incoming.length, np.zeros(incoming.count, np.int32))

    # ------------------------------------------------------------ reading and writing

    def lengths(self) -> Array:
        """Out-degrees."""
        return self._get(self._struct.rows.length, self._struct.rows.count, INT)

    def in_degrees(self) -> Array:
        """In-degrees."""
        return self._get(self._struct.rows.in_degree, self._struct.rows.posts, INT)

    def pairs(self) -> tuple[Array, Array]:
        """(pre, post) in the order (pre, post, age)."""
        rows = self._struct.rows
        return np.repeat(np.arange(rows.count, dtype=np.int32), self._rows()[0]), self.posts()

    def posts(self) -> Array:
        """The posts of all synapses in this order."""
        rows = self._struct.rows
        posts: Array = self._get(rows.post, rows.room, INT)[self._places()]
        return posts

    def column(self, number: int, dtype: np.dtype[Any]) -> Array:
        """The values of a column, dense."""
        values: Array = self._get(self._address(number), self._struct.rows.room, dtype)[self._places()]
        return values

    def put_column(self, number: int, values: Array) -> None:
        """Write a column from dense values."""
        address = self._address(number)
        pool = self._get(address, self._struct.rows.room, values.dtype)
        pool[self._places()] = values
        self._put(address, pool)

    def spread(self, values: Array) -> Array:
        """Dense values by their places in the pool."""
        pool = np.zeros(self._struct.rows.room, values.dtype)
        pool[self._places()] = values
        return pool

    def gathered(self, pool: Array) -> Array:
        """Values by their places in the pool, dense."""
        dense: Array = pool[self._places()]
        return dense

    def _places(self) -> Places:
        return self._rows()[1]

    def _rows(self) -> tuple[Array, Places]:
        if self._order is None:
            rows, lengths = self._struct.rows, self.lengths()
            self._order = lengths, places_of(self._get(rows.start, rows.count, LONG), lengths)
        return self._order

    # ------------------------------------------------------------ making room

    def grow_rows(self, more: int) -> None:
        """A new pool in which every row has room for `more` entries."""
        self._move("rows", self._struct.rows, self.lengths(), more)

    def grow_incoming(self, more: int) -> None:
        """The same for the index."""
        incoming = self._struct.incoming
        self._move("incoming", incoming, self._get(incoming.length, incoming.count, INT), more)

    def grow_work(self, need: int) -> None:
        """Memory of structural statements, at least `need` bytes, with what it held."""
        memory, struct = self._memory, self._struct
        memory.change()
        old = Placed(struct.work, int(struct.work_room), np.dtype(np.uint8))
        room = -(-max(need, 3 * old.count // 2) // 64) * 64
        struct.work = memory.place(room, np.uint8, f"the work of {self._name}").address
        struct.work_room = room
        memory.copy(Placed(struct.work, old.count, old.dtype), old)
        memory.free(old.address)

    def _move(self, kind: str, rows: Rows, lengths: Array, more: int) -> None:
        """Each entry with its values to a new place, by way of the host: two pools are never there at once.

        Where there is no memory for the new pool all is as before.
        """
        self._memory.change()
        kept, held = self._get(rows.start, rows.count, LONG), self._get(rows.capacity, rows.count, INT)
        cells = [np.dtype((np.void, width)) for width in self._widths(kind)]
        pools = [self._get(a, rows.room, c) for a, c in zip(self._pools[kind], cells, strict=True)]
        start, capacity = roomy(lengths, True, more)
        old, new, before = places_of(kept, lengths), places_of(start, lengths), (int(rows.room), int(rows.used))
        self._free(kind)
        try:
            self._new_pool(kind, rows, start, capacity)
        except MachineError:
            self._new_pool(kind, rows, kept, held, before)
            for address, pool in zip(self._pools[kind], pools, strict=True):
                self._put(address, pool)
            raise
        for number, address in enumerate(self._pools[kind]):
            moved = np.zeros(rows.room, cells[number])
            moved[new] = pools[number][old]
            self._put(address, moved)
        self.forget()

    # ------------------------------------------------------------ memory

    def _widths(self, kind: str) -> list[int]:
        if kind == "incoming":
            return [4, *([8] if keeps_places(self._place) else [])]
        return [4, *(self._memory.dialect.size(c.type) for c in self._memory.columns(self._place))]

    def _new_pool(
        self, kind: str, rows: Rows, start: Array, capacity: Array, size: tuple[int, int] | None = None
    ) -> None:  # fmt: skip
        """Zeros in all columns; nothing is left where there is no memory for all of them.

        `size`: places in all, and those that are of rows; without it as many as rows need, and a reserve.
        """
        room, used = size or self._size(kind, int(capacity.sum()))
        try:
            for width in self._widths(kind):
                what = f"room for {room} synapses of {self._name}"
                self._pools[kind].append(self._memory.place(room * width, np.uint8, what).address)
        except MachineError:
            self._free(kind)
            raise
        rows.room, rows.used = room, used
        self._describe(rows, self._pools[kind], start, capacity)

    def _size(self, kind: str, places: int) -> tuple[int, int]:
        moves = self._place.structural and not (kind == "rows" and self._ordered)
        return places + (reserve(places) if moves else 0), places

    def _describe(self, rows: Rows, addresses: list[int], start: Array, capacity: Array) -> None:
        rows.post = addresses[0]
        if addresses[1:]:
            self._put(rows.column, np.array(addresses[1:], np.uint64))
        self._put(rows.start, start)
        self._put(rows.capacity, capacity)
        for view in self._views:
            view._follow()

    def _follow(self) -> None:
        """Look at the new pools of the first network."""
        assert self._leader is not None
        self._memory.change()
        for mine, first in (
            (self._struct.rows, self._leader._struct.rows), (self._struct.incoming, self._leader._struct.incoming),
        ):  # fmt: skip
            mine.room, mine.post = first.room, first.post
        if self._place.columns and self._pools["rows"]:
            addresses = [self._address(k) for k in range(len(self._place.columns))]
            self._put(self._struct.rows.column, np.array(addresses, np.uint64))

    def _address(self, number: int) -> int:
        """Where a column of this network lies."""
        columns, network = self._place.columns, self._memory.number
        if network and columns[number].own:
            own = sum(c.own for c in columns)
            number = len(columns) + (network - 1) * own + sum(c.own for c in columns[:number])
        return self._pools["rows"][1 + number]

    def _free(self, kind: str) -> None:
        for address in self._pools[kind]:
            self._memory.free(address)
        self._pools[kind] = []

    def _get(self, address: int, count: int, dtype: np.dtype[Any]) -> Array:
        return self._memory.read(Placed(address, count, dtype))

    def _put(self, address: int, values: Array) -> None:
        self._memory.write(Placed(address, len(values), values.dtype), values)
