"""What of a profile Mailchimp is told, as merge fields whose tags have ten characters at most."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.apis.mailchimp import MailchimpApi
from pipeline.destinations.properties import properties_of, property_names
from pipeline.http_answers import HttpError

MOST_FIELDS, MOST_FIELDS_PREMIUM = 30, 80
"""What an audience holds, the address among them, in the plan Premium and in all others."""
MOST_BYTES = 255


@dataclass(frozen=True)
class Field:
    """A merge field of ours.

    What ``is_whole`` is left out where it does not fit: half a code or half a link is none.
    """

    tag: str
    told: str
    label: str
    is_date: bool = False
    is_whole: bool = False

    @property
    def type(self) -> str:
        """Return Mailchimp's type. Text checks nothing, so that no value of ours is refused."""
        return "date" if self.is_date else "text"


FIELDS = (
    Field("WB_FNAME", "winback_first_name", "first name"),
    Field("WB_STATE", "winback_lifecycle", "lifecycle"),
    Field("WB_VIP", "winback_is_vip", "is VIP"),
    Field("WB_LAST", "winback_last_purchase_date", "last purchase", is_date=True),
    Field("WB_CATEG", "winback_favourite_category", "favourite category"),
    Field("WB_FAV", "winback_favourite_product_name", "favourite product"),
    Field("WB_FAVURL", "winback_favourite_product_url", "favourite: page", is_whole=True),
    Field("WB_FAVIMG", "winback_favourite_product_image_url", "favourite: image", is_whole=True),
    Field("WB_ALSO", "winback_complementary_product_name", "goes with it"),
    Field("WB_ALSOURL", "winback_complementary_product_url", "goes with it: page", is_whole=True),
    Field(
        "WB_ALSOIMG",
        "winback_complementary_product_image_url",
        "goes with it: image",
        is_whole=True,
    ),
    Field("WB_SEEN", "winback_last_seen_product_name", "looked at last"),
    Field("WB_SEENURL", "winback_last_seen_product_url", "looked at last: page", is_whole=True),
    Field(
        "WB_SEENIMG", "winback_last_seen_product_image_url", "looked at last: image", is_whole=True
    ),
    Field("WB_KIND", "winback_message_kind", "kind of message"),
    Field("WB_OFFER", "winback_offer_label", "offer"),
    Field("WB_CODE", "winback_offer_code", "code of the offer", is_whole=True),
    Field("WB_ENDS", "winback_offer_ends_on", "last day of the offer", is_date=True),
)
"""What mails need, few enough for every plan. Lists and steps are told by tags, not here."""


def values_of(profile: Mapping[str, Any]) -> dict[str, str]:
    """Return the text of each field that the profile has a column for.

    What is not known is an empty text: Mailchimp empties a field of any type for that, and leaves
    it as it is for a null.
    """
    told = properties_of(profile)
    return {field.tag: _text(field, told[field.told]) for field in FIELDS if field.told in told}


class MergeFields:
    """The merge fields of an audience; those of ours that are missing are made once."""

    def __init__(self, api: MailchimpApi, list_id: str) -> None:
        self._api = api
        self._list_id = list_id
        self._types: dict[str, str] = {}

    def ensure(self, columns: Collection[str]) -> None:
        """Make the fields for these columns of profiles; raise ``HttpError`` where one cannot be.

        A value for a field that is not there would be ignored without a word.
        """
        names = set(property_names(columns).values())
        wanted = [field for field in FIELDS if field.told in names]
        if all(field.tag in self._types for field in wanted):
            return
        self._read()
        for field in wanted:
            if field.tag not in self._types:
                self._make(field)
        for problem in self._unfit():
            raise HttpError(problem)

    def problems(self) -> Iterator[str]:
        """Yield what stands in the way of our fields."""
        self._read()
        missing = [field.tag for field in FIELDS if field.tag not in self._types]
        # The address counts and is not among them.
        there = len(self._types) + 1
        if missing and there + len(missing) > MOST_FIELDS:
            yield (
                f"the audience has {there} fields and {len(missing)} of Winback's are missing; it "
                f"holds {MOST_FIELDS} ({MOST_FIELDS_PREMIUM} in the plan Premium): delete some "
                "under Audience → Settings → Audience fields"
            )
        yield from self._unfit()

    def _read(self) -> None:
        wanted = {"fields": "merge_fields.tag,merge_fields.type"}
        there = self._api.all_of(self._list_id, "merge-fields", "merge_fields", wanted)
        self._types = {one["tag"]: one["type"] for one in there}

    def _make(self, field: Field) -> None:
        body = {
            "tag": field.tag,
            "name": f"Winback: {field.label}",
            "type": field.type,
            "required": False,
            "public": False,
        }
        try:
            self._api.write(
                "POST", f"/lists/{self._list_id}/merge-fields", body, is_repeatable=False
            )
        except HttpError as error:
            if not (error.is_unknown or error.status == 400):
                raise
            # It may have been made all the same, or by somebody else just now.
            self._read()
            if field.tag not in self._types:
                raise HttpError(
                    f"{error.sentence}: the field {field.tag} cannot be made. An audience holds "
                    f"{MOST_FIELDS} ({MOST_FIELDS_PREMIUM} in the plan Premium): delete some under "
                    "Audience → Settings → Audience fields",
                    status=error.status,
                    code=error.code,
                    is_unknown=error.is_unknown,
                ) from None
        self._types[field.tag] = self._types.get(field.tag, field.type)

    def _unfit(self) -> Iterator[str]:
        for field in FIELDS:
            there = self._types.get(field.tag, field.type)
            if there not in ("text", field.type):
                yield (
                    f"Mailchimp's field {field.tag} is of type {there} and has to be {field.type}: "
                    "delete it, the next run makes it anew"
                )


def _text(field: Field, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    # A date is written as 2026-11-02, which Mailchimp reads whatever it shows.
    text = str(value)
    if len(text.encode()) <= MOST_BYTES:
        return text
    return "" if field.is_whole else text.encode()[:MOST_BYTES].decode(errors="ignore")
