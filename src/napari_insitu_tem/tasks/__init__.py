"""Tasks: one module a capability, each Settings + one function + its result."""
