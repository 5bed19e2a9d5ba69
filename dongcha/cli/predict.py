"""`dongcha predict MODEL [FILE|-]`: predictions of a text, a file or standard input.

JSON lines in give JSON lines out, one a row, in order; a table (CSV, TSV, xlsx) comes back as a table with the columns
`predicted_<field>` and `confidence` added.
"""

import csv
import io
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

import dongcha
from dongcha import files
from dongcha.errors import DataError, UserError
from dongcha.locale import say

TABLES = {".csv": ",", ".tsv": "\t"}
AT_ONCE = 64  # rows of standard input answered together
BOM = "\ufeff"  # tells Excel that a CSV file is UTF-8


def predict(
    model: Annotated[Path, typer.Argument(help="a run's folder, or its model/ folder")],
    file: Annotated[str | None, typer.Argument(help="JSONL, CSV, TSV, xlsx, txt; - for standard input")] = None,
    *,
    text: Annotated[str | None, typer.Option(help="one text")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="write here instead of stdout")] = None,
    unsure_below: Annotated[
        float | None, typer.Option(min=0, max=1, help="below this confidence the answer is: not sure")
    ] = None,
    column: Annotated[str | None, typer.Option("--text-column", help="the column that holds the text")] = None,
) -> None:
    """Predict texts with a trained model."""
    if (file is None) == (text is None):
        raise UserError(say("cli.predict_what"))
    predictor = dongcha.load(model, unsure_below)
    if text is not None:
        lines: Iterable[str] = (as_line(answer) for answer in predictor.predict([text]))
    elif file == "-":
        lines = (as_line(answer) for answer in predictor.predict(standard_input(), at_once=AT_ONCE))
    else:
        lines = from_file(predictor, str(file), column, output)
    emit(lines, output)


def as_line(answer: Mapping[str, Any]) -> str:
    """Return an answer as one JSON line."""
    return json.dumps(answer, ensure_ascii=False) + "\n"


def emit(lines: Iterable[str], output: Path | None) -> None:
    """Write lines to stdout as they come, or to a file whole or not at all."""
    if output is None:
        for line in lines:
            sys.stdout.write(line)
            sys.stdout.flush()
    elif output.suffix.lower() != ".xlsx":
        content = "".join(lines)
        files.write_text(output, (BOM if output.suffix.lower() in TABLES else "") + content)


def standard_input() -> Iterator[Any]:
    """Yield the rows of standard input: JSON objects, or plain texts, one a line; empty lines are passed over."""
    for number, line in enumerate(sys.stdin, 1):
        if not line.strip():
            continue
        if not line.lstrip().startswith("{"):
            yield line.rstrip("\r\n")
            continue
        try:
            yield json.loads(line)
        except json.JSONDecodeError as error:
            raise DataError(say("cli.bad_line", row=number, error=error.msg, column=error.colno)) from error


def from_file(predictor: Any, file: str, column: str | None, output: Path | None) -> Iterator[str]:
    """Yield the output of a file of rows: JSON lines, or the rows of a table with predictions added."""
    suffix = Path(file).suffix.lower()
    answered = predictor.predict_file(file, column)
    if suffix == ".xlsx":
        if output is None:
            raise UserError(say("cli.xlsx_output"))
        write_xlsx([cells(row, answer) for row, answer in answered], output)
        return
    if suffix not in TABLES:
        yield from (as_line(answer) for _, answer in answered)
        return
    names: list[str] = []
    for row, answer in answered:
        found = cells(row, answer)
        if not names:
            names = list(found)
            yield csv_line(names, TABLES[suffix])
        yield csv_line([found.get(name, "") for name in names], TABLES[suffix])


def cells(row: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table's row with `predicted_<field>` and `confidence` beside the user's own columns."""
    said = {f"predicted_{name}": cell(value) for name, value in answer.items() if name not in ("id", "confidence")}
    return {**{name: cell(value) for name, value in row.items()}, **said, "confidence": answer["confidence"]}


def cell(value: Any) -> Any:
    """Return a value as a table's cell; what would be read as a formula is kept as text."""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else value


def csv_line(values: Iterable[Any], delimiter: str) -> str:
    """Return one line of a table, quoted where needed."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerow(values)
    return out.getvalue()


def write_xlsx(rows: list[dict[str, Any]], output: Path) -> None:
    """Write a table as an Excel file."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    if rows:
        sheet.append(list(rows[0]))
    for row in rows:
        sheet.append(list(row.values()))
    content = io.BytesIO()
    book.save(content)
    files.write_bytes(output, content.getvalue())
