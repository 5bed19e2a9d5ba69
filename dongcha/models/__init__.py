"""Hold a backbone, its heads and its tokenizer as one Model that predicts, saves and loads.

Knows no task: a head is named by the task that wants it. What is saved here, plain Transformers loads.
"""
