"""What tests of views share with those of the frame: pictures, and backends that see them."""

from tests.frame.conftest import backend, nothing_stored, photos

__all__ = ["backend", "nothing_stored", "photos"]
