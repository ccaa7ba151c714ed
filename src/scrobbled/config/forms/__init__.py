"""The configuration as a form: made from the tables that check it, and turned into changes of the YAML file.

``read`` takes what stands in the file, or what somebody sent, to wishes; ``edits`` says what has to change in the file
for them; ``drawn`` makes what stands on a page. Nothing here reads a file or a clock, and no secret gets into a form.
"""

from scrobbled.config.forms.drawing import drawn, shown_problems
from scrobbled.config.forms.edits import edits
from scrobbled.config.forms.nodes import Control, FormList, FormSection, Node, Option
from scrobbled.config.forms.renaming import following, new_name
from scrobbled.config.forms.untouched import rebased, untouched
from scrobbled.config.forms.wishes import Around, Posted, SectionWish, posted, written

__all__ = [
    "Around",
    "Control",
    "FormList",
    "FormSection",
    "Node",
    "Option",
    "Posted",
    "SectionWish",
    "drawn",
    "edits",
    "following",
    "new_name",
    "posted",
    "rebased",
    "shown_problems",
    "untouched",
    "written",
]
