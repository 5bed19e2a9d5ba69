"""Show a run as it goes, on stderr: what was read, what it will cost, a bar while it trains. A Watch."""

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from dongcha.cli._door import err
from dongcha.locale import say
from dongcha.locale.terms import term
from dongcha.report.figures import megabytes, seconds
from dongcha.report.pretrain import grown_line, pretrain_lines

WIDTH = 13  # of the left column
TOLD = ("failed", "warned")
LINES_EVERY = 10.0  # seconds between progress lines where there is no terminal


class Live:
    """Tell the moments of a run; `line(name, text)` is how one line is set."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or err()
        self.bar: Progress | None = None
        self.task: Any = None
        self.metric, self.sign, self.validated = "", 1, ""
        self.gap: list[str] = []
        self.tokens, self.started, self.last = 0, 0.0, 0.0

    def __call__(self, moment: str, **facts: Any) -> None:
        """Tell one moment; those without a teller pass in silence."""
        teller: Callable[..., None] | None = getattr(self, f"on_{moment}", None)
        if teller is not None:
            teller(**facts)

    def line(self, key: str, text: str, style: str = "") -> None:
        """Print one line: its name in the left column, then the text."""
        if self.console.is_terminal:
            grid = Table.grid(padding=(0, 1))
            grid.add_column(width=WIDTH - 1, no_wrap=True)
            grid.add_column(overflow="fold")
            grid.add_row(Text(say(key)), Text(text))
            self.console.print(grid, style=style)
        else:
            self.console.print(f"{padded(say(key))}{text}", markup=False)

    def on_opens(self, name: str, task: str, differs: tuple[str, ...], version: str) -> None:
        """Begin: what will be run, and where the recipe differs from the defaults."""
        self.console.print(f"dongcha {version}  {name}  {task}", style="bold", markup=False)
        if differs:
            self.line("cli.differs", ", ".join(differs))

    def on_model(self, name: str, parameters: int, device: str, threads: int) -> None:
        """Tell the model."""
        text = say("cli.model_line", name=name, millions=parameters / 1e6, device=device, threads=threads)
        self.line("cli.model", text)

    def on_data(self, **splits: Any) -> None:
        """Tell the rows by split, the repeats dropped, and what is cut."""
        rows = ", ".join(f"{name} {facts['rows']:,}" for name, facts in splits.items())
        longest = max(facts["longest_tokens"] for facts in splits.values())
        cut = sum(facts["cut_rows"] for facts in splits.values())
        total = sum(facts["rows"] for facts in splits.values())
        dropped = splits["train"]["dropped"]
        key = "cli.data_dropped" if dropped else "cli.data_line"
        text = say(key, total=total, dropped=dropped, rows=rows, longest=longest)
        self.line("cli.data", text + (say("cli.data_cut", cut=cut) if cut else say("cli.data_uncut")))

    def on_data_check(self, name: str, status: str, message: str, figures: Mapping[str, Any]) -> None:
        """Tell a data check that people should read; the distribution gap in short, whatever it says."""
        if name == "gap":
            self.gap = [gap_text(left, right, figure) for (left, right), figure in pairs_of(figures)]
        elif name == "gap_model" and status != "skipped":
            self.gap.append(say("cli.gap_model", unknown=figures["text"]["unknown"]))
        if name == "gap_model" and self.gap:
            self.line("cli.gap", say("cli.semicolon").join(self.gap))
        if status in TOLD:
            self.line(f"cli.{status}", message, "yellow" if status == "warned" else "bold red")

    def on_forecast(self, seconds: float, megabytes: float, remarks: list[str]) -> None:
        """Tell the forecast."""
        self.line("cli.forecast", forecast_text(seconds, megabytes))
        for remark in remarks:
            self.line("cli.remark", remark, "yellow")

    def on_scratch_begins(self, source: str, rows: int) -> None:
        """Tell that the pieces of a new model are learnt."""
        self.line("cli.model", say("pretrain.scratch", source=source, rows=rows))

    def on_grown(self, source: str, **grown: Any) -> None:
        """Tell what pieces the vocabulary got."""
        self.line("cli.model", grown_line(grown))

    def on_corpus(self, source: str, rows: int, blocks: int, tokens: int) -> None:
        """Tell the texts that are read before the task."""
        self.line(
            "pretrain.corpus", say("pretrain.corpus_line", source=source, rows=rows, blocks=blocks, tokens=tokens)
        )

    def on_pretrain_begins(self, method: str, steps: int) -> None:
        """Begin reading them."""
        self.line("pretrain.pretraining", say("pretrain.begins", method=method, steps=steps))

    def on_pretrain_alone(self, steps: int) -> None:
        """Tell that new parts train first."""
        self.line("pretrain.pretraining", say("pretrain.alone", steps=steps))

    def on_pretrained(self, **told: Any) -> None:
        """Tell what reading gained the task, and what was forgotten."""
        for sentence in pretrain_lines(told):
            self.line("pretrain.pretraining", sentence)

    def on_train_resumed(self, step: int, total: int) -> None:
        """Tell that a stopped run goes on."""
        self.line("cli.resumed", say("cli.resumed_line", step=step, total=total))

    def on_taken_over(self, pid: str, since: str) -> None:
        """Tell that the folder's last holder died, and that this run takes its place."""
        self.line("cli.resumed", say("cli.taken_over_line", pid=pid, since=since), "yellow")

    def on_checkpoint_damaged(self, path: str) -> None:
        """Tell that a checkpoint is not as it was written, so the one before it is taken."""
        self.line("cli.resumed", say("cli.damaged_line", path=path), "yellow")

    def on_halved(self, step: int, accumulation: int) -> None:
        """Tell that memory did not suffice for a batch as it was."""
        self.line("cli.remark", say("cli.halved_line", step=step, parts=accumulation), "yellow")

    def on_inference_halved(self, tokens: int) -> None:
        """Tell that memory did not suffice for a batch without gradients."""
        self.line("cli.remark", say("cli.inference_line", tokens=tokens), "yellow")

    def on_out_of_time(self, step: int, total: int, best_step: int) -> None:
        """Tell that the time limit ended the training."""
        key = "cli.out_of_time_line" if best_step else "cli.out_of_time_last"
        self.line("cli.early", say(key, step=step, total=total, best=best_step), "yellow")

    def on_train_begins(self, step: int, total: int) -> None:
        """Start the bar."""
        self.started = self.last = time.monotonic()
        if self.console.is_terminal:
            columns = (
                TextColumn("{task.description}"),
                BarColumn(24),
                MofNCompleteColumn(),
                TextColumn("{task.fields[said]}"),
            )
            self.bar = Progress(*columns, console=self.console, transient=False)
            self.task = self.bar.add_task(padded(say("cli.training"))[:-1], total=total, completed=step, said="")
            self.bar.start()

    def on_step(self, step: int, total: int, loss: float, tokens: int) -> None:
        """Move the bar; where there is no terminal, a plain line now and then."""
        self.tokens += tokens
        now = time.monotonic()
        spent = max(now - self.started, 1e-9)
        left = spent / max(step, 1) * (total - step)
        said = say("cli.step", loss=loss, validated=self.validated, speed=self.tokens / spent, left=seconds(left))
        if self.bar is not None:
            self.bar.update(self.task, completed=step, said=said)
        elif now - self.last > LINES_EVERY:
            self.last = now
            self.line("cli.training", f"{step}/{total}  {said}")

    def on_looks_at(self, metric: str, sign: int) -> None:
        """Remember what the scores of validation rows are of."""
        self.metric, self.sign = metric, sign

    def on_validated(self, step: int, score: float, loss: float, best: bool) -> None:
        """Remember for the bar what the newest look at the validation rows saw, as the metric reads."""
        self.validated = f"  {term('metric', self.metric)} {self.sign * score:.3f}"

    def on_train_ends(self, step: int, best_step: int, early: bool) -> None:
        """End the bar; say when the run stopped early."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = None
        if early:
            self.line("cli.early", say("cli.early_line", step=step, best=best_step))

    def on_judged(self, done: int, total: int) -> None:
        """Tell now and then how many programs have been run."""
        now = time.monotonic()
        if done == 1:
            self.last = now
        if now - self.last > LINES_EVERY:
            self.last = now
            self.line("cli.judging", say("cli.judging_line", done=done, total=total))

    def on_already_done(self, folder: str) -> None:
        """Tell that there was nothing to do."""
        self.line("cli.done", say("cli.done_line", folder=folder))

    def close(self) -> None:
        """Leave the terminal as it was, whatever happened."""
        if self.bar is not None:
            self.bar.stop()
        sys.stderr.flush()


def padded(name: str) -> str:
    """Return a name filled up to the width of the left column; Chinese characters take two places."""
    return name + " " * max(1, WIDTH - sum(2 if ord(c) > 0x2E7F else 1 for c in name))


def pairs_of(figures: Mapping[str, Any]) -> list[tuple[tuple[str, str], Any]]:
    """Return the pairs of splits that the gap check compared, each with its AUROC."""
    cut = ((name.partition("/"), figure) for name, figure in figures.items())
    return [((left, right), figure) for (left, mark, right), figure in cut if mark]


def gap_text(left: str, right: str, figure: Mapping[str, float]) -> str:
    """Return "train and test alike (AUROC 0.52 [0.47, 0.57])"."""
    key = "cli.gap_apart" if figure["apart"] else "cli.gap_alike"
    return say(key, left=left, right=right, value=figure["auroc"], low=figure["low"], high=figure["high"])


def forecast_text(spent: float, memory: float) -> str:
    """Return "24 s, 0.9 GB"."""
    return f"{seconds(spent)}, {megabytes(memory)}"
