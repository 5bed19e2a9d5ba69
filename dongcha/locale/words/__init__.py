"""Hold the messages, one file a room, each an English and a Chinese sentence."""
