"""Each lease term is part of a shipped scenario, and docs/leases.md says of which.

HASHLEASE_REFRESH_DOCUMENTS=1 writes the table into the document.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from hashlease import load, shipped_names
from hashlease.models.lease import LeaseOffer

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "leases.md"
TABLE = re.compile(r"(?<=<!-- from the scenarios -->\n)((?:.*\n)*?)(?=<!-- end -->\n)")
Shown = Callable[[LeaseOffer], bool]

TERMS: dict[str, Shown] = {
    "Several phases": lambda lease: len(lease.phases) > 1,
    "Extension options": lambda lease: bool(lease.extensions),
    "Capex paid by the tenant": lambda lease: lease.tenant_funded_capex_fraction > 0,
    "Prepayment": lambda lease: lease.prepayment is not None,
    "Deposit": lambda lease: lease.deposit is not None,
    "Default": lambda lease: lease.tenant_default is not None,
    "Credit support": lambda lease: lease.tenant_default is not None and lease.tenant_default.backstop_fraction > 0,
    "Early end by the tenant": lambda lease: any(right.by == "tenant" for right in lease.terminations),
    "Early end by the landlord": lambda lease: any(right.by == "landlord" for right in lease.terminations),
    "Service level": lambda lease: lease.service_level is not None,
    "Late delivery, penalty": lambda lease: bool(lease.delays) and lease.delay_penalty_fraction_of_rent > 0,
    "Property costs by bearer": lambda lease: bool(lease.property_costs),
    "AI cloud": lambda lease: lease.gpu_cloud is not None,
    "Whole blocks": lambda lease: lease.indivisible,
    "Minimum size": lambda lease: lease.minimum_critical_mw is not None,
    "One of several": lambda lease: lease.exclusive_group is not None,
    "Prerequisite": lambda lease: lease.requires is not None,
    "Expansion right, first refusal": lambda lease: lease.reserved_until is not None,
}


def test_every_term_of_the_table_is_shown_by_a_shipped_scenario() -> None:
    shipped = {name: load(name) for name in sorted(shipped_names())}
    rows = ["| Term | Scenario: lease |", "|---|---|"]
    for term, is_shown in TERMS.items():
        cells = []
        for name, scenario in shipped.items():
            leases = [lease.name for lease in scenario.leases if is_shown(lease)] if name != "portfolio" else []
            if leases:
                more = f" and {len(leases) - 1} more" if len(leases) > 1 else ""
                cells.append(f"[`{name}`](../scenarios/{name}.yaml): {leases[0]}{more}")
        assert cells, term
        rows.append(f"| {term} | {'; '.join(cells)} |")
    table = "\n".join(rows) + "\n"
    text = DOCUMENT.read_text()
    if os.environ.get("HASHLEASE_REFRESH_DOCUMENTS"):
        DOCUMENT.write_text(TABLE.sub(lambda _: table, text))
    else:
        assert TABLE.findall(text) == [table]
