import threading

import pytest

from tests.kept import home_of, kept


def test_a_thing_is_made_once_however_many_ask_for_it(tmp_path):
    made, places = [], []

    def make(folder):
        made.append(folder)
        (folder / "thing").touch()

    def ask():
        places.append(kept(tmp_path, "rock", b"recipe", make))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(made) == 1
    assert len(set(places)) == 1
    assert (places[0] / "thing").exists()


def test_another_recipe_makes_another_thing(tmp_path):
    first, second = (kept(tmp_path, "rock", recipe, lambda _: None) for recipe in (b"1", b"2"))

    assert first != second


def test_what_was_made_by_half_is_made_again(tmp_path):
    def fail(folder):
        (folder / "half").touch()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        kept(tmp_path, "rock", b"recipe", fail)
    place = kept(tmp_path, "rock", b"recipe", lambda _: None)

    assert list(place.iterdir()) == []
    assert {path.name for path in tmp_path.iterdir()} == {place.name, "rock.lock"}


def test_where_pytest_keeps_nothing_a_run_keeps_its_own(tmp_path):
    class WithoutCache:
        pass

    assert home_of(WithoutCache(), tmp_path) == tmp_path / "kept"
