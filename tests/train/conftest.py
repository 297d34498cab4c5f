"""What every test of a training stands on."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def _as_in_a_training():
    """Compute as a process that trains does: the same again, bit for bit.

    Keras then compiles no network with XLA, which takes longer than all that is learned here.
    """
    from sandseg.train.run import prepare_backend

    prepare_backend()
