"""The playground: a page for browsers in plain HTML, CSS and ES modules. Its files lie beside this one."""
