"""Drills that mostly wait for back-offs run beside the others, so that the whole takes minutes and not a coffee.

Where several workers share the tests, all drills belong to one of them (see the other conftest).
"""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

AT_ONCE = 3
running = pytest.StashKey[dict[str, Future[None]]]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "beside: begins with the first drill, in a thread, and is awaited at the end")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("beside") is not None)


@pytest.fixture(autouse=True)
def begun(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Before the first drill of a session all those that were selected and run beside are begun."""
    session = request.session
    if running not in session.stash:
        session.stash[running] = _begin(session.items, tmp_path_factory)


def _begin(items: Sequence[pytest.Item], folders: pytest.TempPathFactory) -> dict[str, Future[None]]:
    pool = ThreadPoolExecutor(AT_ONCE, "drill")
    chosen = [item for item in items if isinstance(item, pytest.Function) and item.get_closest_marker("beside")]
    futures = {
        item.nodeid: pool.submit(item.obj, tmp_path=folders.mktemp("beside"), **_parameters(item)) for item in chosen
    }
    pool.shutdown(wait=False)
    return futures


def _parameters(item: pytest.Function) -> dict[str, object]:
    return dict(item.callspec.params) if hasattr(item, "callspec") else {}


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    future = pyfuncitem.session.stash.get(running, {}).get(pyfuncitem.nodeid)
    if future is None:
        return None
    future.result()
    return True
