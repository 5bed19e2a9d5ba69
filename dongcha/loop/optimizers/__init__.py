"""Optimisers by name. Each file: `Options`, and `build(groups, options)`; a group has params, lr, weight_decay.

A file may say `LINEAR_WITHOUT_GRADIENT = True`: rows of an embedding table that no batch uses are then left out of its
work, and scaled at the end as it would have scaled them (`models/vocabulary.py`).
"""
