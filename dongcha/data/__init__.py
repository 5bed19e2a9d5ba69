"""Files in, Dataset out: read, check, split, cache, batch plan. Knows no model and no task, only fields."""
