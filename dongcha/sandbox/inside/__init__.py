"""The far side of a sandbox: the process that shuts itself in, and the untrusted program there.

An order on standard input -> reports, one JSON line each, on standard error; what the program prints on standard
output. `jail.py` is read first: it makes the namespaces and watches as their first process; `tree.py` chooses the files
that can be seen, `untrusted.py` gives up all powers and runs the program, `forbidden.py` names the system calls that
are refused, `kernel.py` calls what Python lacks. This package is imported by itself, without dongcha and with the
standard library alone, so that a sandbox starts quickly: hence its imports are relative.
"""
