"""Put a model into the form it trains in, and back: quicker products and dropout, the vocabulary in use.

In: an adapted model, its training rows, the loop's settings. Out: the names of the parameters that this form adds.
What is learned is the same but for the rounding that the settings ask for: tests hold the narrow table to the plain
optimiser, and the masks to their distribution.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from dongcha.data.features import Features
from dongcha.loop.settings import LoopSettings
from dongcha.models.adapted import Adapted
from dongcha.models.anatomy import body_of
from dongcha.models.dropout import quick_dropout
from dongcha.models.precision import bf16_products
from dongcha.models.vocabulary import can_be_narrowed, ids_in_use, vocabulary_in_use
from dongcha.registry import find


@contextmanager
def training_form(adapted: Adapted, features: Features, settings: LoopSettings) -> Iterator[tuple[str, ...]]:
    """Yield the names of what learns beside `adapted.trained` while the model is in this form."""
    model = adapted.model
    if not adapted.trained:
        yield ()
        return
    module: Any = model.module
    with ExitStack() as stack:
        if settings.precision == "bf16":
            stack.enter_context(bf16_products(body_of(module)))
        beside: tuple[str, ...] = ()
        if model.device.type == "cpu":
            stack.enter_context(quick_dropout(module))
            table = body_of(module).get_input_embeddings()
            linear = getattr(find("loop.optimizers", settings.optimizer), "LINEAR_WITHOUT_GRADIENT", False)
            if linear and can_be_narrowed(module, table):
                ids = ids_in_use([features.tokens["input_ids"]], table.num_embeddings, [model.tokenizer.pad_id])
                narrow = stack.enter_context(vocabulary_in_use(module, table, ids))
                beside = tuple(name for name, p in module.named_parameters() if p is narrow.rest_factor)
        yield beside
