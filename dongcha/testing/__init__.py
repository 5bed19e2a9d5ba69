"""What tests of ours and of strangers stand on: tiny models made in memory, small data sets, fakes, conformance.

`conformance.conform` holds a task to what every task promises; it is imported by its own name, for it needs the flow.
"""

from dongcha.testing.tiny import tiny_encoder, tiny_rows, tiny_writer

__all__ = ["tiny_encoder", "tiny_rows", "tiny_writer"]
