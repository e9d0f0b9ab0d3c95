"""Stands in for Klaviyo's imports: jobs that take time, half done, refused in whole and in part."""

import json
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.stand_ins.calls import Call, Reply
from tests.stand_ins.clock import StillClock
from tests.stand_ins.klaviyo import problem
from tests.stand_ins.klaviyo_lists import EPOCH, KlaviyoLists
from tests.stand_ins.klaviyo_rules import conditions

MOST_PROFILES, MOST_BYTES, MOST_PROFILE_BYTES = 10_000, 5_000_000, 100_000
ROW = "/data/attributes/profiles/data"
ADDRESS = re.compile(r"[^\s@\"\\,]+@[^\s@\"\\,]+\.[a-z]{2,}")
PATCHES = {"append", "unappend", "unset"}


@dataclass
class Job:
    """An import: what it is to do, how far it is, and what could not be done."""

    number: str
    profiles: list[dict[str, Any]]
    lists: list[str]
    started: float
    done: int = 0
    failed: list[dict[str, Any]] = field(default_factory=list)
    is_cancelled: bool = False


class KlaviyoAccount(KlaviyoLists):
    """Takes imports and carries them out bit by bit, in ``job_seconds`` each.

    ``malformed`` are addresses that a whole import is refused for, ``conflicting`` those that fail
    while it is carried out, both by address with where they are said to be wrong. ``cancels``
    ends jobs before they begin; ``lists_told`` is whether jobs tell their lists: always, only
    when they are to be included, or never; ``names_people`` whether errors tell who is meant.
    """

    def __init__(self, clock: StillClock | None = None) -> None:
        super().__init__(clock)
        self.jobs: dict[str, Job] = {}
        self.job_seconds = 0.0
        self.malformed: dict[str, str] = {}
        self.conflicting: dict[str, str] = {}
        self.cancels = False
        self.lists_told = "always"
        self.names_people = True
        path = "/api/profile-bulk-import-jobs"
        self.serve("POST", path, self._post_job)
        self.serve("GET", path, self._get_jobs)
        self.serve("GET", path + "/{job_id}", self._get_job)
        self.serve("GET", path + "/{id}/import-errors", self._get_errors)

    def checked(self, call: Call) -> Reply | None:
        """Let jobs get on before anything is answered."""
        for job in self.jobs.values():
            self._get_on(job)
        return super().checked(call)

    def finish(self) -> None:
        """Carry out all that is under way."""
        for job in self.jobs.values():
            self._work(job, len(job.profiles))

    def imports(self) -> list[dict[str, Any]]:
        """Return the bodies of all imports that were asked for."""
        calls = self.called("POST", "/api/profile-bulk-import-jobs")
        return [json.loads(one.body) for one in calls]

    def _post_job(self, call: Call) -> Reply:
        data = call.json()["data"]
        profiles = data.get("attributes", {}).get("profiles", {}).get("data")
        if data.get("type") != "profile-bulk-import-job" or not profiles:
            return problem(400, "invalid", "Profiles are required.", "/data/attributes/profiles")
        if len(call.body) > MOST_BYTES or len(profiles) > MOST_PROFILES:
            return problem(400, "invalid", "The import is too large.", "/data/attributes/profiles")
        # What stands anywhere else is not looked at, as with any unknown member.
        lists = [
            one["id"] for one in data.get("relationships", {}).get("lists", {}).get("data", [])
        ]
        if any(self._list(one) is None for one in lists):
            return problem(404, "not_found", "A list does not exist.", "/data/relationships/lists")
        wrong = [self._fault(place, one) for place, one in enumerate(profiles)]
        errors = [one.body["errors"][0] for one in wrong if one]
        if errors:
            return Reply(400, {"errors": errors})
        job = Job(f"job{len(self.jobs)}", profiles, lists, self.clock(), is_cancelled=self.cancels)
        self.jobs[job.number] = job
        return Reply(202, {"data": self._told(job)})

    def _fault(self, place: int, profile: dict[str, Any]) -> Reply | None:
        pointer = f"{ROW}/{place}"
        if len(json.dumps(profile, ensure_ascii=False).encode()) > MOST_PROFILE_BYTES:
            return problem(400, "invalid", "The profile is too large.", pointer)
        attributes, patches = profile.get("attributes", {}), _patches(profile)
        if profile.get("type") != "profile" or not set(patches) <= PATCHES:
            return problem(400, "invalid", "Not a profile.", pointer)
        email = attributes.get("email", "")
        if not ADDRESS.fullmatch(email) or email in self.malformed:
            where = self.malformed.get(email, "/attributes/email")
            return problem(400, "invalid", f"{email} is not right.", pointer + where)
        return None

    def _get_on(self, job: Job) -> None:
        if job.is_cancelled:
            return
        passed = self.clock() - job.started
        share = min(1.0, passed / self.job_seconds) if self.job_seconds else 1.0
        self._work(job, int(share * len(job.profiles)))

    def _work(self, job: Job, until: int) -> None:
        while job.done < until:
            profile = job.profiles[job.done]
            email = profile["attributes"]["email"]
            if email in self.conflicting:
                job.failed.append(self._error(job.done, profile))
            else:
                self._upsert(job, profile)
            job.done += 1

    def _upsert(self, job: Job, wanted: dict[str, Any]) -> None:
        email = wanted["attributes"]["email"].lower()
        profile = self.by_email().get(email)
        if profile is None:
            number = f"N{len(self.profiles):06}"
            self.add_profile(number, email, updated=self._now(), consent="NEVER_SUBSCRIBED")
            profile = self.by_email()[email]
        attributes = profile["attributes"]
        properties = attributes.setdefault("properties", {})
        for name, value in wanted["attributes"].items():
            # An import does not clear what comes as null.
            if name == "properties":
                known = {name: one for name, one in (value or {}).items() if one is not None}
                properties.update(known)
            elif value is not None:
                attributes[name] = value
        for name in _patches(wanted).get("unset", []):
            properties.pop(name, None)
        for list_id in job.lists:
            self.join(list_id, profile["id"])

    def _error(self, place: int, profile: dict[str, Any]) -> dict[str, Any]:
        where = self.conflicting[profile["attributes"]["email"]]
        attributes = {
            "code": "duplicate_profile" if where == "duplicate" else "invalid",
            "title": "Invalid input.",
            "detail": f"{profile['attributes']['email']} was not imported.",
            "source": {"pointer": f"{ROW}/{place}/attributes/{where}"},
            "original_payload": profile,
        }
        if not self.names_people:
            attributes |= {"source": {"pointer": "/data"}, "original_payload": None}
        return self._record("import-error", f"error{place}", attributes)

    def _get_jobs(self, call: Call) -> Reply:
        wanted = [json.loads(value) for _, _, value in conditions(call.one("filter"))]
        told = [self._told(job) for job in self.jobs.values()]
        found = [one for one in told if all(one["attributes"]["status"] in w for w in wanted)]
        return self.page(call, found, lambda one: one["id"], size=20)

    def _get_job(self, call: Call) -> Reply:
        job = self.jobs.get(call.found["job_id"])
        if job is None:
            return _no_job()
        return Reply(body={"data": self._told(job, is_included=call.one("include") == "lists")})

    def _get_errors(self, call: Call) -> Reply:
        job = self.jobs.get(call.found["id"])
        return self.page(call, job.failed, lambda one: one["id"], size=20) if job else _no_job()

    def _told(self, job: Job, *, is_included: bool = False) -> dict[str, Any]:
        at = (EPOCH + timedelta(seconds=job.started)).isoformat()
        attributes = {
            "status": _status(job),
            "created_at": at,
            "total_count": len(job.profiles),
            "completed_count": job.done - len(job.failed),
            "failed_count": len(job.failed),
            "started_at": at if job.done else None,
            "completed_at": None,
            "expires_at": (EPOCH + timedelta(days=7)).isoformat(),
        }
        told = self._record("profile-bulk-import-job", job.number, attributes)
        lists = {"data": [{"type": "list", "id": one} for one in job.lists]}
        is_told = self.lists_told == "always" or (self.lists_told == "included" and is_included)
        return {**told, "relationships": {"lists": lists if is_told else {}}}


def _status(job: Job) -> str:
    if job.is_cancelled:
        return "cancelled"
    if job.done == len(job.profiles):
        return "complete"
    return "processing" if job.done else "queued"


def _patches(profile: dict[str, Any]) -> dict[str, Any]:
    patches = (profile.get("meta") or {}).get("patch_properties") or {}
    return {name: value for name, value in patches.items() if value is not None}


def _no_job() -> Reply:
    return problem(404, "not_found", "A job does not exist.")
