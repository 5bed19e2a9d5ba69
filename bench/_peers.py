"""Train one model on the same rows as others do: HF Trainer in two settings, and the plain loop of tutorials.

In: the rows, a model's folder. Out: (tokens of real text, seconds) of a stretch of steps. Each starts from the same
pretrained weights, in fp32, with AdamW at 5e-5, clipping at 1, a linear schedule and the model's own dropout.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset
from transformers import (
    AutoModelForTokenClassification,
    DataCollatorForTokenClassification,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    get_linear_schedule_with_warmup,
)

from bench._rows import IGNORED, WARM, Rows, Steps, text_tokens

POOL = 50  # batches that HF's grouping sorts together, longest first: a stretch is whole pools
DEFAULT_BATCH = 8
TUTORIAL_LENGTH, TUTORIAL_BATCH = 128, 16
RATE = 5e-5
SAMPLING = {False: "random", True: "group_by_length"}

Stretch = Callable[[int, int], tuple[int, float]]  # (steps, seed) -> (tokens of real text, seconds)


class AsRows(Dataset[dict[str, list[int]]]):
    """Rows as HF's examples do it: a dict a row, tokenised before."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows.ids)

    def __getitem__(self, i: int) -> dict[str, list[int]]:
        ids = self.rows.ids[i]
        return {"input_ids": ids, "attention_mask": [1] * len(ids), "labels": self.rows.labels[i]}


class Timed(TrainerCallback):
    """Note the end of each step of HF's Trainer, with the tokens that the module saw in it."""

    def __init__(self, steps: Steps, seen: list[int]) -> None:
        self.steps, self.seen = steps, seen

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.steps.end(sum(self.seen))
        self.seen.clear()


def counting(module: torch.nn.Module, seen: list[int], frame: int) -> torch.nn.Module:
    """Let a module note the tokens of real text of each batch it is given."""

    def note(_: Any, args: Any, kwargs: Any) -> None:
        mask = kwargs["attention_mask"]
        seen.append(text_tokens(int(mask.sum()), len(mask), frame))

    module.register_forward_pre_hook(note, with_kwargs=True)
    return module


def fresh(folder: Path, rows: Rows, seed: int = 0) -> Any:
    """Load the pretrained model with a new head, as HF's examples do."""
    torch.manual_seed(seed)
    return AutoModelForTokenClassification.from_pretrained(folder, num_labels=rows.num_labels, local_files_only=True)


def train_hf(
    module: torch.nn.Module, tokenizer: Any, rows: Rows, chosen: Mapping[str, Any], callbacks: list[Any]
) -> None:
    """Run HF's Trainer with its defaults but for what is chosen; nothing is logged, saved, reported or printed."""
    silence: dict[str, Any] = {
        "report_to": "none",
        "logging_strategy": "no",
        "save_strategy": "no",
        "disable_tqdm": True,
    }
    with TemporaryDirectory() as out:
        trainer = Trainer(
            model=module,
            args=TrainingArguments(output_dir=out, use_cpu=True, **silence, **chosen),
            train_dataset=AsRows(rows),
            data_collator=DataCollatorForTokenClassification(tokenizer),
            callbacks=callbacks,
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()


def hf_trainer(folder: Path, tokenizer: Any, rows: Rows, batch: int, *, grouped: bool, bf16: bool = False) -> Stretch:
    """Return a stretch of HF Trainer: its defaults but for the batch size, how rows are sampled, its own bf16."""

    def stretch(num_steps: int, seed: int) -> tuple[int, float]:
        steps = Steps()
        seen: list[int] = []
        chosen = {
            "max_steps": num_steps + WARM,
            "per_device_train_batch_size": batch,
            "train_sampling_strategy": SAMPLING[grouped],
            "seed": seed,
            "bf16": bf16,
        }
        module = counting(fresh(folder, rows), seen, rows.frame)
        train_hf(module, tokenizer, rows, chosen, [Timed(steps, seen)])
        return steps.stretch()

    return stretch


class Lazily(Dataset[dict[str, torch.Tensor]]):
    """Rows as tutorials do it: tokenised when asked for, padded to a fixed length."""

    def __init__(self, rows: Rows, tokenizer: Any) -> None:
        self.rows, self.tokenizer = rows, tokenizer
        self.length = min(TUTORIAL_LENGTH, tokenizer.model_max_length)

    def __len__(self) -> int:
        return len(self.rows.words)

    def __getitem__(self, i: int) -> dict[str, torch.Tensor]:
        found = self.tokenizer(
            self.rows.words[i],
            is_split_into_words=True,
            padding="max_length",
            truncation=True,
            max_length=self.length,
            return_tensors="pt",
        )
        before, labels = None, []
        for owner in found.word_ids():
            first = owner is not None and owner != before
            labels.append(self.rows.word_labels[i][owner] if first else IGNORED)
            before = owner
        return {"labels": torch.tensor(labels)} | {name: found[name][0] for name in ("input_ids", "attention_mask")}


def tutorial(folder: Path, tokenizer: Any, rows: Rows) -> Stretch:
    """Return a stretch of the loop that tutorials show."""

    def stretch(num_steps: int, seed: int) -> tuple[int, float]:
        steps, module = Steps(), fresh(folder, rows)
        torch.manual_seed(seed)
        loader = DataLoader(Lazily(rows, tokenizer), batch_size=TUTORIAL_BATCH, shuffle=True)
        optimizer = torch.optim.AdamW(module.parameters(), lr=RATE)
        schedule = get_linear_schedule_with_warmup(optimizer, 0, num_steps + WARM)  # type: ignore[no-untyped-call]
        module.train()
        for batch, _ in zip(loader, range(num_steps + WARM), strict=False):
            module(**batch).loss.backward()
            torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            mask = batch["attention_mask"]
            steps.end(text_tokens(int(mask.sum()), len(mask), rows.frame))
        return steps.stretch()

    return stretch
