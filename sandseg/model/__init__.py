"""A network on disk and running: folder and card, U-Net, import, engine."""

import sys

# OpenVINO reports its import and every export to its makers and to Google, each time from thirty
# copies of the whole process. Where this package is missing, it has a stand-in that tells nobody.
sys.modules.setdefault("openvino_telemetry", None)
