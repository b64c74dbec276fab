"""The words of the pay page in its languages: one row a sentence, for translators to read across.

Braces hold what stands in a sentence; they are the same in every language.
"""

from dataclasses import dataclass

_LANGUAGES = ("en", "de", "fr", "es")


@dataclass(frozen=True, slots=True)
class PayWords:
    """What the page says in one language; `language` is its ISO 639-1 code."""

    language: str
    pay_title: str
    pay_by_card: str
    card_note: str
    by_transfer: str
    transfer_note: str
    scan_transfer: str
    scan_page: str
    download: str
    details: str
    partly_paid: str
    was_due: str
    paid_title: str
    paid: str
    thanks_title: str
    thanks: str
    processing_title: str
    processing: str
    being_charged_title: str
    being_charged: str
    credited_title: str
    credited: str
    void_title: str
    void: str
    written_off_title: str
    written_off: str
    card_title: str
    card_now: str
    card_none: str
    card_why: str
    card_save: str
    card_off: str
    saved_title: str
    saved: str
    to_invoice: str
    change_card: str
    contact: str
    unavailable_title: str
    unavailable: str


_ROWS = (
    ("en", "de", "fr", "es"),
    ("Pay invoice {number}", "Rechnung {number} bezahlen", "Payer la facture {number}", "Pagar la factura {number}"),
    ("Pay {amount} by card", "{amount} mit Karte bezahlen", "Payer {amount} par carte", "Pagar {amount} con tarjeta"),
    (
        "You pay on a secure page of our payment provider.",
        "Sie bezahlen auf einer gesicherten Seite unseres Zahlungsdienstleisters.",
        "Vous payez sur une page sécurisée de notre prestataire de paiement.",
        "Usted paga en una página segura de nuestro proveedor de pagos.",
    ),
    ("Pay by bank transfer", "Per Überweisung bezahlen", "Payer par virement", "Pagar por transferencia"),
    (
        "Please give the reference, so that your payment finds this invoice.",
        "Bitte geben Sie den Verwendungszweck an, damit Ihre Zahlung zu dieser Rechnung findet.",
        "Indiquez la référence pour que votre paiement soit rattaché à cette facture.",
        "Indique la referencia para que su pago se asigne a esta factura.",
    ),
    (
        "Scan with your banking app",
        "Mit Ihrer Banking-App scannen",
        "Scannez avec votre application bancaire",
        "Escanee con la aplicación de su banco",
    ),
    (
        "Open this page on your phone",
        "Diese Seite auf dem Telefon öffnen",
        "Ouvrir cette page sur votre téléphone",
        "Abrir esta página en su teléfono",
    ),
    (
        "Download the invoice (PDF)",
        "Rechnung herunterladen (PDF)",
        "Télécharger la facture (PDF)",
        "Descargar la factura (PDF)",
    ),
    ("What this invoice is for", "Was diese Rechnung enthält", "Contenu de cette facture", "Contenido de esta factura"),
    (
        "{paid} of {total} is settled already. This is the rest.",
        "{paid} von {total} sind bereits beglichen. Dies ist der Rest.",
        "{paid} sur {total} sont déjà réglés. Voici le solde.",
        "Ya se han saldado {paid} de {total}. Este es el resto.",
    ),
    (
        "This invoice was due on {day}.",
        "Diese Rechnung war am {day} fällig.",
        "Cette facture était payable au {day}.",
        "Esta factura venció el {day}.",
    ),
    (
        "Invoice {number} is paid",
        "Rechnung {number} ist bezahlt",
        "La facture {number} est réglée",
        "La factura {number} está pagada",
    ),
    (
        "Nothing is due any more. Thank you.",
        "Es ist nichts mehr offen. Vielen Dank.",
        "Plus rien n’est dû. Merci.",
        "Ya no hay nada pendiente. Gracias.",
    ),
    ("Thank you", "Vielen Dank", "Merci", "Gracias"),
    (
        "Your payment has arrived. Invoice {number} is paid.",
        "Ihre Zahlung ist eingegangen. Rechnung {number} ist bezahlt.",
        "Votre paiement nous est parvenu. La facture {number} est réglée.",
        "Hemos recibido su pago. La factura {number} está pagada.",
    ),
    (
        "Your payment is on its way",
        "Ihre Zahlung ist unterwegs",
        "Votre paiement est en cours",
        "Su pago está en curso",
    ),
    (
        "It may take a moment to arrive. Please do not pay again: this page will say when invoice {number} is paid.",
        "Das kann etwas dauern. Bitte nicht nochmals bezahlen: Diese Seite sagt, wann Rechnung {number} bezahlt ist.",
        "Cela peut prendre un moment. Ne payez pas à nouveau : cette page dira quand la facture {number} est réglée.",
        "Puede tardar un momento. No pague otra vez: esta página dirá cuándo está pagada la factura {number}.",
    ),
    (
        "Invoice {number} is being charged",
        "Rechnung {number} wird gerade eingezogen",
        "La facture {number} est en cours de prélèvement",
        "La factura {number} se está cobrando",
    ),
    (
        "{amount} is being charged to your saved payment method right now. You need not do anything.",
        "{amount} werden gerade über Ihre hinterlegte Zahlungsart eingezogen. Sie müssen nichts tun.",
        "{amount} sont en cours de prélèvement sur votre moyen de paiement enregistré. Vous n’avez rien à faire.",
        "Se están cobrando {amount} en su método de pago guardado. No tiene que hacer nada.",
    ),
    (
        "Invoice {number} has been credited",
        "Rechnung {number} wurde gutgeschrieben",
        "La facture {number} a fait l’objet d’un avoir",
        "La factura {number} ha sido abonada",
    ),
    (
        "A credit note covers the whole of it. Nothing is to be paid.",
        "Eine Rechnungskorrektur deckt sie vollständig. Es ist nichts zu bezahlen.",
        "Un avoir la couvre en totalité. Rien n’est à payer.",
        "Una factura rectificativa la cubre por completo. No hay nada que pagar.",
    ),
    (
        "Invoice {number} is void",
        "Rechnung {number} ist storniert",
        "La facture {number} est annulée",
        "La factura {number} está anulada",
    ),
    (
        "Please do not pay it. If it was replaced, the new invoice has a link of its own.",
        "Bitte bezahlen Sie sie nicht. Falls sie ersetzt wurde, hat die neue Rechnung einen eigenen Link.",
        "Ne la payez pas. Si elle a été remplacée, la nouvelle facture a son propre lien.",
        "No la pague. Si fue sustituida, la nueva factura tiene su propio enlace.",
    ),
    (
        "Invoice {number} is closed",
        "Rechnung {number} ist abgeschlossen",
        "La facture {number} est close",
        "La factura {number} está cerrada",
    ),
    (
        "It can no longer be paid here. Please write to us if you want to settle it.",
        "Sie kann hier nicht mehr bezahlt werden. Bitte schreiben Sie uns, wenn Sie sie begleichen möchten.",
        "Elle ne peut plus être payée ici. Écrivez-nous si vous souhaitez la régler.",
        "Ya no se puede pagar aquí. Escríbanos si desea saldarla.",
    ),
    (
        "Your payment method",
        "Ihre Zahlungsart",
        "Votre moyen de paiement",
        "Su método de pago",
    ),
    ("Saved now: {method}", "Hinterlegt ist: {method}", "Enregistré : {method}", "Guardado: {method}"),
    (
        "No payment method is saved yet.",
        "Es ist noch keine Zahlungsart hinterlegt.",
        "Aucun moyen de paiement n’est enregistré.",
        "Todavía no hay ningún método de pago guardado.",
    ),
    (
        "A new card is used for all your invoices. If invoice {number} could not be charged, it is charged at once.",
        "Eine neue Karte gilt für alle Rechnungen. Ist Rechnung {number} noch offen, wird sie sofort eingezogen.",
        "Une nouvelle carte sert pour toutes vos factures. La facture {number}, si elle est due, l’est aussitôt.",
        "Una tarjeta nueva se usa para todas sus facturas. Si la factura {number} está pendiente, se cobra enseguida.",
    ),
    ("Save a card", "Karte hinterlegen", "Enregistrer une carte", "Guardar una tarjeta"),
    (
        "Cards are not taken here.",
        "Karten werden hier nicht angenommen.",
        "Les cartes ne sont pas acceptées ici.",
        "Aquí no se aceptan tarjetas.",
    ),
    ("Your card is saved", "Ihre Karte ist hinterlegt", "Votre carte est enregistrée", "Su tarjeta está guardada"),
    (
        "{method} is used from now on.",
        "Ab jetzt wird {method} verwendet.",
        "{method} est utilisée désormais.",
        "A partir de ahora se usa {method}.",
    ),
    ("To invoice {number}", "Zur Rechnung {number}", "Vers la facture {number}", "A la factura {number}"),
    (
        "Change the saved payment method",
        "Hinterlegte Zahlungsart ändern",
        "Changer le moyen de paiement enregistré",
        "Cambiar el método de pago guardado",
    ),
    ("Questions? Write to", "Fragen? Schreiben Sie an", "Des questions ? Écrivez à", "¿Preguntas? Escriba a"),
    (
        "This did not work just now",
        "Das hat gerade nicht geklappt",
        "Cela n’a pas fonctionné",
        "No ha funcionado",
    ),
    (
        "Nothing was charged. Please try again in a few minutes.",
        "Es wurde nichts abgebucht. Bitte versuchen Sie es in einigen Minuten noch einmal.",
        "Rien n’a été débité. Veuillez réessayer dans quelques minutes.",
        "No se ha cobrado nada. Inténtelo de nuevo dentro de unos minutos.",
    ),
)

_WORDS = dict(zip(_LANGUAGES, (PayWords(*column) for column in zip(*_ROWS, strict=True)), strict=True))


def pay_words_of(language: str) -> PayWords:
    """The words of a language by its ISO 639-1 code; English where there are none."""
    return _WORDS.get(language, _WORDS["en"])
