"""`dongcha predict MODEL [FILE|-]`: predictions of a text, a file or standard input.

JSON lines in give JSON lines out, one a row, in order; a table (CSV, TSV, xlsx) comes back as a table with the columns
`predicted_<field>` and `confidence` added, and `unsure` where answers may be withheld; a column of the user's that has
such a name stays, and ours gets a number. The name of `--output` decides the form where it says one.
"""

import csv
import io
import json
import sys
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import closing
from itertools import chain, count
from pathlib import Path
from typing import Annotated, Any

import typer

import dongcha
from dongcha import files
from dongcha.data.origin import excerpt
from dongcha.errors import DataError, MissingExtra, UserError
from dongcha.locale import say

EXCEL = ".xlsx"
TABLES = {".csv": ",", ".tsv": "\t"}
LONGEST_CELL = 32_767  # characters in a cell of Excel
AT_ONCE = 64  # rows of standard input answered together
BOM = "\ufeff"  # tells Excel that a CSV file is UTF-8

Answered = Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]]  # (the user's own columns, the answer) of each row


def predict(  # noqa: PLR0913 (the options of a command line)
    model: Annotated[Path, typer.Argument(help="a run's folder, or its model/ folder")],
    file: Annotated[str | None, typer.Argument(help="JSONL, CSV, TSV, xlsx, txt; - for standard input")] = None,
    *,
    text: Annotated[str | None, typer.Option(help="one text")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="write here instead of stdout")] = None,
    unsure_below: Annotated[
        float | None, typer.Option(min=0, max=1, help="below this confidence the answer is: not sure")
    ] = None,
    column: Annotated[str | None, typer.Option("--text-column", help="the column that holds the text")] = None,
    stream: Annotated[bool, typer.Option("--stream", help="with --text: print an answer as it is written")] = False,
    corpus: Annotated[Path | None, typer.Option(help="an index in which a qa model finds what it reads")] = None,
    corpus_model: Annotated[str | None, typer.Option(help="where the index's model is now")] = None,
) -> None:
    """Predict texts with a trained model."""
    if (file is None) == (text is None):
        raise UserError(say("cli.predict_what"))
    if stream:
        refuse_beside_stream(text, output, unsure_below, corpus)
    if corpus is None and corpus_model is not None:
        raise UserError(say("cli.corpus_model"))
    refuse_onto_itself(file, output)
    form = form_of(file, output)
    if form == EXCEL and output is None:
        raise UserError(say("cli.xlsx_output"))
    if corpus is None:
        predictor: Any = dongcha.load(model, unsure_below)
    else:
        predictor = with_library(model, corpus, unsure_below, corpus_model)
    if stream:
        predictor.stream(text, lambda piece: typer.echo(piece, nl=False), stream="--text")
        typer.echo()
        return
    found = answered(predictor, file, text, column)
    if form not in (EXCEL, *TABLES):
        emit((as_line(answer) for _, answer in found), output)
        return
    rows = (cells(row, answer, withholds=predictor.unsure_below is not None) for row, answer in found)
    if form == EXCEL:
        write_xlsx(rows, output or Path())
    else:
        emit(table_lines(rows, TABLES[form]), output, BOM)


def refuse_beside_stream(
    text: str | None, output: Path | None, unsure_below: float | None, corpus: Path | None
) -> None:
    """Refuse what does not go with an answer that is printed as it is written: rows, an index, a file, a threshold."""
    if text is None:
        raise UserError(say("cli.stream_text"))
    if corpus is not None:
        raise UserError(say("cli.stream_corpus"))
    others = {"--output": output, "--unsure-below": unsure_below}
    given = [name for name, value in others.items() if value is not None]
    if given:
        raise UserError(say("cli.stream_alone", others=", ".join(given)))


def with_library(model: Path, corpus: Path, unsure_below: float | None, corpus_model: str | None) -> Any:
    """Load a reader with its index; what is wrong with the index is told under the option that named it."""
    try:
        return dongcha.load_open_book(model, corpus, unsure_below, embedder=corpus_model)
    except DataError as error:
        raise DataError(f"--corpus: {error}") from error


def refuse_onto_itself(file: str | None, output: Path | None) -> None:
    """Refuse an output that is a folder, or the very file that is read: its texts would be lost."""
    if output is None:
        return
    if output.is_dir():
        raise UserError(say("cli.output_folder", output=output))
    if file is not None and output.exists() and Path(file).exists() and output.samefile(file):
        raise UserError(say("cli.output_input", output=output, other=output.with_stem(f"{output.stem}-predicted")))


def form_of(file: str | None, output: Path | None) -> str:
    """Return the suffix that decides the output's form: that of `--output`, else of the file that comes in."""
    named = output.suffix.lower() if output is not None else ""
    return named if named in (EXCEL, *TABLES, ".jsonl", ".json") else Path(file or "").suffix.lower()


def answered(predictor: Any, file: str | None, text: str | None, column: str | None) -> Answered:
    """Yield the user's own columns and the answer, row by row; a text and standard input bring only their id."""
    if text is None and file != "-":
        yield from predictor.predict_file(str(file), column)
        return
    if text is not None:
        answers = predictor.predict([text], at_once=1, stream="--text")
    else:
        rows = standard_input() if column is None else (renamed(row, predictor, column) for row in standard_input())
        answers = predictor.predict(rows, at_once=AT_ONCE, stream=say("cli.standard_input"))
    for answer in answers:
        yield {name: value for name, value in answer.items() if name == "id"}, answer


def renamed(row: Any, predictor: Any, column: str) -> Any:
    """Return a row with the column that holds the text under the field's own name; one without it as it is."""
    return {**row, predictor.first_field: row[column]} if isinstance(row, dict) and column in row else row


def standard_input() -> Iterator[Any]:
    """Yield the rows of standard input: JSON objects, or plain texts, one a line; empty lines are passed over."""
    for number, line in enumerate(input_lines(), 1):
        if not line.strip():
            continue
        if not line.lstrip().startswith("{"):
            yield line
            continue
        try:
            yield json.loads(line)
        except json.JSONDecodeError as error:
            raise DataError(say("cli.bad_line", row=number, error=error.msg, column=error.colno)) from error
        except RecursionError as error:
            raise DataError(say("cli.bad_line", row=number, error=say("cli.too_deep"), column=1)) from error
        except ValueError as error:  # an integer of thousands of digits
            raise DataError(say("cli.bad_line", row=number, error=str(error)[:80], column=1)) from error


def input_lines() -> Iterator[str]:
    """Yield the lines of standard input, as UTF-8 whatever the locale says; a byte that is none is refused."""
    for number, line in enumerate(getattr(sys.stdin, "buffer", sys.stdin), 1):
        try:
            text = line if isinstance(line, str) else line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise DataError(say("cli.bad_bytes", row=number, offset=error.start)) from error
        yield text.removeprefix(BOM).rstrip("\r\n")


def emit(lines: Iterable[str], output: Path | None, opening: str = "") -> None:
    """Write lines to stdout as they come, or, after `opening`, to a file whole or not at all."""
    if output is not None:
        files.write_text(output, opening + "".join(lines))
        return
    for line in lines:
        sys.stdout.write(line)
        sys.stdout.flush()


def as_line(answer: Mapping[str, Any]) -> str:
    """Return an answer as one JSON line."""
    return json.dumps(answer, ensure_ascii=False) + "\n"


def cells(row: Mapping[str, Any], answer: Mapping[str, Any], *, withholds: bool) -> dict[str, Any]:
    """Return a table's row with `predicted_<field>` and `confidence` beside the user's own columns.

    Where the user has a column of such a name, ours gets a number: `confidence_2`. `withholds` adds the column
    `unsure`, so that all rows of a table have the same columns.
    """
    said = {f"predicted_{name}": value for name, value in answer.items() if name not in ("id", "confidence", "unsure")}
    said["confidence"] = answer["confidence"]
    if withholds:
        said["unsure"] = "true" if answer.get("unsure") else "false"
    added = {unused(name, row): value for name, value in said.items()}
    return {name: cell(value) for name, value in {**row, **added}.items()}


def unused(name: str, taken: Container[str]) -> str:
    """Return a name that is not taken: the name itself, else with the first number from 2 that is free."""
    return next(one for one in chain([name], (f"{name}_{i}" for i in count(2))) if one not in taken)


def cell(value: Any) -> Any:
    """Return a value as a table's cell: lists as JSON, nothing as an empty cell."""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else value


def table_lines(rows: Iterable[Mapping[str, Any]], delimiter: str) -> Iterator[str]:
    """Yield the lines of a table, the first row's names before them, quoted where needed."""
    names: list[str] = []
    for row in rows:
        if not names:
            names = list(row)
            yield csv_line(names, delimiter)
        yield csv_line([row.get(name, "") for name in names], delimiter)


def csv_line(values: Iterable[Any], delimiter: str) -> str:
    """Return one line of a table, quoted where needed."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerow(values)
    return out.getvalue()


def refuse_long_cell(row: Mapping[str, Any], number: int, output: Path) -> None:
    """Refuse a row (the `number`-th, from 1) with a text that a cell of Excel does not hold, where it would be cut."""
    for column, value in row.items():
        if isinstance(value, str) and len(value) > LONGEST_CELL:
            where = {"row": number, "column": excerpt(column), "length": len(value), "most": LONGEST_CELL}
            raise UserError(say("cli.xlsx_long", output=output, **where))


def write_xlsx(rows: Iterable[Mapping[str, Any]], output: Path) -> None:
    """Write a table as an Excel file; a text that opens with "=" stays a text and becomes no formula.

    Control characters, which such a file cannot hold, become U+FFFD; a text longer than a cell holds is refused.
    """
    try:
        from openpyxl import Workbook
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    except ImportError as error:
        raise MissingExtra(say("read.extra", place=output, library="openpyxl", extra="xlsx")) from error

    book = Workbook(write_only=True)

    def line(sheet: Any, values: Iterable[Any]) -> list[Any]:
        clean = (ILLEGAL_CHARACTERS_RE.sub("\ufffd", value) if isinstance(value, str) else value for value in values)
        made = [WriteOnlyCell(sheet, value) for value in clean]
        for one in made:
            one.data_type = "s" if one.data_type == "f" else one.data_type
        return made

    with closing(book.create_sheet()) as sheet:  # openpyxl's writer must end even where a row is refused
        for number, row in enumerate(rows, 1):
            if number == 1:
                sheet.append(line(sheet, row))
            refuse_long_cell(row, number, output)
            sheet.append(line(sheet, row.values()))
    content = io.BytesIO()
    book.save(content)
    files.write_bytes(output, content.getvalue())
