"""One module a family of files; each turns a path into `Signal`s, lazily."""
