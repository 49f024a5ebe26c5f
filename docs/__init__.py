"""The site: its pages, and the code that makes what they do not say by hand."""
