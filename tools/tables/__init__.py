"""The facts under data/: read strictly, checked, and written as C."""
