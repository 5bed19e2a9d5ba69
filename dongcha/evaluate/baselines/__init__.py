"""Training and test rows -> predictions of an honest baseline, one file a baseline, named by its file.

Each exports `predict(train, test, labels, seed) -> list[Prediction]`, one a test row in order; gold fields of the test
rows are never read. Where a task searches passages it is given these in the labels' place. One with `LEARNS = False`
reads nothing of the training rows, and stands beside a model that was given no labels.
"""
