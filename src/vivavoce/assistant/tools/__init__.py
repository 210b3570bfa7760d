"""The assistant's own tools: one file a group, gathered by `host.py` under one label."""
