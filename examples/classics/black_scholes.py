"""Black–Scholes: fair prices of European options.

price(spot, strike, years, calls, puts, rate, volatility)
"""

import math

from hologram.language import DeviceArray, device, erf, exp, f64, get_global_id, kernel, log, sqrt


@device
def normal(x: f64) -> f64:
    """The probability that a standard normal variable is below x."""
    return 0.5 * (1.0 + erf(x / math.sqrt(2.0)))


@kernel
def price(
    spot: DeviceArray[f64],
    strike: DeviceArray[f64],
    years: DeviceArray[f64],
    calls: DeviceArray[f64],
    puts: DeviceArray[f64],
    rate: f64,
    volatility: f64,
):
    """The right to buy, and to sell, at the strike price after some years."""
    i = get_global_id()
    spread = volatility * sqrt(years[i])
    d1 = (log(spot[i] / strike[i]) + (rate + 0.5 * volatility * volatility) * years[i]) / spread
    d2 = d1 - spread
    later = strike[i] * exp(-rate * years[i])  # what the strike is worth today
    calls[i] = spot[i] * normal(d1) - later * normal(d2)
    puts[i] = later * normal(-d2) - spot[i] * normal(-d1)
