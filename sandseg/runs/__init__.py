"""Work as processes with a folder: segmentations and trainings, queued, watched, ended."""
