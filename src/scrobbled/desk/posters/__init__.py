"""Pictures of what is watched: which one belongs to a title, fetched once, kept on disk within a bound."""

from scrobbled.desk.posters.gallery import Gallery
from scrobbled.desk.posters.picture import Picture
from scrobbled.desk.posters.shelf import PictureCache

__all__ = ["Gallery", "Picture", "PictureCache"]
