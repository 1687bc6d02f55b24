"""Commands that have a file of their own: their options, and what they do with them."""
