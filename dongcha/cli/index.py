"""`dongcha index build|add|delete|search`: passages that can be found, by meaning and by words.

Answers go to stdout, one JSON line a question; what was done and how far it is, to stderr.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from dongcha.cli._live import Live
from dongcha.errors import UserError
from dongcha.locale import say

app = typer.Typer(help="Index passages and search them by vectors and words.", no_args_is_help=True)
CorpusFile = Annotated[str, typer.Argument(help="a file of passages: columns doc, text")]
Folder = Annotated[Path, typer.Argument(help="the index's folder")]
DocColumn = Annotated[str, typer.Option("--doc-column", help="the column that holds the ids")]
TextColumn = Annotated[str, typer.Option("--text-column", help="the column that holds the text")]
ModelNow = Annotated[str | None, typer.Option("--model", help="where the index's model is now")]


@app.command("build")
def build(  # noqa: PLR0913 (the options of a command line)
    model: Annotated[str, typer.Argument(help="a model's folder, hub name or package:NAME, or a run's folder")],
    corpus: CorpusFile,
    *,
    to: Annotated[Path, typer.Option("--to", help="the folder to make")],
    query_prefix: Annotated[str, typer.Option(help='before each question; E5 wants "query: "')] = "",
    passage_prefix: Annotated[str, typer.Option(help='before each passage; E5 wants "passage: "')] = "",
    doc: DocColumn = "doc",
    text: TextColumn = "text",
) -> None:
    """Embed a file of passages and index it."""
    from dongcha.stations import indexing  # torch comes with it, which the other verbs' start must not

    passages = indexing.Corpus(source=corpus, base=Path(), doc=doc, text=text)
    prefixes = {"query_prefix": query_prefix, "passage_prefix": passage_prefix}
    told(indexing.build_index(passages, model, to, **prefixes, watch=embedding), to)


@app.command("add")
def add(
    folder: Folder,
    corpus: CorpusFile,
    *,
    model: ModelNow = None,
    doc: DocColumn = "doc",
    text: TextColumn = "text",
) -> None:
    """Embed more passages and add them."""
    from dongcha.stations import indexing

    passages = indexing.Corpus(source=corpus, base=Path(), doc=doc, text=text)
    told(indexing.add_to_index(passages, folder, model=model, watch=embedding), folder)


@app.command("delete")
def delete(folder: Folder, ids: Annotated[list[str], typer.Argument(help="ids of passages")]) -> None:
    """Delete passages by id."""
    from dongcha.index import editing

    with editing(folder) as index:
        index.delete(ids)
    told(index, folder)


@app.command("search")
def search(  # noqa: PLR0913 (the options of a command line)
    folder: Folder,
    file: Annotated[str | None, typer.Argument(help="a file of questions: column query, else text")] = None,
    *,
    text: Annotated[str | None, typer.Option(help="one question")] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="passages a question")] = 10,
    by: Annotated[
        Literal["hybrid", "vectors", "bm25"], typer.Option(help="both rankings fused, meaning alone, words alone")
    ] = "hybrid",
    model: ModelNow = None,
    column: Annotated[str | None, typer.Option("--text-column", help="the column that holds the question")] = None,
) -> None:
    """Find the passages that answer questions best."""
    from dongcha.stations import indexing

    if (file is None) == (text is None):
        raise UserError(say("index.what"))
    queries = [text] if text is not None else indexing.read_queries(str(file), base=Path(), column=column)
    for answer in indexing.ask_index(folder, queries, k=k, by=by, base=Path(), model=model):
        typer.echo(json.dumps(answer, ensure_ascii=False))


def embedding(moment: str, **facts: Any) -> None:
    """Tell how many passages are embedded."""
    Live().line("index.col_embedding", say("index.embedding", **facts))


def told(index: Any, folder: Path) -> None:
    """Tell what the index holds now."""
    Live().line("index.col_index", say("index.holds", rows=len(index), folder=folder))
