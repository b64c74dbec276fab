"""A small, honest stand-in for Stripe on this machine: the real `stripe` library talks to it over HTTP.

In a test or a demo:

    with running_sandbox(clock=SystemClock()) as sandbox:                       # billing.sandbox.server
        client = stripe.StripeClient("sk_test_any", base_addresses={"api": sandbox.url})
        sandbox.control("POST", "clock", {"advance": 86_400})                   # a day later

By hand: `billing sandbox --memory` (docs/guides/sandbox.md).

Public names
    server.running_sandbox(*, clock, file, starts_at, webhook)   context manager, gives a RunningSandbox
    server.RunningSandbox       `url`, and `control(method, path, body)` for the control routes
    server.serve(settings, *, clock, announce)                   the same in the foreground, for the command line
    server.SandboxSettings      where it listens and keeps its state
    app.SandboxApp              the ASGI application, for those who bring their own server

Every key that begins with sk_test_ or rk_test_ opens an account of its own. What Stripe would refuse is refused in
its words; what Stripe can and the sandbox can't is refused with the code `sandbox_unsupported`, never ignored.
"""
