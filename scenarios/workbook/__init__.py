"""A scenario as an Excel workbook: the layout made from the models, reading, writing, and a copy with the mistakes marked."""

EXCEL_97 = bytes.fromhex("d0cf11e0a1b11ae1")
"""How a workbook of Excel 97 begins, and one with a password."""
