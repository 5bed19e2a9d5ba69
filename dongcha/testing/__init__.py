"""What tests of ours and of strangers stand on: tiny models made in memory, small data sets, fakes."""

from dongcha.testing.tiny import tiny_encoder, tiny_rows

__all__ = ["tiny_encoder", "tiny_rows"]
