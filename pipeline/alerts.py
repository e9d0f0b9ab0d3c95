"""Telling somebody that a run failed."""

import smtplib
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import requests

from pipeline.settings import Settings

TIMEOUT_SECONDS = 15


def alert(settings: Settings, subject: str, text: str) -> list[str]:
    """Send ``text`` to the webhook and to the e-mail address that are configured.

    Returns a sentence for each way that failed; the run's own failure must stay the news.
    """
    problems = []
    if settings.alert_webhook:
        problems += _post(settings.alert_webhook.get_secret_value(), f"{subject}\n{text}")
    if settings.alert_email and settings.alert_smtp:
        problems += _mail(
            settings.alert_smtp.get_secret_value(), settings.alert_email, subject, text
        )
    return problems


def _post(url: str, text: str) -> list[str]:
    # The address of a webhook is a secret, and the exceptions of requests carry it.
    try:
        answer = requests.post(url, json={"text": text}, timeout=TIMEOUT_SECONDS)
    except requests.RequestException as error:
        return [f"the alert webhook cannot be reached ({type(error).__name__})"]
    return [] if answer.ok else [f"the alert webhook answered {answer.status_code}"]


def _mail(server: str, to: str, subject: str, text: str) -> list[str]:
    message = EmailMessage()
    message["Subject"], message["To"], message["From"] = subject, to, to
    message.set_content(text)
    try:
        parts = urlsplit(server)
        connect = smtplib.SMTP_SSL if parts.scheme == "smtps" else smtplib.SMTP
        with connect(
            parts.hostname or "localhost", parts.port or 0, timeout=TIMEOUT_SECONDS
        ) as smtp:
            if parts.username:
                if parts.scheme != "smtps":
                    smtp.starttls()
                smtp.login(unquote(parts.username), unquote(parts.password or ""))
            smtp.send_message(message)
    except (OSError, ValueError, smtplib.SMTPException) as error:
        return [f"the alert e-mail cannot be sent ({type(error).__name__})"]
    return []
