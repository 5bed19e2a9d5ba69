"""Read models that registry packages carry in a form of their own, one file a form."""
