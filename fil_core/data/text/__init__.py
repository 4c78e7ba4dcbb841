"""Texts as data: lines become sequences of tokens, of which a language model learns to predict the next one."""
