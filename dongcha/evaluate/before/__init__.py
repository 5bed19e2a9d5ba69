"""Frozen model -> the linear layer that makes it "before", one file a way, named by its file.

Each exports `Options` and `layer(model, task, features, language, seed, options)`: a Probe, of several tasks one each,
made of the training rows.
"""
