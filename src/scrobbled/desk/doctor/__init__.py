"""Everything a support thread would ask, looked at in one go: ``scrobbled doctor`` and ``/api/v1/doctor``.

It changes nothing anywhere, asks nobody for a password and ends within ``WITHIN`` seconds, whoever does not answer.
"""

from scrobbled.desk.doctor.examination import WITHIN, examine
from scrobbled.desk.doctor.patient import Machine, Patient
from scrobbled.desk.doctor.report import DoctorReport, ReportSection
from scrobbled.desk.doctor.standalone import accounts_of

__all__ = ["WITHIN", "DoctorReport", "Machine", "Patient", "ReportSection", "accounts_of", "examine"]
