"""CSV, JSON and workbook of the same tables hold the same numbers, and the workbook's cells are typed."""
import csv
import datetime
import json
import sys

import openpyxl

book = openpyxl.load_workbook("all.xlsx")
compared = 0


def fail(*what):
    print(*what)
    sys.exit(1)


def moment(text):
    return datetime.datetime.fromisoformat(text).replace(tzinfo=None)  # the local clock


for name, title in (("queues", "Queue"), ("agents", "Agent"), ("numbers", "Number"), ("reasons", "Reason")):
    with open(name + ".csv", newline="") as file:
        rows = list(csv.DictReader(file))
    with open(name + ".json") as file:
        objects = [json.loads(line) for line in file]
    sheet = book[title]
    if sheet.freeze_panes != "E2":
        fail(name, "panes are frozen at", sheet.freeze_panes)
    if len(rows) != len(objects) or len(rows) != sheet.max_row - 1:
        fail(name, "rows:", len(rows), len(objects), sheet.max_row - 1)
    for r, (row, object) in enumerate(zip(rows, objects)):
        if list(row) != list(object):
            fail(name, "columns differ")
        for c, (key, text) in enumerate(row.items()):
            other = object[key]
            cell = sheet.cell(r + 2, c + 1)
            if cell.data_type == "f":
                fail(name, key, "is a formula")
            if text == "":
                if other not in (None, "") or cell.value is not None:
                    fail(name, key, "has no value in CSV, and elsewhere", other, cell.value)
            elif isinstance(other, str) and key in ("from", "to", "first_in", "last_out"):
                if other != text or abs(cell.value - moment(text)) > datetime.timedelta(seconds=1):
                    fail(name, key, text, other, cell.value)
            elif isinstance(other, str):
                if other != text or cell.value != text:
                    fail(name, key, text, other, cell.value)
            else:
                if float(text) != float(other):
                    fail(name, key, text, other)
                value = cell.value
                if isinstance(value, datetime.time):
                    value = datetime.timedelta(hours=value.hour, minutes=value.minute, seconds=value.second,
                                               microseconds=value.microsecond)
                if isinstance(value, datetime.datetime):  # openpyxl reads [h]:mm:ss as a moment after its epoch
                    value = value - datetime.datetime(1899, 12, 30)
                if "h" in cell.number_format:
                    if isinstance(value, datetime.timedelta):
                        value = value.total_seconds() * 1000
                    else:
                        value = float(value) * 86400000
                    good = abs(value - float(text)) < 1000
                else:
                    good = abs(float(value) - float(text)) < 0.0000011
                if not good:
                    fail(name, key, text, cell.value, cell.number_format)
                if key.endswith("_ms") and cell.number_format != "[h]:mm:ss":
                    fail(name, key, "is no duration:", cell.number_format)
                if key.startswith("service_level") and cell.number_format != "0.0%":
                    fail(name, key, "is no percentage:", cell.number_format)
            compared += 1
definitions = book["Definitions"]
keys = {definitions.cell(r, 2).value for r in range(2, definitions.max_row + 1)}
for key in ("offered", "service_level_1", "occupancy", "cost"):
    if key not in keys:
        fail("the workbook does not define", key)
if compared < 200:
    fail("only", compared, "cells")
