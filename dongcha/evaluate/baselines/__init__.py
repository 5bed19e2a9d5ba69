"""Training and test rows -> predictions of an honest baseline, one file a baseline, named by its file.

Each exports `predict(train, test, labels, seed) -> list[Prediction]`, one a test row in order; gold fields of the test
rows are never read. In the labels' place stands what a task has instead: passages where it searches, the names of the
field that it reads and of the one that it writes where it writes (`Sides`). One with `LEARNS = False` reads nothing of
the training rows, and stands beside a model that was given no labels.
"""
