"""Who was invoiced most, and how that changed."""

from decimal import Decimal

from billing.domain.revenue_ranking import CustomerRevenue, ranking_section


def test_the_greatest_come_first_with_their_change() -> None:
    section = ranking_section(
        {
            "ada": CustomerRevenue(invoiced=100_00),
            "bob": CustomerRevenue(invoiced=300_00, credited=250_00),
            "cyd": CustomerRevenue(invoiced=75_00),
            "dan": CustomerRevenue(invoiced=75_00),
        },
        before={"ada": CustomerRevenue(80_00), "cyd": CustomerRevenue(100_00), "eve": CustomerRevenue(20_00)},
        currency="USD",
        top=3,
    )
    assert [(row.rank, row.customer_id, row.revenue, row.before, row.change) for row in section.rows] == [
        (1, "ada", 100_00, 80_00, Decimal("25.0")),
        (2, "cyd", 75_00, 100_00, Decimal("-25.0")),
        (3, "dan", 75_00, None, None),
    ]
    # bob's 50.00 count in the sum: 100 + 50 + 75 + 75, after 200
    assert (section.customers, section.revenue, section.revenue_before) == (4, 300_00, 200_00)
    assert section.change == Decimal("50.0")


def test_a_credit_note_is_taken_off_and_shown() -> None:
    section = ranking_section(
        {"ada": CustomerRevenue(invoiced=100_00, credited=100_00)},
        before={"ada": CustomerRevenue(invoiced=5_00, credited=5_00)},
        currency="USD",
        top=1,
    )
    (row,) = section.rows
    assert (row.invoiced, row.credited, row.revenue, row.before, row.change) == (100_00, 100_00, 0, 0, None)
