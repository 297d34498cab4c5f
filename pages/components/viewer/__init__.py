"""The one picture viewer of all pages: linked panes over a slice, drawn in the browser."""

from pages.components.viewer.shown import Allowed, Display, Paint, Pane, Shown, ViewerState
from pages.components.viewer.viewer import viewer

__all__ = ["Allowed", "Display", "Paint", "Pane", "Shown", "ViewerState", "viewer"]
