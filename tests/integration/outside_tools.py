"""The accounts with e-mail tools that faults are tried on, by the columns of the matrix."""

from tests.integration.outside_accounts import Account
from tests.integration.outside_brevo import Brevo, BrevoImports
from tests.integration.outside_klaviyo import Klaviyo
from tests.integration.outside_listmonk import Listmonk
from tests.integration.outside_mailchimp import Mailchimp

ACCOUNTS: dict[str, type[Account]] = {
    "klaviyo": Klaviyo,
    "mailchimp": Mailchimp,
    "brevo": Brevo,
    "brevo's imports": BrevoImports,
    "listmonk": Listmonk,
}
