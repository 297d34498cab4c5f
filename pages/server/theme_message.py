"""The theme in each answer of the server, put together once and not for every answer.

Streamlit looks through all of its options six times an answer to say again what the theme is: a
seventh of all it does while a class moves its sliders.
"""

from functools import cache

from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session

_populate = app_session._populate_theme_msg  # noqa: SLF001 - there is no public way to it


def keep_theme() -> None:
    """Let Streamlit read the options of its theme once; they do not change while it serves."""
    app_session._populate_theme_msg = _fill_in  # noqa: SLF001


@cache
def _part(section: str) -> CustomThemeConfig:
    part = CustomThemeConfig()
    _populate(part, section)
    return part


def _fill_in(message: CustomThemeConfig, section: str = "theme") -> None:
    if _part(section).ByteSize():  # an empty part is not even mentioned
        message.MergeFrom(_part(section))
