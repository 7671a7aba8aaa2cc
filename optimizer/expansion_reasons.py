"""Why an expansion is energised or not, at which capex and hashprice that turns, what the opposite costs; by exact solves."""

from __future__ import annotations

import numpy as np

from .decisions import SMALLEST_MW
from .expansion_table import NOT_COUNTED, ExpansionBreakEvens, binding_rule, worth_of_expansion
from .machine_reasons import MachineReasons, finite
from .machine_worth import BreakEvensOfChoices
from .tables import Row


class ExpansionReasons(MachineReasons):
    """Reasons for the expansions of one solved scenario. rows: the plan's table of them."""

    def break_evens_of(self) -> BreakEvensOfChoices:
        return ExpansionBreakEvens(self.optimiser)

    def row_of(self, name: str) -> Row:
        """An expansion by its name."""
        own = next(row for row in self.rows if row["name"] == name)
        number = next((n for n, one in enumerate(self.optimiser.values.expansions) if one.name == name), None)
        return _not_counted(own) if number is None else self._counted(number, own)

    def _counted(self, number: int, own: Row) -> Row:
        one, mw = self.optimiser.values.expansions[number], self.decisions.expansion_mw[number]
        taken = float(np.sum(mw))
        bought, whole = taken > SMALLEST_MW, taken >= one.size_mw - SMALLEST_MW
        worth = worth_of_expansion(self.certifier, self.prices, number, mw)
        opposite = "without it" if bought else "all of it energised"
        costs = finite(float(own["worth_usd"])) if bought else self.forced_usd(number)
        then = "not energised" if bought else "energised"
        capex, hashprice = own["break_even_capex_usd_per_mw"], self.hashprice(number, bought)
        return {
            **_head(own),
            "decision": "not energised" if not bought else "energised" if whole else "energised in part",
            "rule": binding_rule(one, mw, worth),
            "opposite": opposite,
            "opposite_costs_usd": costs,
            "flips": [
                {"input": "capex", "unit": "USD per MW", "today": own["capex_usd_per_mw"], "to": capex, "then": then},
                {"input": "hashprice", "unit": "x the path", "today": 1.0, "to": hashprice, "then": then},
            ],
        }


def _head(own: Row) -> Row:
    return {
        "kind": "expansion",
        "site": own["site"],
        "name": own["name"],
        "decision": "",
        "taken_mw": own["mw"],
        "of_mw": own["of_mw"],
        "rule": "",
        "why": own["reason"],
    }


def _not_counted(own: Row) -> Row:
    return {
        **_head(own),
        "decision": NOT_COUNTED,
        "rule": "its probability",
        "opposite": "",
        "opposite_costs_usd": None,
        "flips": [],
    }
