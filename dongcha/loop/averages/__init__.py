"""Averages of the weights by name. Each file: `Options`, and `share(done, total, options)`.

`share` is what the weights after step `done` (1-based) of `total` have in the average from then on: 1 is these weights
alone, 1/n the plain mean of n steps.
"""
