"""Sentiment services: VADER, Azure AI Language and chat endpoints behind one interface, their answers and prices."""
