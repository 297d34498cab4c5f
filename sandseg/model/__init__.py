"""A network on disk and running: folder and card, U-Net, import, engine."""
