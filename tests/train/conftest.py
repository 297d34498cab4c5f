"""What every test of a training stands on."""

import pytest


@pytest.fixture(scope="module", autouse=True)
def _step_by_step(request):
    """Compute as a process that trains does, the same again bit for bit; but trace no graph.

    Tracing a step takes as long as doing ten of these. The processes of tests/runs trace theirs.
    """
    if not request.node.get_closest_marker("slow"):
        yield  # this file trains nothing
        return
    import tensorflow

    from sandseg.train.run import prepare_backend

    prepare_backend()
    tensorflow.config.run_functions_eagerly(True)
    yield
    tensorflow.config.run_functions_eagerly(False)
