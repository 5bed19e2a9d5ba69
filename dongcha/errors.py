"""Say what went wrong, by what happened.

Every message is one or two sentences that name the place, what was found, what was wanted and the next action;
they are built with `locale.say`, so they come in the user's language. `exit_code` is what the command line returns.

DongchaError                    3  our bug, unless a subclass says otherwise
├── UserError                   2  the user's input
│   ├── RecipeError                the recipe: file:line:col, nearest key
│   ├── DataError                  a file of texts: file, row, field
│   ├── ModelError                 a model folder that cannot be used
│   └── MissingExtra               a library that an optional part needs is not installed
├── GateError                   1  a check or gate failed; the work stands on disk
│   └── Diverged                   a loss or gradient that is not finite
├── MachineError                4  disk or memory
├── Busy                        5  another run holds the folder
└── Stopped               130/143  by Ctrl-C or SIGTERM, after saving
"""

# What torch's allocators and oneDNN say in a RuntimeError, which has no class of its own on the CPU.
MEMORY_SIGNS = (
    *("can't allocate memory", "not enough memory", "out of memory", "cannot allocate memory", "bad_alloc"),
    "could not create a memory object",
)
OF_A_DEVICE = "OutOfMemoryError"  # torch's own class, told by its name: nothing here imports torch


class DongchaError(Exception):
    """Base of all errors that dongcha raises on purpose."""

    exit_code = 3


class UserError(DongchaError):
    """The input cannot be used as it is; nothing was changed on disk."""

    exit_code = 2


class RecipeError(UserError):
    """The recipe cannot be read or asks for what does not go together."""


class DataError(UserError):
    """A file of texts is missing, broken, or lacks what the task needs."""


class ModelError(UserError):
    """A model is missing, incomplete, or not safe to load."""


class MissingExtra(UserError):
    """An optional library is not installed; the message says what to install."""


class GateError(DongchaError):
    """A check failed: the result is there, but it is not to be trusted."""

    exit_code = 1


class Diverged(GateError):
    """The loss or a gradient stopped being a number; the last good weights were kept."""


class MachineError(DongchaError):
    """The machine ran out of disk or memory."""

    exit_code = 4


class Busy(DongchaError):
    """Another run holds the folder."""

    exit_code = 5


class Stopped(DongchaError):
    """The run was stopped from outside after it had saved a checkpoint."""

    def __init__(self, message: str, signal_number: int) -> None:
        super().__init__(message)
        self.exit_code = 128 + signal_number


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error means that memory did not suffice, whatever library ran into it."""
    if isinstance(error, MemoryError) or any(kind.__name__ == OF_A_DEVICE for kind in type(error).__mro__):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in MEMORY_SIGNS)
