"""The one picture viewer of all pages: linked panes over a slice, drawn in the browser."""

from pages.shared.viewer.viewer import Pane, ViewerState, viewer

__all__ = ["Pane", "ViewerState", "viewer"]
