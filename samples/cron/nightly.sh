#!/bin/bash
# The daily steps of billing, of all tenants or of one: nightly.sh generate|dunning|both [TENANT]
# `both` takes several tenants, separated by commas. Needs INTERNAL_API_KEY; BILLING_URL says where.
set -euo pipefail
case ${1:-} in
    generate) path=/api/customer-billing/generate-invoices ;;
    dunning) path=/api/customer-billing/dunning/run ;;
    both) path=/api/internal/cron/billing ;;
    *) echo "usage: nightly.sh generate|dunning|both [TENANT]" >&2; exit 2 ;;
esac
headers=(-H "Content-Type: application/json")
if [[ -n ${2:-} ]]; then headers+=(-H "X-Tenant-ID: $2"); fi
failed=0
for _ in {1..20}; do
    # the key comes by standard input: an argument would show in the list of processes
    answer=$(curl -sS --fail-with-body --max-time 1800 --retry 3 -X POST "${BILLING_URL:-http://127.0.0.1:3001}$path" \
        "${headers[@]}" -H @- <<<"x-internal-key: $INTERNAL_API_KEY") || { echo "$answer" >&2; exit 1; }
    echo "$answer"
    if [[ $answer == *'"errors":[{'* || $answer == *'"failures":[{'* ]]; then failed=1; fi
    if [[ $answer != *'"complete":false'* ]]; then
        ((failed)) && echo "something could not be done, see above" >&2
        exit "$failed"
    fi
    sleep "${BILLING_PAUSE:-30}" # another run may be at some of it
done
echo "still not complete after 20 calls" >&2
exit 1
