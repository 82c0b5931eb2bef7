"""form-js schemas: read them, validate submissions, render models. Pure."""
