"""vivavoce: an assistant that you talk with, on your own machine."""

__version__ = "0.1.0"
