"""How lists of reports go on: the families of content systems, told from the page."""
