"""Klaviyo's imports: profiles in bulk, what is refused of them, and when they are done."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.apis.klaviyo import KlaviyoApi
from pipeline.apis.klaviyo_filters import normalised, values
from pipeline.http import Parameters
from pipeline.http_answers import HttpError
from pipeline.http_bodies import batches, json_bytes

MOST_PROFILES = 10_000
MOST_BYTES = 5_000_000
MOST_PROFILE_BYTES = 100_000
JOB_SECONDS = 1800
"""So long an import is waited for; what is not done by then shows later, or not at all."""
JOB_PAGE = ERROR_PAGE = 100
UNDER_WAY = ("queued", "processing")
_ROW = re.compile(r"/data/attributes/profiles/data/(\d+)(?:/|$)")

Profile = Mapping[str, Any]


@dataclass
class Imported:
    """What came of profiles, by address. ``refused`` has reasons, ``pending`` is still under way.

    ``unnamed_count`` is how many were refused without a word on who they are.
    """

    refused: dict[str, str] = field(default_factory=dict)
    pending: set[str] = field(default_factory=set)
    unnamed_count: int = 0


def import_profiles(
    api: KlaviyoApi, profiles: Sequence[Profile], list_id: str | None = None
) -> Imported:
    """Write profiles, put them on a list if one is given, and wait until that is done.

    Doing it again leaves the same. All of a call is refused for one profile: those that are named
    are left out then, and the others are sent once more.
    """
    imported = Imported()
    fitting = []
    for profile in profiles:
        if len(json_bytes(profile)) > MOST_PROFILE_BYTES:
            imported.refused[_email(profile)] = "profile too large"
        else:
            fitting.append(profile)
    jobs = [
        (_submit(api, lot, list_id, imported), lot)
        for lot in batches(fitting, most=MOST_PROFILES, most_bytes=MOST_BYTES)
    ]
    for job_id, lot in jobs:
        if job_id:
            _follow(api, job_id, lot, imported)
    return imported


def wait_for_imports(api: KlaviyoApi, list_id: str) -> None:
    """Return when no import into a list is under way.

    Raises ``HttpError`` where that takes more than ``JOB_SECONDS``.
    """
    for _ in api.looks(JOB_SECONDS):
        if not any(_may_concern(api, job, list_id) for job in _under_way(api)):
            return
    raise HttpError(
        f"imports into a list of Klaviyo's are not done after {JOB_SECONDS // 60} minutes: "
        "run again later"
    )


def _under_way(api: KlaviyoApi) -> Iterator[Mapping[str, Any]]:
    wanted: Parameters = {"filter": f"any(status,{values(UNDER_WAY)})", "page[size]": JOB_PAGE}
    for page in api.pages("/api/profile-bulk-import-jobs", wanted):
        yield from page


def _may_concern(api: KlaviyoApi, job: Mapping[str, Any], list_id: str) -> bool:
    """Say whether a job is about a list, or does not even tell it when asked."""
    lists = _lists(job)
    if lists is None:
        path = "/api/profile-bulk-import-jobs/{job_id}"
        lists = _lists(api.get(path, {"include": "lists"}, {"job_id": job["id"]})["data"])
    return lists is None or list_id in lists


def _lists(job: Mapping[str, Any]) -> list[str] | None:
    told = ((job.get("relationships") or {}).get("lists") or {}).get("data")
    return None if told is None else [one["id"] for one in told]


def _submit(
    api: KlaviyoApi, profiles: list[Profile], list_id: str | None, imported: Imported
) -> str:
    """Return the number of the job, "" where nobody is left to be imported."""
    try:
        return _submitted(api, profiles, list_id)
    except HttpError as error:
        reasons = _refused_rows(error)
        if not reasons or max(reasons) >= len(profiles):
            raise
    imported.refused |= {_email(profiles[row]): reason for row, reason in reasons.items()}
    profiles[:] = [one for row, one in enumerate(profiles) if row not in reasons]
    return _submitted(api, profiles, list_id) if profiles else ""


def _submitted(api: KlaviyoApi, profiles: Sequence[Profile], list_id: str | None) -> str:
    data: dict[str, Any] = {
        "type": "profile-bulk-import-job",
        "attributes": {"profiles": {"data": profiles}},
    }
    if list_id:
        # Beside the attributes: anywhere else it is ignored without a word.
        data["relationships"] = {"lists": {"data": [{"type": "list", "id": list_id}]}}
    answer = api.call("POST /api/profile-bulk-import-jobs", body={"data": data}, is_repeatable=True)
    return str(answer["data"]["id"])


def _refused_rows(error: HttpError) -> dict[int, str]:
    """Return by row why it was refused; nothing where it is not all about rows."""
    if error.status != 400 or not isinstance(error.body, dict):
        return {}
    reasons = {}
    for told in error.body.get("errors") or []:
        row = _row(told)
        if row is None:
            return {}
        reasons[row] = _reason(told)
    return reasons


def _follow(api: KlaviyoApi, job_id: str, profiles: Sequence[Profile], imported: Imported) -> None:
    for _ in api.looks(JOB_SECONDS):
        answer = api.get("/api/profile-bulk-import-jobs/{job_id}", ids={"job_id": job_id})
        job = answer["data"]["attributes"]
        if job["status"] not in UNDER_WAY:
            break
    else:
        imported.pending |= {_email(one) for one in profiles}
        return
    if job["status"] != "complete":
        raise HttpError(
            f"an import of {len(profiles)} profiles into Klaviyo ended as {job['status']}: "
            "run again"
        )
    if job.get("failed_count"):
        _read_errors(api, job_id, profiles, imported)


def _read_errors(
    api: KlaviyoApi, job_id: str, profiles: Sequence[Profile], imported: Imported
) -> None:
    emails = [_email(one) for one in profiles]
    known = set(emails)
    path = "/api/profile-bulk-import-jobs/{id}/import-errors"
    for page in api.pages(path, {"page[size]": ERROR_PAGE}, {"id": job_id}):
        for told in page:
            email = _email_of_error(told["attributes"], emails, known)
            if email is None:
                imported.unnamed_count += 1
            else:
                imported.refused[email] = _reason(told["attributes"])


def _email_of_error(told: Mapping[str, Any], emails: Sequence[str], known: set[str]) -> str | None:
    payload = told.get("original_payload") or {}
    for place in (payload, payload.get("attributes") or {}):
        if normalised(place.get("email")) in known:
            return normalised(place["email"])
    row = _row(told)
    return emails[row] if row is not None and row < len(emails) else None


def _reason(told: Mapping[str, Any]) -> str:
    """Return in few words what is wrong; never what Klaviyo writes, which may name people."""
    if "duplicate" in str(told.get("code")).lower():
        return "more than one profile"
    return "invalid email" if _pointer(told).endswith("/email") else "invalid profile"


def _row(told: Mapping[str, Any]) -> int | None:
    found = _ROW.match(_pointer(told))
    return int(found[1]) if found else None


def _pointer(told: Mapping[str, Any]) -> str:
    return str((told.get("source") or {}).get("pointer") or "")


def _email(profile: Profile) -> str:
    return str(profile["attributes"]["email"])
