"""Measurements that docs quote; each file is one run, its figures generated, never typed."""
