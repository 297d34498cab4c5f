"""A process that reads what strangers made gives up every right that reading does not take."""
