"""Trainings on the other backends of Keras, where they are installed (pip install jax torch)."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandseg.config import TrainConfig, UNetConfig
from sandseg.model.store import load_model
from sandseg.runs.settings import DataSource, RunSettings, write_settings

ROOT = Path(__file__).resolve().parents[1]
N_DEVICES = 2
N_ODD = 5  # patches in a batch, which two devices cannot share


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_a_network_learns_on_another_backend_and_becomes_a_model(backend, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed.")
    config = TrainConfig(
        unet=UNetConfig((4, 6), 4, stem="full"),
        epochs=2,
        steps_per_epoch=3,
        batch_size=N_ODD,
        patch_size=32,
        mixed_precision=True,
    )
    folder = tmp_path / "run"
    folder.mkdir()
    write_settings(folder, RunSettings(DataSource("phantom", (8, 96, 96)), config, "Elsewhere"))
    several = {"XLA_FLAGS": f"--xla_force_host_platform_device_count={N_DEVICES}"}

    subprocess.run(
        [sys.executable, "-m", "sandseg", "train", "--run", str(folder)],
        cwd=ROOT,
        env={**os.environ, **several, "KERAS_BACKEND": backend},
        check=True,
        capture_output=True,
    )

    status = json.loads((folder / "status.json").read_text())
    assert status["state"] == "done"
    assert (backend == "jax") == status["device"].startswith(f"{N_DEVICES} × ")
    assert load_model("model", folder).unet == config.unet
