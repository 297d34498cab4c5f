"""The one picture viewer of all pages: linked panes over a slice, drawn in the browser."""

from pages.components.viewer.viewer import Display, Pane, Shown, ViewerState, viewer

__all__ = ["Display", "Pane", "Shown", "ViewerState", "viewer"]
