"""The composition root: settings become engines, engines become sessions, sessions become a server.

The only package that knows all layers; nothing but the command line imports it. `house.py` holds what one server
process has, `routes.py` says which of it answers to which address, `warming.py` loads it and tries it out,
`listening.py` finds its socket and its certificate, and `serving.py` starts and stops it all.
"""

from vivavoce.app.serving import serve

__all__ = ["serve"]
