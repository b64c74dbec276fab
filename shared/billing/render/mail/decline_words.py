"""Why a card was declined, in words that a customer can act on; they end a sentence.

Of fraud, loss and theft a customer is told no more than the bank tells: https://docs.stripe.com/declines/codes
"""

from typing import Final

_ENGLISH: Final = {
    "expired_card": "the card has expired",
    "insufficient_funds": "the account did not have enough funds",
    "card_velocity_exceeded": "the card's limit is reached",
    "withdrawal_count_limit_exceeded": "the card's limit is reached",
    "incorrect_cvc": "the card's security code is wrong",
    "invalid_cvc": "the card's security code is wrong",
    "incorrect_number": "the card's number is wrong",
    "invalid_number": "the card's number is wrong",
    "processing_error": "the bank could not process the payment",
    "try_again_later": "the bank could not process the payment",
    "card_not_supported": "the card does not support this kind of payment",
    "currency_not_supported": "the card does not support this currency",
    "no_payment_method": "no payment method is saved",
    "authentication_required": "the bank asks for a confirmation",
    "invalid_expiry_month": "the card's expiry date is wrong",
    "invalid_expiry_year": "the card's expiry date is wrong",
    "issuer_not_available": "the bank could not be reached",
    "account_closed": "the account is closed",
    "bank_account_closed": "the account is closed",
    "authorization_revoked": "the direct debit authorisation was withdrawn",
    "debit_not_authorized": "the direct debit was not authorised",
    "amount_too_small": "the amount is smaller than cards are charged",
    "amount_too_large": "the amount is larger than cards are charged",
    "invalid_charge_amount": "cards are not charged such an amount",
    "gateway_refused": "the payment gateway refused it",
    "": "the bank declined the payment",
}
_GERMAN: Final = {
    "expired_card": "die Karte ist abgelaufen",
    "insufficient_funds": "das Konto war nicht ausreichend gedeckt",
    "card_velocity_exceeded": "das Limit der Karte ist erreicht",
    "withdrawal_count_limit_exceeded": "das Limit der Karte ist erreicht",
    "incorrect_cvc": "die Prüfziffer der Karte stimmt nicht",
    "invalid_cvc": "die Prüfziffer der Karte stimmt nicht",
    "incorrect_number": "die Kartennummer stimmt nicht",
    "invalid_number": "die Kartennummer stimmt nicht",
    "processing_error": "die Bank konnte die Zahlung nicht verarbeiten",
    "try_again_later": "die Bank konnte die Zahlung nicht verarbeiten",
    "card_not_supported": "die Karte unterstützt diese Art der Zahlung nicht",
    "currency_not_supported": "die Karte unterstützt diese Währung nicht",
    "no_payment_method": "es ist keine Zahlungsart hinterlegt",
    "authentication_required": "die Bank verlangt eine Bestätigung",
    "invalid_expiry_month": "das Ablaufdatum der Karte stimmt nicht",
    "invalid_expiry_year": "das Ablaufdatum der Karte stimmt nicht",
    "issuer_not_available": "die Bank war nicht erreichbar",
    "account_closed": "das Konto ist geschlossen",
    "bank_account_closed": "das Konto ist geschlossen",
    "authorization_revoked": "die Einzugsermächtigung wurde widerrufen",
    "debit_not_authorized": "die Lastschrift wurde nicht genehmigt",
    "amount_too_small": "der Betrag ist kleiner, als von Karten eingezogen wird",
    "amount_too_large": "der Betrag ist größer, als von Karten eingezogen wird",
    "invalid_charge_amount": "ein solcher Betrag wird von Karten nicht eingezogen",
    "gateway_refused": "der Zahlungsdienst hat es abgelehnt",
    "": "die Bank hat die Zahlung abgelehnt",
}


def decline_reason(code: str, *, language: str) -> str:
    """Why, in English or German."""
    words = _GERMAN if language == "de" else _ENGLISH
    return words.get(code, words[""])
