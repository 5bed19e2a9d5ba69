"""Optimisers by name. Each file: `Options`, and `build(groups, options)`; a group has params, lr, weight_decay."""
