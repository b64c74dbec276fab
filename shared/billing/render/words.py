"""The words of a document in the languages that it speaks: one row a word, for translators to read across.

Braces hold what stands in a sentence; they are the same in every language. Legal phrases are those of the national
texts: section 14a (5) UStG, article 242 nonies A annexe II CGI, article 6.1 m) Real Decreto 1619/2012.
"""

from dataclasses import dataclass

_LANGUAGES = ("en", "de", "fr", "es")


@dataclass(frozen=True, slots=True)
class Words:
    """What a document says in one language; `language` is its ISO 639-1 code."""

    language: str
    invoice: str
    draft_invoice: str
    credit_note: str
    draft_credit_note: str
    document_for: str
    bill_to: str
    credit_to: str
    seller: str
    invoice_number: str
    credit_note_number: str
    issue_date: str
    due_date: str
    supply_period: str
    your_reference: str
    replaces: str
    corrects: str
    description: str
    quantity: str
    unit_price: str
    tax: str
    amount: str
    included: str
    flat_fee: str
    brought_forward: str
    carried_forward: str
    subtotal: str
    tax_on: str
    total: str
    amount_paid: str
    amount_due: str
    total_credit: str
    accounting_tax: str
    vat_id: str
    tax_id: str
    registration: str
    electronic_address: str
    tax_registration: str
    mark_draft: str
    mark_paid: str
    mark_void: str
    due_by: str
    paid_in_full: str
    not_to_be_paid: str
    not_yet_issued: str
    charged: str
    to_balance: str
    charged_automatically: str
    added_to_balance: str
    refunded: str
    terms_net: str
    terms_receipt: str
    payment: str
    account_holder: str
    bank: str
    account_number: str
    bank_code: str
    reference: str
    pay_online: str
    transfer_code: str
    page: str
    vat: str
    sales_tax: str
    untaxed_reverse_charge: str
    untaxed_exempt: str
    untaxed_outside: str
    note_reverse_charge: str
    note_outside: str
    note_exempt: str
    line_proration: str
    line_credit: str
    line_commitment: str
    line_discount: str
    line_included: str
    line_late: str
    line_free_tier: str
    line_tier: str
    line_per_started: str
    every_day: str
    every_week: str
    every_month: str
    every_year: str
    every_days: str
    every_weeks: str
    every_months: str
    every_years: str


_ROWS = (
    ("en", "de", "fr", "es"),
    ("Invoice", "Rechnung", "Facture", "Factura"),
    ("Draft invoice", "Rechnungsentwurf", "Projet de facture", "Borrador de factura"),
    ("Credit note", "Rechnungskorrektur", "Avoir", "Factura rectificativa"),
    ("Draft credit note", "Entwurf einer Rechnungskorrektur", "Projet d’avoir", "Borrador de factura rectificativa"),
    ("{title} for {name}", "{title} für {name}", "{title} pour {name}", "{title} para {name}"),
    ("Bill to", "Rechnung an", "Facturé à", "Facturar a"),
    ("To", "An", "Destinataire", "Destinatario"),
    ("From", "Von", "De", "De"),
    ("Invoice number", "Rechnungsnummer", "Numéro de facture", "Número de factura"),
    ("Credit note number", "Nummer", "Numéro d’avoir", "Número de factura"),
    ("Issue date", "Ausstellungsdatum", "Date d’émission", "Fecha de emisión"),
    ("Due date", "Fällig am", "Date d’échéance", "Fecha de vencimiento"),
    ("Supply period", "Leistungszeitraum", "Période de prestation", "Periodo de servicio"),
    ("Your reference", "Ihre Referenz", "Votre référence", "Su referencia"),
    ("Replaces invoice", "Ersetzt Rechnung", "Remplace la facture", "Sustituye a la factura"),
    ("Corrects invoice", "Korrigiert Rechnung", "Rectifie la facture", "Rectifica la factura"),
    ("Description", "Beschreibung", "Description", "Descripción"),
    ("Quantity", "Menge", "Quantité", "Cantidad"),
    ("Unit price", "Einzelpreis", "Prix unitaire", "Precio unitario"),
    ("Tax", "Steuer", "Taxe", "Impuesto"),
    ("Amount", "Betrag", "Montant", "Importe"),
    ("{percent} incl.", "{percent} inkl.", "{percent} incl.", "{percent} incl."),
    (
        "plus a flat fee of {amount}",
        "zuzüglich einer Pauschale von {amount}",
        "plus un forfait de {amount}",
        "más una tarifa fija de {amount}",
    ),
    ("Brought forward", "Übertrag", "Report", "Suma anterior"),
    ("Carried forward", "Übertrag", "À reporter", "Suma y sigue"),
    ("Subtotal", "Zwischensumme", "Sous-total", "Subtotal"),
    ("{tax} on {base}", "{tax} auf {base}", "{tax} sur {base}", "{tax} sobre {base}"),
    ("Total ({currency})", "Gesamtbetrag ({currency})", "Total ({currency})", "Total ({currency})"),
    ("Amount paid", "Bereits bezahlt", "Déjà réglé", "Importe pagado"),
    ("Amount due", "Zahlbetrag", "Montant à payer", "Importe pendiente"),
    ("Total credit", "Gutschriftbetrag", "Montant de l’avoir", "Importe abonado"),
    (
        "Tax in {currency}: {tax} (1 {own} = {rate} {currency} on {day})",
        "Steuer in {currency}: {tax} (1 {own} = {rate} {currency} am {day})",
        "Taxe en {currency} : {tax} (1 {own} = {rate} {currency} le {day})",
        "Impuesto en {currency}: {tax} (1 {own} = {rate} {currency} el {day})",
    ),
    ("VAT ID: {id}", "USt-IdNr.: {id}", "N° TVA : {id}", "NIF-IVA: {id}"),
    ("Tax ID: {id}", "Steuernummer: {id}", "N° fiscal : {id}", "NIF: {id}"),
    ("Registration: {id}", "Registernummer: {id}", "N° d’immatriculation : {id}", "N.º de registro: {id}"),
    (
        "E-invoice address: {id}",
        "E-Rechnungsadresse: {id}",
        "Adresse de facturation électronique : {id}",
        "Dirección de factura electrónica: {id}",
    ),
    ("Tax registration {id}", "Steuerregistrierung {id}", "Immatriculation fiscale {id}", "Registro fiscal {id}"),
    ("Draft", "Entwurf", "Projet", "Borrador"),
    ("Paid", "Bezahlt", "Payée", "Pagada"),
    ("Void", "Storniert", "Annulée", "Anulada"),
    ("due by {day}", "fällig am {day}", "payable jusqu’au {day}", "a pagar hasta el {day}"),
    ("paid in full", "vollständig bezahlt", "entièrement réglée", "pagada por completo"),
    ("not to be paid", "nicht zu bezahlen", "ne pas payer", "no pagar"),
    ("not issued yet", "noch nicht ausgestellt", "pas encore émise", "aún no emitida"),
    ("charged automatically", "wird automatisch eingezogen", "prélevé automatiquement", "se cobra automáticamente"),
    ("to your balance", "auf Ihr Guthaben", "sur votre solde", "a su saldo"),
    (
        "This amount is charged to your saved payment method. You need not transfer anything.",
        "Dieser Betrag wird über Ihre hinterlegte Zahlungsart eingezogen. Bitte überweisen Sie nichts.",
        "Ce montant est prélevé sur votre moyen de paiement enregistré. Aucun virement n’est nécessaire.",
        "Este importe se carga a su método de pago guardado. No es necesario que haga ninguna transferencia.",
    ),
    (
        "{amount} is added to your credit balance, which pays for your next invoices.",
        "{amount} werden Ihrem Guthaben zugeschrieben und mit Ihren nächsten Rechnungen verrechnet.",
        "{amount} s’ajoutent à votre solde créditeur, imputé sur vos prochaines factures.",
        "{amount} se suman a su saldo a favor, que se aplica a sus próximas facturas.",
    ),
    ("{amount} is refunded.", "{amount} werden erstattet.", "{amount} sont remboursés.", "{amount} se reembolsan."),
    (
        "Terms: Net {days}, payment due by {day}.",
        "Zahlungsbedingungen: {days} Tage netto, zahlbar bis {day}.",
        "Conditions de paiement : {days} jours nets, payable jusqu’au {day}.",
        "Condiciones de pago: {days} días netos, a pagar hasta el {day}.",
    ),
    (
        "Terms: due on receipt, by {day}.",
        "Zahlungsbedingungen: zahlbar sofort, bis {day}.",
        "Conditions de paiement : à réception, jusqu’au {day}.",
        "Condiciones de pago: a la recepción, hasta el {day}.",
    ),
    ("Payment", "Zahlung", "Paiement", "Pago"),
    ("Account holder", "Kontoinhaber", "Titulaire", "Titular"),
    ("Bank", "Bank", "Banque", "Banco"),
    ("Account number", "Kontonummer", "Numéro de compte", "Número de cuenta"),
    ("Bank code", "Bankleitzahl", "Code banque", "Código bancario"),
    ("Reference", "Verwendungszweck", "Référence", "Referencia"),
    ("Pay online", "Online bezahlen", "Payer en ligne", "Pagar en línea"),
    ("Bank transfer in euro", "Überweisung in Euro", "Virement en euros", "Transferencia en euros"),
    (
        "Page {number} of {count}",
        "Seite {number} von {count}",
        "Page {number} sur {count}",
        "Página {number} de {count}",
    ),
    ("VAT", "USt.", "TVA", "IVA"),
    ("Sales tax", "Verkaufssteuer", "Taxe de vente", "Impuesto sobre las ventas"),
    (
        "Reverse charge",
        "Steuerschuldnerschaft des Leistungsempfängers",
        "Autoliquidation",
        "Inversión del sujeto pasivo",
    ),
    ("Tax exempt", "Steuerfrei", "Exonéré de taxe", "Exento de impuestos"),
    ("Outside the scope of tax", "Nicht steuerbar", "Hors champ de la taxe", "No sujeto a impuestos"),
    (
        "Reverse charge: VAT to be accounted for by the recipient, Art. 196 Directive 2006/112/EC",
        "Steuerschuldnerschaft des Leistungsempfängers, Art. 196 Richtlinie 2006/112/EG",
        "Autoliquidation : TVA due par le preneur, art. 196 de la directive 2006/112/CE",
        "Inversión del sujeto pasivo: IVA a cargo del destinatario, art. 196 de la Directiva 2006/112/CE",
    ),
    (
        "Outside the territory of EU VAT, Art. 6 Directive 2006/112/EC",
        "Außerhalb des Mehrwertsteuergebiets der EU, Art. 6 Richtlinie 2006/112/EG",
        "Hors du territoire de la TVA de l’UE, art. 6 de la directive 2006/112/CE",
        "Fuera del territorio del IVA de la UE, art. 6 de la Directiva 2006/112/CE",
    ),
    ("Exempt from tax", "Steuerbefreit", "Exonéré de taxe", "Exento de impuestos"),
    ("{name} - proration", "{name} – anteilig", "{name} – prorata", "{name} – prorrateo"),
    (
        "{name} - credit for unused time",
        "{name} – Gutschrift für nicht genutzte Zeit",
        "{name} – crédit pour la période non utilisée",
        "{name} – abono por el tiempo no utilizado",
    ),
    (
        "{name} - minimum commitment",
        "{name} – Mindestabnahme",
        "{name} – engagement minimal",
        "{name} – consumo mínimo",
    ),
    ("{name} - discount", "{name} – Rabatt", "{name} – remise", "{name} – descuento"),
    ("{name} - included", "{name} – inklusive", "{name} – inclus", "{name} – incluido"),
    (
        "{name} - late usage {days}",
        "{name} – Nachtrag {days}",
        "{name} – usage tardif {days}",
        "{name} – consumo tardío {days}",
    ),
    ("{name} - Free tier", "{name} – Freikontingent", "{name} – volume gratuit", "{name} – tramo gratuito"),
    ("{name} - Tier {number}", "{name} – Stufe {number}", "{name} – palier {number}", "{name} – tramo {number}"),
    (
        "{name} - per started {number}",
        "{name} – je angefangene {number}",
        "{name} – par tranche entamée de {number}",
        "{name} – por cada {number} o fracción",
    ),
    ("{name} (daily)", "{name} (täglich)", "{name} (quotidien)", "{name} (diario)"),
    ("{name} (weekly)", "{name} (wöchentlich)", "{name} (hebdomadaire)", "{name} (semanal)"),
    ("{name} (monthly)", "{name} (monatlich)", "{name} (mensuel)", "{name} (mensual)"),
    ("{name} (yearly)", "{name} (jährlich)", "{name} (annuel)", "{name} (anual)"),
    (
        "{name} (every {number} days)",
        "{name} (alle {number} Tage)",
        "{name} (tous les {number} jours)",
        "{name} (cada {number} días)",
    ),
    (
        "{name} (every {number} weeks)",
        "{name} (alle {number} Wochen)",
        "{name} (toutes les {number} semaines)",
        "{name} (cada {number} semanas)",
    ),
    (
        "{name} (every {number} months)",
        "{name} (alle {number} Monate)",
        "{name} (tous les {number} mois)",
        "{name} (cada {number} meses)",
    ),
    (
        "{name} (every {number} years)",
        "{name} (alle {number} Jahre)",
        "{name} (tous les {number} ans)",
        "{name} (cada {number} años)",
    ),
)

_WORDS = dict(zip(_LANGUAGES, (Words(*column) for column in zip(*_ROWS, strict=True)), strict=True))


def words_of(language: str) -> Words:
    """The words of a language by its ISO 639-1 code; English where there are none."""
    return _WORDS.get(language, _WORDS["en"])
