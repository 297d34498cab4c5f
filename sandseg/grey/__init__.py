"""Any scan onto a model's grey scale, and whether to trust the answer."""
