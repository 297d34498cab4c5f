"""A network learns; Keras lives here and in three files of the model's folder."""

import sys

# Keras loads these for parts of itself that nobody uses here: a quarter of the time before a
# training begins. It goes on without what is missing, as a module that is None is.
_SPARED = {"matplotlib", "pandas", "sklearn"} - set(sys.modules)

sys.modules.update(dict.fromkeys(_SPARED))
try:
    import keras  # noqa: F401
finally:
    for _name in _SPARED:
        del sys.modules[_name]
