"""Keep audiences of advertising as the files that Google Customer Match and Meta take."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from pipeline.destinations import private_files
from pipeline.destinations.cells import header_of, rows_of
from pipeline.destinations.contract import Changes, Outcome
from pipeline.destinations.files import FilesClient
from pipeline.sql import identifier, literal

Upload = Mapping[str, str | None]

UPLOADS: Mapping[str, Upload] = {
    # support.google.com/google-ads/answer/7475964: these headers, Country and Zip not hashed.
    "google": {
        "Email": "google_email",
        "Phone": "google_phone",
        "First Name": "google_first_name",
        "Last Name": "google_last_name",
        "Country": "google_country",
        "Zip": None,
    },
    # facebook.com/business/help/2082575038703844: these headers.
    "meta": {
        "email": "meta_email",
        "phone": "meta_phone",
        "fn": "meta_first_name",
        "ln": "meta_last_name",
        "ct": "meta_city",
        "country": "meta_country",
    },
}
"""By network the headers of its file, and the column of the payload that each shows."""


@dataclass(frozen=True)
class AudiencesClient:
    """A folder of members, which is read back, and one for each network made of it.

    The files of networks hold no id of ours: what they are not to know is not in them.
    """

    folder: Path
    name: str = "audiences"
    batch_size: int | None = None

    def audiences(self) -> list[str]:
        """Return the audiences that there are members of."""
        return self._members.audiences()

    def read_back(self, audience: str) -> pa.Table | None:
        """Return who is a member, by the file of members alone."""
        return self._members.read_back(audience)

    def apply(self, audience: str, changes: Changes) -> Outcome:
        """Rewrite the files that would change, those of networks after that of members."""
        outcome = self._members.apply(audience, changes)
        for network, columns in UPLOADS.items():
            self._write(audience, network, columns)
        return outcome

    @property
    def _members(self) -> FilesClient:
        return FilesClient(self.folder / "members", name=self.name, address=None)

    def _write(self, audience: str, network: str, columns: Upload) -> None:
        members = self._members
        source = members.path(audience)
        private_files.make_closed_folder(self.folder / network)
        path = self.folder / network / source.name
        temporary = private_files.begin(path)
        shown = ", ".join(
            f"{identifier(column) if column else 'null'} as {identifier(header)}"
            for header, column in columns.items()
        )
        lines = rows_of(source, header_of(source, members.keys) or members.keys)
        with private_files.database(
            path.parent, members.memory_limit, members.threads
        ) as connection:
            connection.execute(
                f"""copy (select distinct {shown} from {lines} as members order by all)
                to {literal(str(temporary))}
                (format csv, header, delimiter ',', quote '"', escape '"', use_tmp_file false)"""
            )
        private_files.finish(temporary, path)
