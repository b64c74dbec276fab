"""The few pages that a person sees: pay, leave a card, confirm. Plain HTML, no script."""

from html import escape

from billing.sandbox.amounts import shown
from billing.sandbox.state import Resource

_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:28rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}"
    "label{display:block;margin-top:.75rem}input{font:inherit;width:100%;padding:.4rem;box-sizing:border-box}"
    "button{font:inherit;padding:.5rem 1rem;margin:1rem .5rem 0 0}[role=alert]{color:#a40000}small{color:#555}"
)


def checkout(session: Resource, lines: list[Resource], *, problem: str | None = None) -> str:
    """The page of an open session: what is paid for, the card, and the way back."""
    items = "".join(
        f"<li>{escape(line['description'])} × {line['quantity']}: "
        f"{escape(shown(line['amount_total'], line['currency']))}</li>"
        for line in lines
    )
    alert = f'<p role="alert">{escape(problem)}</p>' if problem else ""
    email = escape(session["customer_email"] or "", quote=True)
    action = f"/c/pay/{session['id']}"
    paying = session["mode"] == "payment"
    title = f"Pay {shown(session['amount_total'], session['currency'])}" if paying else "Save a card"
    cancel = '<button name="cancel" value="yes" formnovalidate>Cancel</button>' if session["cancel_url"] else ""
    return _page(
        title,
        f"<ul>{items}</ul>{alert}"
        f'<form method="post" action="{action}">'
        f'<label>E-mail <input name="email" type="email" autocomplete="email" value="{email}"></label>'
        '<label>Card number <input name="number" inputmode="numeric" autocomplete="cc-number" required></label>'
        '<label>Expiry, MM/YY <input name="expiry" autocomplete="cc-exp" required pattern="\\d\\d ?/ ?\\d\\d"></label>'
        '<label>Security code <input name="cvc" inputmode="numeric" autocomplete="cc-csc" required></label>'
        f"<button>{'Pay' if paying else 'Save'}</button>{cancel}</form>"
        "<p><small>A sandbox: use a test card such as 4242 4242 4242 4242, any expiry to come, any code.</small></p>",
    )


def question(intent: Resource) -> str:
    """3D Secure's question for one payment."""
    paying = intent["object"] == "payment_intent"
    what = f"a payment of {shown(intent['amount'], intent['currency'])}" if paying else "saving this card"
    return _page(
        "Confirm with your bank",
        f"<p>The sandbox's bank asks whether you allow {escape(what)}.</p>"
        f'<form method="post" action="/_sandbox/authenticate/{intent["id"]}">'
        '<button name="result" value="complete">Complete</button>'
        '<button name="result" value="fail">Fail</button></form>',
    )


def notice(title: str, sentence: str) -> str:
    """A page that only says something."""
    return _page(title, f"<p>{escape(sentence)}</p>")


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
