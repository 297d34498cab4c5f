"""What the pages share: state, caches, navigation, pieces of a page."""
