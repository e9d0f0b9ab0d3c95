import pytest
from pydantic import ValidationError

from pipeline.settings import Settings, sentence_of
from pipeline.source_clients import source_of
from pipeline.sources.catalogue import entities_of

SHOP = {"timezone": "Europe/Berlin", "currency": "EUR"}
SET = {
    "klaviyo_key": "pk_0123456789",
    "mailchimp_key": "0123456789-us10",
    "brevo_key": "xkeysib-0123456789",
    "listmonk_url": "http://localhost:9000",
    "listmonk_user": "winback",
    "listmonk_token": "0123456789",
}
TOOLS = ("klaviyo", "mailchimp", "brevo", "listmonk")


@pytest.mark.parametrize(
    ("tool", "given", "sentence"),
    [
        ("klaviyo", {}, "so set WINBACK_KLAVIYO_KEY"),
        ("mailchimp", {}, "so set WINBACK_MAILCHIMP_KEY"),
        ("mailchimp", {"mailchimp_key": "0123456789"}, "end with a data centre, like -us10"),
        ("mailchimp", {"mailchimp_key": "0123456789-"}, "end with a data centre, like -us10"),
        ("brevo", {}, "so set WINBACK_BREVO_KEY"),
        ("listmonk", {}, "WINBACK_LISTMONK_URL and WINBACK_LISTMONK_USER and WINBACK_LISTMONK_TOK"),
        ("listmonk", {"listmonk_url": "lists.example.com"}, "has to begin with https://"),
    ],
)
def test_a_tool_says_what_has_to_be_set_and_shows_no_key(tool, given, sentence):
    with pytest.raises(ValidationError) as caught:
        Settings(_env_file=None, sources=tool, **SHOP, **given)
    assert sentence in sentence_of(caught.value)
    assert "0123456789" not in sentence_of(caught.value)


@pytest.mark.parametrize("tool", TOOLS)
def test_what_is_set_makes_a_source_that_can_bring_what_it_promises(tool):
    settings = Settings(_env_file=None, sources=tool, **SHOP, **SET)
    made = source_of(tool, settings)
    streams = {one.name for one in made.streams}
    read = {mapping.stream for one in entities_of(tool) for mapping in made.mappings(one.name)}
    assert read == streams
    assert all(made.mappings(one.name) for one in entities_of(tool))
    assert "0123456789" not in repr(made) + repr(settings)
