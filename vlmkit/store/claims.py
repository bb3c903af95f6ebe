"""Claims: which run is asking what, so that runs that ask the same at the same time pay once.

A run holds a lease, and its claims with it. A run that is alone keeps them in its memory, which costs nothing, and
writes them down once it sees the lease of another; that one asks nothing before, unless it takes too long.

As long as a run works it counts the lease's beat up. Others look at the beat: where it stands still for `LEASE_S` by
the clock of the one who looks, or where the run's process is known to have ended, the lease and all its claims are
taken away. No time of day is compared, as clocks are set, and those of two computers differ. A claim is only ever a
saving: one that is lost costs an answer asked twice.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vlmkit.store.connections import Connections
from vlmkit.store.leases import Lease, begin_lease, find_leases, release_claims
from vlmkit.store.packing import pack_hex

__all__ = ["BEAT_S", "LEASE_S", "Claims", "Granted"]

LEASE_S = 30.0
"""How long a beat may stand still."""
BEAT_S = 5.0
"""How often a run that works counts up."""

_MOST_AT_ONCE = 256
_OTHERS = "SELECT key, run FROM claims JOIN leases USING (run) WHERE run != ?"


@dataclass(frozen=True, kw_only=True, slots=True)
class Granted:
    """What became of keys that a run wanted to claim; those that are nowhere here are others'.

    Attributes
    ----------
    mine : set of str
        The run's own, now or already.
    answered : set of str
        Not claimed, as the store has an answer by now.
    """

    mine: set[str]
    answered: set[str]


class Claims:
    """Claims of one run.

    Parameters
    ----------
    connections : Connections
    run : int
        Its number.
    """

    def __init__(self, connections: Connections, run: int) -> None:
        self._connections = connections
        self._run = run

    def begin(self) -> bool:
        """Get the run its lease; whether that was possible, as the file may be busy.

        Raises
        ------
        StoreFault
            The file cannot be written.
        """
        with self._connections.briefly() as connection:
            if connection is not None:
                begin_lease(connection, self._run)
            return connection is not None

    def take(self, keys: Sequence[str], *, despite_answers: bool = False) -> Granted | None:
        """Claim what nobody else has claimed.

        Parameters
        ----------
        keys : sequence of str
            From `key_of`.
        despite_answers : bool, default False
            Whether also what the store has an answer to.

        Returns
        -------
        Granted or None
            None where the file is busy; try again a little later.

        Raises
        ------
        StoreFault
            The file cannot be written.
        """
        packed = {pack_hex(key): key for key in keys}
        with self._connections.briefly() as connection:
            if connection is None:
                return None
            others = {key for key, _ in connection.execute(_OTHERS, (self._run,))}
            answered = set() if despite_answers else _answered(connection, packed.keys() - others)
            mine = packed.keys() - others - answered
            # One whose lease is gone is nobody's.
            connection.executemany("INSERT OR REPLACE INTO claims VALUES (?, ?)", [(key, self._run) for key in mine])
        return Granted(mine={packed[key] for key in mine}, answered={packed[key] for key in answered})

    def release(self, keys: Iterable[str]) -> bool:
        """Give claims back; whether that was possible, as the file may be busy.

        Parameters
        ----------
        keys : iterable of str

        Raises
        ------
        StoreFault
            The file cannot be written.
        """
        with self._connections.briefly() as connection:
            if connection is not None:
                release_claims(connection, self._run, keys)
            return connection is not None

    def beat(self, keys: Iterable[str]) -> bool:
        """Show that the run goes on, with claims that others can see; those taken away are claimed again, where free.

        Parameters
        ----------
        keys : iterable of str
            Which it holds.

        Returns
        -------
        bool
            Whether that was possible, as the file may be busy.

        Raises
        ------
        StoreFault
            The file cannot be written.
        """
        with self._connections.briefly() as connection:
            if connection is None:
                return False
            count_up = "UPDATE leases SET beat = beat + 1, is_open = 1 WHERE run = ?"
            if not connection.execute(count_up, (self._run,)).rowcount:
                begin_lease(connection, self._run)
                connection.execute(count_up, (self._run,))
            own = [(pack_hex(key), self._run) for key in keys]
            connection.executemany("INSERT OR IGNORE INTO claims VALUES (?, ?)", own)
            return True

    def leases(self) -> tuple[Lease | None, list[Lease]]:
        """The run's own lease, unless it was taken away, and those of others.

        Raises
        ------
        StoreFault
            The file cannot be read.
        """
        found = self._connections.read(find_leases)
        own = next((lease for lease in found if lease.run == self._run), None)
        return own, [lease for lease in found if lease is not own]

    def others(self) -> dict[str, int]:
        """What other runs have claimed: their numbers, by key.

        Raises
        ------
        StoreFault
            The file cannot be read.
        """
        found = self._connections.read(lambda connection: connection.execute(_OTHERS, (self._run,)).fetchall())
        return {key.hex(): run for key, run in found}

    def take_away(self, lease: Lease) -> None:
        """Take a run's lease and claims away, unless it has shown that it goes on.

        Parameters
        ----------
        lease : Lease
            As it was found.

        Raises
        ------
        StoreFault
            The file cannot be written.
        """
        with self._connections.briefly() as connection:
            if connection is None:
                return
            values = (lease.run, lease.beat)
            if connection.execute("DELETE FROM leases WHERE run = ? AND beat = ?", values).rowcount:
                connection.execute("DELETE FROM claims WHERE run = ?", (lease.run,))


def _answered(connection: sqlite3.Connection, keys: Iterable[bytes]) -> set[bytes]:
    found: set[bytes] = set()
    wanted = list(keys)
    for begin in range(0, len(wanted), _MOST_AT_ONCE):
        some = wanted[begin : begin + _MOST_AT_ONCE]
        places = 1 << (len(some) - 1).bit_length()  # few different statements, which SQLite need not read anew
        some += some[:1] * (places - len(some))
        query = f"SELECT key FROM asks WHERE reply IS NOT NULL AND key IN ({', '.join('?' * places)})"  # noqa: S608
        found.update(key for (key,) in connection.execute(query, some))
    return found
