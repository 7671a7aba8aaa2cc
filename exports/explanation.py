"""The formulation in brief, as `hashlease explain` prints it."""

EXPLANATION = """\
WHAT IS DECIDED, for every site and calendar month
  mining_mw    meter MW of each fleet that is energised          (it still switches off in every hour that does not pay)
  lease_mw     critical MW of each offer, by month in which its rent starts
  buy_mw       meter MW of machines of each offer of them, by month of delivery; sell_mw: of each fleet, by month of sale;
               move_mw: of each move to another site, by month of leaving
  expansion_mw  meter MW of each expansion of a site, by month from which they are energised
  What neither uses is idle.

UNITS, always in the name
  MW at the utility meter are the scarce good. Rent is paid on critical IT MW; meter MW = critical MW x gross-up.
  hashprice USD/PH/day before the pool's fee; energy USD/MWh; rent USD per kW of critical IT and month; rates as fractions

VALUE OF ONE MW
  [M1] hashprice = 10^15 x 86400 / (difficulty x 2^32) x (subsidy + fees per block) x BTC price
  [M2] subsidy = 50 / 2^(height div 210000) BTC, prorated in the month of a halving
  [V1] revenue per meter MWh = hashprice / (0.024 x J/TH x overhead), the pool keeps its fee
  [V2] margin of a MW-month = uptime x sum over hours of max(0, revenue - fee - variable opex - price) - fixed opex - charges
       exact: hours are sorted by price, no hour is averaged away
  [V3] where energy has a cap, or blocks that are resold for less than the index, hours are decided together: a column for each band
       of hours in which every comparison comes out the same, or each price, so that no hour is averaged away either
  [V4] lease, per critical MW: rent with escalator, phases and free months, less opex and whatever power and charges the landlord
       pays, tenant's extensions by probability, less capex net of the tenant's share, plus residual value; loans by their schedule;
       hosted machines of others: fee per kWh and share of coins or profit, less their power, in the hours that they run
  Cash is discounted from mid-month (capex from the start of its month, sales from their day) at the rate of its kind:
       (1 + rate)^-(days / 365.25). Nothing after the horizon counts; what is cut off is printed.

OBJECTIVE  maximise discounted cash after tax

SUBJECT TO
  [C1] site power     mining + leases (and halls under conversion) <= energised MW, with expansions
                                                                                             dual: value of one more MW
  [C2] fleet          mining <= machines that are there: owned and neither sold nor moved, bought and delivered, or
                      moved there; bought <= on offer
  [C3] offer          all starts together <= offered MW; signed leases are fixed; whole blocks where the offer says so
  [C5] suitable MW    leases <= MW that can host a hall (a share of expansions too), less what tenants' rights reserve
                                                                                             dual: value of one more suitable MW
  [V3] energy         what runs <= cap of the year; used of blocks <= load that buys at index  dual: one more GWh or MW of load
  [C6] capex budget   spending on offers <= budget of the year, and up to the end of a year  dual: value of one more budget dollar

VERDICTS
  CERTIFIED                    feasible, adds up, and no plan is better: checked against the input data, apart from the solver
  FEASIBLE, PROVED WITHIN x %  as above, but a better plan with whole blocks is excluded only up to the stated gap
  INFEASIBLE, PROVED           the data contradict each other; the lines say where and by how many MW
  DO NOT USE                   a check failed; no figures are given

BREAK-EVENS  rent and hashprice at which the decision on an offer flips, found by solving again, not by a derivative.
"""
