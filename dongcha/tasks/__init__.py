"""Tasks, one file each: which fields a row has, its labels, how rows become features and outputs predictions.

A task knows numpy and the words of `types`; it names its head, metrics and baselines and never touches a framework.
"""
