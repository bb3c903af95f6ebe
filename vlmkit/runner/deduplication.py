"""Equal rows of one run are asked once: those that come while the first is on its way wait with it."""

from __future__ import annotations

from collections import OrderedDict

from vlmkit.records import Reply
from vlmkit.runner.rows import Row

__all__ = ["Deduplicator"]

_MOST_REMEMBERED = 16_384  # some ten megabytes; rows that are further apart are left to the store


class Deduplicator:
    """Who leads, who follows, and what was answered lately, by key.

    Attributes
    ----------
    following : int
        Rows that wait for another's answer.
    """

    def __init__(self) -> None:
        self.following = 0
        self._leaders: dict[str, Row] = {}
        self._replies: OrderedDict[str, Reply] = OrderedDict()

    def reply(self, row: Row) -> Reply | None:
        """Answer an equal row got."""
        key = row.key
        return self._replies.get(key) if key else None

    def knows(self, row: Row) -> bool:
        """Whether an equal row was answered, or is on its way."""
        key = row.key
        return key is not None and (key in self._replies or self._leaders.get(key, row) is not row)

    def follow(self, row: Row) -> bool:
        """Let a row wait for an equal one that is on its way, with all that wait for it; whether there is one."""
        key = row.key
        leader = self._leaders.get(key) if key else None
        if leader is None or leader is row:
            return False
        leader.followers += [row, *row.followers]
        row.followers = []
        self.following += 1
        return True

    def lead(self, row: Row) -> None:
        """Let equal rows wait for this one from now on."""
        if key := row.key:
            self._leaders[key] = row

    def stop_leading(self, row: Row) -> None:
        """Let no further rows wait for this one; those that do keep waiting."""
        key = row.key
        if key and self._leaders.get(key) is row:
            del self._leaders[key]

    def release(self, row: Row, reply: Reply | None = None) -> list[Row]:
        """Let all go that waited for a row.

        Parameters
        ----------
        row : Row
        reply : Reply or None, default None
            Its answer, for those to come.

        Returns
        -------
        list of Row
        """
        self.stop_leading(row)
        if reply is not None and (key := row.key):
            self._replies[key] = reply
            if len(self._replies) > _MOST_REMEMBERED:
                self._replies.popitem(last=False)
        followers, row.followers = row.followers, []
        self.following -= len(followers)
        return followers
