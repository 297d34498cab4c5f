import pytest

from pages.cache import store
from pages.session.visit import _end


@pytest.mark.timeout(20)
def test_a_visit_can_end_while_the_store_is_at_work(tmp_path):
    with store._store._lock:  # where the collector may find it
        _end(tmp_path / "visit")
