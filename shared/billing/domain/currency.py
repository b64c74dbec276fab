"""The currencies of ISO 4217 and how many decimals each has.

Listed are the codes that were active on or after 1 January 2025, so that BGN and ANG, withdrawn since, still open
older books. Codes without a minor unit (gold, special drawing rights, test codes) can't be billed in and are left out.
"""

from typing import ClassVar

from billing.domain.errors import InvalidInput

_CODES_BY_EXPONENT = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """
        AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF
        CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF
        IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN
        MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS
        SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW
        ZWG
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_EXPONENTS = {code: exponent for exponent, codes in _CODES_BY_EXPONENT.items() for code in codes.split()}


class UnknownCurrency(InvalidInput):
    """A currency code is not one that ISO 4217 lists with a minor unit."""

    code: ClassVar[str] = "unknown_currency"

    def __init__(self, currency: object) -> None:
        super().__init__("currency", expected="an ISO 4217 code such as USD", given=currency)


def exponent(currency: str) -> int:
    """Decimals of the currency's minor unit (ISO 4217): JPY 0, USD 2, BHD 3, CLF 4; else `UnknownCurrency`."""
    try:
        return _EXPONENTS[currency]
    except (KeyError, TypeError):
        raise UnknownCurrency(currency) from None
