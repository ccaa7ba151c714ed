"""Everything a support thread would ask, looked at in one go: ``scrobbled doctor`` and ``/api/v1/doctor``.

It changes nothing anywhere, asks nobody for a password and ends within ``WITHIN`` seconds, whoever does not answer.
"""

from scrobbled.doctor.examination import WITHIN, examine
from scrobbled.doctor.patient import Machine, Patient
from scrobbled.doctor.report import Report, Section
from scrobbled.doctor.standalone import accounts_of

__all__ = ["WITHIN", "Machine", "Patient", "Report", "Section", "accounts_of", "examine"]
