"""Heads by name: each file builds a module of backbone plus head and knows its loss. Tasks name the head they want."""
